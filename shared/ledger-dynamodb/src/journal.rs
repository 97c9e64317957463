//! The ledger's ports on DynamoDB: the journal is read by key and written by condition.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use ledger::{
    AccountId, Change, Commit, CommitOutcome, DUE_SHARDS, DueStore, Entry, GenerationId, Hash, LedgerStore,
    Marker, Record, Timestamp, UnreportedCancellation, shard_of,
};

use crate::error::StoreError;
use crate::item::{
    ABSENT, ABSENT_OR_SAME, DUE, Item, ONLY, account_key, account_of, bytes, entry_key, entry_range,
    event_key, generation_key, key, number, read_instant, read_text, record_key, take_bytes, take_text, text,
};
use crate::payment::division;
use crate::purchase::purchase_item;
use crate::transaction::{TransactionOutcome, put, put_write};
use crate::{Tables, payment};

/// Reads an entry from its item.
pub(crate) fn entry(mut item: Item) -> Result<Entry, StoreError> {
    let account = account_of(&item)?;
    let body = take_text(&mut item, "body")?;
    let hash: [u8; 32] =
        take_bytes(&mut item, "hash")?.try_into().map_err(|_| StoreError::Unreadable("hash"))?;
    Ok(Entry::read(account, body, Hash(hash))?)
}

pub(crate) fn entry_item(entry: &Entry) -> Item {
    let mut item = key(account_key(entry.account()), entry_key(entry.number()));
    item.insert("body".to_owned(), text(entry.body()));
    item.insert("hash".to_owned(), bytes(entry.hash().0));
    let placed = entry.changes().iter().find_map(|change| match change {
        Change::Held(hold) => Some(&hold.generation),
        _ => None,
    });
    if let Some(generation) = placed {
        item.insert("generation".to_owned(), text(generation_key(entry.account(), generation)));
    }
    item
}

fn marker_item(account: &AccountId, due_at: Timestamp) -> Item {
    let mut item = key(account_key(account), DUE);
    item.insert("due_shard".to_owned(), text(shard_of(account, DUE_SHARDS).to_string()));
    item.insert("due_at".to_owned(), number(due_at.as_ms()));
    item
}

pub(crate) fn record_item(account: &AccountId, record: &Record) -> Result<Item, StoreError> {
    let mut item = key(record_key(account, record), ONLY);
    match record {
        Record::NewPayment(new) => payment::write(new, &mut item)?,
        Record::Invoice(_, payment) | Record::WholeDifferenceOnce(_, payment) => {
            item.insert("payment".to_owned(), text(payment.as_str()));
        }
        Record::Division(division) => division::write(division, &mut item),
        Record::Customer(_, owner) => {
            item.insert("account".to_owned(), text(owner.as_str()));
        }
        Record::ImportedOnce { import, digest } => {
            item.insert("import".to_owned(), text(import.as_str()));
            item.insert("digest".to_owned(), bytes(*digest));
        }
        Record::Event { digest, .. } => {
            item.insert("digest".to_owned(), bytes(*digest));
        }
        Record::GivenBackOnce(_)
        | Record::ChargedLateOnce(_)
        | Record::CompensatedOnce(_)
        | Record::AdjustedOnce(_) => {}
    }
    Ok(item)
}

impl Tables {
    /// The writes of a commit: the entry first, then its records, then the due marker.
    pub(crate) fn writes(&self, commit: &Commit) -> Result<Vec<TransactWriteItem>, StoreError> {
        let account = commit.entry.account();
        let put = |item: Item| put(&self.ledger, item);
        let returned = ReturnValuesOnConditionCheckFailure::AllOld;
        let mut puts = vec![
            put(entry_item(&commit.entry))
                .condition_expression(ABSENT)
                .return_values_on_condition_check_failure(returned),
        ];
        for record in &commit.records {
            let mut builder = put(record_item(account, record)?);
            builder = match record {
                Record::Customer(_, owner) => builder
                    .condition_expression(ABSENT_OR_SAME)
                    .expression_attribute_values(":account", text(owner.as_str())),
                Record::Event { digest, .. } => builder
                    .condition_expression("attribute_not_exists(pk) OR digest = :digest")
                    .expression_attribute_values(":digest", bytes(*digest)),
                Record::NewPayment(_)
                | Record::Invoice(..)
                | Record::Division(_)
                | Record::WholeDifferenceOnce(..)
                | Record::CompensatedOnce(_)
                | Record::AdjustedOnce(_)
                | Record::ImportedOnce { .. }
                | Record::GivenBackOnce(_)
                | Record::ChargedLateOnce(_) => builder.condition_expression(ABSENT),
            };
            puts.push(builder);
        }
        puts.extend(commit.mark.map(|due_at| put(marker_item(account, due_at))));
        // Without a condition, and behind those that have one: the payment's guards the purchase as well.
        puts.extend(commit.records.iter().filter_map(|record| match record {
            Record::NewPayment(new) => Some(put(purchase_item(new))),
            _ => None,
        }));
        Ok(puts.into_iter().map(put_write).collect())
    }

    /// What the failed condition of a commit's write at `position` means.
    pub(crate) fn refused(
        commit: &Commit,
        position: usize,
        existing: Option<Item>,
    ) -> Result<CommitOutcome, StoreError> {
        match position.checked_sub(1).map(|index| commit.records.get(index)) {
            None => {
                let existing = existing.ok_or(StoreError::Unreadable("existing entry"))?;
                Ok(CommitOutcome::Behind(Box::new(entry(existing)?)))
            }
            Some(Some(record)) => Ok(CommitOutcome::Exists(Box::new(record.clone()))),
            Some(None) => Err(StoreError::Unreadable("condition")),
        }
    }

    async fn put_entry(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.ledger)
            .set_item(Some(entry_item(&commit.entry)))
            .condition_expression(ABSENT)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(CommitOutcome::Written) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                Self::refused(commit, 0, failed.item().cloned())
            }
            Some(PutItemError::TransactionConflictException(_)) => Ok(CommitOutcome::Contended),
            _ => Err(StoreError::of(error)),
        }
    }

    async fn commit_with_others(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        match self.transact(self.writes(commit)?).await? {
            TransactionOutcome::Written => Ok(CommitOutcome::Written),
            TransactionOutcome::Refused(position, existing) => Self::refused(commit, position, existing),
            TransactionOutcome::Contended => Ok(CommitOutcome::Contended),
        }
    }

    async fn entries(
        &self,
        account: &AccountId,
        (first, last): (String, String),
        forward: bool,
        limit: u16,
    ) -> Result<Vec<Entry>, StoreError> {
        let query = self.account_range(account, first, last).scan_index_forward(forward);
        self.items(&query, limit).await?.into_iter().map(entry).collect()
    }
}

impl LedgerStore for Tables {
    type Error = StoreError;

    async fn head(&self, account: &AccountId) -> Result<Option<Entry>, StoreError> {
        Ok(self.entries(account, entry_range(0, None), false, 1).await?.pop())
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        if commit.records.is_empty() && commit.mark.is_none() {
            self.put_entry(commit).await
        } else {
            self.commit_with_others(commit).await
        }
    }

    async fn hold_entry(
        &self,
        account: &AccountId,
        generation: &GenerationId,
    ) -> Result<Option<Entry>, StoreError> {
        let found = self
            .client
            .query()
            .table_name(&self.ledger)
            .index_name("generation")
            .key_condition_expression("generation = :generation")
            .expression_attribute_values(":generation", text(generation_key(account, generation)))
            .scan_index_forward(false)
            .limit(1)
            .send()
            .await
            .map_err(StoreError::of)?;
        let Some(found) = found.items.unwrap_or_default().pop() else { return Ok(None) };
        let stored = self
            .client
            .get_item()
            .table_name(&self.ledger)
            .set_key(Some(key(read_text(&found, "pk")?, read_text(&found, "sk")?)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::of)?;
        stored.item.map(entry).transpose()
    }

    async fn entries_after(
        &self,
        account: &AccountId,
        after: u64,
        limit: u16,
    ) -> Result<Vec<Entry>, StoreError> {
        self.entries(account, entry_range(after, None), true, limit).await
    }

    async fn entries_before(
        &self,
        account: &AccountId,
        before: Option<u64>,
        limit: u16,
    ) -> Result<Vec<Entry>, StoreError> {
        self.entries(account, entry_range(0, before), false, limit).await
    }
}

impl DueStore for Tables {
    async fn unreported_cancellations(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<UnreportedCancellation>, StoreError> {
        self.read_unreported_cancellations(now, limit).await
    }

    async fn due(&self, shard: u8, now: Timestamp, limit: u16) -> Result<Vec<Marker>, StoreError> {
        let items = self.due_keys(&self.ledger, shard, now, limit).await?;
        items
            .iter()
            .map(|item| Ok(Marker { account: account_of(item)?, due_at: read_instant(item, "due_at")? }))
            .collect()
    }

    async fn move_marker(&self, marker: &Marker, to: Option<Timestamp>) -> Result<(), StoreError> {
        let moved_key = key(account_key(&marker.account), DUE);
        let seen = number(marker.due_at.as_ms());
        // Where the condition fails, it was set to another instant since it was read, and stays there.
        if let Some(instant) = to {
            let update = self
                .client
                .update_item()
                .table_name(&self.ledger)
                .set_key(Some(moved_key))
                .update_expression("SET due_at = :to")
                .condition_expression("due_at = :seen")
                .expression_attribute_values(":to", number(instant.as_ms()))
                .expression_attribute_values(":seen", seen);
            self.write(|| update.clone().send()).await.map(drop)
        } else {
            // The item stays, outside the sparse index: who may delete a marker may delete an entry as well.
            let update = self
                .client
                .update_item()
                .table_name(&self.ledger)
                .set_key(Some(moved_key))
                .update_expression("REMOVE due_at, due_shard")
                .condition_expression("due_at = :seen")
                .expression_attribute_values(":seen", seen);
            self.write(|| update.clone().send()).await.map(drop)
        }
    }
}

impl Tables {
    /// The digest of what the event with this id has granted.
    pub async fn event_digest(&self, id: &str) -> Result<Option<[u8; 32]>, StoreError> {
        let Some(mut item) = self.get(&self.ledger, event_key(id)).await? else { return Ok(None) };
        let digest = take_bytes(&mut item, "digest")?.try_into();
        digest.map(Some).map_err(|_| StoreError::Unreadable("digest"))
    }

    pub(crate) async fn get(&self, table: &str, partition: String) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(key(partition, ONLY)))
            .consistent_read(true)
            .send()
            .await
            .map_err(StoreError::of)?;
        Ok(answer.item)
    }

    /// The items of an account's partition from sort key `first` to `last`, both included, read consistently.
    pub(crate) fn account_range(
        &self,
        account: &AccountId,
        first: String,
        last: String,
    ) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.ledger)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", text(account_key(account)))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last))
    }

    /// Up to `limit` items of a query, which DynamoDB answers in pages of at most 1 MB.
    pub(crate) async fn items(
        &self,
        query: &QueryFluentBuilder,
        limit: u16,
    ) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut from) = (Vec::new(), None);
        let mut left = i32::from(limit);
        loop {
            let page = query.clone().limit(left).set_exclusive_start_key(from);
            let answer = page.send().await.map_err(StoreError::of)?;
            items.extend(answer.items.unwrap_or_default());
            left = i32::from(limit).saturating_sub(i32::try_from(items.len()).unwrap_or(i32::MAX));
            from = answer.last_evaluated_key;
            if from.is_none() || left <= 0 {
                return Ok(items);
            }
        }
    }

    /// The keys of what is due in one shard, oldest first.
    pub(crate) async fn due_keys(
        &self,
        table: &str,
        shard: u8,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<Item>, StoreError> {
        self.due_in(table, &shard.to_string(), now, limit).await
    }

    /// As [`Tables::due_keys`], for a shard by its name.
    pub(crate) async fn due_in(
        &self,
        table: &str,
        shard: &str,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<Item>, StoreError> {
        let query = self.due_query(table, shard, now).limit(i32::from(limit));
        Ok(query.send().await.map_err(StoreError::of)?.items.unwrap_or_default())
    }

    /// The query of what is due in one shard, oldest first.
    pub(crate) fn due_query(&self, table: &str, shard: &str, now: Timestamp) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(table)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", text(shard))
            .expression_attribute_values(":now", number(now.as_ms()))
    }
}
