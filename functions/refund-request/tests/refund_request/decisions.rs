//! What the written policy decides of requests, and what follows in ledger and payment.

use serde_json::json;

use crate::world::{World, after_cancellation, changed_mind};

#[tokio::test]
async fn s2_16_a_charge_after_a_confirmed_cancellation_is_approved_and_announced() {
    let world = World::new().await;
    let (status, request) = world.submit("key-1", &after_cancellation()).await;
    assert_eq!(status, 201, "{request}");
    assert_eq!(request["state"], "approved", "{request:#}");
    assert_eq!(request["payout"]["amount"], json!({"amount_minor": 1000, "currency": "usd"}));
    assert_eq!(request["payout"]["credits_revoked"], 500);
    assert_eq!(request["outcome"]["kind"], "grant");
    assert_eq!(request["clause"]["document"], "music-studio");
    assert_eq!(world.decision(&request).await["outcome"], request["outcome"]);
    // That payment's lot alone.
    assert_eq!(world.lot("pi_renewal").await, (500, 0, 500));
    assert_eq!(world.lot("pi_first").await, (500, 500, 0));
    assert_eq!(world.refunded("pi_renewal").await, 1000);
    assert_eq!(world.app.payouts.announced(), [request["id"].as_str().unwrap()]);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn s2_20_a_pack_that_has_landed_goes_to_a_person_with_both_clauses() {
    let world = World::new().await;
    let (status, request) = world.submit("key-1", &changed_mind()).await;
    assert_eq!((status, &request["state"]), (201, &json!("in_review")), "{request:#}");
    let decision = world.decision(&request).await;
    let clauses = decision["clauses"].as_array().unwrap();
    assert_eq!(clauses.len(), 2, "{clauses:#?}");
    assert_eq!(world.lot("pi_pack").await, (100, 100, 0));
    assert_eq!(world.refunded("pi_pack").await, 0);
}

#[tokio::test]
async fn s2_7_a_result_that_is_not_liked_is_refused_with_a_door_to_a_person() {
    let world = World::new().await;
    world.generate("song-1", 5).await;
    let body = json!({"reason": "result_not_liked", "generation_id": "song-1", "note": "Not my taste."});
    let (status, request) = world.submit("key-1", &body).await;
    assert_eq!((status, &request["state"]), (201, &json!("refused")), "{request:#}");
    assert_eq!(request["clause"]["clause"], "result-not-liked");
    assert!(!world.decision(&request).await["doors"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn s2_30_a_request_without_a_note_needs_information() {
    let world = World::new().await;
    let (status, request) =
        world.submit("key-1", &json!({"reason": "changed_mind", "payment": "pi_pack"})).await;
    assert_eq!((status, &request["state"]), (201, &json!("needs_information")), "{request:#}");
    assert_eq!(request["answers_wanted"][0]["fact"], "note_given");
}

#[tokio::test]
async fn s2_21_a_payment_that_is_not_recorded_can_be_asked_about_when_its_credits_are_missing() {
    let world = World::new().await;
    let body = json!({"reason": "credits_missing", "payment": "pi_unknown", "note": "Nothing came."});
    let (status, request) = world.submit("key-1", &body).await;
    assert_eq!((status, &request["state"]), (201, &json!("in_review")), "{request:#}");
}

#[tokio::test]
async fn a_submission_is_three_round_trips_and_a_write_of_all_parts() {
    let world = World::new().await;
    world.submit("key-1", &after_cancellation()).await;
    let mut calls: Vec<&str> = world.meter.read().into_iter().map(|call| call.operation).collect();
    // Request, payment, account and its records at once; the subscription and who started it at once; then
    // everything is written.
    calls.sort_unstable();
    assert_eq!(calls, ["GetItem", "GetItem", "GetItem", "GetItem", "Query", "Query", "TransactWriteItems"]);
}
