//! What both kinds of runs need: the tables, Stripe, the webhook, and why a run fails.

use lambda::secrets::{CachedSecret, SecretError, SecretSource};
use lambda::{EventError, Invocation};
use ledger::TimeError;
use ledger_dynamodb::{StoreError, Tables};
use stripe_api::{SecretKey, StripeClient, StripeConfigError, StripeError};
use webhook_function::{EventAnswer, WebhookError};

/// How long an event that cannot be applied yet holds the mark back.
pub const HELD_S: i64 = 3_600;
/// How long Stripe keeps events (<https://docs.stripe.com/api/events>).
pub const KEPT_BY_STRIPE_S: i64 = 30 * 86_400;
/// What a run leaves of its time for its last event and its answer.
pub(crate) const DEADLINE_MARGIN_MS: u128 = 20_000;

/// What the function needs.
pub struct Reconcile<S, W> {
    pub tables: Tables,
    /// Stripe, without its key.
    pub stripe: StripeClient,
    /// The key that can read events.
    pub key: CachedSecret<S>,
    /// The webhook, which applies events.
    pub webhook: W,
}

/// Why a run failed. What it has applied stays, and the next run begins at the mark.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The request is not one of this function's.
    #[error("request is not readable; expected {{}}, {{\"since\": …, \"before\": …}} or {{\"compare\": …}}")]
    Request(#[from] EventError),
    /// The time asked for is not one whose events Stripe keeps.
    #[error("`since` has to lie before `before`, and within the 30 days for which Stripe keeps events")]
    Since,
    /// An end without a beginning: a run of the schedule reads as far as it can.
    #[error("`before` is expected only with `since`")]
    Before,
    /// An instant lies outside the years 2000 to 2099.
    #[error("an instant lies outside the known years")]
    Time(#[from] TimeError),
    /// The table did not answer.
    #[error("table failed")]
    Table(#[from] StoreError),
    /// The key cannot be fetched.
    #[error("Stripe key cannot be fetched")]
    Secret(#[from] SecretError),
    /// What is stored is no key of Stripe's.
    #[error("stored Stripe key is not one")]
    Key(#[from] StripeConfigError),
    /// Stripe did not answer, or has more events in one second than a list holds.
    #[error("Stripe failed")]
    Stripe(#[from] StripeError),
    /// The webhook cannot be asked.
    #[error("webhook failed")]
    Webhook(#[source] WebhookError),
}

/// Stripe, with the key that can read.
pub(crate) async fn client<S: SecretSource, W>(
    reconcile: &Reconcile<S, W>,
    invocation: &Invocation,
) -> Result<StripeClient, ReconcileError> {
    let fields = reconcile.key.fields(invocation.now()).await?;
    Ok(reconcile.stripe.with_key(SecretKey::new(fields.required("key")?.expose())?))
}

/// An event that the webhook fails on is one of its outcomes; a webhook that cannot be asked ends the run.
pub(crate) fn answered(answer: Result<EventAnswer, WebhookError>) -> Result<EventAnswer, ReconcileError> {
    match answer {
        Err(WebhookError::Failed { .. }) => Ok(EventAnswer { outcome: "failed".to_owned(), reason: None }),
        answer => answer.map_err(ReconcileError::Webhook),
    }
}
