//! A year that grants monthly: what its invoices, its changes, its end and its refunds bring.

use ledger::contract::{expire, run};
use ledger::{AccountId, MonthlyGrants, PaymentId, PaymentStore};
use testkit::stand_in::{DashboardRefund, End, Made, SettleRefund, SettledStatus, Subscribe};

use crate::order::permutations;
use crate::plan_changes::{charged, settled_over, whole};
use crate::scene::{ACCOUNT, DAY_S, Scene, at, created, pro};

const YEAR: &str = "price_assistant_yearly";

/// A year from the 1st of November on, with 1000 credits each month.
fn subscribed(scene: &Scene) -> (Made, Vec<String>) {
    let year = Subscribe { price: YEAR.to_owned(), amount: 12_000, days: Some(365), ..pro() };
    let made = scene.stripe.subscribe(&year, &created(0)).unwrap();
    let bodies = scene.bodies(&made);
    (made, bodies)
}

async fn bought() -> (Scene, Made) {
    let scene = Scene::new().await;
    let (made, bodies) = subscribed(&scene);
    for body in &bodies {
        assert_eq!(scene.send(body, at(0)).await.says, "applied");
    }
    (scene, made)
}

/// The sweep of a day.
async fn sweep(scene: &Scene, day: i64) {
    let account = AccountId::new(ACCOUNT).unwrap();
    run(&scene.tables, &account, &expire(&[]), at(day * DAY_S)).await;
}

async fn monthly(scene: &Scene) -> Vec<MonthlyGrants> {
    scene.account(ACCOUNT).await.monthly
}

#[tokio::test]
async fn a_year_brings_a_months_credits_at_once_and_eleven_more() {
    let (scene, made) = bought().await;
    assert_eq!(scene.available(at(1)).await, 1_000);
    let [year] = &monthly(&scene).await[..] else { panic!("one payment") };
    let further = year.further;
    // The document says that a renewal's allotment takes the place of the one before.
    assert_eq!((further.grants, further.each.get(), further.replaces), (11, 1_000, true));
    assert_eq!(year.due_at(), Some(at(30 * DAY_S)));
    let payment = PaymentId::new(made.invoice.unwrap()).unwrap();
    let payment = scene.tables.payment(&payment).await.unwrap().unwrap();
    assert_eq!((payment.credits.get(), payment.further), (12_000, Some(further)));
    for (day, available) in [(29, 1_000), (30, 1_000), (61, 1_000), (350, 1_000)] {
        sweep(&scene, day).await;
        assert_eq!(scene.available(at(day * DAY_S)).await, available, "{day}");
    }
    assert_eq!(scene.account(ACCOUNT).await.lot_count, 12);
}

#[tokio::test]
async fn s4_14_a_second_seat_brings_its_part_of_the_month_and_then_every_month() {
    let (scene, made) = bought().await;
    sweep(&scene, 92).await;
    // On the 9th of February, 20 of its 28 days are left.
    let rest = (100 * DAY_S, 365 * DAY_S);
    let lines = [settled_over(YEAR, 1, -8_712, rest), settled_over(YEAR, 2, 17_424, rest)];
    let mut change =
        serde_json::from_str(&charged("in_2", "subscription_update", 8_712, 100 * DAY_S, &lines)).unwrap();
    of(&mut change, &made);
    assert_eq!(scene.send(&change.to_string(), at(100 * DAY_S)).await.says, "applied");
    assert_eq!(scene.available(at(100 * DAY_S)).await, 1_000 + 712);
    sweep(&scene, 120).await;
    assert_eq!(scene.available(at(120 * DAY_S)).await, 2_000);
    sweep(&scene, 364).await;
    assert_eq!(scene.available(at(364 * DAY_S)).await, 2_000);
    // Another year of both seats takes the place of what is left.
    let next = [whole(YEAR, 24_000, 365 * DAY_S, 731 * DAY_S)];
    let mut renewal =
        serde_json::from_str(&charged("in_3", "subscription_cycle", 24_000, 365 * DAY_S, &next)).unwrap();
    of(&mut renewal, &made);
    renewal["data"]["object"]["lines"]["data"][0]["quantity"] = 2.into();
    renewal["data"]["object"]["lines"]["data"][0]["quantity_decimal"] = "2".into();
    assert_eq!(scene.send(&renewal.to_string(), at(365 * DAY_S)).await.says, "applied");
    assert_eq!(scene.available(at(365 * DAY_S)).await, 2_000);
    sweep(&scene, 396).await;
    assert_eq!(scene.available(at(396 * DAY_S)).await, 2_000);
}

/// An event's invoice becomes one of the subscription that was made.
fn of(event: &mut serde_json::Value, made: &Made) {
    let object = &mut event["data"]["object"];
    object["customer"] = made.customer.clone().into();
    object["parent"]["subscription_details"]["subscription"] = made.subscription.clone().into();
}

#[tokio::test]
async fn b3_a_year_and_its_end_leave_the_same_in_every_order_and_with_copies() {
    for ended_day in [365, 40] {
        for order in permutations(4) {
            let scene = Scene::new().await;
            let (made, mut bodies) = subscribed(&scene);
            // The account is known by the checkout.
            let end = End { subscription: made.subscription.clone().unwrap(), ended_at: None };
            let end = scene.stripe.end(&end, &created(ended_day * DAY_S)).unwrap();
            bodies.push(scene.body(&end.events[0]));
            for _ in 0..3 {
                for index in &order {
                    scene.send(&bodies[*index], at(ended_day * DAY_S)).await;
                }
                sweep(&scene, ended_day).await;
            }
            sweep(&scene, ended_day + 1).await;
            // Two months had begun by the 40th day; what is left of the last one ends with the subscription.
            let account = scene.account(ACCOUNT).await;
            let months = if ended_day == 40 { 2 } else { 12 };
            assert_eq!((account.lot_count, account.next_grant()), (months, None), "{order:?}");
            let expiries = account.lots.iter().rev().map(|lot| lot.expires_at);
            assert_eq!(expiries.take(1).collect::<Vec<_>>(), [Some(at(ended_day * DAY_S))], "{order:?}");
        }
    }
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
async fn e11_a_whole_refund_in_the_dashboard_ends_the_months_and_its_failure_brings_them_back() {
    let (scene, made) = bought().await;
    scene
        .tables
        .link_payment(
            &made.payment.clone().unwrap().parse().unwrap(),
            &made.invoice.clone().unwrap().parse().unwrap(),
            crate::purchases::usd(12_000),
        )
        .await
        .unwrap();
    sweep(&scene, 61).await;
    let [refunded, failed] = refund(&scene, &made, None, 70 * DAY_S);
    assert_eq!(scene.send(&refunded, at(70 * DAY_S)).await.says, "applied");
    assert_eq!(scene.available(at(71 * DAY_S)).await, 0);
    sweep(&scene, 200).await;
    assert_eq!((scene.available(at(200 * DAY_S)).await, scene.account(ACCOUNT).await.lot_count), (0, 3));
    assert_eq!(scene.send(&failed, at(201 * DAY_S)).await.says, "applied");
    sweep(&scene, 201).await;
    assert_eq!((scene.available(at(201 * DAY_S)).await, scene.account(ACCOUNT).await.lot_count), (1_000, 7));
}

#[tokio::test]
async fn a_part_that_is_refunded_takes_its_credits_and_further_months_come() {
    let (scene, made) = bought().await;
    scene
        .tables
        .link_payment(
            &made.payment.clone().unwrap().parse().unwrap(),
            &made.invoice.clone().unwrap().parse().unwrap(),
            crate::purchases::usd(12_000),
        )
        .await
        .unwrap();
    let [refunded, _] = refund(&scene, &made, Some(300), 10 * DAY_S);
    assert_eq!(scene.send(&refunded, at(10 * DAY_S)).await.says, "applied");
    // 3.00 of 120.00 bought 300 of 12,000 credits.
    assert_eq!(scene.available(at(11 * DAY_S)).await, 700);
    sweep(&scene, 30).await;
    assert_eq!(scene.available(at(30 * DAY_S)).await, 1_000);
}
