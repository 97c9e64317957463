//! Sends confirmed cancellations to Stripe: the subscription ends with the period that is paid.
//!
//! The confirmation is recorded before, and holds even if Stripe declines. Sending it twice changes nothing.
//! The idempotency key is that of the confirmation and of its announcement, so that Stripe does not repeat
//! its answer to an earlier one.

use ledger::{AccountId, CancellationStore, SubscriptionId, Timestamp};
use stripe_api::{CancelWhen, Decline, IdempotencyKey, StripeClient, StripeError};

use crate::code_of;

/// The outcome of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Stripe knows of it from here on.
    Told,
    /// Stripe had been told.
    Known,
    /// Stripe does not have the subscription any more: it has ended.
    Ended,
    /// Stripe declined for good. The sweep announces it again, later each time, and calls people.
    Declined,
}

impl Told {
    /// Its name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Known => "known",
            Self::Ended => "ended",
            Self::Declined => "declined",
        }
    }
}

/// Why a cancellation stays in the queue.
#[derive(Debug, thiserror::Error)]
pub enum TellError<E: std::error::Error + 'static> {
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

/// Tells Stripe of the confirmed cancellation of a subscription, once.
pub async fn tell<S: CancellationStore>(
    store: &S,
    stripe: &StripeClient,
    account: &AccountId,
    id: &SubscriptionId,
    now: Timestamp,
) -> Result<Told, TellError<S::Error>> {
    let stored = store.subscription(account, id).await.map_err(TellError::Tables)?;
    let stored = stored.ok_or(TellError::NoConfirmation)?;
    let confirmation = stored.confirmation.ok_or(TellError::NoConfirmation)?;
    if confirmation.stripe_at.is_some() {
        return Ok(Told::Known);
    }
    let (told, stripe_at) = if stored.ended_at.is_some() {
        (Told::Ended, now)
    } else {
        let (at, announced) = (confirmation.at.as_ms(), confirmation.announced);
        let key = IdempotencyKey::new(format!("cancel-{id}-{at}-{announced}"));
        let key = key.map_err(|_| TellError::NoConfirmation)?;
        match stripe.cancel_subscription(id, &CancelWhen::AtPeriodEnd(key)).await {
            Ok(cancelled) => (Told::Told, cancelled.canceled_at.unwrap_or(now)),
            Err(StripeError::Declined(Decline::ResourceMissing)) => (Told::Ended, now),
            Err(StripeError::Declined(why)) => {
                tracing::warn!(code = code_of(&why), "Stripe declines a confirmed cancellation");
                return Ok(Told::Declined);
            }
            Err(error) => return Err(TellError::Stripe(error)),
        }
    };
    store.mark_reported(&stored, stripe_at).await.map_err(TellError::Tables)?;
    Ok(told)
}
