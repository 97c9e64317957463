//! The schedule's event: `{"version":1,"time":"2026-11-01T00:05:00Z"}`.

use lambda::{EventError, Invocation};
use ledger::{TimeError, Timestamp};
use serde::Deserialize;

/// The version of the event.
const VERSION: u8 = 1;
/// How the schedule's placeholder begins (`<aws.scheduler.scheduled-time>`), which is not replaced where
/// somebody sends the schedule's input by hand.
const PLACEHOLDER: &str = "<aws.scheduler";

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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tick {
    version: u8,
    time: String,
}

/// The time for which the sweep is run. Any instant of this century is taken: a run for a day to come is
/// how the policy's clocks are shown and tested.
pub(crate) fn time(invocation: &Invocation) -> Result<Timestamp, TickError> {
    let tick: Tick = invocation.event()?;
    if tick.version != VERSION {
        return Err(TickError::Version(tick.version));
    }
    if tick.time.starts_with(PLACEHOLDER) {
        return Err(TickError::Placeholder);
    }
    Ok(Timestamp::parse(&tick.time)?)
}
