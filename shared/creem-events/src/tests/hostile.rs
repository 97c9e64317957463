//! Bytes that nobody at Creem would send, under a good signature.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::{CHECKOUT, DISPUTE, PAID, REFUND, fault, kind, read, with};

#[test]
fn a10_creem_bytes_that_are_not_utf_8_cannot_be_read() {
    assert_eq!(fault([0xff, 0xfe, b'{']), ("event".to_owned(), "UTF-8"));
}

#[test]
fn a15_creem_deep_nesting_and_long_numbers_are_bounded() {
    let depth = 100_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let digits = "9".repeat(1_000_000);
    for value in [&deep, &digits] {
        let unknown = with(REFUND, r#""reason": "#, &format!(r#""unknown": {value}, "reason": "#));
        assert_eq!(kind(unknown), kind(REFUND), "skipped without recursion");
        fault(with(REFUND, r#""refund_amount": 400"#, &format!(r#""refund_amount": {value}"#)));
    }
}

#[test]
fn a15_creem_a_key_that_comes_twice_cannot_be_read() {
    let expected = "an object with each key once";
    let twice = with(REFUND, r#""refund_amount": 400"#, r#""refund_amount": 400, "refund_amount": 1"#);
    assert_eq!(fault(twice), ("object".to_owned(), expected));
    let twice = with(
        REFUND,
        r#""eventType": "refund.created""#,
        r#""eventType": "refund.created", "eventType": "x""#,
    );
    assert_eq!(fault(twice), ("event".to_owned(), expected));
    let twice = with(REFUND, r#""refunded_amount": 400"#, r#""refunded_amount": 400, "refunded_amount": 0"#);
    assert_eq!(fault(twice), ("object".to_owned(), expected));
}

#[test]
fn the_envelope_has_to_be_an_events() {
    for (from, to, field) in [
        (r#""eventType": "refund.created""#, r#""eventType": null"#, "eventType"),
        (r#""id": "evt_15MakegoodKx2Vd7Yq""#, r#""id": "evt 1""#, "id"),
        ("\n  \"object\": {", "\n  \"subject\": {", "object"),
        ("\n  \"object\": {", "\n  \"object\": 5, \"subject\": {", "object"),
        ("\n  \"object\": {", "\n  \"object\": [], \"subject\": {", "object"),
    ] {
        assert_eq!(fault(with(REFUND, from, to)).0, field, "{to}");
    }
    for payload in ["null", "[]", "7", "\"x\""] {
        assert_eq!(fault(payload).0, "event", "{payload}");
    }
}

#[test]
fn what_cannot_be_read_is_named_without_its_content() {
    let payload = with(REFUND, r#""refund_amount": 400"#, r#""refund_amount": "buyer@example.com""#);
    let unreadable = read(payload).unwrap_err();
    assert_eq!(unreadable.id.as_ref().map(crate::CreemEventId::as_str), Some("evt_15MakegoodKx2Vd7Yq"));
    assert_eq!(unreadable.event_type.as_deref(), Some("refund.created"));
    assert_eq!(unreadable.mode.as_ref().map(crate::CreemMode::as_str), Some("prod"));
    assert!(!format!("{unreadable} {unreadable:?}").contains("example.com"));
}

/// Puts unknown fields of every kind into every object below `value`, but into metadata.
fn sprinkle(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter_mut() {
                if name != "metadata" {
                    sprinkle(field);
                }
            }
            fields.insert("aaa_unknown".to_owned(), serde_json::json!({"id": "x", "amount": [1.5, null]}));
            fields.insert("zzz_unknown".to_owned(), serde_json::json!(1e300));
        }
        Value::Array(items) => items.iter_mut().for_each(sprinkle),
        _ => {}
    }
}

#[test]
fn b10_creem_unknown_fields_at_all_depths_change_nothing() {
    for payload in [CHECKOUT, PAID, REFUND, DISPUTE] {
        let mut event: Value = serde_json::from_str(payload).unwrap();
        sprinkle(&mut event);
        assert_eq!(read(event.to_string()), read(payload));
    }
}

fn fixture() -> impl Strategy<Value = &'static str> {
    select(&[CHECKOUT, PAID, REFUND, DISPUTE][..])
}

proptest! {
    #[test]
    fn a15_creem_no_damage_makes_parse_panic(
        fixture in fixture(),
        from in any::<Index>(),
        length in 0_usize..40,
        bytes in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut payload = fixture.as_bytes().to_vec();
        let from = from.index(payload.len());
        let to = from.saturating_add(length).min(payload.len());
        payload.splice(from..to, bytes);
        let _ = read(payload);
    }

    #[test]
    fn a15_creem_no_other_value_makes_parse_panic(
        fixture in fixture(),
        changes in prop::collection::vec(
            (any::<Index>(), select(&["null", "true", "-1", "1.5", "\"\"", "[]", "{}", "{\"id\":\"a\"}"][..])), 1..4,
        ),
    ) {
        let mut lines: Vec<String> = fixture.lines().map(str::to_owned).collect();
        for (place, piece) in changes {
            let place = place.index(lines.len());
            let Some((key, value)) = lines[place].split_once(": ") else { continue };
            // Only values of one line, so that the whole stays JSON.
            if value.ends_with(['{', '[']) {
                continue;
            }
            let comma = if value.ends_with(',') { "," } else { "" };
            lines[place] = format!("{key}: {piece}{comma}");
        }
        if let Err(unreadable) = read(lines.join("\n")) {
            prop_assert!(!unreadable.field.is_empty() && !unreadable.expected.is_empty());
        }
    }
}
