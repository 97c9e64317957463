//! The wall clock of the servers that testkit plays: what they sign or promise must be valid for a
//! receiver that reads its own.

use std::time::{Duration, SystemTime};

#[expect(
    clippy::disallowed_methods,
    reason = "testkit plays other companies' servers, whose clock is not an argument"
)]
fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Seconds since 1970.
pub(crate) fn unix_s() -> i64 {
    i64::try_from(since_1970().as_secs()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970.
pub(crate) fn unix_ms() -> i64 {
    i64::try_from(since_1970().as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970, `ahead` of the present.
pub(crate) fn unix_ms_in(ahead: Duration) -> u64 {
    u64::try_from(since_1970().saturating_add(ahead).as_millis()).unwrap_or(u64::MAX)
}
