//! Events that cannot be applied yet: they are kept for a person, or until what they lack was fetched.

use ledger::{ExecuteError, Provider, Timestamp};
use ledger_dynamodb::{Parked, Tables};
use sha2::{Digest, Sha256};

use crate::context::Failure;
use crate::outcome::EventOutcome;
use crate::parked_subject::{ParkedPurchase, subject_of};

/// The longest payload that is parked whole: an item of DynamoDB has at most 400 KB. Of a longer one only
/// the id is kept, under which the provider may send the event again.
const PARKED_BYTES_MAX: usize = 390_000;

/// A delivery of an event that is to be parked.
#[derive(Debug)]
pub(crate) struct ParkedDelivery<'a> {
    pub(crate) provider: Provider,
    /// The event's id; `None` where it cannot be read.
    pub(crate) id: Option<&'a str>,
    /// The bytes that were verified.
    pub(crate) payload: &'a [u8],
    /// Why it is parked: its reason.
    pub(crate) outcome: EventOutcome,
    /// What the event is about; `None` where it cannot be read.
    pub(crate) about: Option<ParkedPurchase>,
}

/// Parks an event; false if a person has dropped it before. One that is parked already waits since it was
/// parked first, and keeps what an operator has said of it.
pub(crate) async fn park(
    tables: &Tables,
    delivery: ParkedDelivery<'_>,
    now: Timestamp,
) -> Result<bool, Failure> {
    let ParkedDelivery { provider, id, payload, outcome, about } = delivery;
    let Some(word) = outcome.reason() else { return Ok(true) };
    let id = id.map_or_else(|| unnamed(payload), str::to_owned);
    let known = tables.parked_event(&id).await.map_err(ExecuteError::Store)?;
    let (since, link) = known.map_or((now, None), |known| (known.since, known.link));
    let linked = link.as_ref().map(|link| &link.account);
    let about = subject_of((tables, provider), about, outcome, linked).await?;
    let payload = if payload.len() > PARKED_BYTES_MAX { Vec::new() } else { payload.to_vec() };
    let lookup_at = matches!(outcome, EventOutcome::Lookup(_)).then_some(now);
    let parked = Parked { provider, since, about, link, lookup_at, ..Parked::new(id, word, now, payload) };
    tables.park(&parked).await.map_err(ExecuteError::Store)
}

/// The name of an event that has no readable id: the same for the same bytes.
fn unnamed(payload: &[u8]) -> String {
    let digest = Sha256::digest(payload);
    let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    std::iter::once("sha256-".to_owned()).chain(hex).collect()
}
