//! Endings that a person decides: the credits are captured and a lead to a request is noted, once.

use ledger::GenerationId;
use ledger::contract::{at, expire};
use policy::FailureKind;
use refunds::LeadSubject;
use serde_json::json;

use crate::queue::{Queue, account, completed, failed, song};

#[tokio::test]
async fn s2_6_a_moderation_block_or_a_partial_result_is_noted_for_a_person() {
    for kind in [FailureKind::ModerationBlock, FailureKind::PartialResult] {
        let queue = Queue::start().await;
        queue.hold("gen-1").await;
        queue.deliver(&[failed("gen-1", kind.as_str())]).await.ended("in_review");
        assert_eq!(queue.credits().await, (90, 0, 10), "{kind:?}");
        let [lead] = queue.leads().await.try_into().unwrap();
        let generation = GenerationId::new("gen-1").unwrap();
        assert_eq!(lead.subject, LeadSubject::Ending { generation, kind, code: Some("E-17".to_owned()) });
        // The sweep looks at once, and the promises count from here.
        assert_eq!((lead.since, lead.due_at), (at(60), Some(at(60))));
    }
}

#[tokio::test]
async fn s2_5_a_failure_of_an_operation_that_is_not_listed_is_noted_for_a_person() {
    let queue = Queue::start().await;
    queue.hold_for("gen-1", "remix").await;
    queue.deliver(&[failed("gen-1", "provider_error")]).await.ended("in_review");
    assert_eq!(queue.leads().await.len(), 1);
}

#[tokio::test]
async fn g1_a_repeated_block_is_noted_once() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let message = failed("gen-1", "moderation_block");
    queue.deliver(std::slice::from_ref(&message)).await.ended("in_review");
    queue.deliver_at(std::slice::from_ref(&message), 61).await.ended("repeated");
    queue.deliver_at(&[message.clone(), message], 7 * 86_400).await.ended("repeated");
    assert_eq!(queue.leads().await.len(), 1);
    assert_eq!(queue.journal("acct-1").await.len(), 3);
}

#[tokio::test]
async fn a_block_after_the_capture_is_noted_alone() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.deliver(&[completed("gen-1", &song())]).await.ended("captured");
    queue.deliver(&[failed("gen-1", "moderation_block")]).await.ended("in_review");
    assert_eq!(queue.leads().await.len(), 1);
    assert_eq!(queue.credits().await, (90, 0, 10));
}

#[tokio::test]
async fn nobody_is_asked_about_credits_that_are_back_already() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.run("acct-1", &expire(&["gen-1"]), 3001).await;
    queue.deliver_at(&[failed("gen-1", "moderation_block")], 3002).await.ended("repeated");
    assert_eq!(queue.credits().await, (100, 0, 0));
    assert!(queue.leads().await.is_empty());
}

#[tokio::test]
async fn a_failure_in_the_same_batch_is_better_than_a_review() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let messages = [failed("gen-1", "partial_result"), failed("gen-1", "provider_error")];
    queue.deliver(&messages).await.ended("released");
    assert!(queue.leads().await.is_empty());
}

#[tokio::test]
async fn a_customers_idempotency_key_cannot_take_the_requests_id() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.deliver(&[failed("gen-1", "moderation_block")]).await.ended("in_review");
    let id = queue.leads().await[0].id();
    for key in ["gen-1", "generation:gen-1", "generationgen-1", "generation-gen-1"] {
        assert_ne!(id, refunds::request_id(&account("acct-1"), key), "{key}");
    }
    assert_eq!(id, refunds::request_id(&account("acct-1"), "generation gen-1"));
    let mut other = failed("gen-1", "moderation_block");
    other["account"] = json!("acct-2");
    queue.deliver(&[other]).await.stayed(1, "unknown_generation");
}
