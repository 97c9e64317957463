//! Every type that Creem documents, as it is read.

use super::{CHECKOUT, CHECKOUT_RECURRING, CHECKOUT_SAMPLE, PAID, PAID_SAMPLE, REFUND, kind, read, with};
use crate::{
    CREEM_EVENT_TYPES, CreemBilling, CreemEventKind, CreemMode, CreemSubscription, CreemSubscriptionStatus,
    SubscriptionMove,
};

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../../fixtures/", $name, ".json"))
    };
}

fn subscription(payload: &str) -> (SubscriptionMove, CreemSubscription) {
    match kind(payload) {
        CreemEventKind::Subscription(moved, subscription) => (moved, subscription),
        other => panic!("another kind: {other:?}"),
    }
}

#[test]
fn c1_creem_what_is_bought_once_is_read() {
    let event = read(CHECKOUT).unwrap();
    assert_eq!(
        (event.id.as_str(), event.event_type.as_str()),
        ("evt_01MakegoodKx2Vd7Yq", "checkout.completed")
    );
    assert_eq!(event.created.to_string(), "2026-11-01T10:00:00.925Z");
    assert_eq!(event.mode, Some(CreemMode::Prod));
    insta::assert_debug_snapshot!("checkout", event.kind);
    insta::assert_debug_snapshot!("checkout_sample", kind(CHECKOUT_SAMPLE));
}

#[test]
fn c1_creem_what_is_paid_period_by_period_is_read() {
    insta::assert_debug_snapshot!("checkout_recurring", kind(CHECKOUT_RECURRING));
    insta::assert_debug_snapshot!("subscription_paid", kind(PAID));
    insta::assert_debug_snapshot!("subscription_paid_sample", kind(PAID_SAMPLE));
}

#[test]
fn c1_creem_money_that_goes_back_is_read() {
    insta::assert_debug_snapshot!("refund", kind(REFUND));
    insta::assert_debug_snapshot!("refund_subscription", kind(fixture!("refund.created.subscription")));
    insta::assert_debug_snapshot!("dispute", kind(fixture!("dispute.created")));
}

#[test]
fn c1_creem_each_move_of_a_subscription_has_its_own_name() {
    use CreemSubscriptionStatus as Status;
    use SubscriptionMove as Move;
    for (payload, moved, status) in [
        (fixture!("subscription.active"), Move::Active, Status::Active),
        (PAID, Move::Paid, Status::Active),
        (fixture!("subscription.trialing"), Move::Trialing, Status::Trialing),
        (fixture!("subscription.update"), Move::Updated, Status::Active),
        (fixture!("subscription.scheduled_cancel"), Move::ScheduledCancel, Status::ScheduledCancel),
        (fixture!("subscription.canceled"), Move::Canceled, Status::Canceled),
        (fixture!("subscription.past_due"), Move::PastDue, Status::PastDue),
        (fixture!("subscription.unpaid"), Move::Unpaid, Status::Unpaid),
        // Creem's own sample of this event is an active subscription.
        (fixture!("subscription.expired"), Move::Expired, Status::Active),
        (fixture!("subscription.paused"), Move::Paused, Status::Paused),
    ] {
        let (found, subscription) = subscription(payload);
        assert_eq!((found, subscription.status), (moved, Some(status)));
        assert_eq!(subscription.id.as_str(), "sub_1MakegoodSubKx2Vd7");
        assert_eq!(subscription.metadata.get("account"), Some("account-1"));
    }
    let (_, updated) = subscription(fixture!("subscription.update"));
    assert_eq!(updated.items.iter().map(|item| item.units).collect::<Vec<_>>(), [Some(3)]);
    let (_, trial) = subscription(fixture!("subscription.trialing"));
    assert_eq!(trial.last_transaction, None);
    let (_, ended) = subscription(fixture!("subscription.canceled"));
    assert_eq!(ended.canceled_at.unwrap().to_string(), "2026-11-04T09:59:59.813Z");
}

#[test]
fn b10_creem_types_that_nobody_reads_have_no_effect_whatever_they_carry() {
    for (payload, event_type) in [
        (fixture!("credits.granted"), "credits.granted"),
        (fixture!("credits.consumed"), "credits.consumed"),
        (fixture!("customer_credits.exhausted"), "customer_credits.exhausted"),
        (fixture!("credits.auto_recharged"), "credits.auto_recharged"),
    ] {
        let event = read(payload).unwrap();
        assert_eq!((event.event_type.as_str(), event.kind), (event_type, CreemEventKind::Other));
        assert_eq!(event.mode, Some(CreemMode::Prod));
    }
    for object in [r#"{"id": 7, "mode": 5}"#, "null", "[[1]]", "\"x\"", "{}", "7"] {
        let payload = format!(
            r#"{{"id": "evt_1", "eventType": "capybara.bathed", "created_at": 1793527200000, "object": {object}}}"#
        );
        let event = read(&payload).unwrap();
        assert_eq!((event.kind, event.mode), (CreemEventKind::Other, None), "{object}");
    }
    let without = r#"{"id": "evt_1", "eventType": "capybara.bathed", "created_at": "2026-11-01T10:00:00Z"}"#;
    assert_eq!(kind(without), CreemEventKind::Other);
}

#[test]
fn billing_is_the_orders_or_else_the_products() {
    let billing = |payload: &str| match kind(payload) {
        CreemEventKind::CheckoutCompleted(checkout) => checkout.billing,
        other => panic!("another kind: {other:?}"),
    };
    assert_eq!(billing(CHECKOUT), Some(CreemBilling::OneTime));
    assert_eq!(billing(CHECKOUT_RECURRING), Some(CreemBilling::Recurring));
    let unsaid = with(CHECKOUT, r#""type": "onetime""#, r#""type": null"#);
    assert_eq!(billing(&unsaid), Some(CreemBilling::OneTime));
    let unsaid = with(&unsaid, r#""billing_type": "onetime""#, r#""billing_type": null"#);
    assert_eq!(billing(&unsaid), None);
}

#[test]
fn every_type_that_is_read_is_listed() {
    let source = include_str!("../event.rs");
    let (_, from) = source.split_once("\nfn kind(").unwrap();
    let (body, _) = from.split_once("\n}\n").unwrap();
    let mut read: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
    read.sort_unstable();
    assert_eq!(read, CREEM_EVENT_TYPES);
}
