//! A case that a provider's report opened: later reports bring it up to date, and the last one closes it.

use ledger::{Actor, Payment, Provider, Timestamp};
use policy::{Document, Fact, ServiceLevelStart, Value};

use super::RefundRequest;
use crate::clock::{EVIDENCE_CLOCK, EVIDENCE_WARN_S};
use crate::{Case, Clock, Occasion, QuoteInputs, ReviewError, ReviewVerdict, State};

/// Stripe's statuses of a dispute in which the company's evidence is asked for.
const ASKS: [&str; 3] = ["warning_needs_response", "needs_response", "appeal_needs_response"];
/// Stripe's statuses of a dispute whose evidence is with the bank.
const LOOKED_AT: [&str; 3] = ["warning_under_review", "under_review", "appeal_under_review"];

impl RefundRequest {
    /// Brings the case up to date with what the payment's provider reported: `case` is assessed anew, and
    /// `over` says that nothing is left to decide. Whether anything was.
    ///
    /// What people decided stays. But a dispute that asks for evidence after a person had closed the case, as
    /// an inquiry does that becomes a dispute, brings it back to people.
    pub fn follow(
        &mut self,
        case: Case,
        (over, reported_by): (bool, Provider),
        now: Timestamp,
        document: &Document,
    ) -> bool {
        let asks_anew = asks(&case) && status(&case) != status(&self.case);
        let open = matches!(self.state(), State::InReview | State::NeedsInformation | State::Failed);
        if !(open || self.state() == State::Refused && asks_anew) {
            return false;
        }
        self.case = case;
        self.lower_limits(document);
        self.progress.offers = crate::offer::refreshed(&self.progress.offers, &self.case.decision);
        let to = match (over, self.state()) {
            (true, State::InReview | State::NeedsInformation) => Some(State::Settled),
            (false, State::Refused) => Some(State::InReview),
            _ => None,
        };
        if let Some(state) = to
            && self.transition_to(state, now, Actor::Provider(reported_by)).is_ok()
        {
            self.progress.asked.clear();
            self.progress.approvals.withdraw();
        }
        self.keep_time(Some(document));
        true
    }

    /// Closes a case about what is over.
    pub fn close_over(&mut self, reported_by: Provider, now: Timestamp) -> bool {
        self.transition_to(State::Settled, now, Actor::Provider(reported_by)).is_ok()
    }

    /// Whether the bank looks at the evidence, so that there is nothing to do for people.
    pub(crate) fn waits_for_bank(&self) -> bool {
        self.case.occasion.is_some() && status(&self.case).is_some_and(|status| LOOKED_AT.contains(&status))
    }

    /// The clocks of the evidence that Stripe asks for: one for each deadline that was reported. A deadline
    /// ends with the report that the evidence is there, or with the case.
    pub(super) fn evidence_clocks(&self) -> Vec<Clock> {
        let kept = self.clocks().iter().filter(|clock| clock.starts == ServiceLevelStart::DisputeOpened);
        let mut clocks: Vec<Clock> = kept.cloned().collect();
        let reported_at = self.instant(Fact::DisputeReportedAt).unwrap_or(self.submitted_at());
        let due_at = self.instant(Fact::EvidenceDueAt);
        let asks = asks(&self.case);
        if let Some(due_at) = due_at
            && !clocks.iter().any(|clock| clock.due_at == due_at)
        {
            clocks.push(Clock {
                id: EVIDENCE_CLOCK.to_owned(),
                clause: None,
                firm: true,
                starts: ServiceLevelStart::DisputeOpened,
                started_at: reported_at,
                warn_at: due_at.minus_s(EVIDENCE_WARN_S).ok().map(|warn_at| warn_at.max(reported_at)),
                due_at,
                paused_at: None,
                paused_ms: 0,
                ended_at: None,
                warned_at: None,
                breached_at: None,
            });
        }
        let closed_at = match self.state() {
            State::Submitted | State::NeedsInformation | State::InReview => None,
            _ => self.steps().last().map(|step| step.at),
        };
        for clock in &mut clocks {
            let answered_at = (!asks || due_at != Some(clock.due_at)).then_some(reported_at);
            let at = [answered_at, closed_at].into_iter().flatten().min();
            clock.ended_at = at.map(|at| clock.ended_at.map_or(at, |ended_at| ended_at.min(at)));
        }
        clocks
    }

    /// Whether no refund is offered: Stripe lets none be made of a payment that is disputed, and a refund
    /// that nobody asked us for is no reason for another.
    pub(super) fn refunds_nothing(&self, standing: &QuoteInputs<'_>) -> bool {
        match &self.case.occasion {
            Some(Occasion::OutsideRefund(_)) => true,
            Some(_) => standing.payment.is_some_and(Payment::bars_refunds),
            None => false,
        }
    }

    /// Refuses a decision that the case is not about.
    pub(super) fn fits(&self, verdict: &ReviewVerdict) -> Result<(), ReviewError> {
        let of_credits = matches!(verdict, ReviewVerdict::TakeBack | ReviewVerdict::Leave);
        let of_money =
            matches!(verdict, ReviewVerdict::Approve | ReviewVerdict::ApprovePart(_) | ReviewVerdict::Refuse);
        match &self.case.occasion {
            Some(Occasion::OutsideRefund(_)) if !of_credits => {
                Err(ReviewError::OtherDecision("`take_back` or `leave`"))
            }
            Some(Occasion::Dispute(_) | Occasion::FraudWarning(_)) if !of_money => {
                Err(ReviewError::OtherDecision("`approve`, `approve_part` or `refuse`"))
            }
            None if of_credits => Err(ReviewError::OtherDecision("what the customer gets, or a refusal")),
            _ => Ok(()),
        }
    }
}

fn status(case: &Case) -> Option<&str> {
    match case.facts.get(Fact::DisputeStatus) {
        Some(Value::Text(status)) => Some(status),
        _ => None,
    }
}

/// Whether the dispute of a case asks for evidence.
fn asks(case: &Case) -> bool {
    status(case).is_some_and(|status| ASKS.contains(&status))
}
