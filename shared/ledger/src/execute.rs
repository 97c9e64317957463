//! Load, decide, commit; and decide again on the winner's entry when another writer was first.

use std::future::Future;

use crate::{
    Account, AccountId, Actor, Cause, CodecError, Command, Commit, Committed, Decided, Draft, Entry,
    GenerationHistory, GenerationId, Hold, LedgerStore, PolicyRef, Record, Rejection, SettlementOutcome,
    Timestamp, decide,
};

/// Most attempts at one command. With full jitter a hundred writers at once on one account are through
/// after about thirty; more than that is answered as busy and comes again.
const ATTEMPTS_MAX: u32 = 60;
/// Entries of one page while a generation's end is looked for.
const HISTORY_PAGE: u16 = 100;
/// Pages of that search: 10,000 entries is more than a hold's lifetime of the busiest account.
const HISTORY_PAGES_MAX: u16 = 100;

/// Waits a little between attempts; the implementation knows the clock and the dice.
pub trait Pause: Sync {
    /// Waits before attempt number `attempt`, counted from 1.
    fn pause(&self, attempt: u32) -> impl Future<Output = ()> + Send;
}

/// A command with what its entry says about it.
#[derive(Debug, Clone)]
pub struct Order<'order> {
    /// The account.
    pub account: &'order AccountId,
    /// What is asked.
    pub command: &'order Command,
    /// What made it.
    pub cause: Cause,
    /// Who made it.
    pub actor: Actor,
    /// The policy that decided it, where one did.
    pub policy: Option<PolicyRef>,
    /// Items that are written with the entry, beside those that the command itself brings.
    pub records: Vec<Record>,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An entry was written.
    Written {
        /// The entry.
        entry: Box<Entry>,
        /// What became of each settlement.
        outcomes: Vec<SettlementOutcome>,
    },
    /// Nothing changed, because all of it happened before or cannot happen yet.
    Unchanged(Vec<SettlementOutcome>),
    /// The same hold had been placed before.
    Placed(Hold),
    /// The command was refused.
    Refused(Rejection),
    /// Another account or an earlier order has this record.
    Exists(Box<Record>),
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E: std::error::Error + 'static> {
    /// The store failed.
    #[error("store failed")]
    Store(#[source] E),
    /// An entry could not be encoded.
    #[error("entry could not be encoded")]
    Codec(#[from] CodecError),
    /// Other writers were first, sixty times in a row.
    #[error("account is busy")]
    Busy,
}

/// Carries out an order at `now`.
///
/// One query and one write where nobody else writes to the account; one more write for each time that
/// another writer was first.
pub async fn execute<S: LedgerStore, P: Pause>(
    store: &S,
    pause: &P,
    order: &Order<'_>,
    now: Timestamp,
) -> Result<Answer, ExecuteError<S::Error>> {
    let head = store.head(order.account).await.map_err(ExecuteError::Store)?;
    execute_on(store, pause, order, head, now).await
}

/// As [`execute`], on the newest entry where the caller has read it already.
pub async fn execute_on<S: LedgerStore, P: Pause>(
    store: &S,
    pause: &P,
    order: &Order<'_>,
    mut head: Option<Entry>,
    now: Timestamp,
) -> Result<Answer, ExecuteError<S::Error>> {
    let mut histories: Vec<GenerationHistory> = Vec::new();
    let empty = Account::default();
    for attempt in 1..=ATTEMPTS_MAX {
        let account = head.as_ref().map_or(&empty, Entry::after);
        let last_at = head.as_ref().map(Entry::at);
        let plan = match decide(account, last_at, order.command, &histories, now) {
            Decided::Write(plan) => plan,
            Decided::Unchanged(outcomes) => return Ok(Answer::Unchanged(outcomes)),
            Decided::Placed(hold) => return Ok(Answer::Placed(hold)),
            Decided::Refused(rejection) => return Ok(Answer::Refused(rejection)),
            Decided::NeedsHistory(generations) => {
                for generation in generations {
                    let history = read_history(store, order.account, generation).await?;
                    histories.push(history);
                }
                continue;
            }
        };
        let draft = Draft {
            account: order.account.clone(),
            at: plan.at,
            cause: order.cause.clone(),
            actor: order.actor.clone(),
            policy: order.policy.clone(),
            changes: plan.changes,
            after: plan.after,
        };
        let entry = Entry::seal(draft, head.as_ref())?;
        let records = plan.records.into_iter().chain(order.records.iter().cloned()).collect();
        let commit = Commit { entry, records, mark: plan.mark };
        match store.commit(&commit).await.map_err(ExecuteError::Store)? {
            Committed::Written => {
                return Ok(Answer::Written { entry: Box::new(commit.entry), outcomes: plan.outcomes });
            }
            Committed::Exists(record) => {
                let Some(generation) = once_of(&record) else { return Ok(Answer::Exists(record)) };
                // A repeat was faster than the history that was read: read both anew.
                histories.retain(|history| &history.generation != generation);
                head = store.head(order.account).await.map_err(ExecuteError::Store)?;
            }
            // The reply to an earlier try of this very write was lost.
            Committed::Behind(winner) if winner.hash() == commit.entry.hash() => {
                return Ok(Answer::Written { entry: winner, outcomes: plan.outcomes });
            }
            Committed::Contended => pause.pause(attempt).await,
            Committed::Behind(winner) => {
                pause.pause(attempt).await;
                head = Some(*winner);
            }
        }
    }
    Err(ExecuteError::Busy)
}

/// The entry that placed a generation's hold and what became of it, where the journal knows one.
pub async fn find_hold<S: LedgerStore>(
    store: &S,
    account: &AccountId,
    generation: &GenerationId,
) -> Result<GenerationHistory, ExecuteError<S::Error>> {
    read_history(store, account, generation.clone()).await
}

async fn read_history<S: LedgerStore>(
    store: &S,
    account: &AccountId,
    generation: GenerationId,
) -> Result<GenerationHistory, ExecuteError<S::Error>> {
    let placed = store.hold_entry(account, &generation).await.map_err(ExecuteError::Store)?;
    let Some(placed) = placed else { return Ok(GenerationHistory { generation, past: None }) };
    let mut after = placed.number();
    let mut entries = vec![placed];
    for _ in 0..HISTORY_PAGES_MAX {
        let page = store.entries_after(account, after, HISTORY_PAGE).await.map_err(ExecuteError::Store)?;
        let Some(last) = page.last() else { break };
        after = last.number();
        entries.extend(page.into_iter().filter(|entry| names(entry, &generation)));
    }
    Ok(GenerationHistory::read(&generation, &entries))
}

fn names(entry: &Entry, generation: &GenerationId) -> bool {
    use crate::Change;
    entry.changes().iter().any(|change| match change {
        Change::Captured { generation: of, .. }
        | Change::Released { generation: of, .. }
        | Change::GivenBack { generation: of, .. }
        | Change::ChargedLate { generation: of, .. }
        | Change::Uncollected { generation: of, .. } => of == generation,
        _ => false,
    })
}

fn once_of(record: &Record) -> Option<&GenerationId> {
    match record {
        Record::GivenBackOnce(generation) | Record::ChargedLateOnce(generation) => Some(generation),
        Record::NewPayment(_) | Record::Customer(..) => None,
    }
}
