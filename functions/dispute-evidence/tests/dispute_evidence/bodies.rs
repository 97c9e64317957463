//! The body of every route, once as it answers and once as it refuses: clients are written against these.
//! Each snapshot has the name of its operation in infra/openapi.yaml.

use ledger::{Actor, Ending};
use policy::Reason;
use serde_json::{Value, json};

use crate::world::{READ, World};

/// Ids that the stand-in makes from its clock, and the digests that follow from them, have a fixed name.
fn hold(world: &World, operation: &str, (status, body): (u16, Value), (refused, problem): (u16, Value)) {
    assert!(status < 300, "{operation}: {status} {body:#}");
    assert!(refused >= 400, "{operation}: {refused} {problem:#}");
    let mut pair = json!({
        "answer": {"status": status, "body": body},
        "refusal": {"status": refused, "body": problem},
    });
    if let Some(policy) = pair.pointer_mut("/answer/body/document/purchases/0/policy/clauses") {
        policy.as_array_mut().unwrap().truncate(1);
    }
    if let Some(fields) = pair.pointer_mut("/answer/body/fields") {
        fields.as_array_mut().unwrap().retain(|field| field["field"] != "refund_policy_disclosure");
    }
    let digest = body["digest"].as_str().unwrap();
    let text = pair.to_string();
    let text = text.replace(world.dispute.as_str(), "du_1").replace(world.payment.as_str(), "pi_1");
    let pair: Value = serde_json::from_str(&text.replace(digest, "digest-1")).unwrap();
    insta::assert_json_snapshot!(operation, pair);
}

#[tokio::test]
async fn bodies_about_a_dispute() {
    let world = World::plan("subscription_canceled").await;
    world.generate("g1", 2, Ending::Succeeded).await;
    world.file(Actor::Customer, Reason::ResultNotLiked, "note", 4).await;
    world.cancelled(20, 31).await;
    let read = world.send(world.event(READ).as_support("agent-1")).await;
    let refused = world.send(world.event(READ).as_customer("customer-1")).await;
    hold(&world, "readDisputeEvidence", read, refused);
    let staged = world.stage("The customer thanked us for the songs.").await;
    let digest = staged.1["digest"].clone();
    hold(&world, "stageDisputeEvidence", staged, world.stage(&"x".repeat(9_000)).await);
    let submitted = world.submit(&digest).await;
    hold(&world, "submitDisputeEvidence", submitted, world.submit(&digest).await);
}
