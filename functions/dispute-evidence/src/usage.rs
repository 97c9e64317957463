//! How the credits of a payment were used, day by day (UTC), counted from the journal.

use std::collections::BTreeMap;

use ledger::{Change, Entry, LotCredits, LotId, Payment};
use serde::Serialize;

/// How the credits of one payment were used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Usage {
    lot: LotId,
    /// By the day's name, like `2026-05-02`.
    pub(crate) days: BTreeMap<String, DayOfUse>,
    /// Whether everything since the credits landed was counted.
    pub(crate) is_complete: bool,
}

/// What happened on one day. A generation that took credits of several payments counts for each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct DayOfUse {
    /// Generations that were charged.
    pub(crate) generations: u64,
    /// Those of them without a usable result.
    pub(crate) unusable: u64,
    /// Generations that failed and were not charged.
    pub(crate) failed: u64,
    pub(crate) credits_used: u64,
    /// Credits of generations that had been charged, given back.
    pub(crate) credits_given_back: u64,
}

impl DayOfUse {
    /// Both days in one.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            generations: self.generations.saturating_add(other.generations),
            unusable: self.unusable.saturating_add(other.unusable),
            failed: self.failed.saturating_add(other.failed),
            credits_used: self.credits_used.saturating_add(other.credits_used),
            credits_given_back: self.credits_given_back.saturating_add(other.credits_given_back),
        }
    }
}

impl Usage {
    pub(crate) fn of(payment: &Payment) -> Self {
        Self { lot: payment.lot, days: BTreeMap::new(), is_complete: true }
    }

    /// Entries before those that were counted are left out.
    pub(crate) fn leave_out_earlier(&mut self) {
        self.is_complete = false;
    }

    /// Counts what an entry did with the payment's credits.
    pub(crate) fn count(&mut self, entry: &Entry) {
        if self.lot == LotId::NONE {
            return;
        }
        for change in entry.changes() {
            let Some(counted) = self.counted(change) else { continue };
            let day = entry.at().to_string().chars().take(10).collect();
            let known = self.days.entry(day).or_default();
            *known = known.plus(counted);
        }
    }

    /// All days together.
    pub(crate) fn total(&self) -> DayOfUse {
        self.days.values().fold(DayOfUse::default(), |sum, day| sum.plus(*day))
    }

    fn counted(&self, change: &Change) -> Option<DayOfUse> {
        let none = DayOfUse::default();
        match change {
            Change::Captured { parts, usable, .. } => {
                let credits_used = self.credits_of(parts)?;
                Some(DayOfUse { generations: 1, unusable: u64::from(!usable), credits_used, ..none })
            }
            Change::ChargedLate { parts, .. } => {
                Some(DayOfUse { generations: 1, credits_used: self.credits_of(parts)?, ..none })
            }
            Change::GivenBack { parts, .. } => {
                Some(DayOfUse { credits_given_back: self.credits_of(parts)?, ..none })
            }
            Change::Released { parts, .. } => self.credits_of(parts).map(|_| DayOfUse { failed: 1, ..none }),
            _ => None,
        }
    }

    /// The credits among these that are of the payment's lot; `None` if there are none.
    fn credits_of(&self, parts: &[LotCredits]) -> Option<u64> {
        let own = parts.iter().filter(|part| part.lot == self.lot);
        let credits = own.fold(0_u64, |sum, part| sum.saturating_add(part.credits.get()));
        (credits > 0).then_some(credits)
    }
}
