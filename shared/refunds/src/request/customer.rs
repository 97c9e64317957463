//! What customers do with a request: they answer, withdraw and reopen. Every action is kept.

use ledger::{Actor, Timestamp};
use policy::{Document, Missing, Outcome};

use super::RefundRequest;
use crate::offer::refreshed;
use crate::{ANSWERS_MAX, ActError, Action, ActionKind, ActionSource, Case, REOPENINGS_MAX, State};

impl RefundRequest {
    /// Whether `source` repeats something that the same person has just done: nothing that the other side did
    /// lies between. That money arrived is no move of either side.
    pub fn repeats(&self, source: &ActionSource, is_review: bool) -> bool {
        let moves = self.progress.actions.iter().rev().filter(|action| action.kind != ActionKind::Arrived);
        let own = moves.take_while(|action| action.kind.is_review() == is_review);
        own.into_iter()
            .any(|action| action.source.by == source.by && action.source.fingerprint == source.fingerprint)
    }

    /// Notes what was done; the request is then to be saved.
    pub(crate) fn record(&mut self, source: ActionSource, kind: ActionKind) {
        self.progress.actions.push(Action { source, kind });
        self.progress.version = self.progress.version.saturating_add(1);
    }

    /// What the customer is asked for, while the request waits for it.
    pub fn wanted(&self) -> &[Missing] {
        match (&self.case.decision.outcome, self.progress.timeline.state) {
            (_, State::NeedsInformation) if !self.progress.asked.is_empty() => &self.progress.asked,
            (Outcome::NeedsInformation { missing }, State::NeedsInformation) => missing,
            _ => &[],
        }
    }

    /// Takes the answer to what was missing: `case` is what is asked with it, decided anew on the facts of
    /// the submission and those that were added. What a person asked for goes back to that person; so does
    /// what is still missing after [`ANSWERS_MAX`] answers.
    pub fn answer(
        &mut self,
        source: ActionSource,
        note: String,
        mut case: Case,
        document: &Document,
    ) -> Result<(), ActError> {
        if self.progress.timeline.state != State::NeedsInformation {
            return Err(ActError::State(self.progress.timeline.state));
        }
        let given = |action: &&Action| matches!(action.kind, ActionKind::Answered { .. });
        let answers = self.progress.actions.iter().filter(given).count().saturating_add(1);
        self.lower_limits(document);
        case.within(self.progress.approvals.limits.as_ref(), document);
        let by_person = !std::mem::take(&mut self.progress.asked).is_empty();
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
            self.transition_to(state, source.at, Actor::Policy)
                .map_err(|error| ActError::State(error.from))?;
        }
        self.progress.offers = refreshed(&self.progress.offers, &case.decision);
        self.case = case;
        self.record(source, ActionKind::Answered { note, facts });
        Ok(())
    }

    /// The customer takes it back, which is final.
    pub fn withdraw(&mut self, source: ActionSource) -> Result<(), ActError> {
        self.transition_to(State::Withdrawn, source.at, source.by.clone())
            .map_err(|error| ActError::State(error.from))?;
        self.progress.asked.clear();
        self.record(source, ActionKind::Withdrew);
        Ok(())
    }

    /// Whether it can be taken back.
    pub fn can_be_withdrawn(&self) -> bool {
        self.progress.timeline.state.next().contains(&State::Withdrawn)
    }

    /// Whether a person can be asked to look at it again.
    pub fn can_be_reopened(&self) -> bool {
        matches!(self.progress.timeline.state, State::Refused | State::Failed)
            && self.reopenings() < REOPENINGS_MAX
    }

    /// When a person noted that the money of its refund is there; `None` if the refund failed since.
    pub fn arrived_at(&self) -> Option<Timestamp> {
        let refunded =
            self.progress.timeline.steps.iter().rev().find(|step| step.state == State::Refunded)?;
        let noted =
            self.progress.actions.iter().rev().find(|action| action.kind == ActionKind::Arrived)?.source.at;
        (self.progress.timeline.state == State::Refunded && noted >= refunded.at).then_some(noted)
    }

    /// How often it was reopened.
    pub fn reopenings(&self) -> usize {
        self.progress
            .actions
            .iter()
            .filter(|action| matches!(action.kind, ActionKind::Reopened { .. }))
            .count()
    }

    /// A person is asked to look at a refusal or at a payout that failed (`S4-19`).
    pub fn reopen(&mut self, source: ActionSource, note: String) -> Result<(), ActError> {
        if !matches!(self.progress.timeline.state, State::Refused | State::Failed) {
            return Err(ActError::State(self.progress.timeline.state));
        }
        if self.reopenings() >= REOPENINGS_MAX {
            return Err(ActError::ReopenedTooOften);
        }
        self.transition_to(State::InReview, source.at, source.by.clone())
            .map_err(|error| ActError::State(error.from))?;
        self.progress.approvals.withdraw();
        self.record(source, ActionKind::Reopened { note });
        Ok(())
    }
}
