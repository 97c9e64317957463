//! What each ending leads to, on the recorded hold.

use ledger::{Actor, Change, ReleaseReason};
use serde_json::json;

use crate::queue::{Queue, completed, failed, song};

#[tokio::test]
async fn s2_2_s2_4_an_explicit_failure_gives_all_credits_back_unasked() {
    for kind in ["provider_error", "own_error"] {
        let queue = Queue::start().await;
        queue.hold("gen-1").await;
        assert_eq!(queue.credits().await, (90, 10, 0));
        let reply = queue.deliver(&[failed("gen-1", kind)]).await;
        reply.ended("released");
        assert_eq!(queue.credits().await, (100, 0, 0), "{kind}");
        let journal = queue.journal("acct-1").await;
        let entry = journal.last().unwrap();
        assert!(matches!(entry.changes(), [Change::Released { reason: ReleaseReason::Failed, .. }]));
        assert_eq!(entry.actor(), &Actor::Service("renderer".to_owned()));
        assert_eq!(entry.policy().map(|policy| policy.version.as_str()), Some("2026-05-02"));
    }
}

#[tokio::test]
async fn s2_3_the_time_from_message_to_entry_is_measured() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let reply = queue.deliver(&[failed("gen-1", "own_error")]).await;
    assert!(reply.metrics.contains(r#""MessageToEntry":["#), "{reply:?}");
    let again = queue.deliver(&[failed("gen-1", "own_error")]).await;
    assert!(!again.metrics.contains("MessageToEntry"), "a repeat writes nothing: {again:?}");
}

#[tokio::test]
async fn s2_3_an_hour_is_promised_from_the_failure_or_from_the_holds_deadline() {
    // Held at second 1 with a deadline of 3,000 s; a failure is reported as of this second.
    for (reported, written, took_ms, late) in [
        ("2026-11-01T00:01:00Z", 61, 1_000, false),
        ("2026-11-01T00:01:00Z", 3_660, 3_600_000, false),
        ("2026-11-01T00:01:00Z", 3_661, 3_601_000, true),
        // Before the hold, after its deadline, and in the future.
        ("2020-01-01T00:00:00Z", 3_601, 3_600_000, false),
        ("2026-11-01T01:00:00Z", 3_600, 599_000, false),
        ("2030-01-01T00:00:00Z", 61, 0, false),
    ] {
        let queue = Queue::start().await;
        queue.hold("gen-1").await;
        let mut message = failed("gen-1", "provider_error");
        message["occurred_at"] = json!(reported);
        let reply = queue.deliver_at(&[message.clone()], written).await;
        let measured = format!(r#""FailureToGiveBack":[{took_ms}]"#);
        assert!(reply.metrics.contains(&measured), "{reported} {written}: {reply:?}");
        assert_eq!(reply.metrics.contains(r#""clock":"give-back""#), late, "{reported} {written}: {reply:?}");
        assert_eq!(reply.metrics.contains(r#""FirmClocksBreached":1"#), late, "{reported} {written}");
        let again = queue.deliver_at(&[message], written).await;
        assert!(!again.metrics.contains("FailureToGiveBack"), "a repeat gives nothing back: {again:?}");
    }
}

#[tokio::test]
async fn s2_6_a_registered_answer_that_holds_nothing_gives_back() {
    for (operation, empty, full) in [
        ("music_simple", json!({ "songs": [] }), json!({ "songs": [{}] })),
        ("lyrics", json!({ "lyrics": " \n" }), json!({ "lyrics": "la" })),
        ("stems_12", json!({ "stems": [] }), json!({ "stems": [1] })),
        ("voice_cloning", json!({ "status": "success" }), json!({ "status": "success", "voice_id": "v" })),
        (
            "wav_export",
            json!({ "status": "success", "url": null }),
            json!({ "status": "success", "url": "u" }),
        ),
    ] {
        let queue = Queue::start().await;
        queue.hold_for("gen-1", operation).await;
        queue.hold_for("gen-2", operation).await;
        let mut messages = [completed("gen-1", &empty), completed("gen-2", &full)];
        for message in &mut messages {
            message["operation"] = json!(operation);
        }
        let reply = queue.deliver(&messages).await;
        assert!(reply.left.is_empty(), "{reply:?}");
        assert_eq!(queue.credits().await, (90, 0, 10), "{operation}");
        let journal = queue.journal("acct-1").await;
        let entry = journal.last().unwrap();
        assert!(
            matches!(
                entry.changes(),
                [Change::Released { reason: ReleaseReason::EmptySuccess, .. }, Change::Captured { .. }]
            ),
            "{operation} {entry:?}"
        );
        assert!(entry.policy().is_some());
    }
}

#[tokio::test]
async fn s2_6_an_answer_without_a_result_is_no_success() {
    for (answer, outcome, credits) in [
        (song(), "captured", (90, 0, 10)),
        (json!({}), "released", (100, 0, 0)),
        (json!({ "songs": null }), "released", (100, 0, 0)),
        (json!({ "code": 200, "data": { "successFlag": 3 } }), "released", (100, 0, 0)),
        // Neither a known result nor known to be empty: a person looks, and until then the credits are spent.
        (json!({ "songs": "queued" }), "in_review", (90, 0, 10)),
        (json!({ "songs": [null] }), "in_review", (90, 0, 10)),
        (json!({ "songs": [{}, { "url": " ", "tags": [] }] }), "in_review", (90, 0, 10)),
        (json!({ "songs": [{ "url": null }, { "url": "u" }] }), "captured", (90, 0, 10)),
        (json!({ "songs": { "url": "https://cdn.example/1.mp3" } }), "in_review", (90, 0, 10)),
    ] {
        let queue = Queue::start().await;
        queue.hold("gen-1").await;
        queue.deliver(&[completed("gen-1", &answer)]).await.ended(outcome);
        assert_eq!(queue.credits().await, credits, "{answer}");
    }
}

#[tokio::test]
async fn g2_the_recorded_operation_counts_where_a_message_names_another() {
    let queue = Queue::start().await;
    queue.hold_for("gen-1", "lyrics").await;
    // As an answer of the message's own operation this would be empty.
    let reply = queue.deliver(&[completed("gen-1", &json!({ "songs": [], "lyrics": "la" }))]).await;
    reply.ended("captured");
    assert!(reply.metrics.contains(r#""OperationMismatches":1"#), "{reply:?}");
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let mut unlisted = failed("gen-1", "provider_error");
    unlisted["operation"] = json!("video");
    queue.deliver(&[unlisted]).await.ended("released");
}

#[tokio::test]
async fn g2_a_generation_of_another_account_or_of_none_stays() {
    let queue = Queue::start().await;
    queue.pack("acct-2", 100).await;
    queue.hold("gen-1").await;
    let (mut others, mut nobodys) = (failed("gen-1", "own_error"), failed("gen-1", "own_error"));
    others["account"] = json!("acct-2");
    nobodys["account"] = json!("acct-0");
    queue.deliver(&[others, nobodys, failed("gen-2", "own_error")]).await.stayed(3, "unknown_generation");
    assert_eq!(queue.credits().await, (90, 10, 0));
    assert_eq!(queue.journal("acct-2").await.len(), 1);
    assert!(queue.journal("acct-0").await.is_empty());
}

#[tokio::test]
async fn an_ending_is_one_query_and_one_put() {
    let queue = Queue::start().await;
    for generation in ["gen-1", "gen-2", "gen-3"] {
        queue.hold(generation).await;
    }
    queue.meter.read();
    let messages =
        [failed("gen-1", "own_error"), completed("gen-2", &song()), failed("gen-3", "provider_error")];
    queue.deliver(&messages).await;
    let calls: Vec<_> = queue.meter.read().into_iter().map(|call| (call.operation, call.units)).collect();
    assert_eq!(calls, [("Query", 1.0), ("PutItem", 1.0)]);
}
