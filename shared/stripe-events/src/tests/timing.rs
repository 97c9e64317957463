//! A16: how long a refusal takes says nothing about how much of a signature was right.

use provider_wire::timing::{assert_alike, assert_told_apart, with_wrong_digit};

use super::{SECRET, at, secrets};
use crate::{SIGNATURES_MAX, sign, verify};

const BODY: &[u8] = br#"{"id":"evt_1"}"#;

/// Headers of signatures that are right but for one digit.
fn headers() -> [String; 2] {
    let good = sign(BODY, SECRET, at(0));
    let (time, mac) = good.split_once(",v1=").unwrap();
    [0, 63].map(|wrong| {
        let mac = with_wrong_digit(mac, wrong);
        format!("{time}{}", format!(",v1={mac}").repeat(SIGNATURES_MAX))
    })
}

/// Compares the text of the signatures, and stops at the first digit that differs.
fn compares_until_a_difference(header: &str) -> bool {
    let expected = sign(BODY, SECRET, at(0));
    let (_, expected) = expected.split_once(",v1=").unwrap();
    header.split(",v1=").skip(1).any(|mac| mac.bytes().zip(expected.bytes()).all(|(one, other)| one == other))
}

#[test]
fn a16_a_refusals_time_says_nothing_about_how_much_was_right() {
    let secrets = secrets();
    assert_alike(&headers(), |header: &str| verify(BODY, header, &secrets, at(0)).is_ok());
}

/// The measurement sees what it is there for.
#[test]
fn a16_a_comparison_that_stops_at_the_first_difference_is_seen() {
    assert_told_apart(&headers(), compares_until_a_difference);
}
