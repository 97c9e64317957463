//! One request: from the bytes to the answer that Stripe gets.
//!
//! Only a wrong signature and an oversized body are answered with 4xx, and only what may go better later
//! with 5xx: Stripe repeats an event that is not answered with 2xx for three days.

use std::error::Error;

use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::log;
use lambda::metrics::Metrics;
use lambda::secrets::SecretSource;
use ledger::{AccountId, ExecuteError, Timestamp};
use ledger_dynamodb::{Parked, StoreError, Tables};
use serde::Serialize;
use sha2::{Digest, Sha256};
use stripe_events::{
    Event, EventKind, PAYLOAD_BYTES_MAX, SignatureError, Unreadable, Verified, parse, verify,
};

use crate::context::{EventContext, Failure};
use crate::dispatch::apply_event;
use crate::outcome::{Ignored, Outcome, ParkReason};
use crate::parked_subject::subject_of;
use crate::signing::Signing;

/// The longest payload that is parked whole: an item of DynamoDB has at most 400 KB. Of a longer one only
/// the id is kept, under which Stripe hands the event out for 30 days.
const PARKED_BYTES_MAX: usize = 390_000;
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
        Outcome::Deferred(reason) => Err(Problem::new(ProblemKind::Unavailable)
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
) -> Result<Outcome, Failure> {
    let (now, metrics) = (invocation.now(), invocation.metrics());
    let outcome = match parse(verified) {
        Ok(event) => {
            let beside = Beside { now, looked_up: false, linked: None };
            apply_unless_foreign(webhook, &event, beside, metrics).await?
        }
        Err(unreadable) => outcome_of_unreadable(webhook, &unreadable),
    };
    let outcome = match outcome {
        Outcome::Parked(reason) | Outcome::Lookup(reason) => {
            let is_kept = park(webhook, verified, (reason, outcome), invocation).await?;
            if is_kept { outcome } else { Outcome::Ignored(Ignored::Dropped) }
        }
        _ => outcome,
    };
    count(outcome, metrics);
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
) -> Result<Outcome, Failure> {
    log::cause(event.id.as_str());
    let outcome = if let Some(reason) = foreign(webhook, event) {
        Outcome::Ignored(reason)
    } else {
        let context = EventContext {
            tables: &webhook.tables,
            backoff: &webhook.backoff,
            link_wait: &webhook.link_wait,
            event,
            now,
            metrics,
            looked_up,
            linked,
        };
        apply_event(&context).await?
    };
    let (event_type, reason) = (event.event_type.as_str(), outcome.reason());
    match outcome {
        Outcome::Parked(_) | Outcome::Deferred(_) | Outcome::Ignored(Ignored::OtherMode) => {
            tracing::warn!(event_type, outcome = outcome.as_str(), reason, "event");
        }
        _ => tracing::info!(event_type, outcome = outcome.as_str(), reason, "event"),
    }
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
pub(crate) fn outcome_of_unreadable<S>(webhook: &Webhook<S>, unreadable: &Unreadable) -> Outcome {
    if let Some(id) = &unreadable.id {
        log::cause(id.as_str());
    }
    let outcome = if unreadable.livemode.is_some_and(|livemode| livemode != webhook.livemode) {
        Outcome::Ignored(Ignored::OtherMode)
    } else if unreadable.account.is_some() {
        Outcome::Ignored(Ignored::ConnectedAccount)
    } else {
        Outcome::Parked(ParkReason::Unreadable)
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

/// Parks an event; false if a person has dropped it before. One that is parked already waits since it was
/// parked first, and keeps what an operator has said of it.
async fn park<S>(
    webhook: &Webhook<S>,
    verified: &Verified<'_>,
    (reason, outcome): (ParkReason, Outcome),
    invocation: &Invocation,
) -> Result<bool, Failure> {
    let (payload, now, event) = (verified.payload(), invocation.now(), parse(verified));
    let id = match &event {
        Ok(event) => Some(&event.id),
        Err(unreadable) => unreadable.id.as_ref(),
    };
    let id = id.map_or_else(|| unnamed(payload), |id| id.as_str().to_owned());
    let known = webhook.tables.parked_event(&id).await.map_err(ExecuteError::Store)?;
    let (since, link) = known.map_or((now, None), |known| (known.since, known.link));
    let linked = link.as_ref().map(|link| &link.account);
    let about = subject_of(&webhook.tables, event.ok().as_ref(), reason, linked).await?;
    let payload = if payload.len() > PARKED_BYTES_MAX { Vec::new() } else { payload.to_vec() };
    let lookup_at = matches!(outcome, Outcome::Lookup(_)).then_some(now);
    let parked = Parked { since, about, link, lookup_at, ..Parked::new(id, reason.as_str(), now, payload) };
    webhook.tables.park(&parked).await.map_err(ExecuteError::Store)
}

/// The name of an event that has no readable id: the same for the same bytes.
fn unnamed(payload: &[u8]) -> String {
    let digest = Sha256::digest(payload);
    let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    std::iter::once("sha256-".to_owned()).chain(hex).collect()
}

/// Alarms look at the counts without a label: of parked events, and of events of the other mode.
fn count(outcome: Outcome, metrics: &Metrics) {
    metrics.count_labelled("Events", ("outcome", outcome.as_str()), 1);
    match outcome {
        Outcome::Applied | Outcome::Repeated => {}
        Outcome::Ignored(reason) => {
            metrics.count_labelled("EventsIgnored", ("reason", reason.as_str()), 1);
            if reason == Ignored::OtherMode {
                metrics.count("EventsOfOtherMode", 1);
            }
        }
        Outcome::Parked(reason) => {
            metrics.count_labelled("EventsParked", ("reason", reason.as_str()), 1);
            metrics.count("EventsParked", 1);
        }
        Outcome::Deferred(reason) => {
            metrics.count_labelled("EventsDeferred", ("reason", reason.as_str()), 1);
        }
        Outcome::Lookup(reason) => {
            metrics.count_labelled("EventsLookedUp", ("reason", reason.as_str()), 1);
        }
    }
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
