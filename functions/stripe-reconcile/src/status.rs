//! What a run found: the function's answer, and its metrics.

use lambda::Invocation;
use ledger::Timestamp;
use serde::{Serialize, Serializer};
use stripe_api::ListedEvent;

/// How many missed events an answer names; the counts are complete.
pub const MISSED_SHOWN_MAX: usize = 100;

/// What a run found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Events that Stripe has listed.
    pub listed: u64,
    /// Events that had been missed and are applied.
    pub applied: u64,
    /// Events that had come, or that have no effect.
    pub settled: u64,
    /// Events that are parked, or whose missing lines are being looked up.
    pub parked: u64,
    /// Events that wait for another one; the next run tries them again.
    pub deferred: u64,
    /// Events that the webhook failed on.
    pub failed: u64,
    /// Up to when nothing is left, in seconds since 1970; written as RFC 3339.
    #[serde(serialize_with = "instant")]
    pub until: i64,
    /// The events that were applied, the first [`MISSED_SHOWN_MAX`].
    pub missed: Vec<MissedEvent>,
}

/// An event that was missed and is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissedEvent {
    /// Stripe's id of it.
    pub id: String,
    #[serde(rename = "type")]
    pub event_type: String,
    /// When it happened, in seconds since 1970; written as RFC 3339.
    #[serde(rename = "created_at", serialize_with = "instant")]
    pub created_s: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a field by reference")]
pub(crate) fn instant<S: Serializer>(seconds: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    let instant = Timestamp::from_s(*seconds).map_err(serde::ser::Error::custom)?;
    serializer.collect_str(&instant)
}

impl Status {
    pub(crate) fn until(second: i64) -> Self {
        Self {
            listed: 0,
            applied: 0,
            settled: 0,
            parked: 0,
            deferred: 0,
            failed: 0,
            until: second,
            missed: Vec::new(),
        }
    }

    /// Counts the outcome of an event; true if a later run has to try the event again.
    pub(crate) fn add(&mut self, event: &ListedEvent, outcome: &str) -> bool {
        self.listed = self.listed.saturating_add(1);
        let (count, again) = match outcome {
            "applied" => (&mut self.applied, false),
            "repeated" | "ignored" => (&mut self.settled, false),
            "parked" | "lookup" => (&mut self.parked, false),
            "deferred" => (&mut self.deferred, true),
            _ => (&mut self.failed, true),
        };
        *count = count.saturating_add(1);
        if outcome == "applied" && self.missed.len() < MISSED_SHOWN_MAX {
            self.missed.push(MissedEvent {
                id: event.id.clone(),
                event_type: event.event_type.clone(),
                created_s: event.created_s,
            });
        }
        again
    }

    /// Alarms look at the missed events, at the failed ones and at the lag.
    pub(crate) fn count(&self, invocation: &Invocation) {
        let metrics = invocation.metrics();
        metrics.count("EventsListed", self.listed);
        metrics.count("EventsMissed", self.applied);
        metrics.count("EventsNotReconciled", self.failed);
        let lag_s = invocation.now().as_s().saturating_sub(self.until);
        metrics.milliseconds("ReconcileLag", u64::try_from(lag_s).unwrap_or(0).saturating_mul(1_000));
        let Self { listed, applied, settled, parked, deferred, failed, .. } = *self;
        tracing::info!(
            listed,
            applied,
            settled,
            parked,
            deferred,
            failed,
            lag_s,
            outcome = "reconciled",
            "run"
        );
    }
}
