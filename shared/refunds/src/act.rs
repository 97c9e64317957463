//! What people do with a request after it was filed: they answer, withdraw, reopen, take or decline offers,
//! and decide.
//!
//! Every act is kept with what was sent, so that the same act again is known as a repeat. Bounds: the texts
//! of [`ANSWERS_MAX`] answers and one more for each question of a person, of [`REOPENINGS_MAX`] reopenings,
//! of [`crate::REVIEWS_MAX`] reviews that decide nothing, with a question and a reason each, and of a
//! decision for every opening have [`crate::NOTE_BYTES_MAX`] each at the longest. They stay below half of an
//! item's 400 KB.

use ledger::{Actor, Timestamp};
use policy::{Document, Fact, Missing, Outcome};

use crate::offer::refreshed;
use crate::{Case, Request, Review, State};

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
    /// When.
    pub at: Timestamp,
    /// [`crate::fingerprint`] of what was sent.
    pub fingerprint: [u8; 32],
}

/// Something that was done with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// By whom and when.
    pub call: ActionSource,
    /// What.
    pub deed: ActionKind,
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
    Reopened {
        /// Why.
        note: String,
    },
    /// An offer was accepted.
    Accepted {
        /// The offer.
        offer: String,
    },
    /// An offer was declined.
    Declined {
        /// The offer.
        offer: String,
    },
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
    fn is_review(&self) -> bool {
        matches!(self, Self::Reviewed(_))
    }
}

impl Request {
    /// Whether `call` repeats something that the same person has just done: nothing that the other side did
    /// lies between. That money arrived is no move of either side.
    pub fn repeats(&self, call: &ActionSource, is_review: bool) -> bool {
        let moves = self.acts.iter().rev().filter(|act| act.deed != ActionKind::Arrived);
        let own = moves.take_while(|act| act.deed.is_review() == is_review);
        own.into_iter().any(|act| act.call.by == call.by && act.call.fingerprint == call.fingerprint)
    }

    /// Notes what was done; the request is then to be saved.
    pub(crate) fn did(&mut self, call: ActionSource, deed: ActionKind) {
        self.acts.push(Action { call, deed });
        self.version = self.version.saturating_add(1);
    }

    /// What the customer is asked for, while the request waits for it.
    pub fn wanted(&self) -> &[Missing] {
        match (&self.case.decision.outcome, self.state) {
            (_, State::NeedsInformation) if !self.asked.is_empty() => &self.asked,
            (Outcome::NeedsInformation { missing }, State::NeedsInformation) => missing,
            _ => &[],
        }
    }

    /// Takes the answer to what was missing: `case` is what is asked with it, decided anew on the facts of
    /// the submission and those that were added. What a person asked for goes back to that person; so does
    /// what is still missing after [`ANSWERS_MAX`] answers.
    pub fn answer(
        &mut self,
        call: ActionSource,
        note: String,
        mut case: Case,
        document: &Document,
    ) -> Result<(), ActError> {
        if self.state != State::NeedsInformation {
            return Err(ActError::State(self.state));
        }
        let given = |act: &&Action| matches!(act.deed, ActionKind::Answered { .. });
        let answers = self.acts.iter().filter(given).count().saturating_add(1);
        self.lower_limits(document);
        case.within(self.limits.as_ref(), document);
        let by_person = !std::mem::take(&mut self.asked).is_empty();
        let state = match State::of(&case.decision.outcome) {
            State::NeedsInformation if !by_person && answers < ANSWERS_MAX => None,
            State::NeedsInformation => Some(State::InReview),
            _ if by_person => Some(State::InReview),
            state => Some(state),
        };
        let facts = case
            .facts
            .iter()
            .filter(|(fact, value)| self.case.facts.get(*fact) != Some(value))
            .map(|(fact, _)| fact)
            .collect();
        if let Some(state) = state {
            self.transition_to(state, call.at, Actor::Policy).map_err(|error| ActError::State(error.from))?;
        }
        self.offers = refreshed(&self.offers, &case.decision);
        self.case = case;
        self.did(call, ActionKind::Answered { note, facts });
        Ok(())
    }

    /// The customer takes it back, which is final.
    pub fn withdraw(&mut self, call: ActionSource) -> Result<(), ActError> {
        self.transition_to(State::Withdrawn, call.at, call.by.clone())
            .map_err(|error| ActError::State(error.from))?;
        self.asked.clear();
        self.did(call, ActionKind::Withdrew);
        Ok(())
    }

    /// Whether it can be taken back.
    pub fn can_be_withdrawn(&self) -> bool {
        self.state.next().contains(&State::Withdrawn)
    }

    /// Whether a person can be asked to look at it again.
    pub fn can_be_reopened(&self) -> bool {
        matches!(self.state, State::Refused | State::Failed) && self.reopenings() < REOPENINGS_MAX
    }

    /// When a person noted that the money of its refund is there; `None` if the refund failed since.
    pub fn arrived_at(&self) -> Option<Timestamp> {
        let refunded = self.steps.iter().rev().find(|step| step.state == State::Refunded)?;
        let noted = self.acts.iter().rev().find(|act| act.deed == ActionKind::Arrived)?.call.at;
        (self.state == State::Refunded && noted >= refunded.at).then_some(noted)
    }

    /// How often it was reopened.
    pub fn reopenings(&self) -> usize {
        self.acts.iter().filter(|act| matches!(act.deed, ActionKind::Reopened { .. })).count()
    }

    /// A person is asked to look at a refusal or at a payout that failed (`S4-19`).
    pub fn reopen(&mut self, call: ActionSource, note: String) -> Result<(), ActError> {
        if !matches!(self.state, State::Refused | State::Failed) {
            return Err(ActError::State(self.state));
        }
        if self.reopenings() >= REOPENINGS_MAX {
            return Err(ActError::ReopenedTooOften);
        }
        self.transition_to(State::InReview, call.at, call.by.clone())
            .map_err(|error| ActError::State(error.from))?;
        self.first_approval = None;
        self.approved_by = None;
        self.did(call, ActionKind::Reopened { note });
        Ok(())
    }
}
