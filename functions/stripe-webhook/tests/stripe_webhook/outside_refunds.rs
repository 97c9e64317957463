//! Refunds that we did not make: the money counts on its payment, and its credits go with it (`E11`).

use ledger::contract::{place, run, settle};
use ledger::{AccountId, Ending, InvoiceId, Payment, PaymentId, PaymentStore, PurchaseStore, ReleaseReason};
use serde_json::{Value, json};
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

/// A credit note of 6.00 USD for an invoice of 12.00, with `change` to its object.
fn credit_note(kind: &str, invoice: &str, second: i64, change: &Value) -> String {
    let mut note = json!({
        "id": "cn_1", "object": "credit_note", "amount": 600, "currency": "usd", "invoice": invoice,
        "customer": "cus_1", "customer_balance_transaction": "cbtxn_1", "status": "issued", "livemode": false,
        "type": "post_payment", "post_payment_amount": 600, "pre_payment_amount": 0, "refunds": [],
        "created": at(100).as_s(),
    });
    for (name, value) in change.as_object().unwrap() {
        note[name] = value.clone();
    }
    json!({
        "id": format!("evt_note_{kind}_{second}"), "object": "event", "api_version": "2026-10-28.endive",
        "created": at(second).as_s(), "livemode": false, "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null }, "type": format!("credit_note.{kind}"),
        "data": { "object": note },
    })
    .to_string()
}

#[tokio::test]
async fn e11_a_credit_note_to_the_balance_is_given_back_once_and_a_voided_one_is_not() {
    let scene = Scene::new().await;
    let (made, bodies) = scene.subscribe(0);
    for body in &bodies {
        scene.send(body, at(10)).await;
    }
    let invoice = made.invoice.unwrap();
    let id = scene.tables.credited_invoice(&InvoiceId::new(&*invoice).unwrap()).await.unwrap().unwrap();
    let left = async || {
        let stored = scene.tables.payment(&id).await.unwrap().unwrap();
        (stored.refundable().unwrap().minor(), scene.available(at(500)).await)
    };
    assert_eq!(left().await, (1200, 500));
    // What a refund gives back is the refund's to report.
    let refunds = json!([{ "refund": "re_9", "type": "refund", "amount_refunded": 600 }]);
    let refunded = credit_note("created", &invoice, 100, &json!({ "id": "cn_9", "refunds": refunds }));
    assert_eq!(scene.send(&refunded, at(101)).await.says, "ignored: no_credits");
    let before = json!({ "id": "cn_8", "type": "pre_payment", "post_payment_amount": null });
    let lowered = credit_note("created", &invoice, 100, &before);
    assert_eq!(scene.send(&lowered, at(101)).await.says, "ignored: no_credits");
    assert_eq!(left().await, (1200, 500));
    let issued = credit_note("created", &invoice, 100, &json!({}));
    assert_eq!(scene.send(&issued, at(101)).await.says, "applied");
    assert_eq!(left().await, (600, 250));
    let updated = credit_note("updated", &invoice, 110, &json!({ "memo": "as agreed" }));
    assert_eq!(scene.send(&updated, at(111)).await.says, "repeated");
    assert_eq!(left().await, (600, 250));
    let records = scene.tables.records_of(&AccountId::new(ACCOUNT).unwrap()).await.unwrap();
    assert_eq!(records.refunded_elsewhere.len(), 1, "a payout sees it");
    let voided = credit_note("voided", &invoice, 120, &json!({ "status": "void" }));
    assert_eq!(scene.send(&voided, at(121)).await.says, "applied");
    assert_eq!(left().await, (1200, 500));
    assert_eq!(scene.send(&issued, at(122)).await.says, "repeated");
    assert_eq!(left().await, (1200, 500));
}

#[tokio::test]
async fn a_credit_note_that_does_not_say_what_was_refunded_waits_for_a_person() {
    let scene = Scene::new().await;
    let (made, bodies) = scene.subscribe(0);
    for body in &bodies {
        scene.send(body, at(10)).await;
    }
    let invoice = made.invoice.unwrap();
    // The form of versions before 2025: one refund, without its amount.
    let older = |refund: Value, credited: Value| {
        json!({ "refunds": null, "post_payment_amount": null, "refund": refund,
                "customer_balance_transaction": credited, "out_of_band_amount": 0 })
    };
    for (change, says) in [
        (older(json!("re_9"), json!("cbtxn_1")), "parked: value_unknown"),
        (older(json!("re_9"), Value::Null), "ignored: no_credits"),
        (older(Value::Null, json!("cbtxn_1")), "applied"),
    ] {
        let body = credit_note("created", &invoice, 100, &change);
        assert_eq!(scene.send(&body, at(101)).await.says, says, "{change}");
    }
}
