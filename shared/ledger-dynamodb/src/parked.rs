//! Signed events that could not be applied: kept whole, in the encrypted table, for a person to look at and
//! to have applied again.
//!
//! They are bounded by time: DynamoDB deletes each one by itself, [`KEPT_S`] after it was parked. Taking one
//! away, or giving it another reason, rests on when it was parked: one that was parked anew meanwhile stays.

use aws_sdk_dynamodb::types::AttributeValue;
use ledger::Timestamp;

use crate::item::{Item, bytes, key, number, read_instant, read_text, take_bytes, text};
use crate::{StoreError, Tables};

const PARTITION: &str = "PARKED";
/// 90 days: longer than Stripe itself keeps events (30 days), and about as long as a quarter, whose close
/// looks at every payment. An event names a person and must not stay for ever.
const KEPT_S: i64 = 90 * 24 * 60 * 60;

/// A signed event that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Stripe's event id; a hash of the body if it has no readable id.
    pub id: String,
    /// Why it was parked; without anything of its content.
    pub reason: String,
    pub at: Timestamp,
    /// The event's bytes as they were signed.
    pub payload: Vec<u8>,
    /// When it was asked that what the event lacks be fetched from Stripe; nothing once that was tried.
    pub lookup_at: Option<Timestamp>,
    /// What was fetched for it, as JSON.
    pub fetched: Option<Vec<u8>>,
}

/// The event as it was read. `at` is a word of DynamoDB's own.
const SAME: &str = "#at = :at";
const AT: &str = "at";
const LOOKUP_AT: &str = "lookup_at";

impl Tables {
    /// Parks an event; the same event again replaces itself.
    pub async fn park(&self, parked: &Parked) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.requests).set_item(Some(item(parked)));
        self.write(|| put.clone().send()).await.map(drop)
    }

    /// Up to `limit` parked events, by id: the first ones, or those after the one with this id.
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

    pub async fn parked_event(&self, id: &str) -> Result<Option<Parked>, StoreError> {
        let get = self.client.get_item().table_name(&self.requests).set_key(Some(key(PARTITION, id)));
        let answer = get.consistent_read(true).send().await.map_err(StoreError::of)?;
        answer.item.map(read).transpose()
    }

    /// Takes away an event that was applied, as long as it is the one that was read.
    pub async fn unpark(&self, parked: &Parked) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.requests)
            .set_key(Some(key(PARTITION, parked.id.as_str())))
            .condition_expression(SAME)
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":at", number(parked.at.as_ms()));
        self.write(|| delete.clone().send()).await.map(drop)
    }

    /// Writes `kept` in the place of an event that stays parked, as long as that is the one that was read.
    /// The end of its time does not move.
    pub async fn keep_parked(&self, parked: &Parked, kept: &Parked) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.requests)
            .set_item(Some(item(kept)))
            .condition_expression(SAME)
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":at", number(parked.at.as_ms()));
        self.write(|| put.clone().send()).await.map(drop)
    }
}

pub(crate) fn item(parked: &Parked) -> Item {
    let mut item = key(PARTITION, parked.id.as_str());
    item.insert("reason".to_owned(), text(parked.reason.as_str()));
    item.insert(AT.to_owned(), number(parked.at.as_ms()));
    item.insert("payload".to_owned(), bytes(parked.payload.as_slice()));
    if let Some(lookup_at) = parked.lookup_at {
        // The trigger of the lookup takes writes with the flag; the instant makes asking again a change.
        item.insert("lookup".to_owned(), AttributeValue::Bool(true));
        item.insert(LOOKUP_AT.to_owned(), number(lookup_at.as_ms()));
    }
    if let Some(fetched) = &parked.fetched {
        item.insert("fetched".to_owned(), bytes(fetched.as_slice()));
    }
    // DynamoDB's time to live is in seconds.
    item.insert("expires_at".to_owned(), number(parked.at.as_s().saturating_add(KEPT_S)));
    item
}

pub(crate) fn read(mut item: Item) -> Result<Parked, StoreError> {
    Ok(Parked {
        id: read_text(&item, "sk")?.to_owned(),
        reason: read_text(&item, "reason")?.to_owned(),
        at: read_instant(&item, AT)?,
        payload: take_bytes(&mut item, "payload")?,
        lookup_at: item.contains_key(LOOKUP_AT).then(|| read_instant(&item, LOOKUP_AT)).transpose()?,
        fetched: item.contains_key("fetched").then(|| take_bytes(&mut item, "fetched")).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use ledger::contract::at;

    use super::*;
    use crate::in_process;

    fn parked_at(second: u64) -> Parked {
        Parked {
            id: "evt_1".to_owned(),
            reason: "unreadable".to_owned(),
            at: at(second),
            payload: b"{}".to_vec(),
            lookup_at: None,
            fetched: None,
        }
    }

    #[tokio::test]
    async fn an_event_that_was_parked_anew_is_neither_taken_away_nor_given_an_older_reason() {
        let (tables, _) = in_process::tables().await;
        let (first, second) = (parked_at(0), parked_at(60));
        for parked in [&first, &second] {
            tables.park(parked).await.unwrap();
        }
        let kept = |parked: &Parked, reason: &str| Parked { reason: reason.to_owned(), ..parked.clone() };
        tables.keep_parked(&first, &kept(&first, "account_unknown")).await.unwrap();
        tables.unpark(&first).await.unwrap();
        assert_eq!(tables.parked_event("evt_1").await.unwrap(), Some(second.clone()));

        tables.keep_parked(&second, &kept(&second, "account_unknown")).await.unwrap();
        let stored = tables.parked_event("evt_1").await.unwrap().unwrap();
        assert_eq!((stored.reason.as_str(), stored.at), ("account_unknown", second.at));
        tables.unpark(&stored).await.unwrap();
        assert_eq!(tables.parked_event("evt_1").await.unwrap(), None);
        // One that is gone does not come back.
        tables.keep_parked(&stored, &kept(&stored, "unreadable")).await.unwrap();
        assert_eq!(tables.parked_event("evt_1").await.unwrap(), None);
    }

    #[test]
    fn a_parked_event_expires_after_90_days() {
        let parked = parked_at(0);
        let in_90_days = at(0).plus_s(7_776_000).unwrap().as_s();
        let item = item(&parked);
        assert_eq!(item.get("expires_at"), Some(&number(in_90_days)));
        assert_eq!(read(item).unwrap(), parked);
    }
}
