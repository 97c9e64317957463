//! What batches of the stream leave in the anchors' table.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use journal_anchor::{AnchorError, Status, handle};
use lambda::Invocation;
use ledger::contract::at;
use ledger::{AccountId, Hash};
use ledger_dynamodb::{Anchor, Anchors, in_process};
use serde_json::{Value, json};

fn record(name: &str, account: &str, number: u64, hash: Option<u8>) -> Value {
    let keys = json!({"pk": {"S": format!("ACCOUNT#{account}")}, "sk": {"S": format!("ENTRY#{number:012}")}});
    let mut change = json!({"Keys": keys, "SequenceNumber": "1", "StreamViewType": "NEW_IMAGE"});
    if let Some(hash) = hash {
        let mut image = keys;
        image["hash"] = json!({"B": BASE64_STANDARD.encode([hash; 32])});
        image["body"] = json!({"S": "{}"});
        change["NewImage"] = image;
    }
    json!({"eventID": "1", "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change})
}

fn written(account: &str, number: u64, hash: u8) -> Value {
    record("INSERT", account, number, Some(hash))
}

async fn anchors() -> Anchors {
    in_process::anchors().await.0
}

async fn send(anchors: &Anchors, records: Vec<Value>) -> Status {
    let invocation = Invocation::of(json!({"Records": records}).to_string(), at(0)).unwrap();
    handle(anchors, &invocation).await.unwrap()
}

async fn anchor(anchors: &Anchors, account: &str) -> Option<Anchor> {
    anchors.anchor(&AccountId::new(account).unwrap()).await.unwrap()
}

/// The newest entry's number and the first byte of its hash, and the lowest number that was tampered with.
async fn state(anchors: &Anchors, account: &str) -> (Option<(u64, u8)>, Option<u64>) {
    let found = anchor(anchors, account).await.unwrap();
    (found.newest.map(|(number, Hash(hash))| (number, hash[0])), found.tampered_from)
}

#[tokio::test]
async fn the_newest_entry_of_each_account_is_anchored_in_whatever_order_entries_come() {
    let anchors = anchors().await;
    let batch = vec![written("a", 2, 2), written("b", 7, 7), written("a", 3, 3), written("a", 1, 1)];
    assert_eq!(send(&anchors, batch.clone()).await, Status { raised: 2, tampered: 0 });
    assert_eq!(state(&anchors, "a").await, (Some((3, 3)), None));
    assert_eq!(state(&anchors, "b").await, (Some((7, 7)), None));
    // The same batch again, and an older one that was late.
    assert_eq!(send(&anchors, batch).await, Status::default());
    assert_eq!(send(&anchors, vec![written("a", 2, 2)]).await, Status::default());
    assert_eq!(state(&anchors, "a").await, (Some((3, 3)), None));
}

#[tokio::test]
async fn an_entry_that_is_removed_or_overwritten_is_noted_for_good() {
    let anchors = anchors().await;
    send(&anchors, vec![written("a", 9, 9)]).await;
    let removed = vec![record("REMOVE", "a", 9, None), record("REMOVE", "a", 8, None)];
    assert_eq!(send(&anchors, removed.clone()).await, Status { raised: 0, tampered: 2 });
    assert_eq!(state(&anchors, "a").await, (Some((9, 9)), Some(8)));
    // A lower one counts, and a higher one and a repeat do not hide it.
    send(&anchors, vec![record("MODIFY", "a", 5, Some(1))]).await;
    send(&anchors, removed).await;
    // The journal that grows anew is anchored, and what happened stays noted.
    assert_eq!(send(&anchors, vec![written("a", 10, 1)]).await, Status { raised: 1, tampered: 0 });
    assert_eq!(state(&anchors, "a").await, (Some((10, 1)), Some(5)));
}

#[tokio::test]
async fn another_entry_of_the_anchored_number_is_noted_and_the_anchor_stays() {
    let anchors = anchors().await;
    send(&anchors, vec![written("a", 4, 4)]).await;
    assert_eq!(send(&anchors, vec![written("a", 4, 1)]).await, Status { raised: 0, tampered: 1 });
    assert_eq!(state(&anchors, "a").await, (Some((4, 4)), Some(4)));
    let within_one_batch = vec![written("b", 4, 4), written("b", 4, 1)];
    assert_eq!(send(&anchors, within_one_batch).await, Status { raised: 1, tampered: 1 });
    assert_eq!(state(&anchors, "b").await, (Some((4, 4)), Some(4)));
}

#[tokio::test]
async fn what_is_no_entry_is_passed_by_and_an_entry_that_is_not_readable_is_counted() {
    let anchors = anchors().await;
    let marker = json!({
        "eventName": "MODIFY",
        "dynamodb": {"Keys": {"pk": {"S": "ACCOUNT#a"}, "sk": {"S": "DUE"}}, "NewImage": {"due_at": {"N": "1"}}},
    });
    assert_eq!(send(&anchors, vec![marker]).await, Status::default());
    let forged = record("INSERT", "a", 1, None);
    assert_eq!(send(&anchors, vec![forged, written("b", 1, 1)]).await, Status { raised: 1, tampered: 1 });
    assert_eq!(anchor(&anchors, "a").await, None);
}

#[tokio::test]
async fn tampering_is_counted_for_its_alarm() {
    let anchors = anchors().await;
    let batch = json!({"Records": [record("REMOVE", "a", 1, None)]});
    let invocation = Invocation::of(batch.to_string(), at(0)).unwrap();
    handle(&anchors, &invocation).await.unwrap();
    let lines = invocation.metrics().take_lines(at(0)).join("\n");
    assert!(lines.contains("\"EntriesTampered\":1,"), "{lines}");
}

#[tokio::test]
async fn an_event_that_is_no_batch_is_refused() {
    let anchors = anchors().await;
    let invocation = Invocation::of(json!({"version": 1}).to_string(), at(0)).unwrap();
    assert!(matches!(handle(&anchors, &invocation).await, Err(AnchorError::Event(_))));
}
