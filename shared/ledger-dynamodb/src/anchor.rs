//! Anchors: number and hash of each account's newest entry, in a table that no writer of entries can reach.
//!
//! Anchors table: key `account`; `entry_number` and `entry_hash` of the newest entry that the ledger table's
//! stream has reported, and `tampered_from`, the lowest number of an entry that was overwritten or removed.
//! The hash of an entry covers the hash of the one before: an anchor holds everything up to its entry.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ledger::{AccountId, Hash};
use serde::Deserialize;

use crate::StoreError;
use crate::error::condition_failed;
use crate::item::{
    Item, account_of_key, bytes, entry_number, number, read_number, read_text, take_bytes, text,
};

const NUMBER: &str = "entry_number";
const HASH: &str = "entry_hash";
const TAMPERED: &str = "tampered_from";

/// A record of the ledger table's stream, as Lambda delivers it; only what concerns entries is read.
#[derive(Debug, Deserialize)]
pub struct StreamRecord {
    #[serde(rename = "eventName")]
    name: String,
    dynamodb: Change,
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(rename = "Keys")]
    keys: Keys,
    #[serde(rename = "NewImage")]
    image: Option<Image>,
}

#[derive(Debug, Deserialize)]
struct Keys {
    pk: Text,
    sk: Text,
}

#[derive(Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

#[derive(Debug, Deserialize)]
struct Image {
    hash: Option<Bytes>,
}

#[derive(Debug, Deserialize)]
struct Bytes {
    #[serde(rename = "B")]
    base64: String,
}

/// What the stream says of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryEvent {
    pub account: AccountId,
    /// The entry's number.
    pub number: u64,
    /// What happened to it.
    pub change: EntryChange,
}

/// What happened to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryChange {
    /// It was added, with this hash.
    Written(Hash),
    /// It was there and is another one.
    Overwritten,
    /// It was there and is gone.
    Removed,
}

impl EntryEvent {
    /// Reads a record; `None` if it is not of an entry.
    pub fn read(record: &StreamRecord) -> Result<Option<Self>, StoreError> {
        let Keys { pk, sk } = &record.dynamodb.keys;
        let Some(number) = entry_number(&sk.text) else { return Ok(None) };
        let number = number.map_err(|_| StoreError::Unreadable("sk"))?;
        let change = match record.name.as_str() {
            "INSERT" => EntryChange::Written(hash(record.dynamodb.image.as_ref())?),
            "MODIFY" => EntryChange::Overwritten,
            "REMOVE" => EntryChange::Removed,
            _ => return Err(StoreError::Unreadable("eventName")),
        };
        Ok(Some(Self { account: account_of_key(&pk.text)?, number, change }))
    }
}

fn hash(image: Option<&Image>) -> Result<Hash, StoreError> {
    let unreadable = || StoreError::Unreadable("hash");
    let encoded = image.and_then(|image| image.hash.as_ref()).ok_or_else(unreadable)?;
    let decoded = BASE64_STANDARD.decode(&encoded.base64).map_err(|_| unreadable())?;
    Ok(Hash(decoded.try_into().map_err(|_| unreadable())?))
}

/// An account's anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    pub account: AccountId,
    /// Number and hash of the newest entry that was reported.
    pub newest: Option<(u64, Hash)>,
    /// The lowest number of an entry that was overwritten or removed.
    pub tampered_from: Option<u64>,
}

/// The outcome of raising an anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RaiseOutcome {
    /// The entry is the anchor.
    Written,
    /// The anchor is at this entry or at a later one.
    NotNewer,
    /// The anchor has this number with another hash: the entry is not the one that was there.
    Replaced,
}

/// The anchors' table, and the client that reaches it.
#[derive(Debug, Clone)]
pub struct Anchors {
    client: aws_sdk_dynamodb::Client,
    table: String,
}

impl Anchors {
    /// The anchors' table by name.
    pub fn new(client: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    fn update(&self, account: &AccountId) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key("account", text(account.as_str()))
    }

    /// Anchors an entry, unless a newer one is anchored.
    pub async fn raise(
        &self,
        account: &AccountId,
        entry: u64,
        hash: Hash,
    ) -> Result<RaiseOutcome, StoreError> {
        let update = self
            .update(account)
            .update_expression(format!("SET {NUMBER} = :number, {HASH} = :hash"))
            .condition_expression(format!("attribute_not_exists({NUMBER}) OR {NUMBER} < :number"))
            .expression_attribute_values(":number", number(entry))
            .expression_attribute_values(":hash", bytes(hash.0))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = update.send().await else { return Ok(RaiseOutcome::Written) };
        let Some(UpdateItemError::ConditionalCheckFailedException(failed)) = error.as_service_error() else {
            return Err(StoreError::of(error));
        };
        let mut there = failed.item().cloned().ok_or(StoreError::Unreadable("existing anchor"))?;
        let replaced = newest(&mut there)?.is_some_and(|(number, other)| number == entry && other != hash);
        Ok(if replaced { RaiseOutcome::Replaced } else { RaiseOutcome::NotNewer })
    }

    /// Notes that the entry of this number was overwritten or removed; the lowest number is kept.
    pub async fn note_tampering(&self, account: &AccountId, entry: u64) -> Result<(), StoreError> {
        let update = self
            .update(account)
            .update_expression(format!("SET {TAMPERED} = :number"))
            .condition_expression(format!("attribute_not_exists({TAMPERED}) OR {TAMPERED} > :number"))
            .expression_attribute_values(":number", number(entry));
        match update.send().await {
            Err(error) if !condition_failed(&error) => Err(StoreError::of(error)),
            _ => Ok(()),
        }
    }

    pub async fn anchor(&self, account: &AccountId) -> Result<Option<Anchor>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).key("account", text(account.as_str()));
        let answer = get.consistent_read(true).send().await.map_err(StoreError::of)?;
        answer.item.map(anchor).transpose()
    }

    /// Every anchor, for the operator's checks.
    pub async fn all(&self) -> Result<Vec<Anchor>, StoreError> {
        let (mut anchors, mut start) = (Vec::new(), None);
        loop {
            let scan = self.client.scan().table_name(&self.table).consistent_read(true);
            let page = scan.set_exclusive_start_key(start).send().await.map_err(StoreError::of)?;
            for item in page.items.unwrap_or_default() {
                anchors.push(anchor(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(anchors);
            }
        }
    }
}

fn newest(item: &mut Item) -> Result<Option<(u64, Hash)>, StoreError> {
    if !item.contains_key(NUMBER) {
        return Ok(None);
    }
    let hash = take_bytes(item, HASH)?.try_into().map_err(|_| StoreError::Unreadable(HASH))?;
    Ok(Some((read_number(item, NUMBER)?, Hash(hash))))
}

fn anchor(mut item: Item) -> Result<Anchor, StoreError> {
    let account = AccountId::new(read_text(&item, "account")?);
    let tampered_from = item.contains_key(TAMPERED).then(|| read_number(&item, TAMPERED)).transpose()?;
    Ok(Anchor {
        account: account.map_err(|_| StoreError::Unreadable("account"))?,
        newest: newest(&mut item)?,
        tampered_from,
    })
}
