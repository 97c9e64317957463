//! Operators come by a direct invocation and meet the same checks.

use ledger::{Actor, Cause};
use serde_json::{Value, json};

use crate::world::{CUSTOMER, World, grant_of};

fn submit(operator: &str, key: &str, body: &Value) -> Value {
    json!({"submit": {"account": CUSTOMER, "operator": operator, "key": key, "adjustment": body}})
}

#[tokio::test]
async fn an_operator_adjusts_an_account_and_another_one_approves_what_is_large() {
    let world = World::new().await;
    let (status, small) = world.direct(&submit("ann", "key-1", &grant_of(5))).await;
    assert_eq!((status, &small["submitted"]["role"]), (201, &json!("operator")), "{small:#}");
    let entry = world.newest().await;
    assert_eq!(entry.actor(), &Actor::Operator);
    assert!(matches!(entry.cause(), Cause::Adjustment { .. }));
    assert_eq!(world.direct(&submit("bob", "key-1", &grant_of(5))).await, (201, small));

    let (_, large) = world.direct(&submit("ann", "key-2", &grant_of(2_001))).await;
    assert_eq!(large["state"], "waiting_for_approval");
    let (_, queue) = world.direct(&json!({"waiting": {}})).await;
    assert_eq!(queue["adjustments"][0]["id"], large["id"]);
    let decide = |operator: &str| json!({"account": CUSTOMER, "id": large["id"], "operator": operator});
    assert_eq!(world.direct(&json!({"approve": decide("ann")})).await.0, 403);
    let mut refuse = decide("ann");
    refuse["reason"] = json!("Mine.");
    assert_eq!(world.direct(&json!({"refuse": refuse})).await.0, 403);
    let (status, approved) = world.direct(&json!({"approve": decide("bob")})).await;
    assert_eq!((status, &approved["approved"]["by"]), (200, &json!("bob")), "{approved:#}");
    assert_eq!((world.available().await, world.entries().await), (7_006, 3));
}

#[tokio::test]
async fn what_an_operator_cannot_ask_is_answered_with_the_same_problems() {
    let world = World::new().await;
    let bad = |member: &str, value: &str| {
        let mut request = submit("ann", "key-1", &grant_of(5));
        request["submit"][member] = json!(value);
        request
    };
    for (request, status, pointer) in [
        (bad("account", "a#b"), 422, "#/account"),
        (bad("operator", "two words"), 422, "#/operator"),
        (bad("key", ""), 422, "#/key"),
        (submit("ann", "key-1", &grant_of(0)), 422, "#/credits"),
    ] {
        let (found, problem) = world.direct(&request).await;
        assert_eq!((found, &problem["errors"][0]["pointer"]), (status, &json!(pointer)), "{problem:#}");
    }
    assert_eq!(world.direct(&submit(CUSTOMER, "key-1", &grant_of(5))).await.0, 403);
    assert_eq!(world.entries().await, 1);
}

#[tokio::test]
async fn a_support_person_approves_what_an_operator_of_the_same_name_submitted_as_another_person() {
    let world = World::new().await;
    let (_, large) = world.direct(&submit("ann", "key-1", &grant_of(2_001))).await;
    let (status, _) = world.approve("ann", large["id"].as_str().unwrap()).await;
    assert_eq!(status, 200);
}
