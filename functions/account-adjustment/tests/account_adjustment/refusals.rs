//! What is not possible, and what is said of it. Nothing of it is half done.

use ledger::contract::at;
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, DAY_S, SUBMIT, World, body, decision, grant_of, now, submission};

fn changed(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn what_is_not_possible_names_the_field_and_what_was_expected() {
    let world = World::new().await;
    let past = now().to_string();
    let grant = |members: Value| {
        let mut body = grant_of(5);
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body
    };
    let without = |mut body: Value, name: &str| {
        body.as_object_mut().unwrap().remove(name);
        body
    };
    let take_back = |lot: u32, credits: u64| body("take_back", &json!({"lot": lot, "credits": credits}));
    let write_off = |credits: u64| body("debt_write_off", &json!({"credits": credits}));
    let move_to = |lot: u32, at: Value| body("expiry_move", &json!({"lot": lot, "expires_at": at}));
    for (body, status, pointer) in [
        (grant(json!({"clause": "no-clause"})), 422, "#/clause"),
        (grant(json!({"product": "unheard-of"})), 422, "#/product"),
        (grant(json!({"product": "a#b"})), 422, "#/product"),
        (grant(json!({"reason": " "})), 422, "#/reason"),
        (grant(json!({"reason": "a".repeat(501)})), 422, "#/reason"),
        (grant(json!({"credits": 0})), 422, "#/credits"),
        (grant(json!({"credits": 2_000_000_000_000_000_u64})), 422, "#/credits"),
        (grant(json!({"credits": -1})), 400, "#/credits"),
        (grant(json!({"credits": 1.5})), 400, "#/credits"),
        (grant(json!({"purpose": "bribe"})), 400, "#/purpose"),
        (grant(json!({"kind": "gift"})), 400, "#/kind"),
        (grant(json!({"lot": 1})), 422, "#/lot"),
        (grant(json!({"expires_at": past})), 422, "#/expires_at"),
        (grant(json!({"expires_at": "tomorrow"})), 422, "#/expires_at"),
        (grant(json!({"expires_at": 7})), 400, "#/expires_at"),
        (grant(json!({"amount": 5})), 400, "#/amount"),
        (without(grant_of(5), "purpose"), 422, "#/purpose"),
        (without(grant_of(5), "expires_at"), 422, "#/expires_at"),
        (without(grant_of(5), "credits"), 422, "#/credits"),
        (take_back(1, 5_001), 422, "#/credits"),
        (take_back(9, 1), 422, "#/lot"),
        (without(take_back(1, 1), "lot"), 422, "#/lot"),
        (changed(take_back(1, 1), "product", json!("image-web")), 422, "#/product"),
        (write_off(1), 422, "#/credits"),
        (changed(write_off(1), "purpose", json!("goodwill")), 422, "#/purpose"),
        (move_to(1, json!(at(90 * DAY_S).to_string())), 422, "#/lot"),
        (move_to(9, json!(null)), 422, "#/lot"),
        (move_to(1, json!(past)), 422, "#/expires_at"),
        (body("resumption", &json!({"credits": 1})), 422, "#/credits"),
    ] {
        let body = if body["product"] == "image-web" {
            changed(body, "clause", json!("answered-by-mail"))
        } else {
            body
        };
        let (found, problem) = world.submit("agent-1", "key-1", &body).await;
        let named = &problem["errors"][0]["pointer"];
        assert_eq!((found, named), (status, &json!(pointer)), "{body}: {problem:#}");
    }
    let (status, problem) = world.submit("agent-1", "key-1", &body("resumption", &json!({}))).await;
    assert_eq!((status, &problem["detail"]), (409, &json!("the account is not suspended")));
    assert_eq!(world.entries().await, 1);
    // None of them is stored: the key is free.
    assert_eq!(world.submit("agent-1", "key-1", &grant_of(5)).await.0, 201);
}

#[tokio::test]
async fn adjustments_are_for_support_and_never_of_ones_own_account() {
    let world = World::new().await;
    let own = world.call(&submission(CUSTOMER, "key-1", &grant_of(5))).await;
    assert_eq!((own.0, &own.1["detail"]), (403, &json!("the account is your own")));
    let lists = "GET /v1/accounts/{account}/adjustments";
    let one = "GET /v1/accounts/{account}/adjustments/{id}";
    for route in [SUBMIT, lists, one, "GET /v1/adjustments"] {
        let event = HttpEvent::new(route, now().as_s()).path("account", CUSTOMER).path("id", "adj_1");
        let event = event.header("idempotency-key", "key-1").body(&grant_of(5));
        for (event, status) in
            [(event.clone(), 401), (event.clone().as_customer(CUSTOMER), 403), (event.as_service("s"), 403)]
        {
            assert_eq!(world.call(&event).await.0, status, "{route}");
        }
    }
    for what in ["approval", "refusal"] {
        let event = decision(what, "agent-1", "adj_1").as_customer(CUSTOMER);
        assert_eq!(world.call(&event.body(&json!({"reason": "Mine."}))).await.0, 403, "{what}");
    }
    assert_eq!(world.entries().await, 1);
}

#[tokio::test]
async fn a_submission_needs_a_key() {
    let world = World::new().await;
    let event = HttpEvent::new(SUBMIT, now().as_s()).path("account", CUSTOMER).as_support("agent-1");
    let (status, problem) = world.call(&event.body(&grant_of(5))).await;
    assert_eq!(status, 400);
    assert_eq!(problem["type"], "urn:makegood:problem:missing-idempotency-key");
}
