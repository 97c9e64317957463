//! The event of a schedule: `{"version":1,"time":"2026-11-01T00:05:00Z","shards":[0,1]}`.
//!
//! Several schedules share a tick, each with its own group of the due index's shards. An event without
//! `shards` is for all of them.

use std::collections::BTreeSet;

use lambda::{EventError, Invocation};
use ledger::{DUE_SHARDS, TimeError, Timestamp};
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
    #[error("event is not `{{\"version\": 1, \"time\": \"…\"}}` with or without `shards`")]
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
    /// Not a group of shards.
    #[error("`shards` is not a group; expected different numbers below {DUE_SHARDS}, at least one")]
    Shards,
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
struct TickEvent {
    version: u8,
    time: String,
    #[serde(default)]
    shards: Option<Vec<u8>>,
}

/// A tick that was checked.
pub(crate) struct Tick {
    /// The instant for which the sweep judges what is due.
    pub(crate) time: Timestamp,
    /// The shards whose due items are the run's, each of them once.
    pub(crate) shards: Vec<u8>,
}

/// Reads the event of a run.
pub(crate) fn read(invocation: &Invocation, allowed: SweptTime) -> Result<Tick, TickError> {
    let tick: TickEvent = invocation.event()?;
    if tick.version != VERSION {
        return Err(TickError::Version(tick.version));
    }
    if tick.time.starts_with(PLACEHOLDER) {
        return Err(TickError::Placeholder);
    }
    let shards = tick.shards.unwrap_or_else(|| (0..DUE_SHARDS).collect());
    let distinct: BTreeSet<u8> = shards.iter().copied().filter(|shard| *shard < DUE_SHARDS).collect();
    if shards.is_empty() || distinct.len() < shards.len() {
        return Err(TickError::Shards);
    }
    let (time, wall) = (Timestamp::parse(&tick.time)?, invocation.now());
    if allowed == SweptTime::Simulated {
        return Ok(Tick { time, shards });
    }
    let ahead_s = time.seconds_since(wall);
    if ahead_s > AHEAD_MAX_S {
        return Err(TickError::Ahead { ahead_s });
    }
    Ok(Tick { time: time.min(wall), shards })
}
