//! Sends confirmed cancellations to Stripe: the subscription ends with the period that is paid. One that is
//! not paid ends at once, and its open invoices are voided. A schedule that manages it is released first.
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

fn key_of<S: CancellationStore>(text: &str) -> Result<IdempotencyKey, CancellationError<S::Error>> {
    IdempotencyKey::new(text).map_err(|_| CancellationError::NoConfirmation)
}

/// Withdraws what was not paid when the subscription ended, so that nothing is collected after it. It is
/// repeated until it is done: an invoice that is voided is not listed again.
async fn void_open_invoices<S: CancellationStore>(
    stripe: &StripeClient,
    id: &SubscriptionId,
) -> Result<(), CancellationError<S::Error>> {
    for invoice in stripe.open_invoices_of(id).await.map_err(CancellationError::Stripe)? {
        match stripe.void_invoice(&invoice, &key_of::<S>(&format!("void-{invoice}"))?).await {
            Ok(()) => tracing::info!(invoice = invoice.as_str(), "open invoice is voided"),
            // It was paid a moment before: a charge after the end, which has a case of its own.
            Err(StripeError::Declined(why)) => {
                tracing::warn!(
                    code = code_of(&why),
                    invoice = invoice.as_str(),
                    "open invoice is not voided"
                );
            }
            Err(error) => return Err(CancellationError::Stripe(error)),
        }
    }
    Ok(())
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
        if let Some(schedule) = &stored.report.schedule {
            let key = key_of::<S>(&format!("release-{schedule}-{at}-{announced}"))?;
            match stripe.release_schedule(schedule, &key).await {
                Ok(()) => {}
                // It has ended, or somebody released it.
                Err(StripeError::Declined(why)) => {
                    tracing::info!(
                        code = code_of(&why),
                        "schedule of a subscription is not there to be released"
                    );
                }
                Err(error) => return Err(CancellationError::Stripe(error)),
            }
        }
        let when = if confirmation.is_at_once() {
            CancelWhen::AtOnce
        } else {
            CancelWhen::AtPeriodEnd(key_of::<S>(&format!("cancel-{id}-{at}-{announced}"))?)
        };
        match stripe.cancel_subscription(id, &when).await {
            Ok(cancelled) => (CancellationOutcome::Sent, cancelled.canceled_at.unwrap_or(now)),
            Err(StripeError::Declined(Decline::ResourceMissing)) => (CancellationOutcome::Ended, now),
            Err(StripeError::Declined(why)) => {
                tracing::warn!(code = code_of(&why), "Stripe declines a confirmed cancellation");
                return Ok(CancellationOutcome::Declined);
            }
            Err(error) => return Err(CancellationError::Stripe(error)),
        }
    };
    if confirmation.is_at_once() {
        void_open_invoices::<S>(stripe, id).await?;
    }
    store.mark_reported(&stored, stripe_at).await.map_err(CancellationError::Tables)?;
    Ok(outcome)
}
