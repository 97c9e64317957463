//! Accounts with something due: lots expire, holds without an outcome are released.
//!
//! A marker leads to an account and is moved on afterwards, to the next instant at which something of the
//! account is due. A run that ends between the two leaves an early marker, which the next run moves on.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt};
use ledger::{
    Account, AccountId, Actor, Answer, Cause, Change, Command, DUE_SHARDS, Entry, ExecuteError, GenerationId,
    Hold, LedgerStore, Marker, Order, PolicyRef, ProductId, ReleaseReason, Timestamp, execute_on,
};
use policy::Document;
use policy_documents::documents;

use crate::status::Status;
use crate::{Run, SHARDS_AT_ONCE, Store, Sweep, SweepError};

/// Markers of one query: its keys fill a quarter of a read unit's pages and cost one unit.
const PAGE: u16 = 100;
/// Accounts of one shard at once: with two shards 32 calls are on their way, which take about 1,300 accounts
/// a second at three round trips of 8 ms each.
const AT_ONCE: usize = 16;
/// Most accounts of one shard in one run: 16 shards do 40,000 in half a minute at that rate, far below the
/// function's four.
pub const ACCOUNTS_PER_SHARD_MAX: usize = 2_500;
/// A run stops taking pages when no more time is left than this, in milliseconds: a page in work ends within
/// the time of seven accounts, at most 400 ms each.
pub const DEADLINE_MARGIN_MS: u64 = 10_000;

/// Does what is due of all accounts.
pub(crate) async fn sweep<S: Store, Q: Sync>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
) -> Result<Status, SweepError> {
    let shards = stream::iter(0..DUE_SHARDS).map(|shard| Shard::sweep(sweep, run, shard));
    let shards: Vec<_> = shards.buffer_unordered(SHARDS_AT_ONCE).collect().await;
    let mut status = Status::default();
    let mut failures = Vec::new();
    for result in shards {
        match result {
            Ok(shard) => status = status.and(shard),
            Err(failure) => failures.push(failure),
        }
    }
    let failed = failures.len();
    match failures.pop() {
        Some(failure) if failed == usize::from(DUE_SHARDS) => Err(SweepError::Store(Box::new(failure))),
        _ => {
            status.failed = status.failed.saturating_add(u64::try_from(failed).unwrap_or(u64::MAX));
            Ok(status)
        }
    }
}

/// The outcome of one account.
enum Done {
    /// An entry was written.
    Written,
    /// Nothing was due, and the marker was moved on or stays where it is.
    NothingDue,
    /// It failed, and is logged.
    Failed,
}

/// One shard of the due index.
#[derive(Default)]
struct Shard {
    status: Status,
    /// Accounts that this run has looked at; their markers may still be there.
    seen: HashSet<AccountId>,
}

impl Shard {
    async fn sweep<S: Store, Q: Sync>(
        sweep: &Sweep<S, Q>,
        run: &Run<'_>,
        shard: u8,
    ) -> Result<Status, <S as LedgerStore>::Error> {
        let mut this = Self::default();
        loop {
            let mut page = this.page(sweep, run, shard).await?;
            if page.is_empty() {
                return Ok(this.status);
            }
            for marker in &page {
                this.status.is_late(marker.due_at, run.now.min(run.wall));
            }
            let room = ACCOUNTS_PER_SHARD_MAX.saturating_sub(this.seen.len());
            let in_time = run.invocation.deadline().remaining().as_millis() > u128::from(DEADLINE_MARGIN_MS);
            let taken = if in_time { room.min(page.len()) } else { 0 };
            let left = page.split_off(taken);
            if !left.is_empty() {
                this.status.left_over = u64::try_from(left.len()).unwrap_or(u64::MAX);
            }
            let done =
                stream::iter(&page).map(|marker| account(sweep, run, marker)).buffer_unordered(AT_ONCE);
            this.note(&done.collect::<Vec<_>>().await);
            this.seen.extend(page.into_iter().map(|marker| marker.account));
            if this.status.left_over > 0 {
                return Ok(this.status);
            }
        }
    }

    /// The next markers that this run has not looked at. A whole page of markers that stay where they are
    /// hides those behind it. They count as at least one left over.
    async fn page<S: Store, Q>(
        &mut self,
        sweep: &Sweep<S, Q>,
        run: &Run<'_>,
        shard: u8,
    ) -> Result<Vec<Marker>, <S as LedgerStore>::Error> {
        let page = match sweep.store.due(shard, run.now, PAGE).await {
            Ok(page) => page,
            Err(error) => {
                let cause: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(
                    shard,
                    outcome = "failed",
                    error = cause,
                    "markers that are due are not read"
                );
                return Err(error);
            }
        };
        let is_full = page.len() >= usize::from(PAGE);
        let page: Vec<_> = page.into_iter().filter(|marker| !self.seen.contains(&marker.account)).collect();
        if page.is_empty() && is_full {
            self.status.left_over = 1;
        }
        Ok(page)
    }

    fn note(&mut self, done: &[Done]) {
        for done in done {
            self.status.looked_at = self.status.looked_at.saturating_add(1);
            match done {
                Done::Written => self.status.done = self.status.done.saturating_add(1),
                Done::NothingDue => {}
                Done::Failed => self.status.failed = self.status.failed.saturating_add(1),
            }
        }
    }
}

/// Does what is due of one account; its failure is its own.
async fn account<S: Store, Q>(sweep: &Sweep<S, Q>, run: &Run<'_>, marker: &Marker) -> Done {
    let account = marker.account.as_str();
    match expire(sweep, run, marker).await {
        Ok(done) => done,
        Err(error) => {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(account, outcome = "failed", error, "what is due of the account is not done");
            Done::Failed
        }
    }
}

async fn expire<S: Store, Q>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    marker: &Marker,
) -> Result<Done, ExecuteError<<S as LedgerStore>::Error>> {
    let mut head = sweep.store.head(&marker.account).await.map_err(ExecuteError::Store)?;
    let mut done = Done::NothingDue;
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
            policy: policy.map(reference),
            records: Vec::new(),
        };
        match execute_on(&sweep.store, &sweep.backoff, &order, head, run.now).await? {
            Answer::Written { entry, .. } => {
                count(run, &entry);
                done = Done::Written;
                head = Some(*entry);
            }
            // Another run was faster; the marker is its to move.
            Answer::Unchanged(_) => return Ok(done),
            Answer::Placed(_) | Answer::Refused(_) | Answer::Exists(_) => {
                let account = marker.account.as_str();
                tracing::error!(account, outcome = "refused", "what is due of the account is not done");
                return Ok(Done::Failed);
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
    let leftover = document.and_then(|document| document.leftover.as_ref());
    let grace_s = leftover.map_or(0, |leftover| leftover.grace_after_failed_job_s);
    let id = |document: Option<&'static Document>| document.map(|document| (&document.id, &document.version));
    let together = due.filter(|hold| id(document_of(hold)) == id(document));
    (together.map(|hold| (hold.generation.clone(), grace_s)).collect(), document)
}

fn in_force(product: &ProductId, at: Timestamp) -> Option<&'static Document> {
    documents().in_force(product.as_str(), at.as_ms()).document()
}

fn reference(document: &Document) -> PolicyRef {
    PolicyRef { document: document.id.clone(), version: document.version.clone() }
}

/// What the entry did, for the alarms on generations that never tell how they ended.
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
