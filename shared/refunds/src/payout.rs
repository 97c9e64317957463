//! Money out: the stored intent, Stripe's idempotency key, and what Stripe reports of the refund.

use ledger::{Credits, Money, PaymentId, RefundId, SubscriptionId, Timestamp};

/// How long an approved payout may wait for its message before the sweep sends it again, in seconds.
pub(crate) const STUCK_S: u64 = 600;
/// How long Stripe may take to confirm a refund before the sweep has it looked up, in seconds: one day,
/// because an event that was missed is otherwise noticed by the customer.
pub(crate) const UNCONFIRMED_S: u64 = 86_400;

/// How long a payout waits for the company's balance at Stripe, in seconds: a week, in which payouts of
/// Stripe's and a bank's transfer to the balance have settled.
pub const FUNDS_WAIT_S: u64 = 7 * 86_400;
/// How long it waits before Stripe is asked again, in seconds: four hours, as Stripe's balance grows by the
/// day.
pub(crate) const FUNDS_AGAIN_S: u64 = 4 * 3600;

/// The intent to pay one refund. It is stored before Stripe is called, and there is one per request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// The payment that is refunded; Stripe pays to its original method (`S3-23`).
    pub payment: PaymentId,
    /// Stripe's PaymentIntent, where `payment` is an invoice and Stripe was asked which payment it was.
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
    /// The request is to be saved, and what was revoked for it is to be restored.
    MovedToFailed,
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
