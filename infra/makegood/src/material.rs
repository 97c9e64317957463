//! What the checks rest on: journals, payments and requests.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use ledger::{AccountId, Change, Entry, LedgerStore as _, Payment, PaymentId, PaymentStore as _};
use ledger_dynamodb::{Anchor, StoreError, Tables};
use refunds::{ListedBefore, RefundRequest, RequestStore as _};

use crate::connection::Store;
use crate::failure::Failure;

/// Entries or requests of one page: with entries of 1 KB, a tenth of what DynamoDB gives at once.
const PAGE: u16 = 100;

/// Journals, payments and requests.
#[derive(Debug, Default)]
pub(crate) struct Material {
    /// Each account's entries, oldest first.
    pub(crate) journals: BTreeMap<AccountId, Vec<Entry>>,
    pub(crate) payments: BTreeMap<PaymentId, Payment>,
    pub(crate) requests: Vec<RefundRequest>,
    /// Each account's anchor.
    pub(crate) anchors: BTreeMap<AccountId, Anchor>,
}

impl Material {
    /// The tables, whole. Anchors are read first: a journal that is read later is not behind its anchor. What
    /// is paid out in a request is in its payment, which is read after it.
    pub(crate) async fn everything(store: &Store, progress: &mut impl Write) -> Result<Self, Failure> {
        let mut shown: io::Result<()> = Ok(());
        let mut show = |table: &str, items: usize| {
            if shown.is_ok() {
                shown = writeln!(progress, "{items} items of the {table} table are read");
            }
        };
        let anchors = store.anchors.all().await?;
        show("anchors", anchors.len());
        let requests = store.tables.scan_requests(|items| show("requests", items)).await?;
        let (journals, payments) = store.tables.scan_ledger(|items| show("ledger", items)).await?;
        shown?;
        Ok(Self {
            journals: journals.into_iter().map(|journal| (journal.account, journal.entries)).collect(),
            payments: payments.into_iter().map(|payment| (payment.id.clone(), payment)).collect(),
            requests,
            anchors: anchors.into_iter().map(|anchor| (anchor.account.clone(), anchor)).collect(),
        })
    }

    /// One account: its requests, its journal, and its payments, which are those that its lots and
    /// requests name and those already `known`.
    pub(crate) async fn of_account(
        tables: &Tables,
        account: &AccountId,
        known: &BTreeSet<PaymentId>,
    ) -> Result<Self, StoreError> {
        let requests = requests_of(tables, account).await?;
        let entries = entries_of(tables, account).await?;
        let mut ids = known.clone();
        ids.extend(
            requests.iter().filter_map(|request| request.payout()).map(|payout| payout.payment.clone()),
        );
        ids.extend(entries.iter().flat_map(Entry::changes).filter_map(|change| match change {
            Change::Granted { lot, .. } => lot.payment.clone(),
            _ => None,
        }));
        let mut payments = BTreeMap::new();
        for id in ids {
            if let Some(payment) = tables.payment(&id).await? {
                payments.insert(id, payment);
            }
        }
        let journals =
            if entries.is_empty() { BTreeMap::new() } else { BTreeMap::from([(account.clone(), entries)]) };
        Ok(Self { journals, payments, requests, anchors: BTreeMap::new() })
    }

    /// As [`Material::of_account`], with the account's anchor, which is read first.
    pub(crate) async fn of_account_with_anchor(
        store: &Store,
        account: &AccountId,
        known: &BTreeSet<PaymentId>,
    ) -> Result<Self, StoreError> {
        let anchor = store.anchors.anchor(account).await?;
        let anchors = anchor.into_iter().map(|anchor| (account.clone(), anchor)).collect();
        Ok(Self { anchors, ..Self::of_account(&store.tables, account, known).await? })
    }

    /// The payments that say that they are of `account`.
    pub(crate) fn payments_of(&self, account: &AccountId) -> BTreeSet<PaymentId> {
        self.payments
            .values()
            .filter(|payment| &payment.account == account)
            .map(|payment| payment.id.clone())
            .collect()
    }
}

/// An account's journal, oldest entry first.
async fn entries_of(tables: &Tables, account: &AccountId) -> Result<Vec<Entry>, StoreError> {
    let (mut entries, mut after) = (Vec::new(), 0);
    loop {
        let page = tables.entries_after(account, after, PAGE).await?;
        let is_last = page.len() < usize::from(PAGE);
        // An entry that was overwritten may say another number than its key's: the keys move on all the same.
        let next = page.last().map_or(after, Entry::number);
        after = next.max(after.saturating_add(u64::from(PAGE)));
        entries.extend(page);
        if is_last {
            return Ok(entries);
        }
    }
}

/// An account's requests, oldest first. The index lags behind: each request is read by its key.
async fn requests_of(tables: &Tables, account: &AccountId) -> Result<Vec<RefundRequest>, StoreError> {
    let (mut requests, mut before) = (Vec::new(), None);
    loop {
        let page = tables.requests_of(account, before, PAGE).await?;
        let Some(last) = page.last() else { break };
        before = Some(ListedBefore::Request(last.submitted_at(), last.id.clone()));
        for request in page {
            requests.push(tables.request(&request.id).await?.unwrap_or(request));
        }
    }
    requests.reverse();
    Ok(requests)
}
