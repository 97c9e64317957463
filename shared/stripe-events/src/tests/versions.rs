//! Every known type in the shapes of Stripe's API versions: the same fact in each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::read;
use super::shapes::{CHANGES, INVOICE_PAYMENTS_SINCE, NEWEST, VERSIONS, as_of};
use crate::{BillingReason, EVENT_TYPES, EventKind};

/// Reads a fixture in both shapes, and returns what both say.
macro_rules! fact {
    ($name:literal) => {{
        let newest =
            read(include_str!(concat!("../../fixtures/2026-10-28.endive/", $name, ".json"))).unwrap();
        let older = read(include_str!(concat!("../../fixtures/2024-06-20/", $name, ".json"))).unwrap();
        assert_eq!(newest.api_version.as_deref(), Some("2026-10-28.endive"));
        assert_eq!(older.api_version.as_deref(), Some("2024-06-20"));
        assert_eq!(newest.kind, older.kind);
        assert_eq!((&newest.id, newest.created), (&older.id, older.created));
        newest
    }};
}

#[test]
fn c1_checkout_sessions_of_both_shapes_say_the_same() {
    let event = fact!("checkout.session.completed");
    assert!(matches!(event.kind, EventKind::CheckoutCompleted(_)));
    insta::assert_debug_snapshot!("checkout_payment", event.kind);
    insta::assert_debug_snapshot!(
        "checkout_subscription",
        fact!("checkout.session.completed.subscription").kind
    );
    let EventKind::CheckoutAsyncPaymentSucceeded(later) =
        fact!("checkout.session.async_payment_succeeded").kind
    else {
        panic!("another kind")
    };
    assert_eq!(EventKind::CheckoutCompleted(later), event.kind, "the session is the same");
}

#[test]
fn c1_paid_invoices_of_both_shapes_say_the_same() {
    insta::assert_debug_snapshot!("invoice_cycle", fact!("invoice.paid").kind);
    insta::assert_debug_snapshot!("invoice_proration", fact!("invoice.paid.proration").kind);
}

#[test]
fn c1_subscriptions_of_both_shapes_say_the_same() {
    insta::assert_debug_snapshot!("subscription_created", fact!("customer.subscription.created").kind);
    insta::assert_debug_snapshot!("subscription_updated", fact!("customer.subscription.updated").kind);
    insta::assert_debug_snapshot!("subscription_deleted", fact!("customer.subscription.deleted").kind);
}

#[test]
fn c1_refunds_of_both_shapes_say_the_same() {
    let created = fact!("refund.created");
    assert_eq!(created.idempotency_key.as_deref(), Some("payout-po_01JBMAKEGOOD"));
    insta::assert_debug_snapshot!("refund_created", created.kind);
    insta::assert_debug_snapshot!("refund_updated", fact!("refund.updated").kind);
    insta::assert_debug_snapshot!("refund_failed", fact!("refund.failed").kind);
}

/// A whole event of each type that is read, in the newest shape.
fn newest(event_type: &str) -> Value {
    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../fixtures/2026-10-28.endive/", $name, ".json"))
        };
    }
    let text = match event_type {
        "checkout.session.completed" => fixture!("checkout.session.completed"),
        "checkout.session.async_payment_succeeded" => fixture!("checkout.session.async_payment_succeeded"),
        "customer.subscription.created" => fixture!("customer.subscription.created"),
        "customer.subscription.deleted" => fixture!("customer.subscription.deleted"),
        "refund.created" => fixture!("refund.created"),
        "refund.updated" => fixture!("refund.updated"),
        "refund.failed" => fixture!("refund.failed"),
        "invoice.paid" => fixture!("invoice.paid"),
        "invoice_payment.paid" => fixture!("invoice_payment.paid"),
        "payment_intent.succeeded" => fixture!("payment_intent.succeeded"),
        other if other.starts_with("charge.dispute.") => fixture!("charge.dispute.closed"),
        other if other.starts_with("charge.") => fixture!("charge.updated"),
        other if other.starts_with("credit_note.") => fixture!("credit_note.created"),
        other if other.starts_with("customer.subscription.") => fixture!("customer.subscription.updated"),
        other if other.starts_with("radar.") => fixture!("radar.early_fraud_warning.created"),
        other => panic!("no event of type {other}"),
    };
    let mut event: Value = serde_json::from_str(text).unwrap();
    event["type"] = json!(event_type);
    event
}

/// In which versions there is an event of the type.
fn has_type(event_type: &str, version: &str) -> bool {
    event_type != "invoice_payment.paid" || version >= INVOICE_PAYMENTS_SINCE
}

/// The event says the same in every version, apart from what `tell_apart` takes out.
fn check(event: &Value, tell_apart: impl Fn(&str, &mut EventKind)) {
    let event_type = event["type"].as_str().unwrap();
    for version in VERSIONS.into_iter().filter(|version| has_type(event_type, version)) {
        let written = as_of(event, version);
        let mut newest = read(event.to_string()).unwrap();
        let mut older = read(written.to_string()).unwrap();
        assert_eq!(older.api_version.as_deref(), Some(version));
        assert!(!matches!(older.kind, EventKind::Other), "{event_type}");
        tell_apart(version, &mut newest.kind);
        tell_apart(version, &mut older.kind);
        assert_eq!(older.kind, newest.kind, "{event_type} of {version}");
        assert_eq!((older.id, older.created, older.livemode), (newest.id, newest.created, newest.livemode));
        assert_eq!(written == *event, version == NEWEST, "{event_type} of {version}");
    }
}

/// Before 2018 the line of a subscription had no id of its own; nothing goes by it.
fn without_line_ids(version: &str, kind: &mut EventKind) {
    if version < "2018-10-31"
        && let EventKind::InvoicePaid(invoice) = kind
    {
        for line in invoice.lines.iter_mut().flatten() {
            line.id = "il_any".parse().unwrap();
        }
    }
}

#[test]
fn c1_every_type_says_the_same_in_the_shapes_of_all_versions() {
    for event_type in EVENT_TYPES {
        check(&newest(event_type), without_line_ids);
    }
}

/// What varies within a type, in the newest shape.
fn variants() -> Vec<Value> {
    let change = |event_type: &str, members: &Value| {
        let mut event = newest(event_type);
        for (name, value) in members.as_object().unwrap() {
            event["data"]["object"][name] = value.clone();
        }
        event
    };
    let refunds = json!([{ "amount_refunded": 600, "refund": "re_1", "type": "refund" }]);
    let coupon =
        json!([{ "id": "di_1", "object": "discount", "source": { "coupon": "co_1", "type": "coupon" } }]);
    let mandate =
        json!({ "card": { "mandate": { "id": "mandate_1", "object": "mandate" } }, "type": "card" });
    vec![
        change("invoice.paid", &json!({ "billing_reason": "subscription_update" })),
        change("invoice.paid", &json!({ "discounts": coupon })),
        change("charge.updated", &json!({ "payment_method_details": mandate })),
        change("credit_note.created", &json!({ "refunds": refunds, "customer_balance_transaction": null })),
        change("credit_note.voided", &json!({ "status": "void", "voided_at": 1_793_800_000 })),
        change("charge.dispute.created", &json!({ "status": "needs_response", "balance_transactions": [] })),
        change(
            "charge.dispute.closed",
            &json!({ "status": "warning_closed", "evidence_details": { "due_by": 0 } }),
        ),
        change("customer.subscription.paused", &json!({ "status": "paused" })),
        change("customer.subscription.updated", &json!({ "pause_collection": { "behavior": "void" } })),
        change("payment_intent.succeeded", &json!({ "metadata": {} })),
        change("charge.succeeded", &json!({ "receipt_number": null })),
        change("refund.updated", &json!({ "status": "requires_action" })),
        serde_json::from_str(include_str!("../../fixtures/2026-10-28.endive/invoice.paid.proration.json"))
            .unwrap(),
    ]
}

#[test]
fn c1_what_varies_within_a_type_says_the_same_in_all_versions() {
    for event in variants() {
        check(&event, without_line_ids);
    }
}

/// The members of the object and of what is in it, each with its place: a list counts as its first item.
fn places(value: &Value, place: &str, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, &format!("{place}/{name}"), into));
        }
        Value::Array(values) if !values.is_empty() => places(&values[0], &format!("{place}/0"), into),
        value => drop(into.insert(place.to_owned(), value.to_string())),
    }
}

/// What each version changed, by the types of events in which it is seen: `-` was there before and is not any
/// more, `+` is new, `~` says it in another way.
#[test]
fn c1_each_change_of_a_shape_is_seen_in_an_event() {
    let events: Vec<Value> = EVENT_TYPES.into_iter().map(newest).chain(variants()).collect();
    let mut lines = Vec::new();
    for (since, before) in CHANGES {
        let mut seen = BTreeSet::new();
        for event in &events {
            // As the version that made the change writes it, and the one before.
            let after = as_of(event, since);
            let mut earlier = after.clone();
            before(&mut earlier);
            let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
            places(&earlier, "", &mut old);
            places(&after, "", &mut new);
            let about = event["data"]["object"]["object"].as_str().unwrap();
            for place in old.keys().chain(new.keys()) {
                let sign = match (old.get(place), new.get(place)) {
                    (Some(_), None) => '-',
                    (None, _) => '+',
                    (one, other) if one != other => '~',
                    _ => continue,
                };
                seen.insert(format!("{since} {about} {sign} {place}"));
            }
        }
        assert!(!seen.is_empty(), "nothing is seen of {since}");
        lines.extend(seen);
    }
    insta::assert_snapshot!("changes", lines.join("\n"));
}

/// Stripe says of the first invoice of a subscription what it says of a change, in versions before
/// 2018-10-31 (<https://docs.stripe.com/changelog/2018-10-31>); nothing else in the event tells them apart.
#[test]
fn c1_the_oldest_versions_call_the_first_invoice_a_change() {
    let mut event = newest("invoice.paid");
    event["data"]["object"]["billing_reason"] = json!("subscription_create");
    check(&event, |version, kind| {
        without_line_ids(version, kind);
        let EventKind::InvoicePaid(invoice) = kind else { panic!("another kind") };
        if version < "2018-10-31" {
            let expected = [BillingReason::SubscriptionCreate, BillingReason::SubscriptionUpdate];
            assert!(expected.contains(invoice.billing_reason.as_ref().unwrap()));
            invoice.billing_reason = None;
        }
    });
}

/// What the changes make of a few events, so that a mistake in one of them cannot hide.
#[test]
fn c1_the_shapes_are_stripes() {
    for (event_type, version) in [
        ("invoice.paid", "2017-04-06"),
        ("charge.succeeded", "2020-08-27"),
        ("customer.subscription.updated", "2024-10-28.acacia"),
        ("credit_note.created", "2025-03-31.basil"),
        ("charge.dispute.closed", "2025-09-30.clover"),
    ] {
        let event = as_of(&newest(event_type), version);
        insta::assert_json_snapshot!(format!("{event_type}_{version}").replace(['.', '-'], "_"), event);
    }
}
