//! Tests over the whole way of an event: signed bytes in, a fact or a typed refusal out.

mod differential;
mod envelope;
mod fields;
mod hostile;
mod invoices;
mod properties;
mod shapes;
mod signatures;
mod timing;
mod versions;

use primitives::Timestamp;

use crate::{Event, EventKind, SigningSecrets, Unreadable, parse, sign, verify};

const SECRET: &str = "whsec_test_current";

const REFUND: &str = include_str!("../fixtures/2026-10-28.endive/refund.failed.json");
const INVOICE: &str = include_str!("../fixtures/2026-10-28.endive/invoice.paid.json");
const CHECKOUT: &str = include_str!("../fixtures/2026-10-28.endive/checkout.session.completed.json");
const SUBSCRIPTION: &str = include_str!("../fixtures/2026-10-28.endive/customer.subscription.updated.json");

/// 2026-11-01T10:00:00Z and `seconds` more.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_s(1_793_527_200_i64.saturating_add(seconds)).unwrap()
}

fn secrets() -> SigningSecrets {
    SigningSecrets::new([("current", SECRET.to_owned())]).unwrap()
}

/// Signs `payload`, verifies it and reads the event in it.
fn read(payload: impl AsRef<[u8]>) -> Result<Event, Unreadable> {
    let payload = payload.as_ref();
    let header = sign(payload, SECRET, at(0));
    parse(&verify(payload, &header, &secrets(), at(0)).unwrap())
}

/// What the event in `payload` says.
fn kind(payload: impl AsRef<[u8]>) -> EventKind {
    read(payload).unwrap().kind
}

/// `payload` with the one occurrence of `from` replaced by `to`.
fn with(payload: &str, from: &str, to: &str) -> String {
    assert_eq!(payload.matches(from).count(), 1, "`{from}` has to occur once");
    payload.replace(from, to)
}

/// Which field of `payload` cannot be read, and what was expected of it.
fn fault(payload: impl AsRef<[u8]>) -> (String, &'static str) {
    let unreadable = read(payload).unwrap_err();
    (unreadable.field, unreadable.expected)
}
