//! A store in memory: the same contract as on DynamoDB, with faults on demand.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ledger::{
    AccountId, AdjustmentId, Commit, CommitOutcome, CustomerId, CustomerStore, DUE_SHARDS, Division,
    DueStore, Entry, GenerationId, InvoiceId, LedgerStore, Marker, Payment, PaymentId, ProductId, Record,
    RefundRequestId, Timestamp, UnreportedCancellation, shard_of,
};

/// What the store in memory answers when a fault was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MemoryError {
    /// A fault that was asked for; nothing was written.
    #[error("fault was injected before the write")]
    Before,
    /// A fault that was asked for; the write took place and its reply was lost.
    #[error("fault was injected after the write")]
    After,
}

#[derive(Debug, Default)]
struct Shelves {
    journals: BTreeMap<AccountId, Vec<Entry>>,
    payments: HashMap<PaymentId, Payment>,
    once: HashSet<(AccountId, String)>,
    compensated: HashSet<RefundRequestId>,
    adjusted: HashSet<AdjustmentId>,
    imported: HashSet<AccountId>,
    customers: HashMap<CustomerId, AccountId>,
    events: HashMap<String, [u8; 32]>,
    invoices: HashMap<InvoiceId, PaymentId>,
    divisions: HashMap<PaymentId, Division>,
    differences: HashSet<(AccountId, ProductId)>,
    markers: BTreeMap<AccountId, Timestamp>,
    faults: Vec<MemoryError>,
    contended: u32,
}

/// Journals in memory.
#[derive(Debug, Default)]
pub(crate) struct InMemory {
    shelves: Mutex<Shelves>,
}

impl InMemory {
    /// The next commits fail like this, one fault each, last one first.
    pub(crate) fn fail_commits(&self, faults: impl IntoIterator<Item = MemoryError>) {
        self.shelves().faults = faults.into_iter().collect();
    }

    /// The next `count` commits meet another transaction at work on their items.
    pub(crate) fn contend(&self, count: u32) {
        self.shelves().contended = count;
    }

    /// The whole journal of an account.
    pub(crate) fn journal(&self, account: &AccountId) -> Vec<Entry> {
        self.shelves().journals.get(account).cloned().unwrap_or_default()
    }

    /// The due marker of an account.
    pub(crate) fn marker(&self, account: &AccountId) -> Option<Timestamp> {
        self.shelves().markers.get(account).copied()
    }

    fn shelves(&self) -> MutexGuard<'_, Shelves> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelves {
    fn commit(&mut self, commit: &Commit) -> CommitOutcome {
        let account = commit.entry.account();
        let journal = self.journals.entry(account.clone()).or_default();
        if let Some(winner) = journal.iter().find(|entry| entry.number() == commit.entry.number()) {
            return CommitOutcome::Behind(Box::new(winner.clone()));
        }
        let taken = commit.records.iter().find(|record| match record {
            Record::NewPayment(payment) => self.payments.contains_key(&payment.id),
            Record::GivenBackOnce(_) | Record::ChargedLateOnce(_) => {
                self.once.contains(&(account.clone(), once_key(record)))
            }
            Record::CompensatedOnce(request) => self.compensated.contains(request),
            Record::AdjustedOnce(adjustment) => self.adjusted.contains(adjustment),
            Record::ImportedOnce { .. } => self.imported.contains(account),
            Record::Invoice(invoice, _) => self.invoices.contains_key(invoice),
            Record::Division(division) => self.divisions.contains_key(&division.payment),
            Record::WholeDifferenceOnce(product, _) => {
                self.differences.contains(&(account.clone(), product.clone()))
            }
            Record::Customer(customer, owner) => {
                self.customers.get(customer).is_some_and(|existing| existing != owner)
            }
            Record::Event { id, digest } => self.events.get(id).is_some_and(|existing| existing != digest),
        });
        if let Some(record) = taken {
            return CommitOutcome::Exists(Box::new(record.clone()));
        }
        journal.push(commit.entry.clone());
        for record in &commit.records {
            match record {
                Record::NewPayment(payment) => {
                    self.payments.insert(payment.id.clone(), (**payment).clone());
                }
                Record::GivenBackOnce(_) | Record::ChargedLateOnce(_) => {
                    self.once.insert((account.clone(), once_key(record)));
                }
                Record::CompensatedOnce(request) => {
                    self.compensated.insert(request.clone());
                }
                Record::AdjustedOnce(adjustment) => {
                    self.adjusted.insert(adjustment.clone());
                }
                Record::ImportedOnce { .. } => {
                    self.imported.insert(account.clone());
                }
                Record::Invoice(invoice, payment) => {
                    self.invoices.insert(invoice.clone(), payment.clone());
                }
                Record::Division(division) => {
                    self.divisions.insert(division.payment.clone(), division.clone());
                }
                Record::WholeDifferenceOnce(product, _) => {
                    self.differences.insert((account.clone(), product.clone()));
                }
                Record::Customer(customer, owner) => {
                    self.customers.insert(customer.clone(), owner.clone());
                }
                Record::Event { id, digest } => {
                    self.events.insert(id.clone(), *digest);
                }
            }
        }
        if let Some(mark) = commit.mark {
            self.markers.insert(account.clone(), mark);
        }
        CommitOutcome::Written
    }
}

fn once_key(record: &Record) -> String {
    match record {
        Record::GivenBackOnce(generation) => format!("back#{generation}"),
        Record::ChargedLateOnce(generation) => format!("late#{generation}"),
        Record::NewPayment(_)
        | Record::Invoice(..)
        | Record::Division(_)
        | Record::WholeDifferenceOnce(..)
        | Record::Customer(..)
        | Record::CompensatedOnce(_)
        | Record::AdjustedOnce(_)
        | Record::ImportedOnce { .. }
        | Record::Event { .. } => String::new(),
    }
}

impl LedgerStore for InMemory {
    type Error = MemoryError;

    async fn head(&self, account: &AccountId) -> Result<Option<Entry>, MemoryError> {
        Ok(self.shelves().journals.get(account).and_then(|journal| journal.last().cloned()))
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, MemoryError> {
        let mut shelves = self.shelves();
        if let Some(left) = shelves.contended.checked_sub(1) {
            shelves.contended = left;
            return Ok(CommitOutcome::Contended);
        }
        match shelves.faults.pop() {
            Some(MemoryError::Before) => Err(MemoryError::Before),
            Some(MemoryError::After) => {
                shelves.commit(commit);
                Err(MemoryError::After)
            }
            None => Ok(shelves.commit(commit)),
        }
    }

    async fn hold_entry(
        &self,
        account: &AccountId,
        generation: &GenerationId,
    ) -> Result<Option<Entry>, MemoryError> {
        let places = |entry: &&Entry| {
            let mut changes = entry.changes().iter();
            changes
                .any(|change| matches!(change, ledger::Change::Held(hold) if &hold.generation == generation))
        };
        Ok(self
            .shelves()
            .journals
            .get(account)
            .and_then(|journal| journal.iter().rev().find(places).cloned()))
    }

    async fn entries_after(
        &self,
        account: &AccountId,
        after: u64,
        limit: u16,
    ) -> Result<Vec<Entry>, MemoryError> {
        let shelves = self.shelves();
        let journal = shelves.journals.get(account).into_iter().flatten();
        Ok(journal.filter(|entry| entry.number() > after).take(usize::from(limit)).cloned().collect())
    }

    async fn entries_before(
        &self,
        account: &AccountId,
        before: Option<u64>,
        limit: u16,
    ) -> Result<Vec<Entry>, MemoryError> {
        let shelves = self.shelves();
        let journal = shelves.journals.get(account).map(Vec::as_slice).unwrap_or_default();
        let older = journal.iter().rev().filter(|entry| before.is_none_or(|before| entry.number() < before));
        Ok(older.take(usize::from(limit)).cloned().collect())
    }
}

impl CustomerStore for InMemory {
    async fn account_of(&self, customer: &CustomerId) -> Result<Option<AccountId>, MemoryError> {
        Ok(self.shelves().customers.get(customer).cloned())
    }

    async fn link_customer(&self, customer: &CustomerId, account: &AccountId) -> Result<bool, MemoryError> {
        Ok(self.shelves().customers.entry(customer.clone()).or_insert_with(|| account.clone()) == account)
    }
}

impl DueStore for InMemory {
    async fn unreported_cancellations(
        &self,
        _now: Timestamp,
        _limit: u16,
    ) -> Result<Vec<UnreportedCancellation>, MemoryError> {
        // No subscriptions are kept in memory.
        Ok(Vec::new())
    }

    async fn due(&self, shard: u8, now: Timestamp, limit: u16) -> Result<Vec<Marker>, MemoryError> {
        let shelves = self.shelves();
        let mut due: Vec<Marker> = shelves
            .markers
            .iter()
            .filter(|(account, due_at)| shard_of(account, DUE_SHARDS) == shard && **due_at <= now)
            .map(|(account, due_at)| Marker { account: account.clone(), due_at: *due_at })
            .collect();
        due.sort_by_key(|marker| marker.due_at);
        due.truncate(usize::from(limit));
        Ok(due)
    }

    async fn move_marker(&self, marker: &Marker, to: Option<Timestamp>) -> Result<(), MemoryError> {
        let mut shelves = self.shelves();
        if shelves.markers.get(&marker.account) == Some(&marker.due_at) {
            match to {
                Some(instant) => shelves.markers.insert(marker.account.clone(), instant),
                None => shelves.markers.remove(&marker.account),
            };
        }
        Ok(())
    }
}
