//! The schedule's event: `{"version":1,"time":"2026-11-01T00:05:00Z"}`.

use lambda::{EventError, Invocation};
use ledger::{TimeError, Timestamp};
use serde::Deserialize;

/// The version of the event.
const VERSION: u8 = 1;
/// How the schedule's placeholder begins (`<aws.scheduler.scheduled-time>`), which is not replaced where
/// somebody sends the schedule's input by hand.
const PLACEHOLDER: &str = "<aws.scheduler";

/// How far a tick may be ahead of the wall clock, in seconds. The schedule names an instant that has come, so
/// that only clocks that differ explain more; five minutes are what Stripe's signatures allow as well. Within
/// the bound the run goes by the wall clock: nothing is swept before it is due.
pub const AHEAD_MAX_S: i64 = 300;

/// Whether a run may be for a day to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweptTime {
    /// Only for what has come. A sweep of a later day takes credits away before their time and dates every
    /// later entry of an account after it.
    Real,
    /// For any instant of this century: how the policy's clocks are shown and tested.
    Simulated,
}

/// Why an event is not a tick.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TickError {
    /// Not of the expected form.
    #[error("event is not `{{\"version\": 1, \"time\": \"…\"}}`")]
    Form(#[from] EventError),
    /// A version that is not known here.
    #[error("event has version {0}; expected 1")]
    Version(u8),
    /// The placeholder of the schedule's time was not replaced.
    #[error("`time` is the schedule's placeholder; expected an instant, like `2026-11-01T00:05:00Z`")]
    Placeholder,
    /// Not an instant.
    #[error("`time` is not an instant")]
    Time(#[from] TimeError),
    /// Ahead of the wall clock by more than [`AHEAD_MAX_S`].
    #[error(
        "`time` is {ahead_s} s ahead of the clock; expected at most {AHEAD_MAX_S} s where `SimulatedTime` is false"
    )]
    Ahead {
        /// By how many seconds.
        ahead_s: i64,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tick {
    version: u8,
    time: String,
}

/// The instant for which the sweep judges what is due.
pub(crate) fn time(invocation: &Invocation, allowed: SweptTime) -> Result<Timestamp, TickError> {
    let tick: Tick = invocation.event()?;
    if tick.version != VERSION {
        return Err(TickError::Version(tick.version));
    }
    if tick.time.starts_with(PLACEHOLDER) {
        return Err(TickError::Placeholder);
    }
    let (time, wall) = (Timestamp::parse(&tick.time)?, invocation.now());
    if allowed == SweptTime::Simulated {
        return Ok(time);
    }
    let ahead_s = time.seconds_since(wall);
    if ahead_s > AHEAD_MAX_S {
        return Err(TickError::Ahead { ahead_s });
    }
    Ok(time.min(wall))
}
