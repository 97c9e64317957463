//! How a save ends, and what every move of a request together with the ledger reads and writes.

use ledger::{
    AccountId, CommitOutcome, CustomerStore, Entry, ExecuteError, FindingStore, LedgerStore, OutageStore,
    PaymentNameStore, PaymentStore, PurchaseStore, Record, SubscriberStore, SubscriptionStore,
};

use crate::{
    CaseStore, CountStore, Counting, DueRequestStore, Holder, LeadStore, NoteStore, QueueStore,
    RefundRequest, RequestStore, Save, SaveOutcome,
};

/// Everything that requests rest on, failing in one way. Code that needs one thing names its port alone.
pub trait RefundStore:
    PaymentStore
    + PaymentNameStore
    + CustomerStore
    + SubscriptionStore
    + SubscriberStore
    + PurchaseStore
    + FindingStore
    + OutageStore
    + LeadStore
    + RequestStore<Error = <Self as LedgerStore>::Error>
    + CountStore
    + CaseStore
    + DueRequestStore
    + QueueStore
    + NoteStore
{
}

impl<S> RefundStore for S where
    S: PaymentStore
        + PaymentNameStore
        + CustomerStore
        + SubscriptionStore
        + SubscriberStore
        + PurchaseStore
        + FindingStore
        + OutageStore
        + LeadStore
        + RequestStore<Error = <S as LedgerStore>::Error>
        + CountStore
        + CaseStore
        + DueRequestStore
        + QueueStore
        + NoteStore
{
}

pub(crate) type Failure<S> = ExecuteError<<S as LedgerStore>::Error>;

/// The newest entry of an account, as far as it is known.
#[derive(Debug, Clone, Default)]
pub enum LedgerHead {
    /// It has to be read.
    #[default]
    Unread,
    /// It was read; `None` for an account without entries.
    Read(Option<Box<Entry>>),
}

pub(crate) enum AttemptOutcome {
    Written(Box<RefundRequest>),
    Stale(Box<RefundRequest>),
    NotAllowed,
    TooMany,
    Taken(Holder),
    /// The payment whose credits were to be granted is recorded: they have landed, or its money goes back.
    Landed,
    Again,
}

pub(crate) async fn settle<S: RefundStore>(
    store: &S,
    save: Save,
    counting: Option<&Counting>,
) -> Result<AttemptOutcome, Failure<S>> {
    let ours = save.commit.as_ref().map(|commit| commit.entry.hash());
    let saved = match counting {
        Some(counting) => store.save_counted(&save, counting).await,
        None => store.save(&save).await,
    };
    Ok(match saved.map_err(ExecuteError::Store)? {
        SaveOutcome::Written => AttemptOutcome::Written(Box::new(save.request)),
        SaveOutcome::Stale(stored) => AttemptOutcome::Stale(stored),
        SaveOutcome::NotAllowed => AttemptOutcome::NotAllowed,
        SaveOutcome::TooMany => AttemptOutcome::TooMany,
        SaveOutcome::Taken(holder) => AttemptOutcome::Taken(holder),
        // The reply to an earlier try of this very save was lost.
        SaveOutcome::Ledger(CommitOutcome::Behind(entry)) if Some(entry.hash()) == ours => {
            AttemptOutcome::Written(Box::new(save.request))
        }
        SaveOutcome::Ledger(CommitOutcome::Exists(record)) if matches!(*record, Record::NewPayment(_)) => {
            AttemptOutcome::Landed
        }
        SaveOutcome::Ledger(_) | SaveOutcome::PaymentMoved | SaveOutcome::CountMoved => AttemptOutcome::Again,
    })
}

pub(crate) async fn read_head<S: RefundStore>(
    store: &S,
    account: &AccountId,
    head: LedgerHead,
) -> Result<Option<Entry>, Failure<S>> {
    match head {
        LedgerHead::Read(head) => Ok(head.map(|entry| *entry)),
        LedgerHead::Unread => store.head(account).await.map_err(ExecuteError::Store),
    }
}
