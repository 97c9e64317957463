//! Batches of a DynamoDB table's stream, as Lambda hands them over: the keys of the items that were written.

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

/// The sort keys of the items that were written, in the batch's order. An event that is no batch of a stream,
/// or whose sort keys are no texts, is an error.
pub fn sort_keys(batch: &str) -> Result<Vec<String>, serde_json::Error> {
    let batch: Batch = serde_json::from_str(batch)?;
    Ok(batch.records.into_iter().map(|record| record.dynamodb.keys.sk.text).collect())
}
