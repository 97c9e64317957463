//! Parked events applied again: what keeps them parked, and the answer of every direct invocation.

use lambda::{Invocation, log};
use ledger::ExecuteError;
use ledger_dynamodb::Parked;
use serde::Serialize;

use crate::context::Failure;
use crate::delivery::{Beside, ProviderEvents, apply_by_newest_prices};
use crate::outcome::{EventOutcome, Ignored};
use crate::parked_subject::subject_of;

/// The outcome of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DirectAnswer {
    /// An outcome of a delivery, or `not_parked`, `not_kept`, `dropped` or `refused`.
    pub outcome: &'static str,
    /// Why it has no effect, stays parked or is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

/// No event is parked under the id: it has been applied, or its time is over.
pub(crate) const NOT_PARKED: DirectAnswer = DirectAnswer { outcome: "not_parked", reason: None };
/// The event was too long to be kept: the provider itself may send it again.
pub(crate) const NOT_KEPT: DirectAnswer = DirectAnswer { outcome: "not_kept", reason: None };

/// A person has dropped the event.
pub const DROPPED_BEFORE: DirectAnswer =
    DirectAnswer { outcome: "ignored", reason: Some(Ignored::Dropped.as_str()) };

/// Applies a parked event again, unless a person has dropped it.
pub(crate) async fn replay<E: ProviderEvents>(
    events: &E,
    id: String,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    log::cause(&id);
    let replayed = match events.tables().parked_event(&id).await.map_err(ExecuteError::Store)? {
        None => NOT_PARKED,
        Some(parked) if parked.dropped.is_some() => DROPPED_BEFORE,
        Some(parked) if parked.payload.is_empty() => NOT_KEPT,
        Some(parked) => again(events, &parked, invocation).await?,
    };
    let DirectAnswer { outcome, reason } = replayed;
    invocation.metrics().count_labelled("EventsReplayed", ("outcome", outcome), 1);
    tracing::info!(outcome, reason, "replay");
    Ok(replayed)
}

/// Applies a parked event again. One that stays parked says anew what it is about.
pub(crate) async fn again<E: ProviderEvents>(
    events: &E,
    parked: &Parked,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    // Only `park` writes parked events, and it takes nothing but verified bytes.
    let fetched = parked.fetched.as_deref();
    let completed = fetched.and_then(|fetched| events.completed(&parked.payload, fetched));
    let looked_up = completed.is_some();
    let payload = completed.as_deref().unwrap_or(&parked.payload);
    let linked = parked.link.as_ref().map(|link| &link.account);
    let event = events.read(payload);
    let outcome = match &event {
        Ok(event) => {
            let beside = Beside { now: invocation.now(), looked_up, linked };
            apply_by_newest_prices(events, event, beside, invocation.metrics()).await?
        }
        Err(unread) => unread.outcome,
    };
    let tables = events.tables();
    let outcome = match outcome {
        // Nobody sends it again by itself.
        EventOutcome::Deferred(reason) => EventOutcome::Parked(reason),
        outcome => outcome,
    };
    match outcome {
        EventOutcome::Parked(reason) => {
            let about = event.as_ref().ok().map(|event| events.about(event));
            let about = subject_of((tables, events.provider()), about, outcome, linked).await?;
            let kept = Parked { reason: reason.as_str().to_owned(), about, ..parked.clone() };
            if &kept != parked {
                tables.keep_parked(parked, &kept).await.map_err(ExecuteError::Store)?;
            }
        }
        // Written anew, which asks for the lookup again.
        EventOutcome::Lookup(reason) => {
            let lookup_at = Some(invocation.now());
            let kept = Parked { reason: reason.as_str().to_owned(), lookup_at, ..parked.clone() };
            tables.keep_parked(parked, &kept).await.map_err(ExecuteError::Store)?;
        }
        _ => tables.unpark(parked).await.map_err(ExecuteError::Store)?,
    }
    Ok(DirectAnswer { outcome: outcome.as_str(), reason: outcome.reason() })
}
