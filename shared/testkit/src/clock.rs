//! The wall clock of the stand-in: the instant that signs a webhook must be the receiver's own.

use std::time::SystemTime;

/// Seconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the stand-in plays another company's server, whose clock is not an argument"
)]
pub(crate) fn unix_s() -> i64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_secs()).unwrap_or(i64::MAX)
}
