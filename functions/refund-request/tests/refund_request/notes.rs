//! Internal notes: support's words about a request, which its customer never sees.

use futures_util::future::join_all;
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, World, act, answer, changed_mind, now};

const SECRET: &str = "Two cards of one household; I rang the bank.";

fn note(request: &str, id: &str, text: &str) -> HttpEvent {
    let event = HttpEvent::new("POST /v1/refund-requests/{id}/notes", now().as_s()).path("id", request);
    event.body(&json!({"id": id, "text": text}))
}

async fn write(world: &World, person: &str, request: &str, (id, text): (&str, &str)) -> (u16, Value) {
    answer(&world.call(&note(request, id, text).as_support(person)).await)
}

async fn filed(world: &World) -> String {
    let (_, request) = world.submit("key-1", &changed_mind()).await;
    request["id"].as_str().unwrap().to_owned()
}

/// The notes that support sees with a request.
async fn notes(world: &World, id: &str, person: &str) -> Value {
    let event = HttpEvent::new("GET /v1/refund-requests/{id}", now().as_s()).path("id", id);
    let (status, request) = answer(&world.call(&event.as_support(person)).await);
    assert_eq!(status, 200, "{request:#}");
    request["internal_notes"].clone()
}

#[tokio::test]
async fn support_sees_a_requests_notes_in_order_with_author_and_instant() {
    let world = World::new().await;
    let id = filed(&world).await;
    assert_eq!(notes(&world, &id, "agent-1").await, json!([]));
    let at = now().to_string();
    let first = json!({"id": "b", "text": SECRET, "by": "agent-1", "at": at});
    let second = json!({"id": "a", "text": "Agreed.", "by": "agent-2", "at": at});
    assert_eq!(write(&world, "agent-1", &id, ("b", SECRET)).await, (201, first.clone()));
    assert_eq!(write(&world, "agent-2", &id, ("a", "Agreed.")).await, (201, second.clone()));
    assert_eq!(notes(&world, &id, "agent-3").await, json!([first, second]));
    assert_eq!(world.seen(&id).await["internal_notes"], json!([first, second]), "by the account's route");
}

#[tokio::test]
async fn a_note_again_is_the_note_that_is_kept_and_its_id_takes_no_other_content() {
    let world = World::new().await;
    let id = filed(&world).await;
    let written = write(&world, "agent-1", &id, ("n1", SECRET)).await;
    let again = world.call(&note(&id, "n1", SECRET).as_support("agent-1")).await;
    assert_eq!(again.header_value("idempotency-hit"), Some("true"));
    assert_eq!(answer(&again), written);
    let reused = json!("urn:makegood:problem:idempotency-key-reused");
    for (person, text) in [("agent-1", "Something else."), ("agent-2", SECRET)] {
        let (status, problem) = write(&world, person, &id, ("n1", text)).await;
        assert_eq!((status, &problem["type"]), (422, &reused));
        assert_eq!(problem["errors"][0]["pointer"], "#/id");
    }
    assert_eq!(notes(&world, &id, "agent-1").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_who_write_at_once_each_note_is_kept_once_and_a_hundred_are_all() {
    let world = World::new().await;
    let id = filed(&world).await;
    let texts: Vec<String> = (0..8).map(|number| format!("note-{}", number / 2)).collect();
    let at_once = join_all(texts.iter().map(|text| write(&world, "agent-1", &id, (text, "Seen.")))).await;
    assert!(at_once.iter().all(|(status, _)| *status == 201), "{at_once:?}");
    assert_eq!(notes(&world, &id, "agent-1").await.as_array().unwrap().len(), 4, "each of them twice");
    for number in 4..100 {
        assert_eq!(write(&world, "agent-1", &id, (&format!("note-{number}"), "Seen.")).await.0, 201);
    }
    let (status, problem) = write(&world, "agent-1", &id, ("one-more", "Seen.")).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:makegood:problem:state-conflict")));
    assert_eq!(write(&world, "agent-1", &id, ("note-99", "Seen.")).await.0, 201, "it is kept already");
    let kept = notes(&world, &id, "agent-1").await;
    assert_eq!((kept.as_array().unwrap().len(), &kept[99]["id"]), (100, &json!("note-99")));
}

#[tokio::test]
async fn no_answer_to_the_customer_holds_an_internal_note() {
    let world = World::new().await;
    let id = filed(&world).await;
    write(&world, "agent-1", &id, ("n1", SECRET)).await;
    let of_account = |route: &str| {
        let route = format!("GET /v1/accounts/{{account}}/{route}");
        HttpEvent::new(&route, now().as_s()).path("account", CUSTOMER).path("id", &id)
    };
    let mut events = Vec::new();
    for route in ["refund-requests", "refund-requests/{id}", "refund-requests/{id}/decision", "payments"] {
        events.push(of_account(route).as_customer(CUSTOMER));
        // A support person is a customer, too.
        events.push(of_account(route).as_support(CUSTOMER));
    }
    events.push(HttpEvent::new("GET /v1/refund-requests/{id}", now().as_s()).path("id", &id));
    let own = events.pop().unwrap().as_support(CUSTOMER);
    events.push(own);
    events.push(act(&id, "withdrawal", &json!({})).as_customer(CUSTOMER));
    for event in events {
        let response = world.call(&event).await;
        assert_eq!(response.status(), 200, "{}", response.body());
        let has_it = response.body().contains("household") || response.body().contains("agent-1");
        assert!(!has_it, "{}", response.body());
    }
}

#[tokio::test]
async fn a_request_does_not_grow_with_its_notes() {
    let world = World::new().await;
    let id = filed(&world).await;
    let stored =
        async || refunds::RequestStore::request(&world.app.store, &id.parse().unwrap()).await.unwrap();
    let before = stored().await;
    write(&world, "agent-1", &id, ("n1", SECRET)).await;
    assert_eq!(stored().await, before);
    world.meter.read();
    write(&world, "agent-1", &id, ("n2", SECRET)).await;
    let calls: Vec<_> = world.meter.read().iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["GetItem", "Query", "PutItem"]);
}

#[tokio::test]
async fn a_note_that_cannot_be_one_is_refused() {
    let world = World::new().await;
    let id = filed(&world).await;
    let long = "ä".repeat(2_000);
    assert_eq!(write(&world, "agent-1", &id, ("long", &long)).await.0, 201);
    for (note_id, text, pointer) in [
        ("n1", " ".to_owned(), "#/text"),
        ("n1", format!("{long}ä"), "#/text"),
        ("", SECRET.to_owned(), "#/id"),
        ("a b", SECRET.to_owned(), "#/id"),
        ("a/b", SECRET.to_owned(), "#/id"),
    ] {
        let (status, problem) = write(&world, "agent-1", &id, (note_id, &text)).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{note_id} {problem}");
    }
    assert_eq!(write(&world, "agent-1", "rr_missing", ("n1", SECRET)).await.0, 404);
    assert_eq!(world.call(&note(&id, "n1", SECRET).as_customer(CUSTOMER)).await.status(), 403);
    assert_eq!(write(&world, CUSTOMER, &id, ("n1", SECRET)).await.0, 403, "about the own request");
    assert_eq!(notes(&world, &id, "agent-1").await.as_array().unwrap().len(), 1);
}
