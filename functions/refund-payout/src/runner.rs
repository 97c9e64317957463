//! What the steps of a payout work with, and why a payout stays in the queue.

use ledger::{ExecuteError, LedgerStore, Timestamp};
use stripe_api::{Decline, StripeClient, StripeError};

/// Why a payout stays in the queue.
#[derive(Debug, thiserror::Error)]
pub enum PayoutError<E: std::error::Error + 'static> {
    /// The tables did not take a write or did not answer.
    #[error("tables failed")]
    Tables(#[from] ExecuteError<E>),
    /// Stripe did not answer, or asked to wait.
    #[error("Stripe failed")]
    Stripe(#[source] StripeError),
    /// Another worker is at the same payout.
    #[error("payout is claimed by another worker")]
    ClaimedElsewhere,
    /// The request is not there; it is written before its message, so it will be.
    #[error("no refund request has this id")]
    NoRequest,
    /// Stripe has a refund of this request that is not what was ordered; a person has to look.
    #[error("Stripe's refund is not what was ordered")]
    Mismatch,
    /// What is stored cannot be ordered.
    #[error("stored payout cannot be ordered")]
    Order,
}

/// What a step of a payout answers.
pub(crate) type PayoutResult<S, T> = Result<T, PayoutError<<S as LedgerStore>::Error>>;

/// The stores and Stripe, at one instant of the invocation.
pub(crate) struct PayoutRunner<'payout, S, P> {
    pub(crate) store: &'payout S,
    pub(crate) pause: &'payout P,
    pub(crate) stripe: &'payout StripeClient,
    pub(crate) now: Timestamp,
}

/// Stripe's error code.
pub(crate) fn code_of(why: &Decline) -> String {
    match why {
        Decline::ChargeAlreadyRefunded => "charge_already_refunded".to_owned(),
        Decline::ChargeDisputed => "charge_disputed".to_owned(),
        Decline::RefundDisputedPayment => "refund_disputed_payment".to_owned(),
        Decline::ChargeNotRefundable => "charge_not_refundable".to_owned(),
        Decline::BalanceInsufficient => "balance_insufficient".to_owned(),
        Decline::InsufficientFunds => "insufficient_funds".to_owned(),
        Decline::ResourceMissing => "resource_missing".to_owned(),
        Decline::Other { code, .. } => code.clone().unwrap_or_else(|| "declined".to_owned()),
    }
}
