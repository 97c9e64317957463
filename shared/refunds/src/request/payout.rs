//! The payout of a request: its intent, what Stripe reports of it, the end of a plan that goes with it, and
//! the way back to people.

use ledger::{Actor, Credits, Money, PaymentId, PolicyRef, Timestamp, shares};

use super::RefundRequest;
use crate::payout::{FUNDS_AGAIN_S, STUCK_S};
use crate::{
    Action, ActionKind, ActionSource, EdgeError, FUNDS_WAIT_S, Payout, PayoutIntent, PayoutPart, PlanEnd,
    PlanEnded, ProviderCapabilities, RefundSighting, RefundStatus, SightingOutcome, State,
};

impl RefundRequest {
    /// Records the intent to pay.
    /// [`RefundRequest::revoked`] fills in what is revoked for it. After a failed payout this is a new intent
    /// with a new key, and its refund is not one that failed. Parts that the customer has stay in it.
    pub fn record_payout_intent(
        &mut self,
        PayoutIntent { payment, provider, amount, by_hand, ends }: PayoutIntent,
        now: Timestamp,
    ) {
        let earlier = self.progress.fulfilment.payout.take();
        let keys = earlier.iter().flat_map(Payout::parts).map(|part| part.key_number);
        let part = PayoutPart::of(amount, keys.max().unwrap_or_default().saturating_add(1));
        let failed_before = earlier.as_ref().map(Payout::failed_refunds).unwrap_or_default();
        let mut payout = match earlier.and_then(Payout::into_paid) {
            Some(mut paid) => {
                paid.further.push(part);
                paid
            }
            None => Payout::of(payment, part),
        };
        payout.provider = provider;
        payout.by_hand = by_hand;
        payout.failed_before = failed_before;
        payout.ends = ends.map(PlanEnd::of);
        self.progress.fulfilment.payout = Some(payout);
        self.progress.fulfilment.due_at = now.plus_s(STUCK_S).ok();
    }

    /// Whether a refund of `payment` failed by a dispute, and what was revoked for it stays so.
    pub fn is_kept_by_dispute_of(&self, payment: &PaymentId) -> bool {
        let payout = self.progress.fulfilment.payout.as_ref().filter(|payout| &payout.payment == payment);
        payout.is_some_and(Payout::is_kept_by_dispute)
    }

    /// Divides the part of the payout with this number among the payments that paid its invoice, with what is
    /// revoked for it. False, and nothing is divided, unless the amounts come to exactly that part.
    pub fn divide(&mut self, number: usize, charges: Vec<(PaymentId, Money)>) -> bool {
        let divided = charges.into_iter().map(|(charge, amount)| (Some(charge), amount)).collect();
        self.divide_part(number, divided)
    }

    /// Splits the first `amount` off the part with this number, of which no more has been refunded. False,
    /// and nothing is split, unless that leaves a rest.
    pub(crate) fn split(&mut self, number: usize, amount: Money) -> bool {
        let part = self.progress.fulfilment.payout.as_ref().and_then(|payout| payout.part(number));
        let rest = part.and_then(|part| part.amount.minus(amount).ok()).filter(|rest| !rest.is_zero());
        if !rest.is_some_and(|rest| self.divide_part(number, vec![(None, amount), (None, rest)])) {
            return false;
        }
        // What was seen is the first piece.
        if let Some(rest) = self.part_mut(number.saturating_add(1)) {
            rest.refund = None;
        }
        true
    }

    fn divide_part(&mut self, number: usize, divided: Vec<(Option<PaymentId>, Money)>) -> bool {
        let Some(payout) = &mut self.progress.fulfilment.payout else { return false };
        let Some(part) = payout.part(number).cloned() else { return false };
        let minor: Vec<u64> = divided.iter().map(|(_, amount)| amount.minor()).collect();
        let sum = minor.iter().try_fold(0_u64, |sum, each| sum.checked_add(*each));
        let currency = part.amount.currency();
        let is_same = |(_, amount): &(Option<PaymentId>, Money)| amount.currency() == currency;
        if sum != Some(part.amount.minor()) || !divided.iter().all(is_same) {
            return false;
        }
        // No share is above the credits that it is a share of.
        let shared = |credits: Credits| {
            let shares = shares(credits.get(), &minor).into_iter();
            shares.map(|share| Credits::new(share).unwrap_or(Credits::ZERO)).collect::<Vec<_>>()
        };
        let revoked = shared(part.revoked).into_iter().zip(shared(part.debt));
        let parts = divided.into_iter().zip(revoked).map(|((charge, amount), (revoked, debt))| PayoutPart {
            charge: charge.or_else(|| part.charge.clone()),
            amount,
            revoked,
            debt,
            ..part.clone()
        });
        payout.replace(number, parts.collect())
    }

    /// Notes what the ledger revoked for the newest part of the payout.
    pub fn revoked(&mut self, credits: Credits, debt: Credits) {
        let payout = self.progress.fulfilment.payout.as_mut();
        if let Some(part) = payout.and_then(|payout| payout.parts_mut().next_back()) {
            part.revoked = credits;
            part.debt = debt;
        }
    }

    fn part_mut(&mut self, number: usize) -> Option<&mut PayoutPart> {
        self.progress.fulfilment.payout.as_mut().and_then(|payout| payout.parts_mut().nth(number))
    }

    /// Stripe is about to be asked for the part with this number; `another_key` if Stripe's list did not show
    /// its refund.
    pub fn ask(&mut self, number: usize, now: Timestamp, another_key: bool) -> Result<(), EdgeError> {
        if self.progress.timeline.state == State::Approved {
            self.transition_to(State::Paying, now, Actor::Policy)?;
        } else if self.progress.timeline.state != State::Paying {
            return Err(EdgeError { from: self.progress.timeline.state, to: State::Paying });
        }
        if let Some(part) = self.part_mut(number) {
            if another_key {
                part.key_number = part.key_number.saturating_add(1);
                part.asked_at = None;
            }
            part.asked_at = part.asked_at.or(Some(now));
        }
        self.progress.fulfilment.due_at = now.plus_s(STUCK_S).ok();
        Ok(())
    }

    /// Stripe has no money of the company's to pay the part with this number with. Whether it is asked again
    /// later: not after [`FUNDS_WAIT_S`].
    pub fn wait_for_funds(&mut self, number: usize, now: Timestamp) -> bool {
        if self.progress.timeline.state != State::Paying {
            return false;
        }
        let Some(part) = self.part_mut(number) else { return false };
        let since = *part.short_since.get_or_insert(now);
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

    /// When the sweep looks at the payout again: soon while Stripe has to be asked for a refund or for the
    /// end of its plan, later where it has the refunds and has not confirmed them, and never once all is
    /// done.
    pub(crate) fn await_payout(&mut self, now: Timestamp) {
        let open =
            self.progress.fulfilment.payout.iter().flat_map(Payout::parts).filter(|part| part.is_open());
        let open: Vec<&PayoutPart> = open.collect();
        let asked = !open.is_empty() && open.iter().all(|part| part.refund.is_some());
        let short = open.iter().any(|part| part.short_since.is_some())
            && open.iter().all(|part| part.refund.is_some() || part.short_since.is_some());
        let payout = self.progress.fulfilment.payout.as_ref();
        let confirm_within_s =
            payout.map(|payout| ProviderCapabilities::of(payout.provider).confirm_within_s);
        let by_hand = payout.is_some_and(|payout| payout.by_hand);
        let wait_s = match (self.open_plan_end(), self.progress.timeline.state) {
            (Some(ends), _) => Some(ends.again_s()),
            (None, State::Paying) if asked || by_hand => confirm_within_s,
            (None, State::Paying) if short => Some(FUNDS_AGAIN_S),
            (None, State::Approved | State::Paying) => Some(STUCK_S),
            (None, _) => None,
        };
        self.progress.fulfilment.due_at = wait_s.and_then(|wait_s| now.plus_s(wait_s).ok());
    }

    /// Stripe declined the part with this number for good. What an event has confirmed meanwhile stays
    /// confirmed. The request fails once no other part is open.
    pub fn declined(&mut self, number: usize, code: &str, now: Timestamp) -> Result<(), EdgeError> {
        let state = self.progress.timeline.state;
        let refused = EdgeError { from: state, to: State::Failed };
        if !matches!(state, State::Approved | State::Paying) {
            return Err(refused);
        }
        let part = self.part_mut(number).filter(|part| part.is_open()).ok_or(refused)?;
        part.failure = Some(code.to_owned());
        let target = self.progress.fulfilment.payout.as_ref().map_or(state, Payout::state);
        if target == State::Failed {
            self.transition_to(target, now, self.paid_by())?;
        }
        self.await_payout(now);
        Ok(())
    }

    /// Stripe reports a refund of this request, in an answer or an event, in any order and any number of
    /// times (B4, E8 to E10).
    pub fn observe(&mut self, seen: &RefundSighting, now: Timestamp) -> SightingOutcome {
        let failed_again = seen.status == RefundStatus::Failed;
        let state = self.progress.timeline.state;
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
        let Some((number, part)) = payout.part_of(seen) else { return SightingOutcome::Mismatch };
        // Stripe reports one failure several times, and the request may be before people again.
        if failed_again && part.failure.is_some() && part.refund.is_some() {
            return SightingOutcome::Known;
        }
        let first_seen = part.refund.is_none();
        let was_open = part.is_open();
        let known = if first_seen { SightingOutcome::Moved } else { SightingOutcome::Known };
        part.refund = Some(seen.id.clone());
        part.short_since = None;
        match seen.status {
            // A report that was overtaken by the final one.
            RefundStatus::Pending | RefundStatus::RequiresAction => {
                let needs_customer = seen.status == RefundStatus::RequiresAction;
                let changed = first_seen || part.needs_customer != needs_customer;
                if !changed || !was_open && !first_seen {
                    return SightingOutcome::Known;
                }
                part.needs_customer = needs_customer;
                self.await_payout(now);
                return SightingOutcome::Moved;
            }
            RefundStatus::Succeeded if part.paid => return known,
            RefundStatus::Succeeded | RefundStatus::Failed if part.failure.is_some() => {
                // What Stripe reports of a refund that we gave up is a person's to compare.
                return if state == State::Failed { known } else { SightingOutcome::Mismatch };
            }
            RefundStatus::Succeeded => part.paid = true,
            RefundStatus::Failed => {
                part.paid = false;
                part.failure = seen.failure.clone().or_else(|| Some("failed".to_owned()));
            }
        }
        part.needs_customer = false;
        let target = payout.state();
        // A request that is before people again, or is about to be paid the rest, stays there.
        let stays = target == state
            || state == State::Approved && target == State::Paying
            || !was_open && !state.pays();
        if !stays && self.transition_to(target, now, self.paid_by()).is_err() {
            return SightingOutcome::Mismatch;
        }
        self.await_payout(now);
        if failed_again { SightingOutcome::MovedToFailed(number) } else { SightingOutcome::Moved }
    }

    /// The promised end of a plan that Stripe has to be asked for. It is open only once the refund is made,
    /// because a refund that Stripe declines ends nothing.
    pub fn open_plan_end(&self) -> Option<&PlanEnd> {
        let payout = self.progress.fulfilment.payout.as_ref()?;
        let made = match self.progress.timeline.state {
            State::Paying => payout.parts().all(|part| part.refund.is_some()),
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

    /// Whether it is approved and no provider has been asked, or a person has to make its refund.
    pub fn can_be_held_back(&self) -> bool {
        let fulfilment = &self.progress.fulfilment;
        match self.progress.timeline.state {
            State::Approved => fulfilment.payout.is_some() || fulfilment.discount.is_some(),
            State::Paying => self.refund_by_hand().is_some(),
            _ => false,
        }
    }

    /// Who reports on its payout.
    pub(crate) fn paid_by(&self) -> Actor {
        let payout = self.progress.fulfilment.payout.as_ref();
        Actor::Provider(payout.map(|payout| payout.provider).unwrap_or_default())
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
        self.drop_payout();
    }

    /// The payout is undone, and what was revoked for it restored, with the save of this. The parts that the
    /// customer has stay.
    pub(crate) fn drop_payout(&mut self) {
        let payout = self.progress.fulfilment.payout.take();
        self.progress.fulfilment.payout = payout.and_then(Payout::into_paid);
    }

    /// Notes whether what was revoked for these failed parts stays revoked, because the bank has the money or
    /// may give it to the customer.
    pub(crate) fn keep_by_dispute(&mut self, numbers: &[usize], kept: bool) {
        for number in numbers {
            if let Some(part) = self.part_mut(*number) {
                part.kept_by_dispute = kept;
            }
        }
    }
}
