//! Readings: what a lost event should have said, read from Creem's API, and what is watched for it.

use creem_webhook::{DirectAnswer, DirectRequest, handle_direct};
use lambda::Invocation;
use ledger::Provider;
use ledger_dynamodb::WatchSubject;
use serde_json::{Value, json};

use crate::events::{dispute, event, pack, subscription, transaction, with};
use crate::scene::{ACCOUNT, DAY_S, START_S, Scene, at};

/// Readings count as of this long before.
const AS_OF_S: i64 = 60;

fn object(event: &str) -> Value {
    let event: Value = serde_json::from_str(event).unwrap();
    event["object"].clone()
}

fn plan(status: &str, second: i64, period: i64) -> Value {
    object(&subscription("1", "paid", status, (0, second, period)))
}

/// A transaction as Creem has it, with a status and a running total.
fn standing(id: &str, status: &str, refunded: u64) -> Value {
    let mut standing = transaction(id, 0);
    standing["status"] = json!(status);
    standing["refunded_amount"] = json!(refunded);
    standing
}

/// A refund of a transaction, whose total is then `total`.
fn refund(name: &str, payment: &str, (amount, total): (u64, u64), second: i64) -> String {
    let object = json!({
        "id": format!("ref_{name}"), "object": "refund", "mode": "test", "status": "succeeded",
        "refund_amount": amount, "refund_currency": "EUR", "created_at": (START_S + second) * 1_000,
        "transaction": standing(payment, "partialRefund", total),
    });
    event(&format!("evt_{name}"), "refund.created", second, &object)
}

async fn read(scene: &Scene, kind: &str, object: &Value, second: i64) -> String {
    let request = json!({"read": {kind: object.to_string()}});
    let request: DirectRequest = serde_json::from_value(request).unwrap();
    let invocation = Invocation::of("{}".to_owned(), at(second)).unwrap();
    let DirectAnswer { outcome, reason } =
        Box::pin(handle_direct(&scene.webhook, request, &invocation)).await.unwrap();
    reason.map_or_else(|| outcome.to_owned(), |reason| format!("{outcome}: {reason}"))
}

async fn watched(scene: &Scene) -> Vec<(WatchSubject, i64)> {
    let due = scene.tables.due_watches(Provider::Creem, at(1_000 * DAY_S), 100).await.unwrap();
    due.into_iter().map(|watch| (watch.subject, watch.due_at.seconds_since(at(0)))).collect()
}

#[tokio::test]
async fn b7_creem_a_renewal_that_never_came_is_credited_by_a_reading_and_once() {
    let scene = Scene::new().await;
    scene.apply(&[subscription("1", "paid", "active", (0, 1, 0))]).await;
    let renewed = plan("active", 30 * DAY_S, 1);
    let second = 30 * DAY_S + 7_200;
    assert_eq!(read(&scene, "subscription", &renewed, second).await, "applied");
    assert_eq!(scene.available().await, 400);
    let record = scene.subscription("sub_1").await;
    assert_eq!((record.as_of, record.period_ends_at), (at(second - AS_OF_S), Some(at(60 * DAY_S))));
    // Again, by another reading and by the event that comes after all.
    assert_eq!(read(&scene, "subscription", &renewed, second + 60).await, "repeated");
    let late = subscription("1", "paid", "active", (0, 30 * DAY_S, 1));
    assert_eq!(scene.send(&late, at(second + 120)).await.says, "repeated");
    assert_eq!(scene.available().await, 400);
}

#[tokio::test]
async fn a_reading_says_what_state_a_subscription_is_in() {
    let scene = Scene::new().await;
    scene.apply(&[subscription("1", "paid", "active", (0, 1, 0))]).await;
    let states = [("past_due", "applied"), ("past_due", "repeated"), ("scheduled_cancel", "applied")];
    for (number, (status, outcome)) in (1..).zip(states) {
        let mut object = plan(status, 0, 0);
        object["last_transaction"] = Value::Null;
        assert_eq!(read(&scene, "subscription", &object, 1_000 * number).await, outcome, "{status} {number}");
        assert_eq!(scene.subscription("sub_1").await.report.status.as_deref(), Some(status));
    }
    assert_eq!(read(&scene, "subscription", &plan("canceled", 0, 0), 5_000).await, "applied");
    assert_eq!(scene.subscription("sub_1").await.ended_at, Some(at(5_000 - AS_OF_S)));
    assert_eq!(scene.available().await, 200);
}

#[tokio::test]
async fn an_event_of_the_minute_before_a_reading_wins() {
    let scene = Scene::new().await;
    scene.apply(&[subscription("1", "paid", "active", (0, 1, 0))]).await;
    scene.send(&subscription("1", "paused", "paused", (0, 990, 0)), at(990)).await;
    assert_eq!(read(&scene, "subscription", &plan("active", 0, 0), 1_000).await, "repeated");
    assert_eq!(scene.subscription("sub_1").await.report.status.as_deref(), Some("paused"));
}

#[tokio::test]
async fn a_reading_of_a_subscription_that_nobody_knows_is_not_guessed_at() {
    let scene = Scene::new().await;
    let mut unnamed = plan("active", 0, 0);
    unnamed["metadata"] = json!({});
    let outcome = read(&scene, "subscription", &unnamed, 100).await;
    assert!(outcome.ends_with("account_unknown"), "{outcome}");
    assert_eq!(scene.available().await, 0);
}

#[tokio::test]
async fn e11_creem_a_refund_that_no_event_reported_is_counted_by_a_reading_and_once() {
    let scene = Scene::new().await;
    scene.apply(&[pack("1", 0)]).await;
    assert_eq!(read(&scene, "transaction", &standing("tran_1", "paid", 0), 100).await, "repeated");
    let refunded = standing("tran_1", "partialRefund", 500);
    for outcome in ["applied", "repeated"] {
        assert_eq!(read(&scene, "transaction", &refunded, 200).await, outcome);
        assert_eq!(scene.payment("tran_1").await.refunded_minor, 500);
    }
    assert_eq!(scene.send(&refund("r", "tran_1", (500, 500), 150), at(300)).await.says, "repeated");
    assert_eq!(scene.payment("tran_1").await.refunded_minor, 500);
}

#[tokio::test]
async fn e15_creem_a_dispute_ends_as_its_transaction_says() {
    let scene = Scene::new().await;
    scene.apply(&[pack("1", 0), dispute("d", "tran_1", 10)]).await;
    let balance = async || scene.account(ACCOUNT).await.balance(at(60)).unwrap();
    // As long as it says nothing, the dispute is open.
    assert_eq!(read(&scene, "transaction", &standing("tran_1", "paid", 0), 4_000).await, "repeated");
    assert_eq!(balance().await.frozen.get(), 100);
    let taken = standing("tran_1", "chargedBack", 0);
    for outcome in ["applied", "repeated"] {
        assert_eq!(read(&scene, "transaction", &taken, 8_000).await, outcome);
    }
    let payment = scene.payment("tran_1").await;
    assert_eq!((payment.is_lost(), payment.disputes[0].withdrawn_minor), (true, 1071));
    assert_eq!((balance().await.available.get(), balance().await.frozen.get()), (0, 0));
    assert_eq!(read(&scene, "transaction", &standing("tran_1", "paid", 0), 9_000).await, "applied");
    assert_eq!((balance().await.available.get(), scene.payment("tran_1").await.is_lost()), (100, false));
}

#[tokio::test]
async fn e12_creem_a_dispute_that_refunds_in_full_counts_its_money_once() {
    let scene = Scene::new().await;
    scene.apply(&[pack("1", 0), dispute("d", "tran_1", 10)]).await;
    let taken = standing("tran_1", "chargedBack", 1_071);
    assert_eq!(read(&scene, "transaction", &taken, 8_000).await, "applied");
    let payment = scene.payment("tran_1").await;
    assert_eq!((payment.refunded_minor, payment.disputes[0].withdrawn_minor), (1_071, 0));
    assert!(payment.is_lost());
}

#[tokio::test]
async fn a_chargeback_without_its_dispute_calls_a_person() {
    let scene = Scene::new().await;
    scene.apply(&[pack("1", 0)]).await;
    let taken = standing("tran_1", "chargedBack", 0);
    assert_eq!(read(&scene, "transaction", &taken, 8_000).await, "parked: value_unknown");
}

#[tokio::test]
async fn a11_creem_a_reading_of_another_mode_is_ignored() {
    let scene = Scene::new().await;
    scene.apply(&[pack("1", 0)]).await;
    let mut live = standing("tran_1", "refunded", 1_071);
    live["mode"] = json!("prod");
    assert_eq!(read(&scene, "transaction", &live, 100).await, "ignored: other_mode");
    assert_eq!(scene.payment("tran_1").await.refunded_minor, 0);
}

#[tokio::test]
async fn what_is_open_is_watched_and_nothing_else() {
    let scene = Scene::new().await;
    scene.apply(&[pack("1", 0)]).await;
    assert_eq!(watched(&scene).await, []);
    // A subscription is due an hour after its period's end, which its renewal moves.
    let of_plan = || WatchSubject::Subscription("sub_1".parse().unwrap());
    for period in [0, 1] {
        let paid = subscription("1", "paid", "active", (0, period * 30 * DAY_S, period));
        scene.send(&paid, at(60)).await;
        assert_eq!(watched(&scene).await, [(of_plan(), (period + 1) * 30 * DAY_S + 3_600)]);
    }
    scene.send(&dispute("d", "tran_1", 10), at(60)).await;
    let of_payment = WatchSubject::Payment("tran_1".parse().unwrap());
    assert_eq!(watched(&scene).await[0], (of_payment, 60 + 3_600));
}

#[tokio::test]
async fn a_refund_is_watched_until_it_is_made() {
    let scene = Scene::new().await;
    scene.apply(&[pack("1", 0)]).await;
    scene.send(&refund("r", "tran_1", (500, 500), 10), at(60)).await;
    assert_eq!(watched(&scene).await, []);
    let pending = with(&refund("s", "tran_1", (571, 500), 20), "/object/status", json!("pending"));
    scene.send(&pending, at(60)).await;
    assert_eq!(watched(&scene).await, [(WatchSubject::Payment("tran_1".parse().unwrap()), 60 + 3_600)]);
}
