//! Whether how long a refusal takes says how much of a signature was right (A16).
//!
//! As in dudect (<https://eprint.iacr.org/2016/1123>): signatures of two classes are checked in a random
//! order, wrong at their beginning or at their end alone, and Welch's t over the durations tells the classes
//! apart where they differ. What a busy machine adds comes to both classes alike; of each signature the
//! fastest of a few tries counts, and the slowest tenth of all is left out.

#![expect(clippy::float_arithmetic, reason = "a statistic")]

use std::time::{Duration, Instant};

/// Beyond this, two classes differ: the bound that dudect uses.
const T_MAX: f64 = 4.5;
const SAMPLES: usize = 4_000;
/// Without the slowest tenth.
const KEPT: usize = 3_600;
const TRIES: usize = 3;
/// Repetitions of a measurement that is out of bounds by chance, or by what else the machine does.
const ROUNDS: usize = 6;

/// A MAC in digits that is right but for one of them. A digit stays a digit and a letter a letter, so that
/// reading it is the same work in both classes.
pub fn with_wrong_digit(mac: &str, wrong: usize) -> String {
    let changed = |digit| match digit {
        '9' => '8',
        'f' => 'e',
        digit => char::from_u32(u32::from(digit).saturating_add(1)).unwrap_or(digit),
    };
    mac.chars()
        .enumerate()
        .map(|(place, digit)| if place == wrong { changed(digit) } else { digit })
        .collect()
}

/// A check takes as long for the signatures of one class as for those of the other: one measurement within
/// bounds is enough.
///
/// # Panics
///
/// When the classes differ in every round, or when the check accepts a signature.
pub fn assert_alike(classes: &[String; 2], check: impl Fn(&str) -> bool) {
    let mut measured = Vec::new();
    while measured.len() < ROUNDS && !measured.last().is_some_and(|t| *t < T_MAX) {
        measured.push(difference(classes, &check));
    }
    assert!(measured.last().is_some_and(|t| *t < T_MAX), "{measured:?}");
}

/// A check that leaks is seen in every round: one that saw nothing would let [`assert_alike`] pass.
///
/// # Panics
///
/// When the classes do not differ in some round, or when the check accepts a signature.
pub fn assert_told_apart(classes: &[String; 2], check: impl Fn(&str) -> bool) {
    let seen = std::iter::repeat_with(|| difference(classes, &check)).take(ROUNDS);
    let least = seen.fold(f64::INFINITY, f64::min);
    assert!(least > T_MAX, "{least}");
}

/// The amount of Welch's t of the durations of both classes.
fn difference([one, other]: &[String; 2], check: impl Fn(&str) -> bool) -> f64 {
    let mut samples: Vec<(Duration, bool)> = Vec::with_capacity(SAMPLES);
    // A linear congruence: which class comes next has no pattern that a predictor could learn.
    let mut state = 1_u64;
    for _ in 0..SAMPLES {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let is_other = state >> 63 == 1;
        samples.push((fastest(&check, if is_other { other } else { one }), is_other));
    }
    samples.sort_unstable();
    samples.truncate(KEPT);
    let [(one, spread_one), (other, spread_other)] = [false, true].map(|class| {
        let of_class = samples.iter().filter(|(_, of)| *of == class);
        let durations: Vec<f64> = of_class.map(|(duration, _)| duration.as_secs_f64() * 1e9).collect();
        let count = f64::from(u32::try_from(durations.len()).unwrap_or(u32::MAX));
        let mean = durations.iter().sum::<f64>() / count;
        let variance = durations.iter().map(|each| (each - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    ((one - other) / (spread_one + spread_other).sqrt()).abs()
}

fn fastest(check: &impl Fn(&str) -> bool, signature: &str) -> Duration {
    let once = |_| {
        let began = Instant::now();
        assert!(!check(signature), "a wrong signature is accepted");
        began.elapsed()
    };
    (0..TRIES).map(once).min().unwrap_or_default()
}
