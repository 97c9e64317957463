//! What an event of Stripe's does not carry, fetched with a key that can only read: the lines of a checkout
//! session, which no event has, those of an invoice beyond the tenth, and the payments of an invoice.
//!
//! The webhook keeps such an event with a mark, and the table's stream brings its id here. What Stripe
//! answers is stored beside the event, and the webhook is asked to apply it again: nothing here moves credits
//! or money. Each list has at most ten pages of a hundred.
//!
//! A lookup that fails for a while is tried again by the stream, for an hour, and then raises an alarm. The
//! event stays parked throughout, and `makegood parked replay` asks for its lookup once more.

mod kept_members;

use lambda::secrets::{CachedSecret, SecretError, SecretSource};
use lambda::{Invocation, log, stream};
use ledger_dynamodb::{Parked, StoreError, Tables};
use serde::Serialize;
use stripe_api::{Retry, SecretKey, StripeClient, StripeConfigError, StripeError};
use stripe_events::{Fetched, Lookup, Verified, parse};
use webhook_function::{ReplayEvents, WebhookError};

/// What an item of DynamoDB can hold beside an event (400 KB), with room for its other attributes.
const STORED_BYTES_MAX: usize = 390_000;

/// What the function needs.
pub struct Lookups<S, W> {
    pub tables: Tables,
    /// Stripe, without its key.
    pub stripe: StripeClient,
    /// The key that can read sessions, invoices and their payments.
    pub key: CachedSecret<S>,
    /// The webhook, which applies events.
    pub webhook: W,
}

/// Why a lookup has to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The event is not one of the table's stream.
    #[error("event cannot be read")]
    Event(#[from] serde_json::Error),
    /// The table did not answer.
    #[error("table failed")]
    Table(#[from] StoreError),
    /// The key cannot be fetched.
    #[error("Stripe key cannot be fetched")]
    Secret(#[from] SecretError),
    /// What is stored is no key of Stripe's.
    #[error("stored Stripe key is not one")]
    Key(#[from] StripeConfigError),
    /// Stripe did not answer, or asked to wait.
    #[error("Stripe failed")]
    Stripe(#[source] StripeError),
    /// The webhook did not apply the event.
    #[error("webhook failed")]
    Webhook(#[from] WebhookError),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Events whose lists were fetched.
    pub fetched: u32,
    /// Events that Stripe does not know, or whose lists are too long: they stay parked.
    pub failed: u32,
    /// Events that need no lookup: they were applied or looked up before.
    pub settled: u32,
}

/// How one lookup ended.
enum Looked {
    Fetched,
    Failed,
    Settled,
}

/// Looks up what the events of a batch lack.
pub async fn handle<S: SecretSource, W: ReplayEvents>(
    lookups: &Lookups<S, W>,
    invocation: &Invocation,
) -> Result<Summary, LookupError> {
    let mut summary = Summary::default();
    for id in stream::sort_keys(invocation.event_text())? {
        log::cause(&id);
        let (count, outcome) = match look_up(lookups, &id, invocation).await? {
            Looked::Fetched => (&mut summary.fetched, "fetched"),
            Looked::Failed => (&mut summary.failed, "failed"),
            Looked::Settled => (&mut summary.settled, "settled"),
        };
        *count = count.saturating_add(1);
        invocation.metrics().count_labelled("Lookups", ("outcome", outcome), 1);
        tracing::info!(outcome, "lookup");
    }
    if summary.failed > 0 {
        invocation.metrics().count("LookupsFailed", u64::from(summary.failed));
    }
    Ok(summary)
}

async fn look_up<S: SecretSource, W: ReplayEvents>(
    lookups: &Lookups<S, W>,
    id: &str,
    invocation: &Invocation,
) -> Result<Looked, LookupError> {
    let parked = lookups.tables.parked_event(id).await?;
    let parked = match parked {
        Some(parked) if parked.lookup_at.is_some() => parked,
        // It was fetched, and the webhook may have failed then.
        Some(Parked { fetched: Some(_), .. }) => {
            lookups.webhook.replay(id).await?;
            return Ok(Looked::Fetched);
        }
        Some(_) | None => return Ok(Looked::Settled),
    };
    let lookup = parse(&Verified::kept(&parked.payload)).ok().and_then(|event| event.lookup());
    let fetched = match lookup {
        Some(lookup) => {
            let fields = lookups.key.fields(invocation.now()).await?;
            let stripe = lookups.stripe.with_key(SecretKey::new(fields.required("key")?.expose())?);
            match fetch(&stripe, &lookup).await {
                Ok(fetched) => fetched,
                Err(error) if is_final(&error) => {
                    let error: &dyn std::error::Error = &error;
                    tracing::warn!(error, "Stripe does not answer a lookup");
                    return give_up(lookups, &parked).await;
                }
                Err(error) => return Err(LookupError::Stripe(error)),
            }
        }
        None => Fetched::default(),
    };
    let fetched = serde_json::to_vec(&fetched)?;
    if fetched.len().saturating_add(parked.payload.len()) > STORED_BYTES_MAX {
        tracing::warn!(bytes = fetched.len(), "what was looked up is too long to be kept");
        return give_up(lookups, &parked).await;
    }
    let kept = Parked { fetched: Some(fetched), lookup_at: None, ..parked.clone() };
    lookups.tables.keep_parked(&parked, &kept).await?;
    lookups.webhook.replay(id).await?;
    Ok(Looked::Fetched)
}

/// Whether Stripe answers the same for ever. A key that is refused is mended at Stripe, or stored anew.
fn is_final(error: &StripeError) -> bool {
    matches!(error.retryable(), Retry::Never) && !matches!(error, StripeError::Authentication { .. })
}

/// The event stays parked: it is a person's.
async fn give_up<S, W>(lookups: &Lookups<S, W>, parked: &Parked) -> Result<Looked, LookupError> {
    let kept = Parked { lookup_at: None, ..parked.clone() };
    lookups.tables.keep_parked(parked, &kept).await?;
    Ok(Looked::Failed)
}

async fn fetch(stripe: &StripeClient, lookup: &Lookup) -> Result<Fetched, StripeError> {
    let slim = |items: Vec<serde_json::Value>| items.into_iter().map(kept_members::item).collect();
    Ok(match lookup {
        Lookup::SessionLines(session) => {
            let items = stripe.lines_of_session(session).await?;
            Fetched { line_items: Some(slim(items)), ..Fetched::default() }
        }
        Lookup::Invoice { id, lines, payments } => {
            let mut fetched = Fetched::default();
            if *lines {
                fetched.lines = Some(slim(stripe.lines_of_invoice(id).await?));
            }
            if *payments {
                fetched.payments = Some(slim(stripe.listed_payments_of_invoice(id).await?));
            }
            fetched
        }
    })
}
