//! Money out: the stored intent, Stripe's idempotency key, and what Stripe reports of the refund.

use ledger::{Credits, Money, PaymentId, Provider, RefundId, SubscriptionId, Timestamp};

use crate::State;

/// How long an approved payout may wait for its message before the sweep sends it again, in seconds.
pub(crate) const STUCK_S: u64 = 600;

/// How long a payout waits for the company's balance at Stripe, in seconds: a week, in which payouts of
/// Stripe's and a bank's transfer to the balance have settled.
pub const FUNDS_WAIT_S: u64 = 7 * 86_400;
/// How long it waits before Stripe is asked again, in seconds: four hours, as Stripe's balance grows by the
/// day.
pub(crate) const FUNDS_AGAIN_S: u64 = 4 * 3600;

/// The intent to pay one refund. It is stored before Stripe is called, and there is one per request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// The payment that is refunded; its provider pays to its original method (`S3-23`).
    pub payment: PaymentId,
    /// The payment's provider.
    pub provider: Provider,
    /// Whether a person makes it in the provider's dashboard, because no call can.
    pub by_hand: bool,
    /// Its only part, or the first of several.
    pub first: PayoutPart,
    /// Further parts: what several payments of one invoice paid is refunded of each of them, and the parts
    /// that the customer has of earlier intents come before those of the present one.
    pub further: Vec<PayoutPart>,
    /// Failed refunds of earlier intents of the same request. Stripe may still report them. There are at most
    /// as many for each time that the request was reopened as it had parts.
    pub failed_before: Vec<RefundId>,
    /// The plan that ends with the refund, as the quote said.
    pub ends: Option<PlanEnd>,
}

/// What is to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutIntent {
    pub payment: PaymentId,
    pub provider: Provider,
    pub amount: Money,
    /// Whether a person makes the refund, as the quote said.
    pub by_hand: bool,
    /// The subscription that ends with it.
    pub ends: Option<SubscriptionId>,
}

/// One refund of a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutPart {
    /// Stripe's PaymentIntent, where the payout's payment is an invoice and Stripe was asked which payments
    /// paid it.
    pub charge: Option<PaymentId>,
    pub amount: Money,
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
    /// When the company's balance at Stripe was first found too low for it.
    pub short_since: Option<Timestamp>,
    /// Whether Stripe confirmed it.
    pub paid: bool,
    /// Why it failed: Stripe's failure reason or error code.
    pub failure: Option<String>,
    /// Whether what was revoked for it stays revoked although it failed, and the payment stays used up: the
    /// cardholder's bank gives the customer the money, or may.
    pub kept_by_dispute: bool,
}

impl PayoutPart {
    /// A part that Stripe has not been asked for.
    pub fn of(amount: Money, key_number: u32) -> Self {
        Self {
            charge: None,
            amount,
            revoked: Credits::ZERO,
            debt: Credits::ZERO,
            key_number,
            asked_at: None,
            refund: None,
            needs_customer: false,
            short_since: None,
            paid: false,
            failure: None,
            kept_by_dispute: false,
        }
    }

    /// Whether it has neither reached the customer nor failed.
    pub fn is_open(&self) -> bool {
        !self.paid && self.failure.is_none()
    }
}

impl Payout {
    /// The intent to pay `part` of `payment`.
    pub fn of(payment: PaymentId, part: PayoutPart) -> Self {
        Self {
            payment,
            provider: Provider::Stripe,
            by_hand: false,
            first: part,
            further: Vec::new(),
            failed_before: Vec::new(),
            ends: None,
        }
    }

    /// All parts. A part's place among them is its number.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &PayoutPart> {
        std::iter::once(&self.first).chain(&self.further)
    }

    pub fn parts_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut PayoutPart> {
        std::iter::once(&mut self.first).chain(&mut self.further)
    }

    /// The part with this number, counted from 0.
    pub fn part(&self, number: usize) -> Option<&PayoutPart> {
        self.parts().nth(number)
    }

    /// The number of the first part from `from` on that is open.
    pub fn open_part(&self, from: usize) -> Option<usize> {
        self.parts().enumerate().skip(from).find(|(_, part)| part.is_open()).map(|(number, _)| number)
    }

    /// Whether it is paid in several refunds.
    pub fn is_divided(&self) -> bool {
        !self.further.is_empty()
    }

    /// All parts together.
    pub fn amount(&self) -> Money {
        self.sum(|_| true)
    }

    /// The parts that have not failed: what the customer has of it, or gets.
    pub fn standing(&self) -> Money {
        self.sum(|part| part.failure.is_none())
    }

    /// The parts that have neither reached the customer nor failed.
    pub fn to_pay(&self) -> Money {
        self.sum(PayoutPart::is_open)
    }

    /// The parts that have reached the customer.
    pub fn paid(&self) -> Money {
        self.sum(|part| part.paid)
    }

    fn sum(&self, counts: impl Fn(&PayoutPart) -> bool) -> Money {
        PartsSum::where_part(self, |_, part| counts(part)).amount
    }

    /// The credits that were revoked for all parts together, and the debt that was made for them.
    pub fn revoked(&self) -> (Credits, Credits) {
        let all = PartsSum::where_part(self, |_, _| true);
        (all.revoked, all.debt)
    }

    /// The number of the first part that a person has to refund in the provider's dashboard.
    pub fn part_by_hand(&self) -> Option<usize> {
        let waits = |part: &PayoutPart| self.by_hand && part.is_open() && part.refund.is_none();
        self.parts().position(waits)
    }

    /// Whether Stripe waits for the customer with one of its parts.
    pub fn needs_customer(&self) -> bool {
        self.parts().any(|part| part.needs_customer)
    }

    /// When the company's balance at Stripe was first found too low for one of its parts.
    pub fn short_since(&self) -> Option<Timestamp> {
        self.parts().filter_map(|part| part.short_since).min()
    }

    /// Why the first of its parts that failed did so.
    pub fn failure(&self) -> Option<&str> {
        self.parts().find_map(|part| part.failure.as_deref())
    }

    /// Whether what was revoked for one of its failed parts stays revoked.
    pub fn is_kept_by_dispute(&self) -> bool {
        self.parts().any(|part| part.kept_by_dispute)
    }

    /// The payment that Stripe's refund of a part is made of: the payout's own, or the one of the invoice.
    pub fn refunds(&self, part: &PayoutPart) -> PaymentId {
        part.charge.as_ref().unwrap_or(&self.payment).at_stripe()
    }

    /// Stripe's idempotency key of a part, derived from the intent: the same for every try of it. No two
    /// parts of one intent are of the same payment.
    pub fn idempotency_key(&self, request: &ledger::RefundRequestId, part: &PayoutPart) -> String {
        let number = part.key_number;
        match &part.charge {
            Some(charge) if self.is_divided() => format!("makegood-{request}-{number}-{charge}"),
            _ => format!("makegood-{request}-{number}"),
        }
    }

    /// Whether a refund is known to be none of this part: it is another part's, or failed for an earlier
    /// intent.
    pub fn is_of_another(&self, refund: &RefundId, part: usize) -> bool {
        let mut others = self.parts().enumerate().filter(|(number, _)| *number != part);
        self.failed_before.contains(refund) || others.any(|(_, other)| other.refund.as_ref() == Some(refund))
    }

    /// The part that a report of Stripe's is about, and its number: the one that has this refund, or one
    /// without a refund. `None` if it is of another payment or amount.
    pub(crate) fn part_of(&mut self, seen: &RefundSighting) -> Option<(usize, &mut PayoutPart)> {
        let is_its = |part: &PayoutPart| self.refunds(part) == seen.payment && part.amount == seen.amount;
        let named = self.parts().position(|part| part.refund.as_ref() == Some(&seen.id));
        let number = match named {
            Some(number) => self.part(number).filter(|part| is_its(part)).map(|_| number),
            None => self.parts().position(|part| part.refund.is_none() && is_its(part)),
        }?;
        self.parts_mut().nth(number).map(|part| (number, part))
    }

    /// Puts these parts in the place of the one with this number; false if there is none, or none to put.
    pub(crate) fn replace(&mut self, number: usize, parts: Vec<PayoutPart>) -> bool {
        let mut all: Vec<PayoutPart> = self.parts().cloned().collect();
        if number >= all.len() || parts.is_empty() {
            return false;
        }
        all.splice(number..=number, parts);
        self.first = all.remove(0);
        self.further = all;
        true
    }

    /// The refunds that failed, of earlier intents and of this one, and those that Stripe never confirmed.
    pub(crate) fn failed_refunds(&self) -> Vec<RefundId> {
        let unpaid = self.parts().filter(|part| !part.paid).filter_map(|part| part.refund.as_ref());
        self.failed_before.iter().chain(unpaid).cloned().collect()
    }

    /// Where a request with this payout stands once Stripe was asked.
    pub(crate) fn state(&self) -> State {
        if self.parts().any(PayoutPart::is_open) {
            State::Paying
        } else if self.failure().is_some() {
            State::Failed
        } else {
            State::Refunded
        }
    }

    /// What is left of it once its open and failed parts are undone: the parts that the customer has.
    pub(crate) fn into_paid(self) -> Option<Self> {
        let failed_before = self.failed_refunds();
        let parts: Vec<PayoutPart> = self.parts().cloned().collect();
        let mut paid = parts.into_iter().filter(|part| part.paid);
        let first = paid.next()?;
        let further = paid.collect();
        Some(Self { first, further, failed_before, by_hand: false, ends: None, ..self })
    }
}

/// What some parts of a payout come to. They are divisions of what one payment brought, so that no sum of
/// them overflows.
pub(crate) struct PartsSum {
    pub(crate) amount: Money,
    pub(crate) revoked: Credits,
    pub(crate) debt: Credits,
}

impl PartsSum {
    /// The parts with these numbers.
    pub(crate) fn of(payout: &Payout, numbers: &[usize]) -> Self {
        Self::where_part(payout, |number, _| numbers.contains(&number))
    }

    fn where_part(payout: &Payout, counts: impl Fn(usize, &PayoutPart) -> bool) -> Self {
        let none = Self {
            amount: Money::new(0, payout.first.amount.currency()),
            revoked: Credits::ZERO,
            debt: Credits::ZERO,
        };
        let counted = payout.parts().enumerate().filter(|(number, part)| counts(*number, part));
        counted.fold(none, |sum, (_, part)| Self {
            amount: sum.amount.plus(part.amount).unwrap_or(sum.amount),
            revoked: sum.revoked.plus(part.revoked).unwrap_or(sum.revoked),
            debt: sum.debt.plus(part.debt).unwrap_or(sum.debt),
        })
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
    pub amount: Money,
    pub status: RefundStatus,
    /// Why it failed.
    pub failure: Option<String>,
}

/// What a report means for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SightingOutcome {
    /// It says what is known.
    Known,
    /// The request is to be saved.
    Moved,
    /// The request is to be saved, and what was revoked for the part with this number is to be restored.
    MovedToFailed(usize),
    /// It is another refund, or of another payment or amount: a person has to look.
    Mismatch,
}

/// The longest that the sweep waits before it announces an end again, in seconds: a day, in which a person
/// who was notified by the dead-letter queue has fixed what Stripe refused.
const AGAIN_S_MAX: u64 = 86_400;

/// The end of a subscription that was promised with the refund of its charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEnd {
    /// The subscription that the quote named.
    pub subscription: SubscriptionId,
    /// How often the sweep has announced it.
    pub announced: u32,
    /// How it ended; `None` while Stripe has to be asked.
    pub became: Option<PlanEnded>,
}

/// The outcome of a promised end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEnded {
    /// When Stripe said so.
    pub at: Timestamp,
    /// Stripe's error code if it declined for good, so that a person has to look; `None` if the subscription
    /// is gone.
    pub declined: Option<String>,
}

impl PlanEnd {
    /// The end of this subscription, before Stripe has been asked for it.
    pub fn of(subscription: SubscriptionId) -> Self {
        Self { subscription, announced: 0, became: None }
    }

    /// How long the sweep waits for Stripe before it announces the end again, in seconds.
    pub(crate) fn again_s(&self) -> u64 {
        let doubled = 1_u64.checked_shl(self.announced).and_then(|factor| STUCK_S.checked_mul(factor));
        doubled.unwrap_or(AGAIN_S_MAX).min(AGAIN_S_MAX)
    }
}
