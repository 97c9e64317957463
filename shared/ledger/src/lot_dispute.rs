//! What the disputes of a payment do to its lot.
//!
//! An account keeps the newest report of each dispute, so that two deliveries at once, a repeat and any order
//! of Stripe's events leave the same state.

use crate::{Credits, DisputeId, Timestamp};

/// Most disputes that the lots of one account carry: an entry stays far below DynamoDB's 400 KB. An account
/// with more is a person's matter.
pub const DISPUTES_MAX: usize = 100;

/// A dispute of a lot's payment, by its newest report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotDispute {
    pub dispute: DisputeId,
    /// The place of the newest report among those of the dispute ([`crate::Dispute::order`]).
    pub order: Timestamp,
    pub state: DisputeState,
}

/// What a dispute does to a lot at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeState {
    /// The bank has yet to decide: what is left of the lot cannot be used, and does not expire.
    Frozen,
    /// It takes nothing: won, prevented, or no more than an inquiry.
    Freed,
    /// The money is with the customer, and the credits that it bought are taken back.
    Lost {
        /// How many credits it takes; `None` takes all that is left and all that comes back.
        limit: Option<Credits>,
        /// Whether spent credits became a debt.
        owe_spent: bool,
        /// What it took.
        taken: Credits,
        /// The debt that it made.
        owed: Credits,
    },
}

impl LotDispute {
    /// How many of these credits of its lot it takes, beside what it took.
    pub(crate) fn takes_of(&self, available: Credits) -> Credits {
        match self.state {
            DisputeState::Frozen | DisputeState::Freed => Credits::ZERO,
            DisputeState::Lost { limit: None, .. } => available,
            DisputeState::Lost { limit: Some(limit), taken, owed, .. } => {
                available.min(limit.saturating_minus(taken).saturating_minus(owed))
            }
        }
    }

    /// How many credits a lost one takes, and whether it made a debt of spent ones; `None` of any other.
    pub(crate) fn loses(&self) -> Option<(Option<Credits>, bool)> {
        match self.state {
            DisputeState::Lost { limit, owe_spent, .. } => Some((limit, owe_spent)),
            DisputeState::Frozen | DisputeState::Freed => None,
        }
    }

    /// Whether it takes all that is left of the lot.
    pub(crate) fn takes_all(&self) -> bool {
        matches!(self.state, DisputeState::Lost { limit: None, .. })
    }

    /// Whether it has ended without taking anything.
    pub(crate) fn is_freed(&self) -> bool {
        self.state == DisputeState::Freed
    }
}
