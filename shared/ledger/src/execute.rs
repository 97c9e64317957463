//! Load, decide, commit; and decide again on the winner's entry when another writer was first.

use primitives::Pause;

use crate::{
    Account, AccountId, Actor, Cause, CodecError, Command, CommandOutcome, Commit, CommitOutcome, Draft,
    Entry, GenerationHistory, GenerationId, Hold, LedgerStore, PolicyRef, Record, Rejection,
    SettlementOutcome, Timestamp, decide,
};

/// Entries of one page while a generation's end is looked for.
const HISTORY_PAGE: u16 = 100;
/// Pages of that search: 10,000 entries is more than a hold's lifetime of the busiest account.
const HISTORY_PAGES_MAX: u16 = 100;

/// A command with what its entry says about it.
#[derive(Debug, Clone)]
pub struct Order<'order> {
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

/// The outcome of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An entry was written.
    Written { entry: Box<Entry>, outcomes: Vec<SettlementOutcome> },
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
    /// Other writers were first at every attempt.
    #[error("account is busy")]
    Busy,
}

/// Carries out an order at `now`.
///
/// One query and one write where nobody else writes to the account. Where another writer was first, one
/// more write, and after the second time a pause and another query.
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
    let mut attempt = 0;
    while attempt < pause.attempts_max() {
        let (commit, outcomes) = match prepare(store, order, head.as_ref(), now).await? {
            Prepared::Commit(commit, outcomes) => (commit, outcomes),
            Prepared::Answer(answer) => return Ok(answer),
        };
        match store.commit(&commit).await.map_err(ExecuteError::Store)? {
            CommitOutcome::Written => return Ok(Answer::Written { entry: Box::new(commit.entry), outcomes }),
            // The reply to an earlier try of this very write was lost.
            CommitOutcome::Behind(winner) if winner.hash() == commit.entry.hash() => {
                return Ok(Answer::Written { entry: winner, outcomes });
            }
            // The winner's entry came back with the refusal: the second attempt needs no reading.
            CommitOutcome::Behind(winner) if attempt == 0 => head = Some(*winner),
            // A repeat of this settlement was faster than the history that was read.
            CommitOutcome::Exists(record) if !is_once(&record) => return Ok(Answer::Exists(record)),
            CommitOutcome::Exists(_) | CommitOutcome::Behind(_) | CommitOutcome::Contended => {
                pause.pause(attempt).await;
                head = store.head(order.account).await.map_err(ExecuteError::Store)?;
            }
        }
        attempt = attempt.saturating_add(1);
    }
    Err(ExecuteError::Busy)
}

/// An order on a newest entry: a commit to be written, or the answer without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// To be written, with the outcome of each settlement.
    Commit(Box<Commit>, Vec<SettlementOutcome>),
    /// Nothing is to be written.
    Answer(Answer),
}

/// Decides an order on the newest entry, for callers that write more than the ledger's part with it.
/// Reads only where a generation's history is needed.
pub async fn prepare<S: LedgerStore>(
    store: &S,
    order: &Order<'_>,
    head: Option<&Entry>,
    now: Timestamp,
) -> Result<Prepared, ExecuteError<S::Error>> {
    let empty = Account::default();
    let account = head.map_or(&empty, Entry::after);
    let mut histories: Vec<GenerationHistory> = Vec::new();
    let plan = loop {
        let answer = match decide(account, head.map(Entry::at), order.command, &histories, now) {
            CommandOutcome::Write(plan) => break plan,
            CommandOutcome::Unchanged(outcomes) => Answer::Unchanged(outcomes),
            CommandOutcome::Placed(hold) => Answer::Placed(hold),
            CommandOutcome::Refused(rejection) => Answer::Refused(rejection),
            CommandOutcome::NeedsHistory(generations) => {
                for generation in generations {
                    histories.push(read_history(store, order.account, generation).await?);
                }
                continue;
            }
        };
        return Ok(Prepared::Answer(answer));
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
    let entry = Entry::seal(draft, head)?;
    let records = plan.records.into_iter().chain(order.records.iter().cloned()).collect();
    Ok(Prepared::Commit(Box::new(Commit { entry, records, mark: plan.mark }), plan.outcomes))
}

/// The entry that placed a generation's hold and how the hold ended, if the journal has one.
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

fn is_once(record: &Record) -> bool {
    match record {
        Record::GivenBackOnce(_) | Record::ChargedLateOnce(_) => true,
        Record::NewPayment(_)
        | Record::Invoice(..)
        | Record::Division(_)
        | Record::WholeDifferenceOnce(..)
        | Record::Customer(..)
        | Record::CompensatedOnce(_)
        | Record::AdjustedOnce(_)
        | Record::ImportedOnce { .. }
        | Record::Event { .. } => false,
    }
}
