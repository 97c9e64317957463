//! Endings that a person decides: the credits are captured and a request is opened, once.

use ledger::contract::expire;
use policy::{Basis, Fact, Outcome};
use refunds::State;
use serde_json::json;

use crate::queue::{Queue, account, completed, failed, song};

#[tokio::test]
async fn s2_6_a_moderation_block_or_a_partial_result_goes_to_a_person() {
    for (kind, recorded) in [("moderation_block", "blocked"), ("partial_result", "partial")] {
        let queue = Queue::start().await;
        queue.hold("gen-1").await;
        let reply = queue.deliver(&[failed("gen-1", kind)]).await;
        reply.ended("in_review");
        assert!(reply.metrics.contains(r#""ReviewsOpened":1"#), "{reply:?}");
        assert_eq!(queue.credits().await, (90, 0, 10), "{kind}");
        let requests = queue.requests().await;
        let [request] = requests.as_slice() else { panic!("one request: {requests:?}") };
        assert_eq!((request.state, request.version), (State::InReview, 1));
        assert_eq!(request.case.generation.as_ref().map(ledger::GenerationId::as_str), Some("gen-1"));
        assert_eq!(request.case.decision.basis, Basis::Rules);
        assert!(matches!(request.case.decision.outcome, Outcome::Person { .. }));
        let cited: Vec<&str> =
            request.case.decision.clauses.iter().map(|each| each.clause.as_str()).collect();
        assert_eq!(cited, ["unclear-endings"]);
        assert_eq!(request.case.facts.get(Fact::GenerationOutcome), Some(&recorded.into()));
        assert_eq!(request.case.facts.get(Fact::GenerationCreditsCharged), Some(&10.into()));
        let note = format!(
            "Opened by itself: the generation of `music_simple` was reported as {kind}, code `E-17`."
        );
        assert_eq!(request.case.note, note);
    }
}

#[tokio::test]
async fn s2_5_a_failure_of_an_operation_that_is_not_listed_goes_to_a_person() {
    let queue = Queue::start().await;
    queue.hold_for("gen-1", "remix").await;
    queue.deliver(&[failed("gen-1", "provider_error")]).await.ended("in_review");
    let requests = queue.requests().await;
    assert_eq!(requests[0].case.facts.get(Fact::GenerationCovered), Some(&false.into()));
    assert_eq!(requests[0].state, State::InReview);
}

#[tokio::test]
async fn g1_a_repeated_block_opens_one_request() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let message = failed("gen-1", "moderation_block");
    queue.deliver(std::slice::from_ref(&message)).await.ended("in_review");
    queue.deliver_at(std::slice::from_ref(&message), 61).await.ended("repeated");
    queue.deliver_at(&[message.clone(), message], 7 * 86_400).await.ended("repeated");
    assert_eq!(queue.requests().await.len(), 1);
    assert_eq!(queue.journal("acct-1").await.len(), 3);
}

#[tokio::test]
async fn a_block_after_the_capture_opens_the_request_alone() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.deliver(&[completed("gen-1", &song())]).await.ended("captured");
    queue.deliver(&[failed("gen-1", "moderation_block")]).await.ended("in_review");
    assert_eq!(queue.requests().await.len(), 1);
    assert_eq!(queue.credits().await, (90, 0, 10));
}

#[tokio::test]
async fn nobody_is_asked_about_credits_that_are_back_already() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.run("acct-1", &expire(&["gen-1"]), 3001).await;
    queue.deliver_at(&[failed("gen-1", "moderation_block")], 3002).await.ended("repeated");
    assert_eq!(queue.credits().await, (100, 0, 0));
    assert!(queue.requests().await.is_empty());
}

#[tokio::test]
async fn a_failure_in_the_same_batch_is_better_than_a_review() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let messages = [failed("gen-1", "partial_result"), failed("gen-1", "provider_error")];
    queue.deliver(&messages).await.ended("released");
    assert!(queue.requests().await.is_empty());
}

#[tokio::test]
async fn a_customers_idempotency_key_cannot_take_the_requests_id() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.deliver(&[failed("gen-1", "moderation_block")]).await.ended("in_review");
    let id = &queue.requests().await[0].id;
    for key in ["gen-1", "generation:gen-1", "generationgen-1", "generation-gen-1"] {
        assert_ne!(id, &refunds::request_id(&account("acct-1"), key), "{key}");
    }
    assert_eq!(id, &refunds::request_id(&account("acct-1"), "generation gen-1"));
    let mut other = failed("gen-1", "moderation_block");
    other["account"] = json!("acct-2");
    queue.deliver(&[other]).await.stayed(1, "unknown_generation");
}
