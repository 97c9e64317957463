//! Money out: the stored intent, Stripe's idempotency key, and what Stripe reports of the refund.

use ledger::{Credits, Money, PaymentId, RefundId, Timestamp};

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
    /// Whether it closed the payment's lot: of several refunds of one payment the first does, and only
    /// its failure opens the lot again.
    pub closed_lot: bool,
    /// Which idempotency key is in use, from 1: another is taken only after Stripe's list of the payment's
    /// refunds shows that the earlier ones made none (E2, E3).
    pub key_number: u32,
    /// When Stripe was first asked with this key. Stripe keeps a key for at least 24 hours.
    pub asked_at: Option<Timestamp>,
    /// Stripe's refund, once it is known.
    pub refund: Option<RefundId>,
    /// Why it failed: Stripe's failure reason or error code.
    pub failure: Option<String>,
}

impl Payout {
    /// What Stripe's refund is made of: the payment itself, or the one of the invoice.
    pub fn refunds(&self) -> &PaymentId {
        self.charge.as_ref().unwrap_or(&self.payment)
    }

    /// Stripe's idempotency key, derived from the intent: the same for every try of it.
    pub fn idempotency_key(&self, request: &ledger::RefundRequestId) -> String {
        format!("makegood-{request}-{}", self.key_number)
    }
}

/// Stripe's status of a refund. Only those that decide something are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// On its way, or in need of the customer's action.
    Pending,
    /// Paid.
    Succeeded,
    /// Failed or canceled: the money stayed or came back.
    Failed,
}

/// What Stripe reports of a refund, in an answer or in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundSeen {
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
