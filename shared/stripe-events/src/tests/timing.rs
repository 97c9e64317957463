//! A16: how long a refusal takes says nothing about how much of a signature was right.
//!
//! As in dudect (<https://eprint.iacr.org/2016/1123>): signatures of two classes are checked in a random
//! order, wrong in the first digit or in the last one alone, and Welch's t over the durations tells the
//! classes apart where they differ. What a busy machine adds comes to both classes alike; of each signature
//! the fastest of a few tries counts, and the slowest tenth of all is left out.

#![expect(clippy::float_arithmetic, reason = "a statistic")]

use std::time::{Duration, Instant};

use super::{SECRET, at, secrets};
use crate::{SIGNATURES_MAX, sign, verify};

const BODY: &[u8] = br#"{"id":"evt_1"}"#;
/// Beyond this, two classes differ: the bound that dudect uses.
const T_MAX: f64 = 4.5;
const SAMPLES: usize = 4_000;
const TRIES: usize = 3;
/// Repetitions of a measurement that is out of bounds by chance, or by what else the machine does.
const ROUNDS: usize = 6;

/// A header of signatures that are right but for one digit. A digit stays a digit and a letter a letter, so
/// that reading the header is the same work in both classes.
fn header(wrong: usize) -> String {
    let good = sign(BODY, SECRET, at(0));
    let (time, mac) = good.split_once(",v1=").unwrap();
    let mut digits = mac.as_bytes().to_vec();
    digits[wrong] = match digits[wrong] {
        b'9' => b'8',
        b'f' => b'e',
        digit => digit.wrapping_add(1),
    };
    let mac = String::from_utf8(digits).unwrap();
    format!("{time}{}", format!(",v1={mac}").repeat(SIGNATURES_MAX))
}

fn fastest(check: &impl Fn(&str) -> bool, header: &str) -> Duration {
    let once = |_| {
        let began = Instant::now();
        assert!(!check(header));
        began.elapsed()
    };
    (0..TRIES).map(once).min().unwrap()
}

/// Welch's t of the durations of both classes.
fn difference(check: impl Fn(&str) -> bool) -> f64 {
    let headers = [header(0), header(63)];
    let mut samples: Vec<(Duration, usize)> = Vec::with_capacity(SAMPLES);
    // A linear congruence: which class comes next has no pattern that a predictor could learn.
    let mut state = 1_u64;
    for _ in 0..SAMPLES {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let class = usize::from(state >> 63 == 1);
        samples.push((fastest(&check, &headers[class]), class));
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

/// Compares the text of the signatures, and stops at the first digit that differs.
fn compares_until_a_difference(header: &str) -> bool {
    let expected = sign(BODY, SECRET, at(0));
    let (_, expected) = expected.split_once(",v1=").unwrap();
    header.split(",v1=").skip(1).any(|mac| mac.bytes().zip(expected.bytes()).all(|(one, other)| one == other))
}

#[test]
fn a16_a_refusals_time_says_nothing_about_how_much_was_right() {
    let secrets = secrets();
    let verified = |header: &str| verify(BODY, header, &secrets, at(0)).is_ok();
    let measured: Vec<f64> = std::iter::repeat_with(|| difference(verified).abs())
        .take(ROUNDS)
        .scan(false, |done, t| (!std::mem::replace(done, t < T_MAX)).then_some(t))
        .collect();
    assert!(measured.iter().any(|t| *t < T_MAX), "{measured:?}");
}

/// The measurement sees what it is there for.
#[test]
fn a16_a_comparison_that_stops_at_the_first_difference_is_seen() {
    let seen = std::iter::repeat_with(|| difference(compares_until_a_difference).abs()).take(ROUNDS);
    let least = seen.fold(f64::INFINITY, f64::min);
    // In every round: one that saw nothing would let the other test pass.
    assert!(least > T_MAX, "{least}");
}
