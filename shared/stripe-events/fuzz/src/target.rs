//! What is tried with each input.

use std::hint::black_box;
use std::sync::OnceLock;

use primitives::Timestamp;
use serde_json::Value;
use stripe_events::{SigningSecrets, Verified, parse, sign, verify};

const SECRET: &str = "whsec_fuzz";
const NOW_S: i64 = 1_793_527_200;

fn now() -> Timestamp {
    Timestamp::from_s(NOW_S).expect("within the known years")
}

/// Any bytes as a delivery: their first line is the signature's header, and all of them are the body.
pub fn deliver(data: &[u8]) {
    static SECRETS: OnceLock<SigningSecrets> = OnceLock::new();
    let secrets = SECRETS.get_or_init(|| {
        SigningSecrets::new([("current", SECRET.to_owned())]).expect("it is plainly a secret")
    });
    let line = data.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(line);
    assert!(verify(data, &header, secrets, now()).is_err(), "nobody signed it");
    if data.is_empty() {
        return;
    }
    let header = sign(data, SECRET, now());
    let verified = verify(data, &header, secrets, now()).expect("it is signed");
    let read = parse(&verified);
    assert_eq!(read, parse(&Verified::kept(data)), "the same bytes say the same");
    match read {
        Ok(event) => {
            drop(event.lookup());
            if let Ok(value) = serde_json::from_slice::<Value>(data) {
                assert_eq!(value["id"], event.id.as_str());
                assert_eq!(value["type"], event.event_type.as_str());
            }
        }
        Err(unreadable) => assert!(!unreadable.field.is_empty() && !unreadable.expected.is_empty()),
    }
}

/// A delivery that starts the signature's part of the inputs.
pub fn signed_by_another() -> Vec<u8> {
    format!("{}\n{{}}", sign(b"{}", "whsec_other", now())).into_bytes()
}

/// Panics behind a branch that no random input reaches, and that coverage leads to one byte after another.
pub fn planted(data: &[u8]) {
    let is = |place: usize, byte: u8| black_box(data.get(place).copied()) == Some(byte);
    assert!(!(is(0, 7) && is(1, b'd') && is(2, b'e') && is(3, b'e') && is(4, b'p')), "the planted branch");
}
