//! A batch of the table's stream, with the keys of the items that were written.

use serde::Deserialize;

#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "Keys")]
    keys: Keys,
}

#[derive(Deserialize)]
struct Keys {
    sk: Text,
}

#[derive(Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

/// The ids of the parked events that were written; `None` if this is no batch of the stream.
pub(crate) fn event_ids(batch: &str) -> Option<Vec<String>> {
    let batch: Batch = serde_json::from_str(batch).ok()?;
    Some(batch.records.into_iter().map(|record| record.dynamodb.keys.sk.text).collect())
}
