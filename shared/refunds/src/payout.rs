//! Money out: the stored intent, Stripe's idempotency key, and what Stripe reports of the refund.

use ledger::{Actor, Credits, Money, PaymentId, RefundId, SubscriptionId, Timestamp};

use crate::{EdgeError, PlanEnd, Request, State};

/// How long an approved payout may wait for its message before the sweep sends it again, in seconds.
pub(crate) const STUCK_S: u64 = 600;
/// How long Stripe may take to confirm a refund before the sweep has it looked up, in seconds: one day,
/// because an event that was missed is otherwise noticed by the customer.
const UNCONFIRMED_S: u64 = 86_400;

/// How long a payout waits for the company's balance at Stripe, in seconds: a week, in which payouts of
/// Stripe's and a bank's transfer to the balance have settled.
pub const FUNDS_WAIT_S: u64 = 7 * 86_400;
/// How long it waits before Stripe is asked again, in seconds: four hours, as Stripe's balance grows by the
/// day.
const FUNDS_AGAIN_S: u64 = 4 * 3600;

/// The intent to pay one refund. It is stored before Stripe is called, and there is one per request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// The payment that is refunded; Stripe pays to its original method (`S3-23`).
    pub payment: PaymentId,
    /// Stripe's PaymentIntent, where `payment` is an invoice and Stripe was asked which payment it was.
    pub charge: Option<PaymentId>,
    /// How much.
    pub amount: Money,
    /// Credits that were revoked for it.
    pub revoked: Credits,
    /// Debt that was made for it.
    pub debt: Credits,
    /// Which idempotency key is in use, from 1: another is taken only after Stripe's list of the payment's
    /// refunds shows that the earlier ones made none (E2, E3).
    pub key_number: u32,
    /// When Stripe was first asked with this key. Stripe keeps a key for at least 24 hours.
    pub asked_at: Option<Timestamp>,
    /// Stripe's refund, once it is known.
    pub refund: Option<RefundId>,
    /// Whether Stripe waits for the customer, who has to say where the money can go.
    pub needs_customer: bool,
    /// Since when the company's balance at Stripe has been too low for it.
    pub short_since: Option<Timestamp>,
    /// Why it failed: Stripe's failure reason or error code.
    pub failure: Option<String>,
    /// Whether what was revoked for it stays revoked although it failed, and the payment stays used up: the
    /// cardholder's bank gives the customer the money, or may.
    pub kept_by_dispute: bool,
    /// Failed refunds of earlier intents of the same request. Stripe may still report them. There is at most
    /// one for each time that the request was reopened.
    pub failed_before: Vec<RefundId>,
    /// The plan that ends with the refund, as the quote said.
    pub ends: Option<PlanEnd>,
}

impl Payout {
    /// What Stripe's refund is made of: the payment itself, or the one of the invoice.
    pub fn refunds(&self) -> PaymentId {
        self.charge.as_ref().unwrap_or(&self.payment).at_stripe()
    }

    /// Stripe's idempotency key, derived from the intent: the same for every try of it.
    pub fn idempotency_key(&self, request: &ledger::RefundRequestId) -> String {
        format!("makegood-{request}-{}", self.key_number)
    }
}

/// Stripe's status of a refund. Only those that decide something are distinguished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// It waits for the customer (<https://docs.stripe.com/refunds#requires-action>).
    RequiresAction,
    /// Paid.
    Succeeded,
    /// Failed or canceled: the money stayed or came back.
    Failed,
}

/// What Stripe reports of a refund, in an answer or in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSighting {
    /// Stripe's refund.
    pub id: RefundId,
    /// The payment it belongs to.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// Its status.
    pub status: RefundStatus,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What a report means for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It says what is known.
    Known,
    /// The request is to be saved.
    Moved,
    /// The request is to be saved, and what was revoked for it is to be restored.
    MovedToFailed,
    /// It is another refund, or of another payment or amount: a person has to look.
    Mismatch,
}

impl Request {
    /// Stores the intent to pay `amount` of `payment`, with which the subscription `ends`; what is revoked
    /// for it is filled in by [`Request::revoked`]. After an intent that failed it is another one: with a key
    /// of its own, and its refund is not the one that failed.
    pub fn record_payout_intent(
        &mut self,
        payment: PaymentId,
        amount: Money,
        ends: Option<SubscriptionId>,
        now: Timestamp,
    ) {
        let (key_number, failed_before) = self.payout.take().map_or((1, Vec::new()), |failed| {
            let refunds = failed.failed_before.into_iter().chain(failed.refund);
            (failed.key_number.saturating_add(1), refunds.collect())
        });
        self.payout = Some(Payout {
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
        self.due_at = now.plus_s(STUCK_S).ok();
    }

    /// Whether its refund of `payment` failed by a dispute, and what was revoked for it stays so.
    pub fn is_kept_by_dispute_of(&self, payment: &PaymentId) -> bool {
        let payout = self.payout.as_ref().filter(|payout| &payout.payment == payment);
        payout.is_some_and(|payout| payout.kept_by_dispute)
    }

    /// Notes which payment it was that paid the payout's invoice.
    pub fn charge(&mut self, charge: PaymentId) {
        if let Some(payout) = &mut self.payout {
            payout.charge = Some(charge);
        }
    }

    /// Notes what the ledger revoked for the payout.
    pub fn revoked(&mut self, credits: Credits, debt: Credits) {
        if let Some(payout) = &mut self.payout {
            payout.revoked = credits;
            payout.debt = debt;
        }
    }

    /// Stripe is about to be asked; `another_key` if Stripe's list did not show the request's refund.
    pub fn ask(&mut self, now: Timestamp, another_key: bool) -> Result<(), EdgeError> {
        if self.state == State::Approved {
            self.transition_to(State::Paying, now, Actor::Policy)?;
        } else if self.state != State::Paying {
            return Err(EdgeError { from: self.state, to: State::Paying });
        }
        if let Some(payout) = &mut self.payout {
            if another_key {
                payout.key_number = payout.key_number.saturating_add(1);
                payout.asked_at = None;
            }
            payout.asked_at = payout.asked_at.or(Some(now));
        }
        self.due_at = now.plus_s(STUCK_S).ok();
        Ok(())
    }

    /// Stripe has no money of the company's to pay it with. Whether it is asked again later: not after
    /// [`FUNDS_WAIT_S`].
    pub fn wait_for_funds(&mut self, now: Timestamp) -> bool {
        let Some(payout) = self.payout.as_mut().filter(|_| self.state == State::Paying) else { return false };
        let since = *payout.short_since.get_or_insert(now);
        let waited_s = u64::try_from(now.seconds_since(since)).unwrap_or_default();
        self.due_at = now.plus_s(FUNDS_AGAIN_S).ok();
        waited_s < FUNDS_WAIT_S
    }

    /// Whether the sweep has to send the payout's message again at `now`.
    pub fn is_stuck(&self, now: Timestamp) -> bool {
        let intent = self.payout.is_some() || self.discount.is_some();
        let pays = matches!(self.state, State::Approved | State::Paying) && intent;
        (pays || self.open_plan_end().is_some()) && self.due_at.is_some_and(|due_at| due_at <= now)
    }

    /// The sweep has sent the payout's message again; it looks again later, and later each time where a plan
    /// has to end.
    pub fn sent_again(&mut self, now: Timestamp) {
        self.await_payout(now);
        if self.open_plan_end().is_some()
            && let Some(ends) = self.payout.as_mut().and_then(|payout| payout.ends.as_mut())
        {
            ends.announced = ends.announced.saturating_add(1);
        }
    }

    /// When the sweep looks at the payout again: soon while Stripe has to be asked for the refund or for the
    /// end of its plan, later where it has the refund and has not confirmed it, and never once all is done.
    pub(crate) fn await_payout(&mut self, now: Timestamp) {
        let refund = self.payout.as_ref().and_then(|payout| payout.refund.as_ref());
        let short = self.payout.as_ref().is_some_and(|payout| payout.short_since.is_some());
        let wait_s = match (self.open_plan_end(), self.state) {
            (Some(ends), _) => Some(ends.again_s()),
            (None, State::Paying) if refund.is_some() => Some(UNCONFIRMED_S),
            (None, State::Paying) if short => Some(FUNDS_AGAIN_S),
            (None, State::Approved | State::Paying) => Some(STUCK_S),
            (None, _) => None,
        };
        self.due_at = wait_s.and_then(|wait_s| now.plus_s(wait_s).ok());
    }

    /// Stripe declined for good. What an event has confirmed meanwhile stays confirmed.
    pub fn declined(&mut self, code: &str, now: Timestamp) -> Result<(), EdgeError> {
        if !matches!(self.state, State::Approved | State::Paying) {
            return Err(EdgeError { from: self.state, to: State::Failed });
        }
        self.transition_to(State::Failed, now, Actor::Stripe)?;
        self.due_at = None;
        if let Some(payout) = &mut self.payout {
            payout.failure = Some(code.to_owned());
        }
        Ok(())
    }

    /// Stripe reports a refund of this request, in an answer or an event, in any order and any number of
    /// times (B4, E8 to E10).
    pub fn observe(&mut self, seen: &RefundSighting, now: Timestamp) -> Seen {
        let failed_again = seen.status == RefundStatus::Failed;
        let Some(payout) = &mut self.payout else {
            // Credits took the place of a payout that had failed.
            return if failed_again && self.given.is_some() { Seen::Known } else { Seen::Mismatch };
        };
        if payout.failed_before.contains(&seen.id) {
            return Seen::Known;
        }
        let same_refund = payout.refund.as_ref().is_none_or(|refund| refund == &seen.id);
        if !same_refund || payout.refunds() != seen.payment || payout.amount != seen.amount {
            return Seen::Mismatch;
        }
        // Stripe tells of one failure several times, and the request may be before people again.
        if failed_again && payout.failure.is_some() && payout.refund.is_some() {
            return Seen::Known;
        }
        let first_seen = payout.refund.is_none();
        payout.refund = Some(seen.id.clone());
        payout.short_since = None;
        let needs_customer = seen.status == RefundStatus::RequiresAction;
        let changed = first_seen || payout.needs_customer != needs_customer;
        let target = match seen.status {
            // A report that was overtaken by the final one.
            RefundStatus::Pending | RefundStatus::RequiresAction => {
                if !changed || self.state != State::Paying && !first_seen {
                    return Seen::Known;
                }
                payout.needs_customer = needs_customer;
                self.await_payout(now);
                return Seen::Moved;
            }
            RefundStatus::Succeeded => State::Refunded,
            RefundStatus::Failed => State::Failed,
        };
        if self.state == target || (self.state == State::Failed && target == State::Refunded) {
            return if first_seen { Seen::Moved } else { Seen::Known };
        }
        if target == State::Failed {
            payout.failure = seen.failure.clone().or_else(|| Some("failed".to_owned()));
        }
        payout.needs_customer = false;
        if self.transition_to(target, now, Actor::Stripe).is_err() {
            return Seen::Mismatch;
        }
        self.await_payout(now);
        if target == State::Failed { Seen::MovedToFailed } else { Seen::Moved }
    }
}
