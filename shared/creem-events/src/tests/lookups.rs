//! Payments that an event does not carry, and events that are completed with what Creem answers.

use primitives::{PaymentId, SubscriptionId};
use serde_json::{Value, json};

use super::{CHECKOUT, CHECKOUT_RECURRING, CHECKOUT_SAMPLE, DISPUTE, PAID, PAID_SAMPLE, REFUND, kind, read};
use crate::{CreemEventKind, FetchedTransaction, OrderId, SignedByCreem, TransactionLookup, parse};

fn without(payload: &str, fields: &[&str]) -> String {
    let mut event: Value = serde_json::from_str(payload).unwrap();
    for field in fields {
        event["object"].as_object_mut().unwrap().remove(*field);
    }
    event.to_string()
}

fn lookup(payload: &str) -> Option<TransactionLookup> {
    read(payload).unwrap().lookup()
}

fn transaction(id: &str, paid: u64) -> FetchedTransaction {
    FetchedTransaction(json!({
        "id": id, "object": "transaction", "amount_paid": paid, "refunded_amount": 0, "currency": "EUR",
    }))
}

fn known(id: &str) -> TransactionLookup {
    TransactionLookup::Known(PaymentId::new(id).unwrap())
}

fn of_order(id: &str) -> TransactionLookup {
    TransactionLookup::OfOrder(OrderId::new(id).unwrap())
}

#[test]
fn what_an_event_lacks_is_named() {
    let subscription = SubscriptionId::new("sub_1MakegoodSubKx2Vd7").unwrap();
    for (payload, expected) in [
        (CHECKOUT.to_owned(), None),
        (CHECKOUT_SAMPLE.to_owned(), Some(of_order("ord_1MakegoodKx2Vd7Y"))),
        // What is paid period by period is granted by another event.
        (CHECKOUT_RECURRING.to_owned(), None),
        (PAID.to_owned(), None),
        (PAID_SAMPLE.to_owned(), Some(known("tran_2MakegoodKx2Vd7Y"))),
        (
            without(PAID_SAMPLE, &["last_transaction_id"]),
            Some(TransactionLookup::OfSubscription(subscription)),
        ),
        (REFUND.to_owned(), None),
        (without(REFUND, &["transaction"]), Some(of_order("ord_1MakegoodKx2Vd7Y"))),
        (DISPUTE.to_owned(), None),
        (without(DISPUTE, &["transaction"]), Some(of_order("ord_2MakegoodKx2Vd7Y"))),
        (include_str!("../../fixtures/subscription.active.json").to_owned(), None),
    ] {
        assert_eq!(lookup(&payload), expected, "{payload:.60}");
    }
    let mut bare: Value = serde_json::from_str(REFUND).unwrap();
    bare["object"]["transaction"] = json!("tran_1");
    assert_eq!(lookup(&bare.to_string()), Some(known("tran_1")));
}

#[test]
fn an_event_is_completed_with_what_was_fetched() {
    for payload in [
        CHECKOUT_SAMPLE.to_owned(),
        PAID_SAMPLE.to_owned(),
        without(PAID_SAMPLE, &["last_transaction_id"]),
        without(REFUND, &["transaction"]),
        without(DISPUTE, &["transaction"]),
    ] {
        let fetched = transaction("tran_9", 1210);
        let completed = fetched.completing(&SignedByCreem::kept(payload.as_bytes()));
        let event = parse(&SignedByCreem::kept(&completed)).unwrap();
        assert_eq!(event.lookup(), None, "{payload:.60}");
        let found = match event.kind {
            CreemEventKind::CheckoutCompleted(checkout) => {
                let order = checkout.order.unwrap();
                assert_eq!(order.paid().map(|paid| paid.to_string()).as_deref(), Some("1210 eur"));
                order.transaction
            }
            CreemEventKind::Subscription(_, subscription) => subscription.last_transaction,
            CreemEventKind::RefundCreated(refund) => refund.transaction,
            CreemEventKind::DisputeCreated(dispute) => dispute.transaction,
            CreemEventKind::Other => None,
        };
        assert_eq!(found.unwrap().id.as_str(), "tran_9");
    }
}

#[test]
fn bytes_that_are_no_event_stay_as_they_are() {
    for payload in
        ["", "x", "[]", "{}", r#"{"eventType": "refund.created"}"#, r#"{"eventType": 7, "object": {}}"#]
    {
        let completed = transaction("tran_9", 1).completing(&SignedByCreem::kept(payload.as_bytes()));
        assert_eq!(completed, payload.as_bytes());
    }
    let by_id =
        CHECKOUT_SAMPLE.replace("\n  \"object\": {", "\n  \"object\": {\"order\": \"ord_1\", \"x\": {");
    // Not JSON any more: nothing is put into it.
    assert_eq!(transaction("tran_9", 1).completing(&SignedByCreem::kept(by_id.as_bytes())), by_id.as_bytes());
    assert!(matches!(kind(CHECKOUT), CreemEventKind::CheckoutCompleted(_)));
}
