//! Requests that come by an invocation of the function itself, which IAM has to allow; what comes through the
//! HTTP API has another form.
//!
//! `{"replay": …}`, `{"link": …}` and `{"drop": …}` are about a parked event (`intake::ParkedRequest`).
//!
//! `{"apply": {"event": "<JSON>"}}` applies an event that stripe-reconcile has read from Stripe's API, as a
//! delivery of it. No signature vouches for it: the connection to Stripe and the caller's role do. An event
//! that a person has dropped is left alone.
//!
//! An event of Stripe's EventBridge destination is applied as a delivery of it too. Stripe alone can put
//! events on its partner source, and the rule of the template names that source. What is deferred or fails
//! here is read again from Stripe's list by stripe-reconcile.

use intake::{
    DROPPED_BEFORE, DirectAnswer, Failure, ParkedRequest, apply_delivery, handle_parked, is_dropped,
};
use lambda::Invocation;
use serde::Deserialize;

use crate::handler::Webhook;

/// What invokes the function itself.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum DirectRequest {
    /// What another function or an operator asks about a parked event.
    Parked(ParkedRequest),
    /// An event that another function has read.
    Listed(ListedEvent),
    /// An event that EventBridge delivers.
    Delivered(BusEvent),
}

/// An event that was read from Stripe's list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ListedEvent {
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

/// Answers an invocation of the function itself.
pub async fn handle_direct<S>(
    webhook: &Webhook<S>,
    request: DirectRequest,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    let event = match request {
        DirectRequest::Parked(request) => return handle_parked(webhook, request, invocation).await,
        DirectRequest::Listed(ListedEvent::Apply { event }) => {
            if is_dropped(webhook, event.as_bytes()).await? {
                return Ok(DROPPED_BEFORE);
            }
            event
        }
        DirectRequest::Delivered(BusEvent { source: StripeSource, detail }) => detail.to_string(),
    };
    let outcome = apply_delivery(webhook, event.as_bytes(), invocation).await?;
    Ok(DirectAnswer { outcome: outcome.as_str(), reason: outcome.reason() })
}
