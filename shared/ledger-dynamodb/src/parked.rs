//! Inputs that could not be applied: kept whole, in the encrypted table, until an operator replays them.

use ledger::Timestamp;

use crate::item::{Item, bytes, key, read_instant, read_text, take_bytes, text};
use crate::{StoreError, Tables};

const PARTITION: &str = "PARKED";

/// A signed event that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Stripe's event id, or what stands for it.
    pub id: String,
    /// Why it was parked; without anything of its content.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// The event's bytes as they were signed.
    pub payload: Vec<u8>,
}

impl Tables {
    /// Parks an event; the same event again replaces itself.
    pub async fn park(&self, parked: &Parked) -> Result<(), StoreError> {
        let mut item = key(PARTITION, parked.id.as_str());
        item.insert("reason".to_owned(), text(parked.reason.as_str()));
        item.insert("at".to_owned(), crate::item::number(parked.at.as_ms()));
        item.insert("payload".to_owned(), bytes(parked.payload.as_slice()));
        let put = self.client.put_item().table_name(&self.requests).set_item(Some(item));
        put.send().await.map(drop).map_err(StoreError::of)
    }

    /// Up to `limit` parked events, by id.
    pub async fn parked(&self, limit: u16) -> Result<Vec<Parked>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.requests)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(PARTITION))
            .limit(i32::from(limit))
            .send()
            .await
            .map_err(StoreError::of)?;
        answer.items.unwrap_or_default().into_iter().map(read).collect()
    }

    /// Up to `limit` parked events after the one with this id, by id.
    pub async fn parked_after(&self, id: Option<&str>, limit: u16) -> Result<Vec<Parked>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.requests)
            .key_condition_expression("pk = :pk AND sk > :after")
            .expression_attribute_values(":pk", text(PARTITION))
            // A space is below every id.
            .expression_attribute_values(":after", text(id.unwrap_or(" ")))
            .limit(i32::from(limit))
            .send()
            .await
            .map_err(StoreError::of)?;
        answer.items.unwrap_or_default().into_iter().map(read).collect()
    }

    /// The parked event with this id.
    pub async fn parked_event(&self, id: &str) -> Result<Option<Parked>, StoreError> {
        let get = self.client.get_item().table_name(&self.requests).set_key(Some(key(PARTITION, id)));
        let answer = get.consistent_read(true).send().await.map_err(StoreError::of)?;
        answer.item.map(read).transpose()
    }

    /// Takes an event out of the parking place, after it was applied.
    pub async fn unpark(&self, id: &str) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.requests).set_key(Some(key(PARTITION, id)));
        delete.send().await.map(drop).map_err(StoreError::of)
    }
}

fn read(mut item: Item) -> Result<Parked, StoreError> {
    Ok(Parked {
        id: read_text(&item, "sk")?.to_owned(),
        reason: read_text(&item, "reason")?.to_owned(),
        at: read_instant(&item, "at")?,
        payload: take_bytes(&mut item, "payload")?,
    })
}
