//! Measured values and how they are written: integers all the way, in the units of the kernel.

use std::fmt;

/// Measurements of one thing, in nanoseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<u64>);

impl Series {
    pub(crate) fn add(&mut self, ns: u64) {
        self.0.push(ns);
    }

    /// The value that `percent` of the others do not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> Ms {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        Ms(sorted.get(last.saturating_mul(percent).div_ceil(100)).copied().unwrap_or_default())
    }

    /// `p10 / p50 / p99`, in milliseconds.
    pub(crate) fn spread(&self) -> String {
        format!("{} / **{}** / {}", self.percentile(10), self.percentile(50), self.percentile(99))
    }
}

/// Nanoseconds, written as milliseconds with three decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ms(pub(crate) u64);

impl Ms {
    pub(crate) fn beyond(self, base: Self) -> Self {
        Self(self.0.saturating_sub(base.0))
    }
}

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0.saturating_add(500).div_euclid(1000);
        write!(f, "{}.{:03}", us.div_euclid(1000), us.rem_euclid(1000))
    }
}

/// Bytes, written as megabytes (10^6) with two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mb(pub(crate) u64);

impl fmt::Display for Mb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = self.0.saturating_add(5_000).div_euclid(10_000);
        write!(f, "{}.{:02}", hundredths.div_euclid(100), hundredths.rem_euclid(100))
    }
}

/// KiB, as the kernel counts memory, written as MiB with two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mib(pub(crate) u64);

impl fmt::Display for Mib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = self.0.saturating_mul(100).saturating_add(512).div_euclid(1024);
        write!(f, "{}.{:02}", hundredths.div_euclid(100), hundredths.rem_euclid(100))
    }
}

/// After by before, in thousandths, written with three decimals; above 1 is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ratio(Option<u64>);

impl Ratio {
    pub(crate) fn of(after: u64, before: u64) -> Self {
        let rounded = after.saturating_mul(1000).saturating_add(before.div_euclid(2));
        Self(rounded.checked_div(before))
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(thousandths) => {
                write!(f, "{}.{:03}", thousandths.div_euclid(1000), thousandths.rem_euclid(1000))
            }
            None => f.write_str("–"),
        }
    }
}

/// A limit to hold a value against.
pub(crate) fn verdict<T: Copy + PartialOrd + fmt::Display>(value: T, limit: Option<T>) -> String {
    match limit {
        None => "–".to_owned(),
        Some(limit) if value <= limit => format!("≤ {limit}: met"),
        Some(limit) => format!("≤ {limit}: **missed**"),
    }
}
