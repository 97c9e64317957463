//! What is found: an account's adjustments, and those that wait for a second person.

use ledger::contract::at;
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, DAY_S, SUBMIT, World, answer, grant_of, now};

const LIST: &str = "GET /v1/accounts/{account}/adjustments";
const QUEUE: &str = "GET /v1/adjustments";

fn asked(route: &str) -> HttpEvent {
    HttpEvent::new(route, now().as_s()).path("account", CUSTOMER).as_support("agent-1")
}

fn keys(page: &Value) -> Vec<u64> {
    let adjustments = page["adjustments"].as_array().unwrap();
    adjustments.iter().map(|adjustment| adjustment["credits"].as_u64().unwrap()).collect()
}

/// Submits a grant at a second.
async fn submit_at(world: &World, account: &str, credits: u64, second: u64) -> Value {
    let now = at(second);
    let event = HttpEvent::new(SUBMIT, now.as_s())
        .path("account", account)
        .header("idempotency-key", &format!("key-{credits}"))
        .as_support("agent-1")
        .body(&grant_of(credits));
    let (status, adjustment) = answer(&world.call_at(&event, now).await);
    assert_eq!(status, 201, "{adjustment:#}");
    adjustment
}

#[tokio::test]
async fn an_accounts_adjustments_are_listed_page_by_page_newest_first() {
    let world = World::new().await;
    for number in 1..=53 {
        submit_at(&world, CUSTOMER, number, 41 * DAY_S + number).await;
    }
    submit_at(&world, "customer-2", 99, 41 * DAY_S).await;
    let (_, first) = world.call(&asked(LIST)).await;
    assert_eq!(keys(&first), (4..=53).rev().collect::<Vec<_>>());
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, last) = world.call(&asked(LIST).query("cursor", cursor)).await;
    assert_eq!((keys(&last), &last["next_cursor"]), (vec![3, 2, 1], &json!(null)));
    let elsewhere = asked(LIST).path("account", "customer-2").query("cursor", cursor);
    let (status, problem) = world.call(&elsewhere).await;
    assert_eq!((status, &problem["type"]), (400, &json!("urn:makegood:problem:invalid-cursor")));
    let one = &first["adjustments"][0];
    let show = asked("GET /v1/accounts/{account}/adjustments/{id}").path("id", one["id"].as_str().unwrap());
    assert_eq!(&world.call(&show).await.1, one);
    assert_eq!(world.call(&show.path("account", "customer-2")).await.0, 404);
}

#[tokio::test]
async fn those_that_wait_are_listed_oldest_first_until_they_lapse_or_somebody_decides() {
    let world = World::new().await;
    for (account, credits, second) in
        [(CUSTOMER, 2_003, 20), (CUSTOMER, 2_001, 10), ("customer-2", 2_002, 15), (CUSTOMER, 5, 12)]
    {
        submit_at(&world, account, credits, 41 * DAY_S + second).await;
    }
    let queue = async |seconds: u64| {
        let now = at(seconds);
        let event = HttpEvent::new(QUEUE, now.as_s()).query("state", "waiting_for_approval");
        answer(&world.call_at(&event.as_support("agent-2"), now).await).1
    };
    let page = queue(41 * DAY_S + 30).await;
    assert_eq!((keys(&page), &page["next_cursor"]), (vec![2_001, 2_002, 2_003], &json!(null)));
    assert_eq!(keys(&queue(55 * DAY_S + 10).await), [2_002, 2_003]);
    let id = page["adjustments"][2]["id"].as_str().unwrap();
    assert_eq!(world.approve("agent-2", id).await.0, 200);
    assert_eq!(keys(&queue(41 * DAY_S + 30).await), [2_001, 2_002]);
    let (status, _) = world.call(&asked(QUEUE).query("state", "applied")).await;
    assert_eq!(status, 400);
}
