//! The wall clock: read once per invocation, handed on as `now`.

use std::time::{SystemTime, UNIX_EPOCH};

use primitives::Timestamp;

/// The present instant.
///
/// # Panics
///
/// When the machine's clock is outside the years 2000 to 2099: no entry may be written with such a time.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
pub fn now() -> Timestamp {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .and_then(|milliseconds| Timestamp::from_ms(milliseconds).ok())
        .expect("a machine's clock lies within the years 2000 to 2099")
}
