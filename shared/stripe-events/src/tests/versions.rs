//! Every known type in the newest shape and in the one before 2025-03-31: the same fact.

use super::read;
use crate::EventKind;

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
