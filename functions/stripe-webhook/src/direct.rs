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
//! delivery of it. No signature vouches for it: the connection to Stripe and the caller's role do. An event
//! that a person has dropped is left alone.
//!
//! `{"link": …}` and `{"drop": …}` are what an operator decides about a parked event (`operator`).
//!
//! An event of Stripe's EventBridge destination is applied as a delivery of it too. Stripe alone can put
//! events on its partner source, and the rule of the template names that source. What is deferred or fails
//! here is read again from Stripe's list by stripe-reconcile.

use intake::Failure;
use lambda::Invocation;
use serde::Deserialize;
use stripe_events::Verified;

use crate::handler::{Webhook, apply_delivery};
use crate::operator::{self, OperatorsText};
use crate::replay::{DROPPED_BEFORE, DirectAnswer, replay};

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
    /// Link the customer of a parked event to an account, and apply the event again.
    Link {
        /// The id under which the event is parked.
        event: String,
        /// The account.
        account: OperatorsText,
        /// Who says so.
        operator: OperatorsText,
    },
    /// Drop a parked event: it needs nothing.
    Drop {
        /// The id under which the event is parked.
        event: String,
        /// Why it needs nothing.
        reason: OperatorsText,
        /// Who says so.
        operator: OperatorsText,
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
        DirectRequest::Asked(AskedEvent::Replay { event }) => {
            return replay(webhook, event, invocation).await;
        }
        DirectRequest::Asked(AskedEvent::Link { event, account, operator }) => {
            return operator::link(webhook, &event, (account, operator), invocation).await;
        }
        DirectRequest::Asked(AskedEvent::Drop { event, reason, operator }) => {
            return operator::drop_event(webhook, &event, (reason, operator), invocation).await;
        }
        DirectRequest::Asked(AskedEvent::Apply { event }) => {
            if operator::is_dropped(webhook, &event).await? {
                return Ok(DROPPED_BEFORE);
            }
            event
        }
        DirectRequest::Delivered(BusEvent { source: StripeSource, detail }) => detail.to_string(),
    };
    let outcome = apply_delivery(webhook, &Verified::kept(event.as_bytes()), invocation).await?;
    Ok(DirectAnswer { outcome: outcome.as_str(), reason: outcome.reason() })
}
