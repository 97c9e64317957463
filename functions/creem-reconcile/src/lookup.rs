//! The payment that a parked event does not carry: read, stored beside the event, and applied with it.

use creem_events::{
    CreemSubscription, CreemTransaction, OrderId, SignedByCreem, TransactionLookup, TransactionStatus, parse,
};
use lambda::{Invocation, log};
use ledger::{Provider, Timestamp};
use ledger_dynamodb::{Parked, StoreError, Watch, WatchSubject};
use serde::Serialize;
use serde_json::Value;
use webhook_function::ReplayEvents;

use crate::context::{Reconcile, ReconcileError};
use crate::kept_members;
use crate::reader::{ReadCreem, ReadError};

/// How long Creem is asked for what an event lacks, in seconds: as long as it may repeat a delivery itself.
pub const SOUGHT_S: i64 = 86_400;
/// The first wait before it is asked again, in seconds.
const AGAIN_S: u64 = 60;

/// How the lookups of a batch ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct LookupSummary {
    /// Events whose payment was found.
    pub fetched: u32,
    /// Events for which Creem has no answer yet: they are watched.
    pub waiting: u32,
    /// Events that need no lookup: they were applied or looked up before.
    pub settled: u32,
}

/// How one lookup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookupOutcome {
    /// The webhook has applied the event, with this outcome.
    Fetched,
    /// Creem does not know it yet.
    Waiting,
    /// Nothing is to be fetched.
    Settled,
    /// Nothing will be found: the event stays parked, and is a person's.
    Failed,
}

impl LookupOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::Waiting => "waiting",
            Self::Settled => "settled",
            Self::Failed => "failed",
        }
    }
}

/// Looks up what the events lack. An event is watched before Creem is asked, so that neither an outage of
/// Creem's nor a run that is cut off loses it.
pub(crate) async fn look_up_all<C: ReadCreem, W: ReplayEvents>(
    reconcile: &Reconcile<C, W>,
    ids: &[String],
    invocation: &Invocation,
) -> Result<LookupSummary, ReconcileError> {
    let mut summary = LookupSummary::default();
    let now = invocation.now();
    for id in ids {
        let watch = Watch {
            provider: Provider::Creem,
            subject: WatchSubject::ParkedEvent(id.clone()),
            since: now,
            due_at: now.plus_s(AGAIN_S)?,
        };
        reconcile.tables.watch(&watch).await?;
        let outcome = match look_up(reconcile, id, invocation).await {
            Ok(outcome) => outcome,
            // It stays watched.
            Err(ReconcileError::Creem(error)) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "Creem does not answer a lookup");
                LookupOutcome::Waiting
            }
            Err(error) => return Err(error),
        };
        let count = match outcome {
            LookupOutcome::Fetched => &mut summary.fetched,
            LookupOutcome::Settled | LookupOutcome::Failed => &mut summary.settled,
            LookupOutcome::Waiting => &mut summary.waiting,
        };
        *count = count.saturating_add(1);
        if outcome != LookupOutcome::Waiting {
            reconcile.tables.end_watch(&watch).await?;
        }
    }
    Ok(summary)
}

/// Looks up what a parked event lacks, and has it applied.
pub(crate) async fn look_up<C: ReadCreem, W: ReplayEvents>(
    reconcile: &Reconcile<C, W>,
    id: &str,
    invocation: &Invocation,
) -> Result<LookupOutcome, ReconcileError> {
    log::cause(id);
    let outcome = fetch(reconcile, id, invocation.now()).await?;
    invocation.metrics().count_labelled("Lookups", ("outcome", outcome.as_str()), 1);
    if outcome == LookupOutcome::Failed {
        invocation.metrics().count("LookupsFailed", 1);
    }
    tracing::info!(outcome = outcome.as_str(), "lookup");
    Ok(outcome)
}

async fn fetch<C: ReadCreem, W: ReplayEvents>(
    reconcile: &Reconcile<C, W>,
    id: &str,
    now: Timestamp,
) -> Result<LookupOutcome, ReconcileError> {
    let parked = match reconcile.tables.parked_event(id).await? {
        Some(parked) if parked.lookup_at.is_some() => parked,
        // It was fetched, and the webhook may have failed then.
        Some(Parked { fetched: Some(_), .. }) => {
            reconcile.webhook.replay(id).await?;
            return Ok(LookupOutcome::Fetched);
        }
        Some(_) | None => return Ok(LookupOutcome::Settled),
    };
    let event = parse(&SignedByCreem::kept(&parked.payload)).ok();
    let Some(lookup) = event.and_then(|event| event.lookup()) else {
        give_up(reconcile, &parked).await?;
        return Ok(LookupOutcome::Failed);
    };
    let found = find(&reconcile.creem, &lookup, now).await?;
    let Some(found) = found else { return Ok(LookupOutcome::Waiting) };
    let fetched = Some(serde_json::to_vec(&kept_members::of_transaction(&found))?);
    let kept = Parked { fetched, lookup_at: None, ..parked.clone() };
    reconcile.tables.keep_parked(&parked, &kept).await?;
    reconcile.webhook.replay(id).await?;
    Ok(LookupOutcome::Fetched)
}

/// Takes the mark off an event, which stays parked.
async fn give_up<C, W>(reconcile: &Reconcile<C, W>, parked: &Parked) -> Result<(), StoreError> {
    let kept = Parked { lookup_at: None, ..parked.clone() };
    reconcile.tables.keep_parked(parked, &kept).await
}

/// Gives up on an event that Creem has had no answer for since `since`; false while it may still have one.
pub(crate) async fn give_up_after<C, W>(
    reconcile: &Reconcile<C, W>,
    id: &str,
    (since, now): (Timestamp, Timestamp),
) -> Result<bool, StoreError> {
    if now.seconds_since(since) < SOUGHT_S {
        return Ok(false);
    }
    if let Some(parked) = reconcile.tables.parked_event(id).await? {
        give_up(reconcile, &parked).await?;
    }
    Ok(true)
}

async fn find<C: ReadCreem>(
    creem: &C,
    lookup: &TransactionLookup,
    now: Timestamp,
) -> Result<Option<Value>, ReadError> {
    match lookup {
        TransactionLookup::Known(id) => creem.transaction(id, now).await,
        TransactionLookup::OfOrder(order) => {
            Ok(only_paid(creem.transactions_of_order(order, now).await?, order))
        }
        TransactionLookup::OfSubscription(subscription) => {
            let Some(found) = creem.subscription(subscription, now).await? else { return Ok(None) };
            let known = CreemSubscription::from_json(&found.to_string()).ok();
            match known.and_then(|known| known.last_transaction) {
                Some(last) => creem.transaction(&last.id, now).await,
                None => Ok(None),
            }
        }
    }
}

/// The one transaction that paid the order. Of several nothing says which one the event is about.
fn only_paid(found: Vec<Value>, order: &OrderId) -> Option<Value> {
    let paid = |found: &Value| {
        let Ok(transaction) = CreemTransaction::from_json(&found.to_string()) else { return false };
        let is_of_order = transaction.order.as_ref().is_none_or(|of| of == order);
        is_of_order && transaction.status.is_some_and(|status| was_paid(&status))
    };
    let mut paid = found.into_iter().filter(paid);
    let first = paid.next();
    if paid.next().is_some() { None } else { first }
}

/// Whether money came, wherever it went since.
pub(crate) fn was_paid(status: &TransactionStatus) -> bool {
    matches!(
        status,
        TransactionStatus::Paid
            | TransactionStatus::Refunded
            | TransactionStatus::PartialRefund
            | TransactionStatus::ChargedBack
    )
}
