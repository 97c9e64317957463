//! Accounts with something due: lots expire, holds without an outcome are released.
//!
//! A marker leads to an account and is moved on afterwards, to the next instant at which something of the
//! account is due. A run that ends between the two leaves an early marker, which the next run moves on.

use futures_util::stream::{self, StreamExt};
use ledger::{
    Account, AccountId, Actor, Answer, Cause, Change, Command, Entry, ExecuteError, GenerationId, Hold,
    LedgerStore, Marker, Order, ProductId, ReleaseReason, Timestamp, execute_on,
};
use policy::Document;
use policy_documents::documents;
use refunds::policy_ref;

use crate::context::{Run, SHARDS_AT_ONCE, Store, Sweep, SweepError};
use crate::shard::{DueIndex, PAGE, in_time, sweep_shard};
use crate::status::{ItemOutcome, Status};

/// Most accounts of one shard in one round, so that a full shard does not keep the others waiting.
pub const ACCOUNTS_PER_ROUND_MAX: usize = 500;

/// Handles every due account, round by round, until nothing is left or the run's time is over. It fails if
/// not one shard of the run could be read.
pub(crate) async fn sweep<S: Store, Q: Sync>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
) -> Result<Status, SweepError> {
    let mut status = Status::default();
    loop {
        let round = round(sweep, run).await?;
        // Where nothing moves, what is left fails again and again.
        let goes_on = round.left_over > 0 && round.done > 0 && in_time(run);
        status = status.and(if goes_on { Status { left_over: 0, ..round } } else { round });
        if !goes_on {
            return Ok(status);
        }
    }
}

async fn round<S: Store, Q: Sync>(sweep: &Sweep<S, Q>, run: &Run<'_>) -> Result<Status, SweepError> {
    let index = Accounts { sweep, run };
    let shards = stream::iter(run.shards).map(|shard| sweep_shard(&index, run, *shard));
    let shards: Vec<_> = shards.buffer_unordered(SHARDS_AT_ONCE).collect().await;
    let (statuses, failures): (Vec<_>, Vec<_>) = shards.into_iter().unzip();
    let mut failures: Vec<_> = failures.into_iter().flatten().collect();
    let failed = failures.len();
    match failures.pop() {
        Some(failure) if failed == run.shards.len() => Err(SweepError::Store(Box::new(failure))),
        _ => Ok(statuses.into_iter().fold(Status::default(), Status::and)),
    }
}

/// The due index of the ledger's table.
struct Accounts<'a, S, Q> {
    sweep: &'a Sweep<S, Q>,
    run: &'a Run<'a>,
}

impl<S: Store, Q: Sync> DueIndex for Accounts<'_, S, Q> {
    type Item = Marker;
    type Key = AccountId;
    type Error = <S as LedgerStore>::Error;

    const ITEMS: &'static str = "markers";
    const PER_SHARD_MAX: usize = ACCOUNTS_PER_ROUND_MAX;

    async fn page(&self, shard: u8) -> Result<Vec<Marker>, Self::Error> {
        self.sweep.store.due(shard, self.run.now, PAGE).await
    }

    fn key(marker: &Marker) -> &AccountId {
        &marker.account
    }

    fn due_at(marker: &Marker) -> Timestamp {
        marker.due_at
    }

    async fn settle(&self, marker: &Marker) -> ItemOutcome {
        expire(self.sweep, self.run, marker).await.unwrap_or_else(|error| {
            let account = marker.account.as_str();
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(account, outcome = "failed", error, "due items of the account are not done");
            ItemOutcome::Failed
        })
    }
}

async fn expire<S: Store, Q>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    marker: &Marker,
) -> Result<ItemOutcome, ExecuteError<<S as LedgerStore>::Error>> {
    let mut head = sweep.store.head(&marker.account).await.map_err(ExecuteError::Store)?;
    let mut done = ItemOutcome::NothingDue;
    // An entry for each document of the holds that are due: one at nearly all times.
    loop {
        let before = head.as_ref().map(Entry::after);
        let due = before.filter(|account| account.next_due().is_some_and(|next| next <= run.now));
        let Some(account) = due else {
            move_on(sweep, run, marker, before).await?;
            return Ok(done);
        };
        let (releases, policy) = due_together(account, run.now);
        let order = Order {
            account: &marker.account,
            command: &Command::Expire { releases },
            cause: Cause::Sweep(run.now),
            actor: Actor::Schedule,
            policy: policy.map(policy_ref),
            records: Vec::new(),
        };
        match execute_on(&sweep.store, &sweep.backoff, &order, head, run.now).await? {
            Answer::Written { entry, .. } => {
                count(run, &entry);
                done = ItemOutcome::Written;
                head = Some(*entry);
            }
            // Another run was faster; the marker is its to move.
            Answer::Unchanged(_) => return Ok(done),
            Answer::Placed(_) | Answer::Refused(_) | Answer::Exists(_) => {
                let account = marker.account.as_str();
                tracing::error!(account, outcome = "refused", "due account is not handled");
                return Ok(ItemOutcome::Failed);
            }
        }
    }
}

/// Moves a marker on, where the wall clock has reached it. A run for a day to come leaves it where it is:
/// a hold that is placed before that day relies on it ([`ledger::MARK_MARGIN_S`]), and an early marker
/// costs one look.
async fn move_on<S: Store, Q>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    marker: &Marker,
    account: Option<&Account>,
) -> Result<(), ExecuteError<<S as LedgerStore>::Error>> {
    if marker.due_at > run.wall {
        return Ok(());
    }
    let next = account.and_then(|account| account.next_mark(run.wall));
    sweep.store.move_marker(marker, next).await.map_err(ExecuteError::Store)
}

/// Holds that are due and fall under one document, each with the grace that this document gives to its
/// credits, and the document: where no hold is due, that of a lot which is. A hold falls under the document
/// of its product that was in force when it was placed.
fn due_together(account: &Account, now: Timestamp) -> (Vec<(GenerationId, u64)>, Option<&'static Document>) {
    let document_of = |hold: &Hold| in_force(&hold.product, hold.held_at);
    let mut due = account.holds.iter().filter(|hold| hold.deadline <= now).peekable();
    let Some(first) = due.peek() else {
        let lot = account.lots.iter().find(|lot| lot.is_due(now));
        return (Vec::new(), lot.and_then(|lot| in_force(&lot.product, now)));
    };
    let document = document_of(first);
    let grace_s = document.map_or(0, Document::grace_s);
    let id = |document: Option<&'static Document>| document.map(|document| (&document.id, &document.version));
    let together = due.filter(|hold| id(document_of(hold)) == id(document));
    (together.map(|hold| (hold.generation.clone(), grace_s)).collect(), document)
}

fn in_force(product: &ProductId, at: Timestamp) -> Option<&'static Document> {
    documents().in_force(product.as_str(), at.as_ms()).document()
}

/// What the entry did, for the alarms on generations that never report how they ended.
fn count(run: &Run<'_>, entry: &Entry) {
    let metrics = run.invocation.metrics();
    for change in entry.changes() {
        match change {
            Change::Released { reason: ReleaseReason::Deadline, .. } => metrics.count("HoldsTimedOut", 1),
            Change::Expired(_) => metrics.count("LotsExpired", 1),
            _ => {}
        }
    }
}
