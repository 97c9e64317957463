//! Refunds that we did not make: the money counts on its payment, and its credits go with it (`E11`).

use ledger::contract::{place, run, settle};
use ledger::{AccountId, Ending, Payment, PaymentId, PaymentStore, ReleaseReason};
use testkit::stand_in::{DashboardRefund, Made, SettleRefund, SettledStatus};

use crate::order::permutations;
use crate::scene::{ACCOUNT, Scene, at, created};

async fn payment(scene: &Scene, made: &Made) -> Payment {
    let id = PaymentId::new(made.payment.clone().unwrap()).unwrap();
    scene.tables.payment(&id).await.unwrap().unwrap()
}

/// A pack of 100 credits for 9.00 USD.
async fn bought() -> (Scene, Made) {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    scene.send(&body, at(0)).await;
    (scene, made)
}

/// The event of a refund in Stripe's Dashboard, and of its failure.
fn refund(scene: &Scene, made: &Made, minor: Option<u64>, second: i64) -> [String; 2] {
    let order = DashboardRefund { payment: made.payment.clone().unwrap(), amount: minor };
    let refund = scene.stripe.dashboard_refund(&order, &created(second)).unwrap();
    let (status, failure_reason) = (SettledStatus::Failed, None);
    let settle = SettleRefund { refund: refund.refund.clone().unwrap(), status, failure_reason };
    let failed = scene.stripe.settle_refund(&settle, &created(second + 5)).unwrap();
    [scene.body(refund.events.last().unwrap()), scene.body(&failed.events[0])]
}

#[tokio::test]
async fn e11_a_refund_in_the_dashboard_takes_the_credits_of_its_payment_and_no_other() {
    let (scene, made) = bought().await;
    let (_, other) = scene.pack(10);
    scene.send(&other, at(10)).await;
    let [refunded, failed] = refund(&scene, &made, None, 20);
    assert_eq!(scene.send(&refunded, at(30)).await.says, "applied");
    assert_eq!((payment(&scene, &made).await.refunded_minor, scene.available(at(31)).await), (900, 100));
    assert_eq!(scene.send(&refunded, at(32)).await.says, "repeated");
    assert_eq!(scene.send(&failed, at(40)).await.says, "applied");
    assert_eq!((payment(&scene, &made).await.refunded_minor, scene.available(at(41)).await), (0, 200));
    // A failure is final.
    scene.send(&refunded, at(50)).await;
    assert_eq!((payment(&scene, &made).await.refunded_minor, scene.available(at(51)).await), (0, 200));
}

#[tokio::test]
async fn e11_running_and_spent_credits_of_a_refunded_payment_are_no_debt() {
    let (scene, made) = bought().await;
    let account = AccountId::new(ACCOUNT).unwrap();
    for (generation, count) in [("g1", 30), ("g2", 50)] {
        run(&scene.tables, &account, &place(generation, count), at(10)).await;
    }
    run(&scene.tables, &account, &settle("g1", Ending::Succeeded), at(11)).await;
    scene.send(&refund(&scene, &made, None, 20)[0], at(30)).await;
    let failed = Ending::Failed(ReleaseReason::Failed);
    run(&scene.tables, &account, &settle("g2", failed), at(40)).await;
    let balance = scene.account(ACCOUNT).await.balance(at(41)).unwrap();
    assert_eq!((balance.available.get(), balance.held.get(), balance.debt.get()), (0, 0, 0));
}

#[tokio::test]
async fn e11_several_refunds_and_their_failures_leave_the_same_in_every_order() {
    // Of two halves, the first fails.
    for order in permutations(3) {
        let (scene, made) = bought().await;
        let [one, failed] = refund(&scene, &made, Some(450), 20);
        let [other, _] = refund(&scene, &made, Some(450), 40);
        let bodies = [one, failed, other];
        for index in &order {
            for _ in 0..2 {
                assert_eq!(scene.send(&bodies[*index], at(60)).await.status, 200);
            }
        }
        let left = (payment(&scene, &made).await.refunded_minor, scene.available(at(61)).await);
        assert_eq!(left, (450, 50), "{order:?}");
    }
}

#[tokio::test]
async fn e11_two_deliveries_at_once_take_the_credits_once() {
    let (scene, made) = bought().await;
    let [refunded, _] = refund(&scene, &made, Some(450), 20);
    let (one, other) = tokio::join!(scene.send(&refunded, at(30)), scene.send(&refunded, at(30)));
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!((payment(&scene, &made).await.refunded_minor, scene.available(at(31)).await), (450, 50));
}
