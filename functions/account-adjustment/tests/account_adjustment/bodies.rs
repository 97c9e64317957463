//! The body of every route, once as it answers and once as it refuses: clients are written against these.
//! Each snapshot has the name of its operation in infra/openapi.yaml.

use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, World, decision, grant_of, now, submission};

type Answered = (u16, Value);

fn hold(operation: &str, (status, body): Answered, (refused, problem): Answered) {
    assert!(status < 300, "{operation}: {status} {body:#}");
    assert!(refused >= 400, "{operation}: {refused} {problem:#}");
    let pair = json!({
        "answer": {"status": status, "body": body},
        "refusal": {"status": refused, "body": problem},
    });
    insta::assert_json_snapshot!(operation, pair);
}

#[tokio::test]
async fn bodies_of_adjustments() {
    let world = World::new().await;
    let submitted = world.call(&submission("agent-1", "key-1", &grant_of(10))).await;
    hold("submitAdjustment", submitted, world.submit("agent-1", "key-2", &grant_of(0)).await);
    let approved = world.waiting("agent-1", "key-3", &grant_of(2_001)).await;
    let refused = world.waiting("agent-1", "key-4", &grant_of(3_000)).await;
    let asked = |route: &str| HttpEvent::new(route, now().as_s()).path("account", CUSTOMER);
    let list = asked("GET /v1/adjustments").query("state", "waiting_for_approval");
    let none = list.clone().as_support("agent-1").query("state", "lapsed");
    hold("listWaitingAdjustments", world.call(&list.as_support("agent-2")).await, world.call(&none).await);
    let own = world.approve("agent-1", &approved).await;
    hold("approveAdjustment", world.approve("agent-2", &approved).await, own);
    let without = world.call(&decision("refusal", "agent-2", &refused).body(&json!({}))).await;
    hold("refuseAdjustment", world.refuse("agent-2", &refused).await, without);
    let show = asked("GET /v1/accounts/{account}/adjustments/{id}").as_support("agent-1");
    let missing = world.call(&show.clone().path("id", "adj_none")).await;
    hold("readAdjustment", world.call(&show.path("id", &refused)).await, missing);
    let list = asked("GET /v1/accounts/{account}/adjustments");
    let customer = world.call(&list.clone().as_customer(CUSTOMER)).await;
    hold("listAdjustments", world.call(&list.as_support("agent-1")).await, customer);
}
