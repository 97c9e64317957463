//! The payout queue's messages: each names a request, and one that is not paid stays in the queue.

use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::payout_queue::{MESSAGE_VERSION, PayoutMessage};
use lambda::secrets::{CachedSecret, SecretError, SecretSource};
use lambda::sqs::{Item, Record};
use ledger::{IdError, RefundRequestId};
use refunds::Stores;
use stripe_api::{SecretKey, StripeClient};

use crate::pay;

/// What payouts need.
pub struct Payouts<S, K: SecretSource> {
    /// The tables.
    pub store: S,
    /// Stripe, with any key.
    pub stripe: StripeClient,
    /// Stripe's key, in the field `key`.
    pub key: CachedSecret<K>,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
}

/// Why a message is not understood.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is not the message's JSON.
    #[error("message is not `{{\"version\": 1, \"refund_request\": \"rr_…\"}}`")]
    Json(#[source] serde_json::Error),
    /// It is of another version.
    #[error("message is of version {0}; expected {MESSAGE_VERSION}")]
    Version(u8),
    /// The id in it is not valid.
    #[error("message names no refund request")]
    Id(#[from] IdError),
}

/// Reads a message; requests are the groups, so that two messages of one are handled as one.
pub fn understand(record: &Record<'_>) -> Result<(RefundRequestId, ()), MessageError> {
    let message: PayoutMessage = serde_json::from_str(record.body()).map_err(MessageError::Json)?;
    if message.version != MESSAGE_VERSION {
        return Err(MessageError::Version(message.version));
    }
    Ok((RefundRequestId::new(message.refund_request)?, ()))
}

/// Pays one request and returns the messages that stay in the queue.
pub async fn handle<'batch, 'event, S: Stores, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
    id: RefundRequestId,
    items: Vec<Item<'batch, 'event, ()>>,
) -> Vec<&'batch Record<'event>> {
    lambda::log::cause(id.as_str());
    let now = invocation.now();
    let failed: Box<dyn std::error::Error> = match stripe_with_key(app, invocation).await {
        Ok(stripe) => match pay(&app.store, &app.backoff, &stripe, &id, now).await {
            Ok(state) => {
                invocation.metrics().count_labelled("Payouts", ("state", state.as_str()), 1);
                tracing::info!(outcome = state.as_str(), "payout is handled");
                return Vec::new();
            }
            Err(error) => Box::new(error),
        },
        Err(error) => error,
    };
    invocation.metrics().count("PayoutsDelayed", 1);
    let error: &dyn std::error::Error = &*failed;
    tracing::warn!(outcome = "delayed", error, "payout stays in the queue");
    items.into_iter().map(|item| item.record).collect()
}

async fn stripe_with_key<S, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
) -> Result<StripeClient, Box<dyn std::error::Error>> {
    let fields = app.key.fields(invocation.now()).await.map_err(Box::<SecretError>::new)?;
    Ok(app.stripe.with_key(SecretKey::new(fields.required("key")?.expose())?))
}
