//! The deadline of an invocation: its answer must be there before.

use std::time::Duration;

use primitives::Timestamp;
use tokio::time::Instant;

/// An invocation must have answered before this instant.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that Lambda gives, in milliseconds since 1970.
    pub(crate) fn at_ms(deadline_ms: u64, now: Timestamp) -> Self {
        let now_ms = u64::try_from(now.as_ms()).unwrap_or_default();
        Self::in_ms(deadline_ms.saturating_sub(now_ms))
    }

    /// The instant `milliseconds` from here.
    pub fn in_ms(milliseconds: u64) -> Self {
        // Lambda's longest time is 15 minutes; a day keeps the sum representable for every argument.
        let bounded = Duration::from_millis(milliseconds).min(Duration::from_hours(24));
        let here = Instant::now();
        Self(here.checked_add(bounded).unwrap_or(here))
    }

    /// The time that is left.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}
