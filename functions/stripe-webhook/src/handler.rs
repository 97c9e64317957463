//! One request: from the bytes to the answer that Stripe gets.
//!
//! Only a wrong signature and an oversized body are answered with 4xx, and only what may go better later
//! with 5xx: Stripe repeats an event that is not answered with 2xx for three days.

use std::error::Error;

use intake::{
    EventContext, EventOutcome, Failure, Ignored, ParkReason, ParkedDelivery, count_outcome, log_outcome,
};
use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::log;
use lambda::metrics::Metrics;
use lambda::secrets::SecretSource;
use ledger::{AccountId, ExecuteError, Provider, Timestamp};
use ledger_dynamodb::{StoreError, Tables};
use serde::Serialize;
use stripe_events::{
    Event, EventId, EventKind, PAYLOAD_BYTES_MAX, SignatureError, Unreadable, Verified, parse, verify,
};

use crate::dispatch::apply_event;
use crate::parked_subject::purchase_of;
use crate::signing::Signing;

/// When Stripe may best try again; it follows a schedule of its own, which begins at about that.
const RETRY_AFTER_S: u32 = 60;

/// What the webhook needs.
#[derive(Debug)]
pub struct Webhook<S> {
    pub tables: Tables,
    /// The secrets that Stripe signs with.
    pub signing: Signing<S>,
    /// Whether events of live mode are the real ones here.
    pub livemode: bool,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
    /// How the link of a customer, whose event may be a moment behind, is waited for.
    pub link_wait: Backoff,
}

#[derive(Serialize)]
struct Answer {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// Answers one delivery of an event.
pub async fn handle<S: SecretSource>(
    webhook: &Webhook<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (now, metrics) = (invocation.now(), invocation.metrics());
    let payload = request.body_bytes(PAYLOAD_BYTES_MAX)?;
    let secrets = webhook.signing.secrets(now).await.map_err(Problem::unavailable)?;
    let header = request.header("stripe-signature").unwrap_or_default();
    let verified = verify(&payload, header, &secrets, now).map_err(|error| not_signed(error, metrics))?;
    metrics.count_labelled("EventsVerified", ("secret", verified.secret()), 1);
    match apply_delivery(webhook, &verified, invocation).await.map_err(failed)? {
        EventOutcome::Deferred(reason) => Err(Problem::new(ProblemKind::Unavailable)
            .detail(format!("what the event rests on is not known yet: {}", reason.as_str()))
            .retry_after_s(RETRY_AFTER_S)),
        outcome => Ok(Response::json(200, &Answer { outcome: outcome.as_str(), reason: outcome.reason() })),
    }
}

/// Applies one delivery of an event, and parks the event if it cannot be applied yet.
pub(crate) async fn apply_delivery<S>(
    webhook: &Webhook<S>,
    verified: &Verified<'_>,
    invocation: &Invocation,
) -> Result<EventOutcome, Failure> {
    let (now, metrics) = (invocation.now(), invocation.metrics());
    let outcome = match parse(verified) {
        Ok(event) => {
            let beside = Beside { now, looked_up: false, linked: None };
            apply_unless_foreign(webhook, &event, beside, metrics).await?
        }
        Err(unreadable) => outcome_of_unreadable(webhook, &unreadable),
    };
    let outcome = match outcome {
        EventOutcome::Parked(_) | EventOutcome::Lookup(_) => {
            let is_kept = park(webhook, verified, outcome, now).await?;
            if is_kept { outcome } else { EventOutcome::Ignored(Ignored::Dropped) }
        }
        _ => outcome,
    };
    count_outcome(outcome, metrics);
    Ok(outcome)
}

/// What is known beside an event itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Beside<'a> {
    pub(crate) now: Timestamp,
    /// Whether what it lacks was fetched from Stripe.
    pub(crate) looked_up: bool,
    /// The account that an operator has linked it to.
    pub(crate) linked: Option<&'a AccountId>,
}

/// Applies an event, unless it is not about this endpoint's own money.
pub(crate) async fn apply_unless_foreign<S>(
    webhook: &Webhook<S>,
    event: &Event,
    Beside { now, looked_up, linked }: Beside<'_>,
    metrics: &Metrics,
) -> Result<EventOutcome, Failure> {
    log::cause(event.id.as_str());
    let outcome = if let Some(reason) = foreign(webhook, event) {
        EventOutcome::Ignored(reason)
    } else {
        let context = EventContext {
            tables: &webhook.tables,
            backoff: &webhook.backoff,
            link_wait: &webhook.link_wait,
            provider: Provider::Stripe,
            event_id: event.id.as_str(),
            happened_at: event.created,
            now,
            metrics,
            looked_up,
            linked,
        };
        apply_event(&context, &event.kind).await?
    };
    log_outcome(event.event_type.as_str(), outcome);
    Ok(outcome)
}

/// Events that are not about this endpoint's own money. They are ignored even where they cannot be read.
fn foreign<S>(webhook: &Webhook<S>, event: &Event) -> Option<Ignored> {
    if event.livemode != webhook.livemode {
        Some(Ignored::OtherMode)
    } else if event.account.is_some() || event.context.is_some() {
        Some(Ignored::ConnectedAccount)
    } else if matches!(event.kind, EventKind::Thin { .. }) {
        Some(Ignored::Thin)
    } else {
        None
    }
}

/// The outcome of an event that cannot be read.
pub(crate) fn outcome_of_unreadable<S>(webhook: &Webhook<S>, unreadable: &Unreadable) -> EventOutcome {
    if let Some(id) = &unreadable.id {
        log::cause(id.as_str());
    }
    let outcome = if unreadable.livemode.is_some_and(|livemode| livemode != webhook.livemode) {
        EventOutcome::Ignored(Ignored::OtherMode)
    } else if unreadable.account.is_some() {
        EventOutcome::Ignored(Ignored::ConnectedAccount)
    } else {
        EventOutcome::Parked(ParkReason::Unreadable)
    };
    let error: &(dyn Error + 'static) = unreadable;
    tracing::warn!(
        event_type = unreadable.event_type.as_deref(),
        outcome = outcome.as_str(),
        reason = outcome.reason(),
        error,
        "event"
    );
    outcome
}

/// Parks an event; false if a person has dropped it before.
async fn park<S>(
    webhook: &Webhook<S>,
    verified: &Verified<'_>,
    outcome: EventOutcome,
    now: Timestamp,
) -> Result<bool, Failure> {
    let event = parse(verified);
    let id = match &event {
        Ok(event) => Some(&event.id),
        Err(unreadable) => unreadable.id.as_ref(),
    };
    let delivery = ParkedDelivery {
        provider: Provider::Stripe,
        id: id.map(EventId::as_str),
        payload: verified.payload(),
        outcome,
        about: event.as_ref().ok().map(purchase_of),
    };
    intake::park(&webhook.tables, delivery, now).await
}

fn not_signed(error: SignatureError, metrics: &Metrics) -> Problem {
    let reason = match error {
        SignatureError::HeaderEmpty => "header_empty",
        SignatureError::HeaderTooLong { .. } | SignatureError::TooManySignatures => "header_too_long",
        SignatureError::PayloadEmpty => "payload_empty",
        SignatureError::PayloadTooLong { .. } => "payload_too_long",
        SignatureError::TimestampMissing
        | SignatureError::TimestampRepeated
        | SignatureError::TimestampMalformed => "timestamp",
        SignatureError::SignatureMissing => "no_signature",
        SignatureError::Mismatch => "mismatch",
        SignatureError::TooOld { .. } => "too_old",
        SignatureError::InFuture { .. } => {
            // It is genuine, so the clock here is behind.
            metrics.count("ClockSkew", 1);
            "in_future"
        }
    };
    metrics.count_labelled("SignaturesRefused", ("reason", reason), 1);
    Problem::new(ProblemKind::InvalidSignature).caused_by(error)
}

fn failed(failure: Failure) -> Problem {
    match failure {
        ExecuteError::Store(error) if error.retryable() => Problem::unavailable(error),
        ExecuteError::Busy => Problem::unavailable(ExecuteError::<StoreError>::Busy),
        error @ (ExecuteError::Store(_) | ExecuteError::Codec(_)) => Problem::internal(error),
    }
}
