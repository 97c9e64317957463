//! The witness of the journals: a batch of the ledger table's stream goes in, an anchor per account comes
//! out.
//!
//! The stream reports every change of an entry, also one that was made behind the ledger's back. An entry
//! that was written raises its account's anchor. One that was overwritten or removed is noted at the anchor
//! and counted for an alarm: entries are only ever added. A batch may come twice and in parts; every write is
//! guarded by a condition, so that the same batch again changes nothing.

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use lambda::{EventError, Invocation};
use ledger::{AccountId, Hash};
use ledger_dynamodb::{Anchors, EntryChange, EntryEvent, RaiseOutcome, StoreError, StreamRecord};
use serde::{Deserialize, Serialize};

/// Anchors written at once: as many connections, and a thousand accounts within two seconds.
const AT_ONCE: usize = 16;

/// Why a batch failed. Lambda delivers it again.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// The event is not a batch of a table's stream.
    #[error("event is not a batch of the ledger table's stream")]
    Event(#[from] EventError),
    /// An anchor could not be written.
    #[error("an anchor could not be written")]
    Store(#[from] StoreError),
}

/// What a batch led to; the function's answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Accounts whose anchor was raised.
    pub raised: u64,
    /// Entries that were overwritten, removed or replaced, and records that are not readable.
    pub tampered: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Batch {
    records: Vec<StreamRecord>,
}

/// What a batch says of one account.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    newest: Option<(u64, Hash)>,
    /// The lowest number that was overwritten or removed.
    tampered_from: Option<u64>,
    tampered: u64,
}

impl Seen {
    fn add(&mut self, number: u64, change: &EntryChange) {
        match *change {
            EntryChange::Written(hash) => match self.newest {
                Some((newest, other)) if newest == number && other != hash => self.tamper(number),
                Some((newest, _)) if newest >= number => {}
                _ => self.newest = Some((number, hash)),
            },
            EntryChange::Overwritten | EntryChange::Removed => self.tamper(number),
        }
    }

    fn tamper(&mut self, number: u64) {
        self.tampered = self.tampered.saturating_add(1);
        self.tampered_from = Some(self.tampered_from.map_or(number, |lowest| lowest.min(number)));
    }
}

/// Anchors what a batch of the stream reports.
pub async fn handle(anchors: &Anchors, invocation: &Invocation) -> Result<Status, AnchorError> {
    let batch: Batch = invocation.event()?;
    let mut accounts: BTreeMap<AccountId, Seen> = BTreeMap::new();
    let mut status = Status::default();
    for record in &batch.records {
        match EntryEvent::read(record) {
            Ok(Some(event)) => accounts.entry(event.account).or_default().add(event.number, &event.change),
            Ok(None) => {}
            // The ledger writes readable entries only: this one cannot be anchored and must be noticed.
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(outcome = "tampered", error, "an entry of the stream is not readable");
                status.tampered = status.tampered.saturating_add(1);
            }
        }
    }
    let anchored = stream::iter(&accounts)
        .map(|(account, seen)| anchor(anchors, account, seen))
        .buffer_unordered(AT_ONCE)
        .try_fold(status, async |sum, one| {
            Ok(Status {
                raised: sum.raised.saturating_add(one.raised),
                tampered: sum.tampered.saturating_add(one.tampered),
            })
        });
    let status = anchored.await?;
    let metrics = invocation.metrics();
    metrics.count("AnchorsRaised", status.raised);
    metrics.count("EntriesTampered", status.tampered);
    Ok(status)
}

async fn anchor(anchors: &Anchors, account: &AccountId, seen: &Seen) -> Result<Status, StoreError> {
    let mut status = Status { raised: 0, tampered: seen.tampered };
    let mut tampered_from = seen.tampered_from;
    if let Some((number, hash)) = seen.newest {
        match anchors.raise(account, number, hash).await? {
            RaiseOutcome::Written => status.raised = 1,
            RaiseOutcome::NotNewer => {}
            RaiseOutcome::Replaced => {
                status.tampered = status.tampered.saturating_add(1);
                tampered_from = Some(tampered_from.map_or(number, |lowest| lowest.min(number)));
            }
        }
    }
    if let Some(number) = tampered_from {
        let named = account.as_str();
        tracing::error!(account = named, number, outcome = "tampered", "an entry was overwritten or removed");
        anchors.note_tampering(account, number).await?;
    }
    Ok(status)
}
