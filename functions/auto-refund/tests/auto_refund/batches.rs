//! Several messages at once.

use ledger::contract::{at, place, run};
use ledger::{Answer, Change, HOLDS_MAX, Rejection};
use serde_json::{Value, json};

use crate::queue::{Queue, account, batch, completed, failed, song};

#[tokio::test]
async fn g4_of_ten_messages_only_the_poison_one_stays() {
    let queue = Queue::start().await;
    let mut messages: Vec<Value> = Vec::new();
    for index in 0..10 {
        let generation = format!("gen-{index}");
        queue.hold(&generation).await;
        messages.push(failed(&generation, "own_error"));
    }
    messages[7]["credits"] = json!(1_000_000);
    let reply = queue.deliver(&messages).await;
    assert_eq!(reply.left, ["m7"]);
    assert_eq!(queue.credits().await, (90, 10, 0));
    let journal = queue.journal("acct-1").await;
    assert_eq!(journal.len(), 12, "the nine are one entry");
    assert_eq!(journal.last().map(|entry| entry.changes().len()), Some(9));
}

#[tokio::test]
async fn g1_of_two_messages_about_one_generation_the_failure_counts() {
    let (success, failure) = (completed("gen-1", &song()), failed("gen-1", "provider_error"));
    for messages in [[success.clone(), failure.clone()], [failure, success]] {
        let queue = Queue::start().await;
        queue.hold("gen-1").await;
        let reply = queue.deliver(&messages).await;
        reply.ended("released");
        assert_eq!(queue.credits().await, (100, 0, 0));
        let journal = queue.journal("acct-1").await;
        assert!(matches!(journal.last().unwrap().changes(), [Change::Released { .. }]));
    }
}

#[tokio::test]
async fn an_unknown_generation_holds_nobody_up() {
    let queue = Queue::start().await;
    queue.pack("acct-2", 10).await;
    queue.hold("gen-1").await;
    let mut other = failed("gen-9", "own_error");
    other["account"] = json!("acct-2");
    let messages = [failed("gen-8", "own_error"), other, failed("gen-1", "own_error")];
    assert_eq!(queue.deliver(&messages).await.left, ["m0", "m1"]);
    assert_eq!(queue.credits().await, (100, 0, 0));
}

#[tokio::test]
async fn each_service_has_an_entry_of_its_own() {
    let queue = Queue::start().await;
    let mut messages: Vec<Value> = Vec::new();
    for (index, service) in ["one", "two", "one"].into_iter().enumerate() {
        let generation = format!("gen-{index}");
        queue.hold_by(service, "acct-1", &generation, "music_simple").await;
        let mut message = failed(&generation, "own_error");
        message["service"] = json!(service);
        messages.push(message);
    }
    queue.deliver(&messages).await.all_done();
    let journal = queue.journal("acct-1").await;
    let written: Vec<_> =
        journal.iter().skip(4).map(|entry| (entry.actor().clone(), entry.changes().len())).collect();
    let service = |name: &str| ledger::Actor::Service(name.to_owned());
    assert_eq!(written, [(service("one"), 2), (service("two"), 1)]);
}

#[tokio::test]
async fn g6_without_time_everything_stays_and_nothing_is_written() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let before = queue.journal("acct-1").await.len();
    let bodies = [failed("gen-1", "own_error").to_string(), "poison".to_owned()];
    assert_eq!(queue.deliver_raw(&bodies, 60, 1_000).await.left, ["m0", "m1"]);
    assert_eq!(queue.journal("acct-1").await.len(), before);
}

#[tokio::test]
async fn g5_an_answer_names_messages_of_the_batch_only_and_each_once() {
    let queue = Queue::start().await;
    let bodies: Vec<String> = vec![
        failed("gen-0", "own_error").to_string(),
        failed("gen-0", "own_error").to_string(),
        String::new(),
        r#"{"batchItemFailures":[{"itemIdentifier":"m0"}]}"#.to_owned(),
    ];
    let reply = queue.deliver_raw(&bodies, 60, 60_000).await;
    assert_eq!(reply.left, ["m0", "m1", "m2", "m3"]);
    let event: Value = serde_json::from_str(&batch().messages(&bodies).text()).unwrap();
    let ids: Vec<&Value> = event["Records"].as_array().unwrap().iter().map(|it| &it["messageId"]).collect();
    assert_eq!(ids, ["m0", "m1", "m2", "m3"]);
}

/// What bounds a storm of one account: its open holds. Its messages of one batch are one entry, and the group
/// of another account in the same batch has its turn all the same.
#[tokio::test]
async fn g12_a_storm_of_one_account_is_bounded_and_leaves_its_turn_to_others() {
    let queue = Queue::start().await;
    queue.pack("acct-2", 10).await;
    queue
        .run(
            "acct-1",
            &ledger::Command::Grant(ledger::contract::grant(&account("acct-1"), "pi_more", 10_000, None)),
            0,
        )
        .await;
    let storm: Vec<String> = (0..HOLDS_MAX).map(|index| format!("storm-{index}")).collect();
    for generation in &storm {
        queue.hold(generation).await;
    }
    let beyond = run(&queue.context.store, &account("acct-1"), &place("storm-beyond", 10), at(2)).await;
    assert!(matches!(beyond, Answer::Refused(Rejection::TooManyHolds)), "{beyond:?}");
    queue.hold_on("acct-2", "gen-2", "music_simple").await;
    let before = queue.journal("acct-1").await.len();

    let mut waiting: Vec<Value> =
        storm.iter().map(|generation| failed(generation, "provider_error")).collect();
    let mut other = failed("gen-2", "provider_error");
    other["account"] = json!("acct-2");
    waiting.insert(9, other);
    for (number, batch) in waiting.chunks(10).enumerate() {
        queue.deliver(batch).await.all_done();
        let other = queue.journal("acct-2").await.last().unwrap().after().balance(at(100)).unwrap();
        assert_eq!((other.available.get(), other.held.get()), (10, 0), "after batch {number}");
    }
    let batches = waiting.len().div_ceil(10);
    assert_eq!(queue.journal("acct-1").await.len(), before + batches, "one entry for each batch");
    assert_eq!(queue.credits().await, (10_100, 0, 0));
}
