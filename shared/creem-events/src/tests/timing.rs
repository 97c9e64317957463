//! A16: how long a refusal takes says nothing about how much of a signature was right, in both schemes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use provider_wire::timing::{assert_alike, assert_told_apart, with_wrong_digit};

use super::{SECRET, at, only, secrets};
use crate::{SignatureHeaders, sign, sign_standard, verify};

const BODY: &[u8] = br#"{"id":"evt_1"}"#;
/// Comparisons of one sample: a leak of one is multiplied.
const COMPARISONS: usize = 16;

fn hex_signatures() -> [String; 2] {
    [0, 63].map(|wrong| with_wrong_digit(&sign(BODY, SECRET), wrong))
}

/// A `webhook-signature` of many that are right but for one bit of one byte.
fn standard_signatures(wrong: usize) -> String {
    let good = sign_standard(BODY, SECRET, "msg_1", at(0)).unwrap();
    let mut mac = STANDARD.decode(good.strip_prefix("v1,").unwrap()).unwrap();
    mac[wrong] ^= 1;
    vec![format!("v1,{}", STANDARD.encode(mac)); COMPARISONS].join(" ")
}

/// Compares the text of signatures, and stops at the first digit that differs.
fn compares_until_a_difference(signature: &str) -> bool {
    let expected = sign(BODY, SECRET);
    std::iter::repeat_n(signature, COMPARISONS)
        .any(|mac| mac.bytes().zip(expected.bytes()).all(|(one, other)| one == other))
}

#[test]
fn a16_creem_a_refusals_time_says_nothing_about_how_much_was_right() {
    let secrets = secrets();
    let verified = |signature: &str| verify(BODY, &only(signature), &secrets, at(0)).is_ok();
    let repeated = |signature: &str| std::iter::repeat_n(signature, COMPARISONS).any(verified);
    assert_alike(&hex_signatures(), repeated);
}

#[test]
fn a16_creem_nor_does_that_of_a_standard_webhook() {
    let secrets = secrets();
    let timestamp = at(0).as_s().to_string();
    let verified = |signatures: &str| {
        let headers = SignatureHeaders {
            standard: Some(signatures),
            standard_id: Some("msg_1"),
            standard_timestamp: Some(&timestamp),
            ..SignatureHeaders::default()
        };
        verify(BODY, &headers, &secrets, at(0)).is_ok()
    };
    assert_alike(&[standard_signatures(0), standard_signatures(31)], verified);
}

/// The measurement sees what it is there for.
#[test]
fn a16_creem_a_comparison_that_stops_at_the_first_difference_is_seen() {
    assert_told_apart(&hex_signatures(), compares_until_a_difference);
}
