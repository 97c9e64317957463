//! A request in support's queue: whether and where it waits, who is at work on it, and the arrival of its
//! money.

use ledger::{Actor, Currency, Money, Timestamp};
use policy::{Fact, Outcome, Recommendation, Remedy, Value};

use super::RefundRequest;
use crate::{
    Action, ActionKind, ActionSource, Claim, ClaimError, Clock, Priority, State, Urgent, Waiting, fingerprint,
};

impl RefundRequest {
    /// How urgent it is.
    pub fn priority(&self) -> Priority {
        let broken =
            self.progress.clocks.all.iter().any(|clock| clock.is_open() && clock.breached_at.is_some());
        let again = self.progress.timeline.state == State::Failed || self.reopenings() > 0;
        if broken || again { Priority::Raised } else { Priority::Normal }
    }

    /// Whether it is a person's turn.
    pub fn waits_for_people(&self) -> bool {
        match self.progress.timeline.state {
            // Money that failed to reach the customer needs another way.
            State::InReview => !self.waits_for_bank(),
            State::Failed => true,
            // Whether it is there, and where it is, a person finds out.
            State::Refunded => self.is_overdue(),
            // It is made by hand.
            State::Paying => self.refund_by_hand().is_some(),
            State::Submitted
            | State::NeedsInformation
            | State::Approved
            | State::Refused
            | State::Withdrawn
            | State::Settled => false,
        }
    }

    /// What the queue shows of it, while it waits for people.
    pub fn waiting(&self) -> Option<Waiting> {
        self.waits_for_people().then(|| Waiting {
            id: self.id.clone(),
            account: self.account.clone(),
            product: self.product().map(str::to_owned),
            reason: self.case.reason,
            amount: self.refund_by_hand().map(|(_, amount)| amount).or_else(|| self.at_stake()),
            by_hand: self.refund_by_hand().map(|(payout, _)| (payout.provider, payout.payment.clone())),
            recommendation: self.recommendation().cloned(),
            state: self.progress.timeline.state,
            submitted_at: self.progress.timeline.submitted_at,
            priority: self.priority(),
            clock: self.urgent_clock().map(|clock| Urgent {
                id: clock.id.clone(),
                clause: clock.clause.clone(),
                warn_at: clock.warn_at,
                due_at: clock.due_at,
            }),
            claim: self.progress.claim.clone(),
        })
    }

    /// The open clock with the earliest deadline that is not standing still.
    pub fn urgent_clock(&self) -> Option<&Clock> {
        let running =
            self.progress.clocks.all.iter().filter(|clock| clock.is_open() && clock.paused_at.is_none());
        running.min_by_key(|clock| clock.due_at)
    }

    /// `person` begins to work on it, or goes on with it: the claim's life begins anew.
    pub fn take_claim(&mut self, person: &str, now: Timestamp) -> Result<(), ClaimError> {
        if !self.waits_for_people() {
            return Err(ClaimError::State(self.progress.timeline.state));
        }
        if self.is_requester(person) {
            return Err(ClaimError::OwnRequest);
        }
        if let Some(held) = self.kept_from(person, now) {
            return Err(ClaimError::Held(held.clone()));
        }
        self.progress.claim = Some(Claim { by: person.to_owned(), at: now });
        Ok(())
    }

    /// `person` notes that the money of an overdue refund is there, or that it is settled otherwise. Whether
    /// that was still open.
    pub fn confirm_refund_arrival(&mut self, person: &str, now: Timestamp) -> Result<bool, ClaimError> {
        if self.progress.timeline.state != State::Refunded {
            return Err(ClaimError::State(self.progress.timeline.state));
        }
        if self.is_requester(person) {
            return Err(ClaimError::OwnRequest);
        }
        if let Some(held) = self.kept_from(person, now) {
            return Err(ClaimError::Held(held.clone()));
        }
        if !self.is_overdue() || self.arrived_at().is_some() {
            return Ok(false);
        }
        let by = Actor::Support(person.to_owned());
        let source = ActionSource { by, at: now, fingerprint: fingerprint(&[self.id.as_str()]) };
        self.progress.actions.push(Action { source, kind: ActionKind::Arrived });
        self.progress.claim = None;
        self.progress.clocks.due_at = Some(now);
        Ok(true)
    }

    /// `person` lets go of it, or of a claim whose life is over. Whether there was one.
    pub fn release_claim(&mut self, person: &str, now: Timestamp) -> Result<bool, ClaimError> {
        match self.kept_from(person, now) {
            Some(held) => Err(ClaimError::Held(held.clone())),
            None => Ok(self.progress.claim.take().is_some()),
        }
    }

    /// The claim that keeps `person` from deciding it at `now`.
    pub fn kept_from(&self, person: &str, now: Timestamp) -> Option<&Claim> {
        self.progress.claim.as_ref().filter(|claim| claim.keeps_out(person, now))
    }

    fn recommendation(&self) -> Option<&Recommendation> {
        match &self.case.decision.outcome {
            Outcome::Person { recommendation } => recommendation.as_ref(),
            Outcome::Grant { .. } | Outcome::Refuse | Outcome::NeedsInformation { .. } => None,
        }
    }

    /// The money that is recommended, or else what is left of the payment.
    fn at_stake(&self) -> Option<Money> {
        if let Some(Recommendation::Grant { remedy: Remedy::Money { amount_minor, currency } }) =
            self.recommendation()
        {
            return Some(Money::new(*amount_minor, Currency::new(currency).ok()?));
        }
        let facts = &self.case.facts;
        let minor = |fact| match facts.get(fact) {
            Some(Value::Integer(minor)) => u64::try_from(*minor).ok(),
            _ => None,
        };
        let Some(Value::Text(currency)) = facts.get(Fact::Currency) else { return None };
        let left = minor(Fact::AmountPaid)?.checked_sub(minor(Fact::AmountRefunded)?)?;
        Some(Money::new(left, Currency::new(currency).ok()?))
    }
}
