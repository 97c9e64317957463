//! Batches with poison, without time, and with ids that no answer may carry.

use std::sync::Mutex;

use serde_json::json;
use testkit::queue_event::QueueEvent;

use super::*;

fn event(messages: &[(&str, &str)]) -> String {
    let event = QueueEvent::new("generations", 1_777_716_000_000).receive_count(3);
    messages.iter().fold(event, |event, (id, body)| event.message(id, body)).text()
}

#[derive(Debug, thiserror::Error)]
#[error("poison")]
struct Poison;

/// A body is `account:verdict`.
fn understand<'b>(record: &'b QueueMessage<'_>) -> Result<(&'b str, &'b str), Poison> {
    record.body().split_once(':').ok_or(Poison)
}

fn failures(response: &BatchResponse) -> Vec<String> {
    let json = serde_json::to_value(response).unwrap();
    let ids = json["batchItemFailures"].as_array().unwrap();
    ids.iter().map(|id| id["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_record_is_read() {
    let event = event(&[("m1", "a:ok")]);
    let batch = Batch::parse(&event).unwrap();
    let record = &batch.records()[0];
    assert_eq!((record.receive_count(), record.sent_at_ms()), (Some(3), Some(1_777_716_000_000)));
    assert_eq!(record.source_arn(), Some("arn:aws:sqs:eu-central-1:111122223333:generations"));
}

#[tokio::test(start_paused = true)]
async fn g4_only_the_poison_message_stays() {
    let mut messages: Vec<(String, &str)> = (0..10).map(|n| (format!("m{n}"), "a:ok")).collect();
    messages[7].1 = "canary without a colon";
    let messages: Vec<(&str, &str)> = messages.iter().map(|(id, body)| (id.as_str(), *body)).collect();
    let event = event(&messages);
    let batch = Batch::parse(&event).unwrap();
    let handled = Mutex::new(0);
    let response = process(&batch, Deadline::in_ms(60_000), understand, async |_, items| {
        *handled.lock().unwrap() += items.len();
        Vec::new()
    })
    .await;
    insta::assert_json_snapshot!(response, @r#"
    {
      "batchItemFailures": [
        {
          "itemIdentifier": "m7"
        }
      ]
    }
    "#);
    assert_eq!(*handled.lock().unwrap(), 9);
}

#[tokio::test(start_paused = true)]
async fn messages_of_one_group_are_handled_together_in_order() {
    let event = event(&[("m1", "b:1"), ("m2", "a:2"), ("m3", "b:fail"), ("m4", "a:4")]);
    let batch = Batch::parse(&event).unwrap();
    let seen = Mutex::new(Vec::new());
    let response =
        process(&batch, Deadline::in_ms(60_000), understand, async |key, items: Vec<Item<'_, '_, &str>>| {
            let verdicts: Vec<&str> = items.iter().map(|item| item.message).collect();
            seen.lock().unwrap().push(format!("{key} {}", verdicts.join(",")));
            items.iter().filter(|item| item.message == "fail").map(|item| item.record).collect()
        })
        .await;
    assert_eq!(*seen.lock().unwrap(), ["b 1,fail", "a 2,4"]);
    assert_eq!(failures(&response), ["m3"]);
}

#[test]
fn g5_an_answer_cannot_name_what_is_not_in_the_batch() {
    for messages in [vec![("", "a:1")], vec![("m1", "a:1"), ("m1", "a:2")]] {
        assert!(matches!(Batch::parse(&event(&messages)), Err(EventError::MessageIds)), "{messages:?}");
    }
    for event in [
        json!({"Records": [{"messageId": null, "body": "a:1"}]}),
        json!({"Records": [{"body": "a:1"}]}),
        json!({"Records": [{"messageId": 7, "body": "a:1"}]}),
        json!({"Records": null}),
        json!({}),
    ] {
        assert!(matches!(Batch::parse(&event.to_string()), Err(EventError::Json { .. })), "{event}");
    }
    let event = event(&[("m2", "a:1"), ("m1", "a:2")]);
    let batch = Batch::parse(&event).unwrap();
    let twice = batch.records().iter().chain(batch.records());
    let response = BatchResponse::of(twice);
    assert_eq!(failures(&response), ["m1", "m2"]);
    assert_eq!(response.failed(), 2);
    assert_eq!(serde_json::to_string(&BatchResponse::of([])).unwrap(), r#"{"batchItemFailures":[]}"#);
}

#[tokio::test(start_paused = true)]
async fn g6_what_there_is_no_time_for_stays() {
    let event = event(&[("m1", "a:1"), ("m2", "b:2"), ("m3", "c:3"), ("m4", "a:4")]);
    let batch = Batch::parse(&event).unwrap();
    let started = Mutex::new(Vec::new());
    // Each group takes two seconds: the third would begin with one second left.
    let response = process(&batch, Deadline::in_ms(5_000), understand, async |key: &str, _| {
        started.lock().unwrap().push(key.to_owned());
        tokio::time::sleep(Duration::from_secs(2)).await;
        Vec::new()
    })
    .await;
    assert_eq!(*started.lock().unwrap(), ["a", "b"]);
    assert_eq!(failures(&response), ["m3"]);
}

#[tokio::test(start_paused = true)]
async fn g6_a_group_that_hangs_is_left_in_time_for_an_answer() {
    let event = event(&[("m1", "a:1"), ("m2", "b:2"), ("m3", "a:3")]);
    let batch = Batch::parse(&event).unwrap();
    let deadline = Deadline::in_ms(10_000);
    let response =
        process(&batch, deadline, understand, async |_: &str, _| std::future::pending().await).await;
    assert_eq!(failures(&response), ["m1", "m2", "m3"]);
    assert!(deadline.remaining() >= Duration::from_millis(400), "{:?}", deadline.remaining());
}
