//! What a person decides.

use serde_json::{Value, json};

use crate::world::{CUSTOMER, World, account, answer, changed_mind, now, submission};

async fn in_review(world: &World) -> String {
    let (_, request) = world.submit("key-1", &changed_mind()).await;
    request["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_part_is_approved_and_what_is_left_of_the_lot_is_revoked() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let body = json!({
        "decision": "approve_part", "amount": {"amount_minor": 400, "currency": "usd"}, "reason": "Goodwill."
    });
    let (status, request) = world.review(&id, "agent-1", &body).await;
    assert_eq!((status, &request["state"]), (200, &json!("approved")), "{request:#}");
    assert_eq!(request["payout"]["amount"]["amount_minor"], 400);
    assert_eq!(request["review"]["reviewer"], "agent-1");
    assert_eq!(world.refunded("pi_pack").await, 400);
    assert_eq!(world.lot("pi_pack").await, (100, 0, 100));
    world.journal_is_sound().await;

    let (status, problem) =
        world.review(&id, "agent-2", &json!({"decision": "refuse", "reason": "No."})).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:makegood:problem:state-conflict")));
}

#[tokio::test]
async fn a_refusal_moves_no_money() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let (status, request) =
        world.review(&id, "agent-1", &json!({"decision": "refuse", "reason": "Used."})).await;
    assert_eq!((status, &request["state"]), (200, &json!("refused")));
    assert_eq!(world.refunded("pi_pack").await, 0);
    assert_eq!(world.lot("pi_pack").await, (100, 100, 0));
}

#[tokio::test]
async fn d6_an_amount_that_cannot_be_is_refused() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let part = |minor: Value, currency: &str| {
        json!({
            "decision": "approve_part", "amount": {"amount_minor": minor, "currency": currency}, "reason": "A part."
        })
    };
    for (body, expected) in [
        (part(json!(0), "usd"), 422),
        (part(json!(1001), "usd"), 422),
        (part(json!(100), "eur"), 422),
        (part(json!(100), "dollars"), 422),
        (part(json!(-1), "usd"), 400),
        (part(json!(1.5), "usd"), 400),
        (part(json!("100"), "usd"), 400),
        (json!({"decision": "approve_part", "reason": "Without."}), 422),
        (
            json!({"decision": "approve", "amount": {"amount_minor": 1, "currency": "usd"}, "reason": "With."}),
            422,
        ),
        (json!({"decision": "approve", "reason": " "}), 422),
    ] {
        let (status, problem) = world.review(&id, "agent-1", &body).await;
        assert_eq!(status, expected, "{body}: {problem}");
    }
    assert_eq!(world.refunded("pi_pack").await, 0);
}

#[tokio::test]
async fn d15_nobody_reviews_the_own_request() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let body = json!({"decision": "approve", "reason": "I am sure."});
    let (status, _) = world.review(&id, CUSTOMER, &body).await;
    assert_eq!(status, 403);
    assert_eq!(world.refunded("pi_pack").await, 0);
}

#[tokio::test]
async fn d15_nobody_reviews_what_they_filed_for_a_customer() {
    let world = World::new().await;
    let filed = submission("key-1", &changed_mind()).as_support("agent-1");
    let (_, request) = answer(&world.call(&filed).await);
    let id = request["id"].as_str().unwrap();
    let body = json!({"decision": "approve", "reason": "They called."});
    let (status, _) = world.review(id, "agent-1", &body).await;
    assert_eq!(status, 403);
    assert_eq!(world.refunded("pi_pack").await, 0);
    let (status, _) = world.review(id, "agent-2", &body).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn d14_a_customer_does_not_review() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let event = testkit::http_event::HttpEvent::new("POST /v1/refund-requests/{id}/review", now().as_s());
    let body = json!({"decision": "approve", "reason": "Mine."});
    let response = world.call(&event.path("id", &id).as_customer(account().as_str()).body(&body)).await;
    assert_eq!(response.status(), 403);
}
