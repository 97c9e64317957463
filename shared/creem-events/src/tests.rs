//! Tests over the whole way of an event: signed bytes in, a fact or a typed refusal out.

mod differential;
mod fields;
mod hostile;
mod lookups;
mod shapes;
mod signatures;
mod timing;

use primitives::Timestamp;

use crate::{
    CreemEvent, CreemEventKind, CreemSecrets, SignatureHeaders, UnreadableEvent, parse, sign, verify,
};

const SECRET: &str = "whsec_dGhpcyBpcyBub3QgYSBzZWNyZXQ=";

const CHECKOUT: &str = include_str!("../fixtures/checkout.completed.json");
const CHECKOUT_SAMPLE: &str = include_str!("../fixtures/checkout.completed.sample.json");
const CHECKOUT_RECURRING: &str = include_str!("../fixtures/checkout.completed.recurring.json");
const PAID: &str = include_str!("../fixtures/subscription.paid.json");
const PAID_SAMPLE: &str = include_str!("../fixtures/subscription.paid.sample.json");
const REFUND: &str = include_str!("../fixtures/refund.created.json");
const DISPUTE: &str = include_str!("../fixtures/dispute.created.json");

/// 2026-11-01T10:00:00Z and `seconds` more.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_s(1_793_527_200_i64.saturating_add(seconds)).unwrap()
}

fn secrets() -> CreemSecrets {
    CreemSecrets::new([("current", SECRET.to_owned())]).unwrap()
}

/// The headers of a request with nothing but a `creem-signature`.
fn only(creem: &str) -> SignatureHeaders<'_> {
    SignatureHeaders { creem: Some(creem), ..SignatureHeaders::default() }
}

/// Signs `payload`, verifies it and reads the event in it.
fn read(payload: impl AsRef<[u8]>) -> Result<CreemEvent, UnreadableEvent> {
    let payload = payload.as_ref();
    let signature = sign(payload, SECRET);
    parse(&verify(payload, &only(&signature), &secrets(), at(0)).unwrap())
}

/// What the event in `payload` says.
fn kind(payload: impl AsRef<[u8]>) -> CreemEventKind {
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
