//! What a run found: the function's answer, and its metrics.

use lambda::Invocation;
use ledger_dynamodb::Watch;
use serde::Serialize;

/// How many repaired objects an answer names; the counts are complete.
pub const FOUND_SHOWN_MAX: usize = 100;

/// What a run found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PollStatus {
    /// Objects that were read, or were to be.
    pub read: u64,
    /// Objects that said something new: an event about each had been missed.
    pub applied: u64,
    /// Objects that said what was known.
    pub settled: u64,
    /// Objects whose reading the webhook could not apply.
    pub unapplied: u64,
    /// Objects of which something is still expected: each is read again.
    pub waiting: u64,
    /// Objects that failed: Creem did not answer, or the webhook did not.
    pub failed: u64,
    /// Objects that are read no more, although something was expected of them.
    pub given_up: u64,
    /// Whether nothing is left that was due.
    pub is_complete: bool,
    /// The objects that said something new, the first [`FOUND_SHOWN_MAX`].
    pub repaired: Vec<RepairedObject>,
}

/// An object that said something new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepairedObject {
    /// `payment` or `subscription`.
    pub kind: &'static str,
    /// Creem's id of it.
    pub id: String,
}

impl PollStatus {
    /// Counts the outcome of a reading.
    pub(crate) fn add(&mut self, watch: &Watch, outcome: &str) {
        let count = match outcome {
            "applied" => &mut self.applied,
            "repeated" | "ignored" => &mut self.settled,
            _ => &mut self.unapplied,
        };
        *count = count.saturating_add(1);
        if outcome == "applied" && self.repaired.len() < FOUND_SHOWN_MAX {
            let id = watch.subject.id().to_owned();
            self.repaired.push(RepairedObject { kind: watch.subject.kind(), id });
        }
    }

    /// Alarms look at what had been missed, at what failed, and at what is given up.
    pub(crate) fn count(&self, invocation: &Invocation) {
        let metrics = invocation.metrics();
        metrics.count("ObjectsRead", self.read);
        metrics.count("EventsMissed", self.applied);
        metrics.count("ReadingsUnapplied", self.unapplied);
        metrics.count("ReadingsFailed", self.failed);
        metrics.count("WatchesGivenUp", self.given_up);
        metrics.count("WatchRuns", 1);
        let Self { read, applied, settled, unapplied, waiting, failed, given_up, is_complete, .. } = *self;
        tracing::info!(
            read,
            applied,
            settled,
            unapplied,
            waiting,
            failed,
            given_up,
            is_complete,
            outcome = "reconciled",
            "run"
        );
    }
}
