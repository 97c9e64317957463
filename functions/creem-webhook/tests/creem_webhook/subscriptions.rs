//! Subscriptions: their periods, their states, their end.

use ledger::{PaymentKind, Provider};
use serde_json::{Value, json};

use crate::events::{dispute, pack, plan_checkout, subscription, transaction, with};
use crate::scene::{ACCOUNT, DAY_S, Scene, at};

fn first(what: &str, status: &str, second: i64) -> String {
    subscription("1", what, status, (0, second, 0))
}

#[tokio::test]
async fn each_period_brings_its_credits_by_its_transaction() {
    let scene = Scene::new().await;
    scene.apply(&[plan_checkout("1", 0), first("active", "active", 1), first("paid", "active", 2)]).await;
    assert_eq!(scene.available().await, 200);
    // Another event about the same payment.
    scene.send(&with(&first("paid", "active", 2), "/id", json!("evt_twice")), at(60)).await;
    assert_eq!(scene.available().await, 200);
    let renewal = subscription("1", "paid", "active", (0, 30 * DAY_S, 1));
    scene.apply(&[renewal]).await;
    let reasons = [("tran_1_0", "subscription_create"), ("tran_1_1", "subscription_cycle")];
    for (payment, reason) in reasons {
        let payment = scene.payment(payment).await;
        let PaymentKind::Subscription { subscription, billing_reason } = payment.kind else { panic!() };
        assert_eq!((subscription.as_str(), billing_reason.as_str()), ("sub_1", reason));
        assert_eq!(payment.provider, Provider::Creem);
        assert!(payment.period_starts_at < payment.period_ends_at);
    }
}

#[tokio::test]
async fn a_trial_that_costs_nothing_brings_nothing() {
    let scene = Scene::new().await;
    let trial = with(&first("trialing", "trialing", 0), "/object/last_transaction_id", Value::Null);
    let trial = with(&trial, "/object/last_transaction", Value::Null);
    scene.apply(&[trial]).await;
    let free = with(&first("paid", "trialing", 1), "/object/last_transaction/amount_paid", json!(0));
    assert_eq!(scene.send(&free, at(60)).await.says, "ignored: no_credits");
    assert_eq!(scene.available().await, 0);
}

#[tokio::test]
async fn states_are_in_creems_words_and_only_canceled_ends() {
    let scene = Scene::new().await;
    scene.apply(&[first("paid", "active", 1)]).await;
    for (second, what, status) in [
        (10, "past_due", "past_due"),
        (20, "unpaid", "unpaid"),
        (30, "expired", "active"),
        (40, "paused", "paused"),
        (50, "update", "active"),
    ] {
        scene.apply(&[first(what, status, second)]).await;
        let record = scene.subscription("sub_1").await;
        assert_eq!(record.report.status.as_deref(), Some(status));
        assert_eq!(record.report.collection_paused, what == "paused");
        assert_eq!((record.ended_at, record.cancels_at), (None, None), "{what}");
    }
    scene.apply(&[first("scheduled_cancel", "scheduled_cancel", 60)]).await;
    let record = scene.subscription("sub_1").await;
    assert_eq!(record.cancels_at, Some(at(30 * DAY_S)));
    assert_eq!(record.cancellation_confirmed_at, Some(at(60)));
    // Resumed.
    scene.apply(&[first("update", "active", 70)]).await;
    assert_eq!(scene.subscription("sub_1").await.cancels_at, None);
    scene.apply(&[first("canceled", "canceled", 80)]).await;
    let ended = scene.subscription("sub_1").await;
    assert_eq!((ended.ended_at, ended.report.status.as_deref()), (Some(at(80)), Some("canceled")));
    // An older report changes nothing, and the end stays.
    let late = first("scheduled_cancel", "scheduled_cancel", 75);
    assert_eq!(scene.send(&late, at(90)).await.says, "repeated");
    assert_eq!(scene.subscription("sub_1").await, ended);
}

#[tokio::test]
async fn c11_creem_a_second_charge_within_a_period_is_a_persons() {
    let scene = Scene::new().await;
    scene.apply(&[first("paid", "active", 1)]).await;
    let change = first("paid", "active", 5 * DAY_S).replace("tran_1_0", "tran_change");
    assert_eq!(scene.send(&change, at(60)).await.says, "parked: proration_only");
    assert_eq!(scene.available().await, 200);
}

#[tokio::test]
async fn a_payment_that_the_event_does_not_name_is_looked_up() {
    let scene = Scene::new().await;
    let bare = with(&first("paid", "active", 1), "/object/last_transaction", Value::Null);
    assert_eq!(scene.send(&bare, at(60)).await.says, "lookup: payment_unknown");
    assert_eq!(scene.fetch("evt_1_paid_1", &transaction("tran_1_0", 0), 70).await.outcome, "applied");
    assert_eq!(scene.available().await, 200);
}

#[tokio::test]
async fn b6_creem_a_dispute_freezes_what_is_left_and_waits_for_its_payment() {
    let scene = Scene::new().await;
    let disputed = dispute("d", "tran_1", 10);
    assert_eq!(scene.send(&disputed, at(60)).await.status, 503, "the payment is on its way");
    scene.apply(&[pack("1", 0), disputed.clone()]).await;
    assert_eq!(scene.send(&disputed, at(60)).await.says, "repeated");
    let balance = scene.account(ACCOUNT).await.balance(at(60)).unwrap();
    assert_eq!((balance.available.get(), balance.frozen.get()), (0, 100));
    let [dispute] = &scene.payment("tran_1").await.disputes[..] else { panic!() };
    assert_eq!(
        (dispute.status.as_str(), dispute.due_by, dispute.refundable),
        ("needs_response", None, false)
    );
    // One without a payment is looked up.
    let bare = with(&crate::events::dispute("e", "tran_1", 10), "/object/transaction", Value::Null);
    assert_eq!(scene.send(&bare, at(60)).await.says, "lookup: payment_unknown");
}
