//! What people do with a request after it was filed: they answer, withdraw, reopen, take or decline offers,
//! and decide.
//!
//! Every act is kept with what was sent, so that the same act again is known as a repeat. Bounds: the texts
//! of [`ANSWERS_MAX`] answers and one more for each question of a person, of [`REOPENINGS_MAX`] reopenings,
//! of [`crate::REVIEWS_MAX`] reviews that decide nothing, with a question and a reason each, and of a
//! decision for every opening have [`crate::NOTE_BYTES_MAX`] each at the longest. They stay below half of an
//! item's 400 KB.

use ledger::{Actor, Timestamp};
use policy::Fact;

use crate::{Review, State};

/// How often a closed request can be put before a person again: a second person may see what the first
/// missed, a third look at the same facts by the same policy is a dispute that this queue cannot settle.
pub const REOPENINGS_MAX: usize = 2;
/// How often the customer is asked before a person decides with what is there: after so many answers another
/// question helps nobody.
pub const ANSWERS_MAX: usize = 6;

/// Who did something, when, and what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionSource {
    /// Who: the customer, or a support person, in the customer's name unless it is a review.
    pub by: Actor,
    pub at: Timestamp,
    /// [`crate::fingerprint`] of what was sent.
    pub fingerprint: [u8; 32],
}

/// Something that was done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Who did it, and when.
    pub source: ActionSource,
    pub kind: ActionKind,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionKind {
    /// What was missing was given.
    Answered {
        /// In the customer's own words.
        note: String,
        /// The facts that were added.
        facts: Vec<Fact>,
    },
    /// The request was taken back.
    Withdrew,
    /// A person was asked to look again.
    Reopened { note: String },
    /// An offer was accepted.
    Accepted { offer: String },
    /// An offer was declined.
    Declined { offer: String },
    /// What was approved and not made was brought back to people.
    HeldBack {
        /// Why: a person's words, or a short name of what the payout found.
        reason: String,
    },
    /// A person decided, or asked.
    Reviewed(Review),
    /// A person noted that the money of an overdue refund is there, or that it is settled otherwise. It moves
    /// no state, and ends the clock of the refund that was on its way.
    Arrived,
}

/// Why something cannot be done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// Not from where it stands.
    #[error("the request is {0}, from where this step is not possible")]
    State(State),
    /// It was reopened [`REOPENINGS_MAX`] times.
    #[error("the request was reopened {REOPENINGS_MAX} times, which is as often as it can be")]
    ReopenedTooOften,
    /// It has no offer of this name.
    #[error("the request has no such offer")]
    NoOffer,
    /// The offer was answered otherwise.
    #[error("the offer was answered before")]
    OfferAnswered,
}

impl ActionKind {
    pub(crate) fn is_review(&self) -> bool {
        matches!(self, Self::Reviewed(_))
    }
}
