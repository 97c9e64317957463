//! Sends confirmed cancellations to the subscription's provider: the subscription ends with the period that
//! is paid. One that is not paid ends at once, and what is open of it is withdrawn.
//!
//! The confirmation is recorded before, and holds even if the provider declines. Sending it twice changes
//! nothing.

use ledger::{AccountId, CancellationStore, Confirmation, Provider, Subscription, SubscriptionId, Timestamp};

use crate::creem::CreemCalls;
use crate::provider::{CallError, CancelOutcome, Clients, ProviderCalls, ProviderError};
use crate::stripe::StripeCalls;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancellationOutcome {
    /// The provider knows of it from here on.
    Sent,
    /// The provider knew of it before.
    Known,
    /// The provider does not have the subscription any more: it has ended.
    Ended,
    /// The provider declined for good. The sweep announces it again, later each time, and calls people.
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
    /// The provider did not answer, or asked to wait.
    #[error("the subscription's provider failed")]
    Provider(#[source] ProviderError),
    /// No confirmation is recorded; it is written before its message, so it will be.
    #[error("no confirmed cancellation of the subscription is recorded")]
    NoConfirmation,
}

/// Sends the confirmed cancellation of a subscription to its provider, once.
pub async fn send_cancellation<S: CancellationStore, C: Clients>(
    store: &S,
    clients: &C,
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
    match stored.provider {
        Provider::Stripe => {
            let calls = StripeCalls(clients.stripe().await.map_err(CancellationError::Provider)?);
            send(store, &calls, (&stored, &confirmation), now).await
        }
        Provider::Creem => {
            let calls = CreemCalls(clients.creem().await.map_err(CancellationError::Provider)?);
            send(store, &calls, (&stored, &confirmation), now).await
        }
    }
}

async fn send<S: CancellationStore, C: ProviderCalls>(
    store: &S,
    calls: &C,
    (stored, confirmation): (&Subscription, &Confirmation),
    now: Timestamp,
) -> Result<CancellationOutcome, CancellationError<S::Error>> {
    let (outcome, known_at) = if stored.ended_at.is_some() {
        (CancellationOutcome::Ended, now)
    } else {
        match calls.cancel(stored, confirmation).await {
            Ok(CancelOutcome::Known(at)) => (CancellationOutcome::Sent, at.unwrap_or(now)),
            Ok(CancelOutcome::Ended) => (CancellationOutcome::Ended, now),
            Err(CallError::Declined(why)) => {
                tracing::warn!(code = why.code, "the provider declines a confirmed cancellation");
                return Ok(CancellationOutcome::Declined);
            }
            Err(error) => return Err(error.into()),
        }
    };
    if confirmation.is_at_once() {
        calls.withdraw_unpaid(&stored.id).await?;
    }
    store.mark_reported(stored, known_at).await.map_err(CancellationError::Tables)?;
    Ok(outcome)
}

impl<E: std::error::Error + 'static> From<CallError> for CancellationError<E> {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Later(source) | CallError::AfterALook(source) => Self::Provider(source),
            CallError::Declined(why) => Self::Provider(why.source),
            CallError::Order | CallError::Mismatch => Self::NoConfirmation,
        }
    }
}
