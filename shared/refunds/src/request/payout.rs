//! The payout of a request: its intent, what Stripe reports of it, the end of a plan that goes with it, and
//! the way back to people.

use ledger::{Actor, Credits, Money, PaymentId, PolicyRef, Provider, SubscriptionId, Timestamp};

use super::RefundRequest;
use crate::payout::{FUNDS_AGAIN_S, STUCK_S, UNCONFIRMED_S};
use crate::{
    Action, ActionKind, ActionSource, EdgeError, FUNDS_WAIT_S, Payout, PlanEnd, PlanEnded, RefundSighting,
    RefundStatus, SightingOutcome, State,
};

impl RefundRequest {
    /// Records the intent to pay `amount` of `payment`; the subscription `ends` with it.
    /// [`RefundRequest::revoked`] fills in what is revoked for it. After a failed payout this is a new intent
    /// with a new key, and its refund is not the one that failed.
    pub fn record_payout_intent(
        &mut self,
        payment: PaymentId,
        amount: Money,
        ends: Option<SubscriptionId>,
        now: Timestamp,
    ) {
        let (key_number, failed_before) =
            self.progress.fulfilment.payout.take().map_or((1, Vec::new()), |failed| {
                let refunds = failed.failed_before.into_iter().chain(failed.refund);
                (failed.key_number.saturating_add(1), refunds.collect())
            });
        self.progress.fulfilment.payout = Some(Payout {
            payment,
            charge: None,
            amount,
            revoked: Credits::ZERO,
            debt: Credits::ZERO,
            key_number,
            asked_at: None,
            refund: None,
            needs_customer: false,
            short_since: None,
            failure: None,
            kept_by_dispute: false,
            failed_before,
            ends: ends.map(PlanEnd::of),
        });
        self.progress.fulfilment.due_at = now.plus_s(STUCK_S).ok();
    }

    /// Whether its refund of `payment` failed by a dispute, and what was revoked for it stays so.
    pub fn is_kept_by_dispute_of(&self, payment: &PaymentId) -> bool {
        let payout = self.progress.fulfilment.payout.as_ref().filter(|payout| &payout.payment == payment);
        payout.is_some_and(|payout| payout.kept_by_dispute)
    }

    /// Notes which payment it was that paid the payout's invoice.
    pub fn charge(&mut self, charge: PaymentId) {
        if let Some(payout) = &mut self.progress.fulfilment.payout {
            payout.charge = Some(charge);
        }
    }

    /// Notes what the ledger revoked for the payout.
    pub fn revoked(&mut self, credits: Credits, debt: Credits) {
        if let Some(payout) = &mut self.progress.fulfilment.payout {
            payout.revoked = credits;
            payout.debt = debt;
        }
    }

    /// Stripe is about to be asked; `another_key` if Stripe's list did not show the request's refund.
    pub fn ask(&mut self, now: Timestamp, another_key: bool) -> Result<(), EdgeError> {
        if self.progress.timeline.state == State::Approved {
            self.transition_to(State::Paying, now, Actor::Policy)?;
        } else if self.progress.timeline.state != State::Paying {
            return Err(EdgeError { from: self.progress.timeline.state, to: State::Paying });
        }
        if let Some(payout) = &mut self.progress.fulfilment.payout {
            if another_key {
                payout.key_number = payout.key_number.saturating_add(1);
                payout.asked_at = None;
            }
            payout.asked_at = payout.asked_at.or(Some(now));
        }
        self.progress.fulfilment.due_at = now.plus_s(STUCK_S).ok();
        Ok(())
    }

    /// Stripe has no money of the company's to pay it with. Whether it is asked again later: not after
    /// [`FUNDS_WAIT_S`].
    pub fn wait_for_funds(&mut self, now: Timestamp) -> bool {
        let Some(payout) = self
            .progress
            .fulfilment
            .payout
            .as_mut()
            .filter(|_| self.progress.timeline.state == State::Paying)
        else {
            return false;
        };
        let since = *payout.short_since.get_or_insert(now);
        let waited_s = u64::try_from(now.seconds_since(since)).unwrap_or_default();
        self.progress.fulfilment.due_at = now.plus_s(FUNDS_AGAIN_S).ok();
        waited_s < FUNDS_WAIT_S
    }

    /// Whether the sweep has to send the payout's message again at `now`.
    pub fn is_stuck(&self, now: Timestamp) -> bool {
        let intent = self.progress.fulfilment.payout.is_some() || self.progress.fulfilment.discount.is_some();
        let pays = matches!(self.progress.timeline.state, State::Approved | State::Paying) && intent;
        (pays || self.open_plan_end().is_some())
            && self.progress.fulfilment.due_at.is_some_and(|due_at| due_at <= now)
    }

    /// The sweep has sent the payout's message again; it looks again later, and later each time where a plan
    /// has to end.
    pub fn sent_again(&mut self, now: Timestamp) {
        self.await_payout(now);
        if self.open_plan_end().is_some()
            && let Some(ends) =
                self.progress.fulfilment.payout.as_mut().and_then(|payout| payout.ends.as_mut())
        {
            ends.announced = ends.announced.saturating_add(1);
        }
    }

    /// When the sweep looks at the payout again: soon while Stripe has to be asked for the refund or for the
    /// end of its plan, later where it has the refund and has not confirmed it, and never once all is done.
    pub(crate) fn await_payout(&mut self, now: Timestamp) {
        let refund = self.progress.fulfilment.payout.as_ref().and_then(|payout| payout.refund.as_ref());
        let short =
            self.progress.fulfilment.payout.as_ref().is_some_and(|payout| payout.short_since.is_some());
        let wait_s = match (self.open_plan_end(), self.progress.timeline.state) {
            (Some(ends), _) => Some(ends.again_s()),
            (None, State::Paying) if refund.is_some() => Some(UNCONFIRMED_S),
            (None, State::Paying) if short => Some(FUNDS_AGAIN_S),
            (None, State::Approved | State::Paying) => Some(STUCK_S),
            (None, _) => None,
        };
        self.progress.fulfilment.due_at = wait_s.and_then(|wait_s| now.plus_s(wait_s).ok());
    }

    /// Stripe declined for good. What an event has confirmed meanwhile stays confirmed.
    pub fn declined(&mut self, code: &str, now: Timestamp) -> Result<(), EdgeError> {
        if !matches!(self.progress.timeline.state, State::Approved | State::Paying) {
            return Err(EdgeError { from: self.progress.timeline.state, to: State::Failed });
        }
        self.transition_to(State::Failed, now, Actor::Provider(Provider::Stripe))?;
        self.progress.fulfilment.due_at = None;
        if let Some(payout) = &mut self.progress.fulfilment.payout {
            payout.failure = Some(code.to_owned());
        }
        Ok(())
    }

    /// Stripe reports a refund of this request, in an answer or an event, in any order and any number of
    /// times (B4, E8 to E10).
    pub fn observe(&mut self, seen: &RefundSighting, now: Timestamp) -> SightingOutcome {
        let failed_again = seen.status == RefundStatus::Failed;
        let Some(payout) = &mut self.progress.fulfilment.payout else {
            // Credits took the place of a payout that had failed.
            return if failed_again && self.progress.fulfilment.credits_given.is_some() {
                SightingOutcome::Known
            } else {
                SightingOutcome::Mismatch
            };
        };
        if payout.failed_before.contains(&seen.id) {
            return SightingOutcome::Known;
        }
        let same_refund = payout.refund.as_ref().is_none_or(|refund| refund == &seen.id);
        if !same_refund || payout.refunds() != seen.payment || payout.amount != seen.amount {
            return SightingOutcome::Mismatch;
        }
        // Stripe reports one failure several times, and the request may be before people again.
        if failed_again && payout.failure.is_some() && payout.refund.is_some() {
            return SightingOutcome::Known;
        }
        let first_seen = payout.refund.is_none();
        payout.refund = Some(seen.id.clone());
        payout.short_since = None;
        let needs_customer = seen.status == RefundStatus::RequiresAction;
        let changed = first_seen || payout.needs_customer != needs_customer;
        let target = match seen.status {
            // A report that was overtaken by the final one.
            RefundStatus::Pending | RefundStatus::RequiresAction => {
                if !changed || self.progress.timeline.state != State::Paying && !first_seen {
                    return SightingOutcome::Known;
                }
                payout.needs_customer = needs_customer;
                self.await_payout(now);
                return SightingOutcome::Moved;
            }
            RefundStatus::Succeeded => State::Refunded,
            RefundStatus::Failed => State::Failed,
        };
        if self.progress.timeline.state == target
            || (self.progress.timeline.state == State::Failed && target == State::Refunded)
        {
            return if first_seen { SightingOutcome::Moved } else { SightingOutcome::Known };
        }
        if target == State::Failed {
            payout.failure = seen.failure.clone().or_else(|| Some("failed".to_owned()));
        }
        payout.needs_customer = false;
        if self.transition_to(target, now, Actor::Provider(Provider::Stripe)).is_err() {
            return SightingOutcome::Mismatch;
        }
        self.await_payout(now);
        if target == State::Failed { SightingOutcome::MovedToFailed } else { SightingOutcome::Moved }
    }

    /// The promised end of a plan that Stripe has to be asked for. It is open only once the refund is made,
    /// because a refund that Stripe declines ends nothing.
    pub fn open_plan_end(&self) -> Option<&PlanEnd> {
        let payout = self.progress.fulfilment.payout.as_ref()?;
        let made = match self.progress.timeline.state {
            State::Paying => payout.refund.is_some(),
            State::Refunded => true,
            State::Submitted
            | State::NeedsInformation
            | State::InReview
            | State::Approved
            | State::Failed
            | State::Refused
            | State::Withdrawn
            | State::Settled => false,
        };
        payout.ends.as_ref().filter(|ends| made && ends.became.is_none())
    }

    /// Notes the outcome of the promised end, and returns whether it was open until then.
    pub fn plan_ended(&mut self, declined: Option<String>, now: Timestamp) -> bool {
        if self.open_plan_end().is_none() {
            return false;
        }
        if let Some(ends) = self.progress.fulfilment.payout.as_mut().and_then(|payout| payout.ends.as_mut()) {
            ends.became = Some(PlanEnded { at: now, declined });
        }
        self.await_payout(now);
        true
    }

    /// Whether it is approved, and Stripe has not been asked.
    pub fn can_be_held_back(&self) -> bool {
        self.progress.timeline.state == State::Approved
            && (self.progress.fulfilment.payout.is_some() || self.progress.fulfilment.discount.is_some())
    }

    /// Back to a person, for this reason; its payout is to be undone with the save.
    pub(crate) fn back_to_people(&mut self, source: ActionSource, reason: String) -> Result<(), EdgeError> {
        self.transition_to(State::InReview, source.at, source.by.clone())?;
        self.progress.approvals.withdraw();
        self.progress.fulfilment.due_at = None;
        self.progress.fulfilment.discount = None;
        self.progress.actions.push(Action { source, kind: ActionKind::HeldBack { reason } });
        Ok(())
    }

    pub(crate) fn decided_by(&self) -> PolicyRef {
        let decision = &self.case.decision;
        PolicyRef { document: decision.document.clone(), version: decision.version.clone() }
    }

    /// Credits took the place of the money: an earlier payout of it failed and is undone.
    pub(crate) fn credit(&mut self, credits: Credits) {
        self.progress.fulfilment.credits_given = Some(credits);
        self.progress.fulfilment.payout = None;
    }

    /// The payout is undone, and what was revoked for it restored, with the save of this.
    pub(crate) fn drop_payout(&mut self) {
        self.progress.fulfilment.payout = None;
    }

    /// Notes whether what was revoked for the failed payout stays revoked, because the bank has the money or
    /// may give it to the customer.
    pub(crate) fn keep_by_dispute(&mut self, kept: bool) {
        if let Some(payout) = &mut self.progress.fulfilment.payout {
            payout.kept_by_dispute = kept;
        }
    }
}
