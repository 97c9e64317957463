//! Sends confirmed cancellations to Stripe: the subscription ends with the period that is paid.
//!
//! The confirmation is recorded before, and holds even if Stripe declines. Sending it twice changes nothing.
//! The idempotency key is that of the confirmation and of its announcement, so that Stripe does not repeat
//! its answer to an earlier one.

use ledger::{AccountId, CancellationStore, SubscriptionId, Timestamp};
use stripe_api::{CancelWhen, Decline, IdempotencyKey, StripeClient, StripeError};

use crate::runner::code_of;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancellationOutcome {
    /// Stripe knows of it from here on.
    Sent,
    /// Stripe knew of it before.
    Known,
    /// Stripe does not have the subscription any more: it has ended.
    Ended,
    /// Stripe declined for good. The sweep announces it again, later each time, and calls people.
    Declined,
}

impl CancellationOutcome {
    /// Its name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Known => "known",
            Self::Ended => "ended",
            Self::Declined => "declined",
        }
    }
}

/// Why a cancellation stays in the queue.
#[derive(Debug, thiserror::Error)]
pub enum CancellationError<E: std::error::Error + 'static> {
    /// The tables did not take a write or did not answer.
    #[error("tables failed")]
    Tables(#[source] E),
    /// Stripe did not answer, or asked to wait.
    #[error("Stripe failed")]
    Stripe(#[source] StripeError),
    /// No confirmation is recorded; it is written before its message, so it will be.
    #[error("no confirmed cancellation of the subscription is recorded")]
    NoConfirmation,
}

/// Sends the confirmed cancellation of a subscription to Stripe, once.
pub async fn send_cancellation<S: CancellationStore>(
    store: &S,
    stripe: &StripeClient,
    account: &AccountId,
    id: &SubscriptionId,
    now: Timestamp,
) -> Result<CancellationOutcome, CancellationError<S::Error>> {
    let stored = store.subscription(account, id).await.map_err(CancellationError::Tables)?;
    let stored = stored.ok_or(CancellationError::NoConfirmation)?;
    let confirmation = stored.confirmation.ok_or(CancellationError::NoConfirmation)?;
    if confirmation.stripe_at.is_some() {
        return Ok(CancellationOutcome::Known);
    }
    let (outcome, stripe_at) = if stored.ended_at.is_some() {
        (CancellationOutcome::Ended, now)
    } else {
        let (at, announced) = (confirmation.at.as_ms(), confirmation.announced);
        let key = IdempotencyKey::new(format!("cancel-{id}-{at}-{announced}"));
        let key = key.map_err(|_| CancellationError::NoConfirmation)?;
        match stripe.cancel_subscription(id, &CancelWhen::AtPeriodEnd(key)).await {
            Ok(cancelled) => (CancellationOutcome::Sent, cancelled.canceled_at.unwrap_or(now)),
            Err(StripeError::Declined(Decline::ResourceMissing)) => (CancellationOutcome::Ended, now),
            Err(StripeError::Declined(why)) => {
                tracing::warn!(code = code_of(&why), "Stripe declines a confirmed cancellation");
                return Ok(CancellationOutcome::Declined);
            }
            Err(error) => return Err(CancellationError::Stripe(error)),
        }
    };
    store.mark_reported(&stored, stripe_at).await.map_err(CancellationError::Tables)?;
    Ok(outcome)
}
