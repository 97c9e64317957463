//! Single fields: links, open enums, amounts, currencies, instants and ids.

use primitives::Money;
use serde_json::{Value, json};

use super::{CHECKOUT, DISPUTE, PAID, REFUND, fault, kind, read, with};
use crate::{
    CreemCheckout, CreemEventKind, CreemMode, CreemRefund, CreemRefundStatus, CreemSubscription,
    CreemTransaction, TransactionStatus,
};

fn checkout(payload: impl AsRef<[u8]>) -> CreemCheckout {
    match kind(payload) {
        CreemEventKind::CheckoutCompleted(checkout) => checkout,
        other => panic!("another kind: {other:?}"),
    }
}

fn refund(payload: impl AsRef<[u8]>) -> CreemRefund {
    match kind(payload) {
        CreemEventKind::RefundCreated(refund) => refund,
        other => panic!("another kind: {other:?}"),
    }
}

fn subscription(payload: impl AsRef<[u8]>) -> CreemSubscription {
    match kind(payload) {
        CreemEventKind::Subscription(_, subscription) => subscription,
        other => panic!("another kind: {other:?}"),
    }
}

/// `payload` with `value` at `path` of its object.
fn put(payload: &str, path: &str, value: Value) -> String {
    let mut event: Value = serde_json::from_str(payload).unwrap();
    let (owner, field) = path.rsplit_once('/').unwrap();
    let owner = event.pointer_mut(&format!("/object{owner}")).unwrap();
    owner.as_object_mut().unwrap().insert(field.to_owned(), value);
    event.to_string()
}

/// Every link of an event replaced by the id of what it links to.
fn by_id(payload: &str) -> String {
    let mut event: Value = serde_json::from_str(payload).unwrap();
    for name in
        ["product", "customer", "order", "subscription", "checkout", "transaction", "last_transaction"]
    {
        if let Some(id) = event["object"].get(name).and_then(|link| link.get("id")).cloned() {
            event["object"][name] = id;
        }
    }
    event.to_string()
}

#[test]
fn c2_creem_a_link_is_an_id_an_object_or_null() {
    let of_objects = checkout(CHECKOUT);
    let of_ids = checkout(by_id(CHECKOUT));
    assert_eq!(of_ids.product, of_objects.product);
    assert_eq!(of_ids.customer, of_objects.customer);
    let ids = |checkout: &CreemCheckout| checkout.order.as_ref().map(|order| order.id.clone());
    assert_eq!(ids(&of_ids), ids(&of_objects));
    let (of_objects, of_ids) = (refund(REFUND), refund(by_id(REFUND)));
    assert_eq!(of_ids.order, of_objects.order);
    assert_eq!(of_ids.checkout.map(|link| link.id), of_objects.checkout.map(|link| link.id));
    let transaction = of_ids.transaction.unwrap();
    assert_eq!(transaction, CreemTransaction::bare(of_objects.transaction.unwrap().id));
    let last = |payload: String| subscription(payload).last_transaction.map(|last| last.id);
    assert_eq!(last(by_id(PAID)), last(PAID.to_owned()));
    for field in ["order", "subscription", "checkout", "customer", "transaction"] {
        assert!(read(put(REFUND, &format!("/{field}"), Value::Null)).is_ok(), "{field}");
        for wrong in [json!(7), json!(true), json!([]), json!({}), json!({"id": 7}), json!("")] {
            let (found, _) = fault(put(REFUND, &format!("/{field}"), wrong.clone()));
            assert!(found.starts_with(&format!("object.{field}")), "{field} {wrong}: {found}");
        }
    }
}

#[test]
fn an_objects_links_stand_in_for_those_that_are_missing() {
    let payload = put(&put(DISPUTE, "/order", Value::Null), "/subscription", Value::Null);
    let CreemEventKind::DisputeCreated(dispute) = kind(put(&payload, "/customer", Value::Null)) else {
        panic!("another kind")
    };
    assert_eq!(dispute.order.unwrap().as_str(), "ord_2MakegoodKx2Vd7Y");
    assert_eq!(dispute.subscription.unwrap().id.as_str(), "sub_1MakegoodSubKx2Vd7");
    assert_eq!(dispute.customer.unwrap().as_str(), "cust_1MakegoodBuyerKx2");
}

#[test]
fn of_two_names_of_the_last_payment_the_id_counts() {
    let newer = put(PAID, "/last_transaction_id", json!("tran_3"));
    let last = subscription(newer).last_transaction.unwrap();
    assert_eq!((last.id.as_str(), last.amount_paid), ("tran_3", None));
    let unnamed = put(PAID, "/last_transaction_id", Value::Null);
    assert_eq!(subscription(unnamed), subscription(PAID));
}

#[test]
fn c3_creem_values_never_seen_are_kept_as_they_are() {
    let status = refund(put(REFUND, "/status", json!("reversed"))).status;
    assert_eq!(status, Some(CreemRefundStatus::Other("reversed".to_owned())));
    let mode = read(put(REFUND, "/mode", json!("staging"))).unwrap().mode.unwrap();
    assert_eq!((mode.as_str(), mode.is_live()), ("staging", None));
    for (word, expected) in [
        ("chargeback", TransactionStatus::ChargedBack),
        ("chargedBack", TransactionStatus::ChargedBack),
        ("partially_refunded", TransactionStatus::PartialRefund),
        ("partialRefund", TransactionStatus::PartialRefund),
        ("canceled", TransactionStatus::Canceled),
        ("thawed", TransactionStatus::Other("thawed".to_owned())),
    ] {
        let found = refund(put(REFUND, "/transaction/status", json!(word))).transaction.unwrap();
        assert_eq!(found.status, Some(expected), "{word}");
    }
    assert_eq!(TransactionStatus::from("chargeback").as_str(), "chargedBack");
    for (mode, live) in
        [("prod", Some(true)), ("test", Some(false)), ("sandbox", Some(false)), ("local", Some(false))]
    {
        assert_eq!(CreemMode::from(mode).is_live(), live);
    }
}

#[test]
fn c4_creem_amounts_are_exact_or_refused() {
    let paid = |value: Value| put(REFUND, "/transaction/amount_paid", value);
    let read_as = |value| refund(paid(value)).transaction.unwrap().amount_paid.map(Money::minor);
    assert_eq!(read_as(json!(0)), Some(0));
    assert_eq!(read_as(json!(9_223_372_036_854_775_807_i64)), Some(9_223_372_036_854_775_807));
    assert_eq!(read_as(Value::Null), None, "what is not said is not guessed");
    for wrong in [json!(1.5), json!("1210"), json!(true), json!([]), json!(18_446_744_073_709_551_615_u64)] {
        assert_eq!(fault(paid(wrong)).0, "object.transaction.amount_paid");
    }
    let negative = ("object.transaction.amount_paid".to_owned(), "an amount of at least zero");
    assert_eq!(fault(paid(json!(-1))), negative);
    for wrong in [json!(0), json!(-1), json!(1.5), json!("2")] {
        assert_eq!(fault(put(CHECKOUT, "/units", wrong)).0, "object.units");
    }
    let items = put(PAID, "/items", json!([{"units": 1}, {"units": 0}]));
    assert_eq!(fault(items).0, "object.items[1].units");
}

#[test]
fn c5_creem_currencies_are_normalised_or_refused() {
    let paid = refund(REFUND).transaction.unwrap().amount_paid.unwrap();
    assert_eq!(paid.to_string(), "1210 eur");
    let unnamed = put(REFUND, "/transaction/currency", Value::Null);
    assert_eq!(refund(unnamed).transaction.unwrap().amount_paid, None, "an amount of nothing is none");
    for wrong in [json!("EURO"), json!(""), json!(978)] {
        assert_eq!(fault(put(REFUND, "/transaction/currency", wrong)).0, "object.transaction.currency");
    }
}

#[test]
fn c6_creem_instants_come_in_both_forms_and_within_range() {
    let created = |value: Value| put(REFUND, "/created_at", value);
    for value in
        [json!(1_793_527_200_000_i64), json!("2026-11-01T10:00:00.000Z"), json!("2026-11-01T11:00:00+01:00")]
    {
        assert_eq!(refund(created(value)).created.unwrap().to_string(), "2026-11-01T10:00:00Z");
    }
    // Seconds are not milliseconds.
    for wrong in [
        json!(1_793_527_200),
        json!(0),
        json!(-1),
        json!(1.5),
        json!("yesterday"),
        json!("2026-11-01"),
        json!(true),
    ] {
        let expected = "an instant in milliseconds or as RFC 3339, within the years 2000 to 2099";
        assert_eq!(fault(created(wrong)), ("object.created_at".to_owned(), expected));
    }
    assert_eq!(
        fault(with(REFUND, "\"created_at\": 1793959200000", "\"created_at\": 1793959200")).0,
        "created_at"
    );
}

#[test]
fn c8_creem_ids_are_opaque_up_to_255_characters() {
    let id = |text: String| put(REFUND, "/id", json!(text));
    assert_eq!(refund(id("x".repeat(255))).id.as_str().len(), 255);
    for wrong in ["x".repeat(256), "ref é".to_owned(), "ref#1".to_owned(), String::new()] {
        assert_eq!(fault(id(wrong)).0, "object.id");
    }
    assert_eq!(fault(put(REFUND, "/id", Value::Null)), ("object.id".to_owned(), "a value"));
}

#[test]
fn c9_creem_metadata_may_be_missing_and_hold_anything() {
    let account =
        |value: Value| checkout(put(CHECKOUT, "/metadata", value)).metadata.get("account").map(str::to_owned);
    assert_eq!(
        account(json!({"account": "a", "seats": 3, "nested": {"a": [1]}, "none": null})).as_deref(),
        Some("a")
    );
    // Only a text can name an account.
    for value in [json!({"account": 7}), json!({"account": null}), json!({}), Value::Null] {
        assert_eq!(account(value), None);
    }
    for wrong in [json!([]), json!("text"), json!({"account": "a".repeat(2_001)})] {
        assert_eq!(fault(put(CHECKOUT, "/metadata", wrong)).0, "object.metadata");
    }
    let twice = with(CHECKOUT, r#""campaign": "autumn""#, r#""account": "account-2""#);
    assert_eq!(fault(twice).0, "object.metadata");
    let twice = with(CHECKOUT, r#""campaign": "autumn""#, r#""account": 2"#);
    assert_eq!(fault(twice).0, "object.metadata");
}

#[test]
fn all_but_ids_is_optional() {
    for (event_type, object) in [
        ("checkout.completed", json!({"id": "ch_1"})),
        ("checkout.completed", json!({"id": "ch_1", "order": {"id": "ord_1"}, "product": {"id": "prod_1"}})),
        ("subscription.paid", json!({"id": "sub_1", "items": [{}]})),
        ("refund.created", json!({"id": "ref_1", "transaction": {"id": "tran_1"}})),
        ("dispute.created", json!({"id": "disp_1"})),
    ] {
        let event = json!({"id": "evt_1", "eventType": event_type, "created_at": 1_793_527_200_000_i64, "object": object});
        assert!(read(event.to_string()).is_ok(), "{event}");
    }
}
