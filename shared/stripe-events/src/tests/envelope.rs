//! The event around the object.

use serde_json::Value;

use super::{CHECKOUT, INVOICE, REFUND, SUBSCRIPTION, fault, kind, read, with};
use crate::{EVENT_TYPES, EventId, EventKind};

const THIN: &str = include_str!("../../fixtures/2026-10-28.endive/thin.v1.invoice.paid.json");

#[test]
fn a12_a_connected_account_and_a_context_are_reported() {
    assert_eq!(read(INVOICE).unwrap().account, None);
    let connected =
        with(INVOICE, r#""pending_webhooks""#, r#""account": "acct_1QbElse", "pending_webhooks""#);
    let connected = with(&connected, r#""context": null"#, r#""context": "acct_1QbElse/acct_2""#);
    let event = read(&connected).unwrap();
    assert_eq!(event.account.unwrap().as_str(), "acct_1QbElse");
    assert_eq!(event.context.as_deref(), Some("acct_1QbElse/acct_2"));
    // Also where its object cannot be read, so that it need not be parked.
    let unreadable =
        read(with(&connected, "\n      \"amount_paid\": 1200", "\"amount_paid\": \"x\"")).unwrap_err();
    assert_eq!(unreadable.account.unwrap().as_str(), "acct_1QbElse");
}

#[test]
fn a12_thin_events_are_recognised() {
    let event = read(THIN).unwrap();
    assert_eq!(event.event_type, "v1.invoice.paid");
    assert_eq!(event.created.to_string(), "2026-11-01T10:00:05.123Z");
    assert_eq!(event.kind, EventKind::Thin { snapshot: EventId::new("evt_1QbMakegoodEvt04Kx2Vd7Yq").ok() });
    let alone = with(THIN, r#""snapshot_event": "evt_1QbMakegoodEvt04Kx2Vd7Yq""#, r#""changes": {}"#);
    assert_eq!(kind(alone), EventKind::Thin { snapshot: None });
    let known_type = with(THIN, r#""type": "v1.invoice.paid""#, r#""type": "invoice.paid""#);
    assert!(matches!(kind(known_type), EventKind::Thin { .. }), "a thin event is never a snapshot");
    assert_eq!(fault(with(THIN, "2026-11-01T10:00:05.123Z", "yesterday")).0, "created");
}

#[test]
fn b10_unknown_types_have_no_effect_whatever_they_carry() {
    for data in [r#"{"object": {"id": 7}}"#, "null", "[[1]]", "\"x\"", "{}"] {
        let payload = format!(
            r#"{{"id": "evt_1", "object": "event", "data": {data}, "created": 1793527200,
                "livemode": false, "type": "capybara.bathed"}}"#
        );
        let event = read(&payload).unwrap();
        assert_eq!((event.kind, event.event_type.as_str()), (EventKind::Other, "capybara.bathed"), "{data}");
        assert!(!event.livemode);
    }
}

/// Puts unknown fields of every kind into every object below `value`.
fn sprinkle(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(sprinkle);
            for (name, unknown) in [
                ("aaa_unknown", serde_json::json!({"id": "x", "amount": [1.5, null, {"object": "event"}]})),
                ("unknown_text", serde_json::json!("zzz")),
                ("zzz_unknown", serde_json::json!(1e300)),
            ] {
                fields.insert(name.to_owned(), unknown);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(sprinkle),
        _ => {}
    }
}

#[test]
fn b10_unknown_fields_at_all_depths_change_nothing() {
    for payload in [CHECKOUT, INVOICE, REFUND, SUBSCRIPTION] {
        let expected = read(payload).unwrap();
        let mut value: Value = serde_json::from_str(payload).unwrap();
        // Metadata is a map of the company's own: a field in it is data.
        let metadata = value.pointer("/data/object/metadata").cloned().unwrap();
        let details = value.pointer("/data/object/parent/subscription_details/metadata").cloned();
        sprinkle(&mut value);
        *value.pointer_mut("/data/object/metadata").unwrap() = metadata;
        if let Some(details) = details {
            *value.pointer_mut("/data/object/parent/subscription_details/metadata").unwrap() = details;
        }
        assert_eq!(read(value.to_string()).unwrap(), expected);
        // Maps of `serde_json` are sorted: the order of the fields has changed as well.
        assert_ne!(value.to_string(), payload);
    }
}

#[test]
fn c7_the_instant_of_the_business_is_the_events_own() {
    let old = with(REFUND, "\"created\": 1794132000", "\"created\": 1793268000");
    assert_eq!(read(old).unwrap().created.as_s(), 1_793_268_000, "three days before it is delivered");
}

#[test]
fn c6_the_events_own_instant_is_checked() {
    for text in ["0", "-1", "1794132000000", "4294967296", "1.5", "\"2026-11-01T10:00:00Z\"", "null"] {
        let payload = with(REFUND, "\"created\": 1794132000", &format!("\"created\": {text}"));
        assert_eq!(fault(payload).0, "created", "{text}");
    }
}

#[test]
fn the_envelope_has_to_be_an_events() {
    for (from, to, field) in [
        (r#""object": "event""#, r#""object": "list""#, "object"),
        (r#""object": "event""#, r#""objekt": "event""#, "object"),
        (r#""type": "refund.failed""#, r#""type": null"#, "type"),
        (r#""livemode": true"#, r#""livemode": "yes""#, "livemode"),
        (r#""livemode": true"#, r#""other": true"#, "livemode"),
        (r#""id": "evt_3QbMakegoodEvt11Kx2Vd7Yq""#, r#""id": "evt 1""#, "id"),
        (r#""data": {"#, r#""date": {"#, "data"),
        (r#""object": {"#, r#""subject": {"#, "data.object"),
        (r#""object": {"#, r#""object": 5, "subject": {"#, "data.object"),
    ] {
        assert_eq!(fault(with(REFUND, from, to)).0, field, "{to}");
    }
    for payload in ["null", "[]", "7", "\"x\""] {
        assert_eq!(fault(payload).0, "event", "{payload}");
    }
}

#[test]
fn requests_of_old_versions_have_no_key() {
    let text = with(REFUND, "\"request\": {", "\"request\": \"req_1\", \"other\": {");
    let event = read(text).unwrap();
    assert_eq!((event.idempotency_key, event.kind), (None, kind(REFUND)));
}

#[test]
fn what_cannot_be_read_is_named_without_its_content() {
    let payload = with(INVOICE, "\n      \"amount_paid\": 1200", "\"amount_paid\": \"buyer@example.com\"");
    let unreadable = read(payload).unwrap_err();
    assert_eq!(unreadable.id.as_ref().map(EventId::as_str), Some("evt_1QbMakegoodEvt04Kx2Vd7Yq"));
    assert_eq!(unreadable.event_type.as_deref(), Some("invoice.paid"));
    assert_eq!(unreadable.livemode, Some(true));
    assert_eq!(
        unreadable.to_string(),
        "event cannot be read: expected an integer between -2^63 and 2^63 - 1 at `data.object.amount_paid`"
    );
    assert!(!format!("{unreadable:?}").contains("example.com"));
}

/// An event of a type that is missing in the list would be lost where its delivery is.
#[test]
fn every_type_that_is_read_is_looked_for() {
    let source = include_str!("../event.rs");
    let (_, from) = source.split_once("\nfn kind(").unwrap();
    let (body, _) = from.split_once("\n}\n").unwrap();
    let mut read: Vec<&str> = body.split('"').skip(1).step_by(2).collect();
    read.sort_unstable();
    assert_eq!(read, EVENT_TYPES);
}
