//! Single fields: references, open enums, amounts, currencies, instants and ids.

use super::{CHECKOUT, INVOICE, REFUND, SUBSCRIPTION, fault, kind, read, with};
use crate::{
    BillingReason, CheckoutMode, CheckoutPaymentStatus, CheckoutSession, EventKind, RefundObject,
    RefundStatus, SubscriptionObject, SubscriptionStatus,
};

fn refund(payload: impl AsRef<[u8]>) -> RefundObject {
    match kind(payload) {
        EventKind::RefundFailed(refund) => refund,
        other => panic!("another kind: {other:?}"),
    }
}

fn checkout(payload: impl AsRef<[u8]>) -> CheckoutSession {
    match kind(payload) {
        EventKind::CheckoutCompleted(session) => session,
        other => panic!("another kind: {other:?}"),
    }
}

fn subscription(payload: impl AsRef<[u8]>) -> SubscriptionObject {
    match kind(payload) {
        EventKind::SubscriptionUpdated(subscription) => subscription,
        other => panic!("another kind: {other:?}"),
    }
}

#[test]
fn c2_a_reference_is_an_id_an_object_a_deleted_object_or_null() {
    let plain = r#""payment_intent": "pi_3QbMakegoodPay00Kx2Vd7Yq""#;
    let expected = refund(REFUND).payment;
    assert!(expected.is_some());
    for object in [
        r#"{"id": "pi_3QbMakegoodPay00Kx2Vd7Yq", "object": "payment_intent", "amount": 999}"#,
        r#"{"object": "payment_intent", "charges": [{"id": "x"}], "id": "pi_3QbMakegoodPay00Kx2Vd7Yq"}"#,
        r#"{"deleted": true, "id": "pi_3QbMakegoodPay00Kx2Vd7Yq", "object": "payment_intent"}"#,
    ] {
        let payload = with(REFUND, plain, &format!(r#""payment_intent": {object}"#));
        assert_eq!(refund(payload).payment, expected);
    }
    assert_eq!(refund(with(REFUND, plain, r#""payment_intent": null"#)).payment, None);
    assert_eq!(refund(with(REFUND, plain, r#""another": null"#)).payment, None);
    for wrong in ["7", "true", "[]", "{}", r#"{"id": 7}"#, r#"{"id": {"id": "pi_1"}}"#, r#""""#] {
        let payload = with(REFUND, plain, &format!(r#""payment_intent": {wrong}"#));
        assert_eq!(fault(payload).0, "data.object.payment_intent", "{wrong}");
    }
}

#[test]
fn c2_deleted_customers_keep_their_id() {
    let plain = r#""customer": "cus_QmGd81tRkAvzPe""#;
    for payload in [CHECKOUT, INVOICE, SUBSCRIPTION] {
        let deleted = r#""customer": {"id": "cus_QmGd81tRkAvzPe", "object": "customer", "deleted": true}"#;
        assert_eq!(kind(with(payload, plain, deleted)), kind(payload));
    }
}

#[test]
fn c3_values_never_seen_are_kept_as_they_are() {
    let status = refund(with(REFUND, r#""status": "failed""#, r#""status": "reversed""#)).status;
    assert_eq!(status, Some(RefundStatus::Other("reversed".to_owned())));
    assert_eq!(status.unwrap().as_str(), "reversed");
    let session = with(CHECKOUT, r#""mode": "payment""#, r#""mode": "gift""#);
    let session = checkout(with(&session, r#""payment_status": "paid""#, r#""payment_status": "partly""#));
    assert_eq!(session.mode, CheckoutMode::Other("gift".to_owned()));
    assert_eq!(session.payment_status, CheckoutPaymentStatus::Other("partly".to_owned()));
    let payload = with(SUBSCRIPTION, r#""status": "active""#, r#""status": "dormant""#);
    assert_eq!(subscription(payload).status, SubscriptionStatus::Other("dormant".to_owned()));
    let payload = with(INVOICE, "subscription_cycle", "subscription_gift");
    let EventKind::InvoicePaid(invoice) = kind(payload) else { panic!("another kind") };
    assert_eq!(invoice.billing_reason, Some(BillingReason::Other("subscription_gift".to_owned())));
}

#[test]
fn c4_amounts_are_exact_or_refused() {
    let amount = |text: &str| with(REFUND, r#""amount": 999"#, &format!(r#""amount": {text}"#));
    for (text, minor) in [("0", 0), ("999", 999), ("9223372036854775807", 9_223_372_036_854_775_807)] {
        assert_eq!(refund(amount(text)).amount.minor(), minor, "{text}");
    }
    for text in [
        "1.5",
        "999.0",
        "1e3",
        "\"100\"",
        "9223372036854775808",
        "18446744073709551616",
        "-9223372036854775809",
        "true",
        "[]",
        "{\"id\": 1}",
        "-0.0",
    ] {
        let expected = "an integer between -2^63 and 2^63 - 1";
        assert_eq!(fault(amount(text)), ("data.object.amount".to_owned(), expected), "{text}");
    }
    let negative = fault(amount("-1"));
    assert_eq!(negative, ("data.object.amount".to_owned(), "an amount of at least zero"));
    assert_eq!(fault(amount("null")), ("data.object.amount".to_owned(), "a value"));
    let line = with(
        include_str!("../../fixtures/2026-10-28.endive/invoice.paid.proration.json"),
        "\"amount\": 1500",
        "\"amount\": 1500.5",
    );
    assert_eq!(fault(line).0, "data.object.lines.data[1].amount");
}

#[test]
fn c5_currencies_are_normalised_or_refused() {
    let plain = r#""currency": "usd""#;
    let currency = |text: &str| with(REFUND, plain, &format!(r#""currency": {text}"#));
    for (text, shown) in [(r#""USD""#, "999 usd"), (r#""jpy""#, "999 jpy"), (r#""Kwd""#, "999 kwd")] {
        assert_eq!(refund(currency(text)).amount.to_string(), shown);
    }
    for text in [r#""us""#, r#""dollar""#, r#""€€€""#, r#""""#, "840"] {
        assert_eq!(fault(currency(text)).0, "data.object.currency", "{text}");
    }
    assert_eq!(fault(currency("null")), ("data.object.currency".to_owned(), "a value"));
}

#[test]
fn c6_instants_outside_the_range_are_refused() {
    let ended = |text: &str| with(SUBSCRIPTION, r#""ended_at": null"#, &format!(r#""ended_at": {text}"#));
    assert_eq!(
        subscription(ended("1793527200")).ended_at.map(primitives::Timestamp::as_s),
        Some(1_793_527_200)
    );
    // 2106 ends 32 bits of seconds, and is beyond the years that a record may carry.
    for text in ["0", "-1", "1793527200000", "4294967296", "1.5", "\"2026-11-01\"", "9223372036854775807"] {
        let expected = "an instant in seconds, within the years 2000 to 2099";
        assert_eq!(fault(ended(text)), ("data.object.ended_at".to_owned(), expected), "{text}");
    }
}

#[test]
fn c8_ids_are_opaque_up_to_255_characters() {
    let id = |text: &str| with(REFUND, "\"re_3QbMakegoodRef00Kx2Vd7Yq\"", &format!("\"{text}\""));
    for text in ["x".repeat(255), "refund-2030.v9:1_A~".to_owned()] {
        assert_eq!(refund(id(&text)).id.as_str(), text);
    }
    for text in
        ["x".repeat(256), "re_é".to_owned(), "re#1".to_owned(), " re_1".to_owned(), "re_1 ".to_owned()]
    {
        let expected = "an id of 1 to 255 printable ASCII characters without spaces, `#` and `/`";
        assert_eq!(fault(id(&text)), ("data.object.id".to_owned(), expected), "{text}");
    }
}

#[test]
fn metadata_may_be_missing_and_is_bounded() {
    let plain = r#""metadata": {
        "refund_request_id": "rr_01JBMAKEGOOD",
        "payout_id": "po_01JBMAKEGOOD"
      }"#;
    let metadata = |text: &str| with(REFUND, plain, &format!("\"metadata\": {text}"));
    let pairs = |count: usize| {
        let pairs: Vec<_> = (0..count).map(|index| format!(r#""k{index}": "v""#)).collect();
        format!("{{{}}}", pairs.join(","))
    };
    assert_eq!(refund(REFUND).metadata.get("refund_request_id"), Some("rr_01JBMAKEGOOD"));
    assert!(refund(metadata("null")).metadata.is_empty());
    assert!(refund(metadata("{}")).metadata.is_empty());
    assert_eq!(refund(metadata(&pairs(50))).metadata.iter().count(), 50);
    for text in [
        pairs(51),
        format!(r#"{{"k": "{}"}}"#, "v".repeat(2_001)),
        format!(r#"{{"{}": "v"}}"#, "k".repeat(161)),
        r#"{"k": 1}"#.to_owned(),
        r#"{"k": {"id": "x"}}"#.to_owned(),
        r#"{"k": null}"#.to_owned(),
        r#"{"k": "a", "k": "b"}"#.to_owned(),
        "[]".to_owned(),
        "\"text\"".to_owned(),
    ] {
        assert_eq!(fault(metadata(&text)).0, "data.object.metadata", "{text}");
    }
}

#[test]
fn metadata_values_are_not_shown() {
    let shown = format!("{:?}", refund(REFUND).metadata);
    assert_eq!(shown, r#"{"payout_id", "refund_request_id"}"#);
}

#[test]
fn the_lines_of_a_session_come_from_stripe_alone() {
    let lines = |payload: String| checkout(payload).lines;
    let shown = |payload: String| -> Vec<String> {
        let line = |line: crate::CheckoutLine| {
            let quantity = line.quantity.map_or_else(|| "?".to_owned(), |quantity| quantity.to_string());
            format!("{quantity} × {}", line.price.map_or_else(|| "?".to_owned(), |price| price.to_string()))
        };
        lines(payload).into_iter().flatten().map(line).collect()
    };
    let price = "\"price\": \"price_1QaMakegoodPack500\",";
    assert_eq!(lines(CHECKOUT.to_owned()), None);
    let named = |payload: String| checkout(payload).named_price.map(|price| price.as_str().to_owned());
    assert_eq!(named(CHECKOUT.to_owned()).as_deref(), Some("price_1QaMakegoodPack500"));
    assert_eq!(named(with(CHECKOUT, price, "")), None);
    let expanded = |has_more: bool| {
        let list = format!(
            r#""line_items": {{"data": [{{"price": {{"id": "price_a"}}, "quantity": 2}},
                {{"price": "price_b", "quantity": 1}}], "has_more": {has_more}}}, "locale": null"#
        );
        with(CHECKOUT, r#""locale": null"#, &list)
    };
    assert_eq!(shown(expanded(false)), ["2 × price_a", "1 × price_b"]);
    let unpriced =
        expanded(false).replace(r#""price": "price_b", "quantity": 1"#, r#""price": null, "quantity": null"#);
    assert_eq!(shown(unpriced), ["2 × price_a", "? × ?"]);
    assert_eq!(lines(expanded(true)), None, "a page is not the whole list");
    let hostile = with(CHECKOUT, price, "\"price\": \"price a/b\",");
    assert_eq!(named(hostile), None, "the key is everybody's");
}

#[test]
fn the_period_ends_with_the_earliest_item() {
    let two = |has_more: bool| {
        let items = format!(
            r#""items": {{"data": [{{"current_period_end": 1796119200}},
                {{"current_period_end": 1795000000}}], "has_more": {has_more}}}, "other": {{"#
        );
        with(SUBSCRIPTION, "\"items\": {", &items)
    };
    let end = |payload: String| subscription(payload).current_period_end.map(primitives::Timestamp::as_s);
    assert_eq!(end(two(false)), Some(1_795_000_000));
    assert_eq!(end(two(true)), None, "a page is not the whole list");
}

#[test]
fn setup_sessions_have_no_amount() {
    let setup = with(CHECKOUT, r#""amount_total": 999"#, r#""amount_total": null"#);
    let setup = with(&setup, r#""amount_subtotal": 999"#, r#""amount_subtotal": null"#);
    let setup = with(&setup, r#""mode": "payment""#, r#""mode": "setup""#);
    let setup = checkout(with(&setup, r#""currency": "usd""#, r#""currency": null"#));
    assert_eq!((setup.amount_total, setup.mode), (None, CheckoutMode::Setup));
    assert!(read(CHECKOUT).is_ok());
}
