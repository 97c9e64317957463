//! What a run did.

use ledger::Timestamp;
use serde::Serialize;

/// What a run did; its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Due markers and due requests that were looked at.
    pub looked_at: u64,
    /// Accounts whose lots or holds were due and are done, and requests whose payout was announced again or
    /// whose clocks were brought up to date.
    pub done: u64,
    /// Known to be due and left for the next run, because a bound of this one was reached. There may be more.
    pub left_over: u64,
    /// Looked at without success; the next run tries again.
    pub failed: u64,
    /// How long the oldest of what was due had been due, in milliseconds.
    pub lag_ms: u64,
}

impl Status {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            looked_at: self.looked_at.saturating_add(other.looked_at),
            done: self.done.saturating_add(other.done),
            left_over: self.left_over.saturating_add(other.left_over),
            failed: self.failed.saturating_add(other.failed),
            lag_ms: self.lag_ms.max(other.lag_ms),
        }
    }

    /// Notes something that has been due since `due_at`, seen at `now`.
    pub(crate) fn is_late(&mut self, due_at: Timestamp, now: Timestamp) {
        let lag_ms = u64::try_from(now.as_ms().saturating_sub(due_at.as_ms())).unwrap_or_default();
        self.lag_ms = self.lag_ms.max(lag_ms);
    }

    /// Counts an item that was looked at.
    pub(crate) fn count(&mut self, outcome: ItemOutcome) {
        self.looked_at = self.looked_at.saturating_add(1);
        match outcome {
            ItemOutcome::Written => self.done = self.done.saturating_add(1),
            ItemOutcome::NothingDue => {}
            ItemOutcome::Failed => self.failed = self.failed.saturating_add(1),
        }
    }
}

/// The outcome of one item that was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemOutcome {
    /// An entry, a request or an announcement was written.
    Written,
    /// Nothing was due any more, or another run was faster.
    NothingDue,
    /// It failed, and is logged.
    Failed,
}
