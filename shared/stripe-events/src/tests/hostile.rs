//! Bytes that nobody at Stripe would send, under a good signature.

use super::{INVOICE, REFUND, fault, kind, read, with};
use crate::EventKind;

const NOT_JSON: &str = "JSON of at most 128 levels with Unicode text and numbers of 64 bits";
const REPEATED: &str = "an object with each key once";

#[test]
fn a10_bytes_that_are_not_utf_8_cannot_be_read() {
    assert_eq!(fault([0xff, 0xfe, b'{']), ("event".to_owned(), "UTF-8"));
    let mut payload = REFUND.as_bytes().to_vec();
    let place = REFUND.find("pi_3Qb").unwrap();
    payload[place] = 0xc3;
    assert_eq!(fault(payload), ("event".to_owned(), "UTF-8"));
}

#[test]
fn a10_escapes_of_half_a_character_cannot_be_read() {
    for escape in [r"\ud800", r"\udc00", r"\ud800\u0041", r"\x41", r"\u12"] {
        let payload = with(REFUND, "pi_3QbMakegoodPay00Kx2Vd7Yq", escape);
        assert_eq!(fault(payload).1, NOT_JSON, "{escape}");
    }
    let escaped = with(REFUND, "pi_3QbMakegoodPay00Kx2Vd7Yq", r"\u0070i_3QbMakegoodPay00Kx2Vd7Yq");
    assert_eq!(kind(escaped), kind(REFUND));
}

#[test]
fn a_byte_order_mark_or_bytes_behind_the_event_cannot_be_read() {
    for payload in [format!("\u{feff}{REFUND}"), format!("{REFUND}{REFUND}"), format!("{REFUND}x")] {
        assert_eq!(fault(payload), ("event".to_owned(), NOT_JSON));
    }
}

#[test]
fn a15_deep_nesting_does_not_overflow_the_stack() {
    let depth = 100_000;
    let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", "{\"id\":".repeat(depth), "}".repeat(depth));
    for deep in [&lists, &objects] {
        let unknown = with(REFUND, r#""reason":"#, &format!(r#""unknown": {deep}, "reason":"#));
        assert_eq!(kind(unknown), kind(REFUND), "skipped without recursion");
        for field in ["amount", "payment_intent", "metadata", "failure_reason"] {
            fault(with_value(REFUND, field, deep));
        }
        for field in ["lines", "payments", "parent", "status_transitions"] {
            // An object without any known field is fine for a part, and not for a list.
            let fine = deep == &objects && ["parent", "status_transitions"].contains(&field);
            assert_eq!(read(with_value(INVOICE, field, deep)).is_ok(), fine, "{field}");
        }
        fault(deep);
    }
}

/// `payload` with `value` as the value of the object's own `field`.
fn with_value(payload: &str, field: &str, value: &str) -> String {
    with(payload, &format!("\n      \"{field}\":"), &format!("\"{field}\": {value}, \"other\":"))
}

#[test]
fn a15_a_number_of_a_million_digits_is_bounded() {
    let digits = "9".repeat(1_000_000);
    let unknown = with(REFUND, r#""reason":"#, &format!(r#""unknown": {digits}, "reason":"#));
    assert_eq!(kind(unknown), kind(REFUND));
    let known = with(REFUND, r#""amount": 999"#, &format!(r#""amount": {digits}"#));
    assert_eq!(fault(known).1, NOT_JSON);
}

#[test]
fn a15_a_key_that_comes_twice_cannot_be_read() {
    let twice = with(REFUND, r#""amount": 999"#, r#""amount": 999, "amount": 1"#);
    assert_eq!(fault(twice), ("data.object".to_owned(), REPEATED));
    let twice = with(REFUND, r#""livemode": true"#, r#""livemode": true, "livemode": false"#);
    assert_eq!(fault(twice), ("event".to_owned(), REPEATED));
    let twice = with(REFUND, r#""type": "refund.failed""#, r#""type": "refund.failed", "type": "x""#);
    assert_eq!(fault(twice), ("event".to_owned(), REPEATED));
    let reference = r#""payment_intent": {"id": "pi_1", "id": "pi_2"}"#;
    let twice = with(REFUND, r#""payment_intent": "pi_3QbMakegoodPay00Kx2Vd7Yq""#, reference);
    assert_eq!(fault(twice), ("data.object".to_owned(), REPEATED));
}

#[test]
fn lists_are_no_objects_and_objects_no_lists() {
    // Structs of serde's can be read from lists, in the order of their fields; events never are.
    assert_eq!(fault(r#"["event", "evt_1", "x", 1793527200, true]"#).0, "event");
    let list = with(REFUND, "\"data\": {\n    \"object\": {", "\"data\": {\"object\": [1], \"x\": {");
    assert_eq!(fault(list), ("data.object".to_owned(), "an object"));
    let lines = with(
        INVOICE,
        "\"lines\": {\n        \"object\": \"list\",\n        \"data\": [",
        "\"lines\": {\"data\": {}, \"x\": [",
    );
    assert_eq!(fault(lines), ("data.object.lines.data".to_owned(), "a list of objects"));
    let lines = with(
        INVOICE,
        "\"lines\": {\n        \"object\": \"list\",\n        \"data\": [",
        "\"lines\": {\"data\": [7], \"x\": [",
    );
    assert_eq!(fault(lines), ("data.object.lines.data".to_owned(), "a list of objects"));
    assert!(matches!(kind(INVOICE), EventKind::InvoicePaid(_)));
}
