//! Requests that come by an invocation of the function itself, which IAM has to allow; what comes through the
//! HTTP API has another form.
//!
//! `{"replay": {"event": "<id>"}}` applies a parked event again. An operator asks for it once the cause that
//! kept the event from being applied is fixed, and stripe-lookup once it has fetched what the event lacked.
//! The event's bytes were verified when they were parked. They are applied as of their own instant, under the
//! same conditions as a delivery, so that a replay, its repeat and Stripe's next try have one effect
//! together. An event that changes something, or has nothing left to change, is removed. One that cannot be
//! applied yet stays parked, with its new reason.
//!
//! `{"apply": {"event": "<JSON>"}}` applies an event that stripe-reconcile has read from Stripe's API, as a
//! delivery of it. No signature vouches for it: the connection to Stripe and the caller's role do.
//!
//! An event of Stripe's EventBridge destination is applied as a delivery of it too. Stripe alone can put
//! events on its partner source, and the rule of the template names that source. What is deferred or fails
//! here is read again from Stripe's list by stripe-reconcile.

use lambda::{Invocation, log};
use ledger::ExecuteError;
use ledger_dynamodb::Parked;
use serde::{Deserialize, Serialize};
use stripe_events::{Fetched, Verified, parse};

use crate::context::Failure;
use crate::handler::{Webhook, apply_delivery, apply_unless_foreign, outcome_of_unreadable};
use crate::outcome::Outcome;

/// What invokes the function itself.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum DirectRequest {
    /// A request of another function or of an operator.
    Asked(AskedEvent),
    /// An event that EventBridge delivers.
    Delivered(BusEvent),
}

/// A request of another function or of an operator.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AskedEvent {
    /// Apply a parked event again.
    Replay {
        /// The id under which the event is parked.
        event: String,
    },
    /// Apply an event as a delivery of it.
    Apply {
        /// The event as Stripe's API answers it: JSON text.
        event: String,
    },
}

/// An event of Stripe's EventBridge destination (<https://docs.stripe.com/event-destinations/eventbridge>).
#[derive(Debug, Deserialize)]
pub struct BusEvent {
    /// The partner's event source: nobody but Stripe can put events there.
    source: StripeSource,
    /// The event as Stripe's API answers it.
    detail: serde_json::Value,
}

/// The name of an event source of Stripe's.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct StripeSource;

impl TryFrom<String> for StripeSource {
    type Error = &'static str;

    fn try_from(source: String) -> Result<Self, Self::Error> {
        let expected = "expected a source `aws.partner/stripe.com/…`";
        source.starts_with(STRIPE_SOURCES).then_some(Self).ok_or(expected)
    }
}

/// How the names of Stripe's event sources begin.
const STRIPE_SOURCES: &str = "aws.partner/stripe.com/";

/// The outcome of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DirectAnswer {
    /// An outcome of a delivery, or `not_parked`, or `not_kept`.
    pub outcome: &'static str,
    /// Why it has no effect, or stays parked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// No event is parked under the id: it has been applied, or its time is over.
const NOT_PARKED: DirectAnswer = DirectAnswer { outcome: "not_parked", reason: None };
/// The event was too long to be kept: Stripe itself can send it again, for 30 days.
const NOT_KEPT: DirectAnswer = DirectAnswer { outcome: "not_kept", reason: None };

/// Answers an invocation of the function itself.
pub async fn handle_direct<S>(
    webhook: &Webhook<S>,
    request: DirectRequest,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    let event = match request {
        DirectRequest::Asked(AskedEvent::Replay { event }) => {
            return replay(webhook, event, invocation).await;
        }
        DirectRequest::Asked(AskedEvent::Apply { event }) => event,
        DirectRequest::Delivered(BusEvent { source: StripeSource, detail }) => detail.to_string(),
    };
    let outcome = apply_delivery(webhook, &Verified::kept(event.as_bytes()), invocation).await?;
    Ok(DirectAnswer { outcome: outcome.as_str(), reason: outcome.reason() })
}

async fn replay<S>(
    webhook: &Webhook<S>,
    id: String,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    log::cause(&id);
    let replayed = match webhook.tables.parked_event(&id).await.map_err(ExecuteError::Store)? {
        None => NOT_PARKED,
        Some(parked) if parked.payload.is_empty() => NOT_KEPT,
        Some(parked) => again(webhook, &parked, invocation).await?,
    };
    let DirectAnswer { outcome, reason } = replayed;
    invocation.metrics().count_labelled("EventsReplayed", ("outcome", outcome), 1);
    tracing::info!(outcome, reason, "replay");
    Ok(replayed)
}

async fn again<S>(
    webhook: &Webhook<S>,
    parked: &Parked,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    // Only `handler::park` writes parked events, and it takes nothing but verified bytes.
    let verified = Verified::kept(&parked.payload);
    let fetched = parked.fetched.as_deref();
    let fetched = fetched.and_then(|fetched| serde_json::from_slice::<Fetched>(fetched).ok());
    let completed = fetched.as_ref().map(|fetched| fetched.completing(&verified));
    let verified = completed.as_deref().map_or(verified, Verified::kept);
    let at = (invocation.now(), fetched.is_some());
    let outcome = match parse(&verified) {
        Ok(event) => apply_unless_foreign(webhook, &event, at, invocation.metrics()).await?,
        Err(unreadable) => outcome_of_unreadable(webhook, &unreadable),
    };
    let tables = &webhook.tables;
    let outcome = match outcome {
        // Nobody sends it again by itself.
        Outcome::Deferred(reason) => Outcome::Parked(reason),
        outcome => outcome,
    };
    match outcome {
        Outcome::Parked(reason) => {
            let kept = Parked { reason: reason.as_str().to_owned(), ..parked.clone() };
            if &kept != parked {
                tables.keep_parked(parked, &kept).await.map_err(ExecuteError::Store)?;
            }
        }
        // Written anew, which asks for the lookup again.
        Outcome::Lookup(reason) => {
            let lookup_at = Some(invocation.now());
            let kept = Parked { reason: reason.as_str().to_owned(), lookup_at, ..parked.clone() };
            tables.keep_parked(parked, &kept).await.map_err(ExecuteError::Store)?;
        }
        _ => tables.unpark(parked).await.map_err(ExecuteError::Store)?,
    }
    Ok(DirectAnswer { outcome: outcome.as_str(), reason: outcome.reason() })
}
