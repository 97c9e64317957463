//! A16: how long a refusal takes says nothing about how much of a signature was right, in both schemes.
//!
//! As in dudect (<https://eprint.iacr.org/2016/1123>): signatures of two classes are checked in a random
//! order, wrong in the first byte or in the last one alone, and Welch's t over the durations tells the
//! classes apart where they differ. What a busy machine adds comes to both classes alike; of each signature
//! the fastest of a few tries counts, and the slowest tenth of all is left out.

#![expect(clippy::float_arithmetic, reason = "a statistic")]

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{SECRET, at, only, secrets};
use crate::{SignatureHeaders, sign, sign_standard, verify};

const BODY: &[u8] = br#"{"id":"evt_1"}"#;
/// Beyond this, two classes differ: the bound that dudect uses.
const T_MAX: f64 = 4.5;
const SAMPLES: usize = 4_000;
const TRIES: usize = 3;
/// Repetitions of a measurement that is out of bounds by chance, or by what else the machine does.
const ROUNDS: usize = 6;
/// Comparisons of one sample: a leak of one is multiplied.
const COMPARISONS: usize = 16;

/// A signature that is right but for one digit. A digit stays a digit and a letter a letter, so that reading
/// it is the same work in both classes.
fn hex_signature(wrong: usize) -> String {
    let mut digits = sign(BODY, SECRET).into_bytes();
    digits[wrong] = match digits[wrong] {
        b'9' => b'8',
        b'f' => b'e',
        digit => digit.wrapping_add(1),
    };
    String::from_utf8(digits).unwrap()
}

/// A `webhook-signature` of many that are right but for one bit of one byte.
fn standard_signatures(wrong: usize) -> String {
    let good = sign_standard(BODY, SECRET, "msg_1", at(0)).unwrap();
    let mut mac = STANDARD.decode(good.strip_prefix("v1,").unwrap()).unwrap();
    mac[wrong] ^= 1;
    vec![format!("v1,{}", STANDARD.encode(mac)); COMPARISONS].join(" ")
}

fn fastest(check: &impl Fn(&str) -> bool, signature: &str) -> Duration {
    let once = |_| {
        let began = Instant::now();
        assert!(!check(signature));
        began.elapsed()
    };
    (0..TRIES).map(once).min().unwrap()
}

/// Welch's t of the durations of both classes.
fn difference(classes: &[String; 2], check: impl Fn(&str) -> bool) -> f64 {
    let mut samples: Vec<(Duration, usize)> = Vec::with_capacity(SAMPLES);
    // A linear congruence: which class comes next has no pattern that a predictor could learn.
    let mut state = 1_u64;
    for _ in 0..SAMPLES {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let class = usize::from(state >> 63 == 1);
        samples.push((fastest(&check, &classes[class]), class));
    }
    samples.sort_unstable();
    samples.truncate(SAMPLES / 10 * 9);
    let [(one, spread_one), (other, spread_other)] = [0, 1].map(|class| {
        let of_class = samples.iter().filter(|(_, of)| *of == class);
        let durations: Vec<f64> = of_class.map(|(duration, _)| duration.as_secs_f64() * 1e9).collect();
        let count = f64::from(u32::try_from(durations.len()).unwrap());
        let mean = durations.iter().sum::<f64>() / count;
        let variance = durations.iter().map(|each| (each - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    (one - other) / (spread_one + spread_other).sqrt()
}

/// One measurement within bounds is enough.
fn assert_alike(classes: &[String; 2], check: impl Fn(&str) -> bool) {
    let mut measured = Vec::new();
    while measured.len() < ROUNDS && !measured.last().is_some_and(|t| *t < T_MAX) {
        measured.push(difference(classes, &check).abs());
    }
    assert!(measured.last().is_some_and(|t| *t < T_MAX), "{measured:?}");
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
    assert_alike(&[hex_signature(0), hex_signature(63)], repeated);
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
    let classes = [hex_signature(0), hex_signature(63)];
    let seen =
        std::iter::repeat_with(|| difference(&classes, compares_until_a_difference).abs()).take(ROUNDS);
    let least = seen.fold(f64::INFINITY, f64::min);
    // In every round: one that saw nothing would let the other tests pass.
    assert!(least > T_MAX, "{least}");
}
