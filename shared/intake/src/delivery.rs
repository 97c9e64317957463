//! One delivery of an event: read, applied, and kept if it cannot be applied yet.

use std::future::Future;

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Response};
use lambda::metrics::Metrics;
use ledger::{AccountId, ExecuteError, Provider, Timestamp};
use ledger_dynamodb::{StoreError, Tables};
use serde::Serialize;

use crate::context::Failure;
use crate::outcome::{EventOutcome, Ignored, count_outcome};
use crate::parked_subject::ParkedPurchase;
use crate::parking::{ParkedDelivery, park};

/// How the events of one provider are read and applied.
pub trait ProviderEvents {
    /// An event that could be read.
    type Event;

    fn provider(&self) -> Provider;

    fn tables(&self) -> &Tables;

    /// Looks whether prices were published since the last look; whether there were any.
    fn learns_prices(&self, now: Timestamp) -> impl Future<Output = bool>;

    /// Reads bytes that were verified when they came.
    fn read(&self, payload: &[u8]) -> Result<Self::Event, UnreadDelivery>;

    /// The provider's id of the event.
    fn event_id<'e>(&self, event: &'e Self::Event) -> &'e str;

    /// What the event is about, for an operator.
    fn about(&self, event: &Self::Event) -> ParkedPurchase;

    /// Whether an event that has no effect is kept for a person: what a provider has added.
    fn is_kept(&self, _event: &Self::Event) -> bool {
        false
    }

    /// Whether an operator may say whose the event is although it has no customer.
    fn takes_an_account(&self, event: &Self::Event) -> bool;

    /// The payload with what was fetched for it; `None` if that cannot be read.
    fn completed(&self, payload: &[u8], fetched: &[u8]) -> Option<Vec<u8>>;

    /// Applies the event.
    fn apply(
        &self,
        event: &Self::Event,
        beside: Beside<'_>,
        metrics: &Metrics,
    ) -> impl Future<Output = Result<EventOutcome, Failure>>;
}

/// A delivery that cannot be read.
#[derive(Debug)]
pub struct UnreadDelivery {
    /// The event's id, as far as it could be read.
    pub id: Option<String>,
    pub outcome: EventOutcome,
}

/// What is known beside an event itself.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    pub now: Timestamp,
    /// Whether what it lacks was fetched from the provider.
    pub looked_up: bool,
    /// The account that an operator has linked it to.
    pub linked: Option<&'a AccountId>,
}

/// Applies an event, and once more where it names a price that was published after the last look.
pub(crate) async fn apply_by_newest_prices<E: ProviderEvents>(
    events: &E,
    event: &E::Event,
    beside: Beside<'_>,
    metrics: &Metrics,
) -> Result<EventOutcome, Failure> {
    let outcome = events.apply(event, beside, metrics).await?;
    if outcome.rests_on_prices() && events.learns_prices(beside.now).await {
        return events.apply(event, beside, metrics).await;
    }
    Ok(outcome)
}

/// Applies one delivery of an event, whose bytes were verified, and parks the event if it cannot be applied
/// yet.
pub async fn apply_delivery<E: ProviderEvents>(
    events: &E,
    payload: &[u8],
    invocation: &Invocation,
) -> Result<EventOutcome, Failure> {
    let (now, metrics) = (invocation.now(), invocation.metrics());
    let read = events.read(payload);
    let outcome = match &read {
        Ok(event) => {
            let beside = Beside { now, looked_up: false, linked: None };
            apply_by_newest_prices(events, event, beside, metrics).await?
        }
        Err(unread) => unread.outcome,
    };
    let is_kept = read.as_ref().is_ok_and(|event| events.is_kept(event));
    let outcome = match outcome {
        EventOutcome::Ignored(Ignored::UnknownType) if !is_kept => outcome,
        EventOutcome::Parked(_) | EventOutcome::Lookup(_) | EventOutcome::Ignored(Ignored::UnknownType) => {
            let id = match &read {
                Ok(event) => Some(events.event_id(event)),
                Err(unread) => unread.id.as_deref(),
            };
            let about = read.as_ref().ok().map(|event| events.about(event));
            let delivery = ParkedDelivery { provider: events.provider(), id, payload, outcome, about };
            let is_kept = park(events.tables(), delivery, now).await?;
            if is_kept { outcome } else { EventOutcome::Ignored(Ignored::Dropped) }
        }
        _ => outcome,
    };
    count_outcome(outcome, metrics);
    Ok(outcome)
}

/// When a provider may best try again; each follows a schedule of its own, which begins at about that.
const RETRY_AFTER_S: u32 = 60;

#[derive(Serialize)]
struct Answer {
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// What the provider gets for a delivery: 2xx for everything but what may go better later.
pub fn answer_of(applied: Result<EventOutcome, Failure>) -> Result<Response, Problem> {
    match applied.map_err(failed)? {
        EventOutcome::Deferred(reason) => Err(Problem::new(ProblemKind::Unavailable)
            .detail(format!("what the event rests on is not known yet: {}", reason.as_str()))
            .retry_after_s(RETRY_AFTER_S)),
        outcome => Ok(Response::json(200, &Answer { outcome: outcome.as_str(), reason: outcome.reason() })),
    }
}

fn failed(failure: Failure) -> Problem {
    match failure {
        ExecuteError::Store(error) if error.retryable() => Problem::unavailable(error),
        ExecuteError::Busy => Problem::unavailable(ExecuteError::<StoreError>::Busy),
        error @ (ExecuteError::Store(_) | ExecuteError::Codec(_)) => Problem::internal(error),
    }
}
