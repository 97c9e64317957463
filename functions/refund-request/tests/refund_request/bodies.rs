//! The body of every route, once as it answers and once as it refuses: clients are written against these.
//! Each snapshot has the name of its operation in infra/openapi.yaml.

use refunds::{RequestStore as _, Save, SaveOutcome, State};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::cancelling::{NOW_S, ask, confirm, studio};
use crate::offers::unusable;
use crate::world::{CUSTOMER, World, act, after_cancellation, answer, changed_mind, now, submission};

type Answered = (u16, Value);

fn hold(operation: &str, (status, mut body): Answered, (refused, problem): Answered) {
    if body["decision"].is_object() {
        // Support's views repeat it as a whole.
        body["decision"] = json!("the answer of explainRefundRequest");
    }
    assert!(status < 300, "{operation}: {status} {body:#}");
    assert!(refused >= 400, "{operation}: {refused} {problem:#}");
    let pair = json!({
        "answer": {"status": status, "body": body},
        "refusal": {"status": refused, "body": problem},
    });
    insta::assert_json_snapshot!(operation, pair);
}

fn of_account(route: &str) -> HttpEvent {
    HttpEvent::new(route, now().as_s()).path("account", CUSTOMER)
}

fn of_support(route: &str, id: &str) -> HttpEvent {
    HttpEvent::new(route, now().as_s()).path("id", id).as_support("agent-1")
}

async fn send(world: &World, event: HttpEvent) -> Answered {
    answer(&world.call(&event).await)
}

async fn filed(world: &World, key: &str, body: &Value) -> String {
    let (status, request) = world.submit(key, body).await;
    assert_eq!(status, 201, "{request:#}");
    request["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bodies_about_an_account() {
    let world = studio().await;
    let list = |route: &str| of_account(route).as_customer(CUSTOMER);
    let payments = "GET /v1/accounts/{account}/payments";
    let answered = send(&world, list(payments)).await;
    hold("listPayments", answered, send(&world, list(payments).query("cursor", "forged")).await);
    let subscriptions = "GET /v1/accounts/{account}/subscriptions";
    let answered = send(&world, list(subscriptions)).await;
    hold("listSubscriptions", answered, send(&world, of_account(subscriptions)).await);
    let refused = confirm(&world, &json!("of something else"), NOW_S).await;
    hold("cancelSubscription", ask(&world, NOW_S).await, refused);
    let finding =
        |body: Value| of_account("PUT /v1/accounts/{account}/findings").as_support("agent-1").body(&body);
    let answered = send(&world, finding(json!({"abuse": "indicated", "reason": "Seen."}))).await;
    hold(
        "recordFinding",
        answered,
        send(&world, finding(json!({"abuse": "maybe", "reason": "Seen."}))).await,
    );
}

#[tokio::test]
async fn bodies_of_a_customers_request() {
    let world = World::new().await;
    let refused = json!({"reason": "no_such_reason"});
    let preview = world.preview(&changed_mind()).await;
    hold("previewRefundRequest", preview, world.preview(&refused).await);
    let submitted = send(&world, submission("key-1", &changed_mind())).await;
    let id = submitted.1["id"].as_str().unwrap().to_owned();
    hold("submitRefundRequest", submitted, send(&world, submission("key-2", &refused)).await);
    let list = || of_account("GET /v1/accounts/{account}/refund-requests").as_customer(CUSTOMER);
    let listed = send(&world, list()).await;
    hold("listRefundRequests", listed, send(&world, list().query("cursor", "forged")).await);
    for (operation, route) in [
        ("showRefundRequest", "GET /v1/accounts/{account}/refund-requests/{id}"),
        ("explainRefundRequest", "GET /v1/accounts/{account}/refund-requests/{id}/decision"),
    ] {
        let show = |id: &str| of_account(route).path("id", id).as_customer(CUSTOMER);
        let shown = send(&world, show(&id)).await;
        hold(operation, shown, send(&world, show("rr_missing")).await);
    }
    let withdrawn = world.act(&id, "withdrawal", &json!({})).await;
    hold("withdrawRefundRequest", withdrawn, world.act(&id, "withdrawal", &json!({"why": "x"})).await);
    let asked = filed(&world, "key-3", &json!({"reason": "changed_mind", "payment": "pi_pack"})).await;
    let answers = json!({"note": "I do not need it."});
    let refused = world.act(&id, "answers", &answers).await;
    hold("answerQuestions", world.act(&asked, "answers", &answers).await, refused);
}

#[tokio::test]
async fn bodies_of_what_customers_do_with_a_decision() {
    let world = World::new().await;
    world.generate("song-1", 5).await;
    let disliked = json!({"reason": "result_not_liked", "generation_id": "song-1", "note": "Not my taste."});
    let id = filed(&world, "key-2", &disliked).await;
    let note = json!({"note": "It is silent."});
    let refused = world.act(&id, "reopening", &json!({})).await;
    hold("reopenRefundRequest", world.act(&id, "reopening", &note).await, refused);
    let (id, _) = unusable(&world).await;
    let declined = act(&id, "offers/part_by_credits", &json!({"answer": "decline"})).as_customer(CUSTOMER);
    let refused = world.act(&id, "offers/no_such", &json!({"answer": "accept"})).await;
    hold("answerOffer", send(&world, declined).await, refused);
}

#[tokio::test]
async fn bodies_for_support() {
    let world = World::new().await;
    let id = filed(&world, "key-1", &changed_mind()).await;
    let queue = || HttpEvent::new("GET /v1/refund-requests", now().as_s()).as_support("agent-1");
    let listed = send(&world, queue()).await;
    hold("listQueue", listed, send(&world, queue().query("clock", "late")).await);
    let summary = || HttpEvent::new("GET /v1/refund-requests/summary", now().as_s());
    let summarized = send(&world, summary().as_support("agent-1")).await;
    hold("summarizeQueue", summarized, send(&world, summary().as_customer(CUSTOMER)).await);
    let note = |text: &str| {
        let body = json!({"id": "note-1", "text": text});
        of_support("POST /v1/refund-requests/{id}/notes", &id).body(&body)
    };
    let written = send(&world, note("The bank confirms it.")).await;
    hold("addInternalNote", written, send(&world, note("Another text.")).await);
    let show = |id: &str| of_support("GET /v1/refund-requests/{id}", id);
    hold("showRefundRequestToSupport", send(&world, show(&id)).await, send(&world, show("rr_missing")).await);
    for (operation, step) in [("claimRefundRequest", "claim"), ("releaseRefundRequest", "release")] {
        let route = format!("POST /v1/refund-requests/{{id}}/{step}");
        let answered = send(&world, of_support(&route, &id)).await;
        hold(operation, answered, send(&world, of_support(&route, "rr_missing")).await);
    }
    let refusal = json!({"decision": "refuse", "clause": "pack-final-once-landed", "reason": "Used."});
    let reviewed = world.review(&id, "agent-1", &refusal).await;
    hold("reviewRefundRequest", reviewed, world.review(&id, "agent-2", &json!({"decision": "refuse"})).await);
    let outages = || HttpEvent::new("GET /v1/outages", now().as_s());
    let outage = |ended: &str| {
        let body = json!({"product": "music-studio", "began_at": "2026-11-02T00:00:00Z", "ended_at": ended});
        of_support("PUT /v1/outages/{id}", "outage-1").body(&body)
    };
    let recorded = send(&world, outage("2026-11-04T12:00:00Z")).await;
    hold("recordOutage", recorded, send(&world, outage("2030-01-01T00:00:00Z")).await);
    let listed = send(&world, outages().as_support("agent-1")).await;
    hold("listOutages", listed, send(&world, outages().as_customer(CUSTOMER)).await);
}

#[tokio::test]
async fn bodies_about_an_approved_request() {
    let world = World::new().await;
    let id = filed(&world, "key-1", &after_cancellation()).await;
    let arrival = "POST /v1/refund-requests/{id}/arrival";
    let refused = send(&world, of_support(arrival, &id)).await;
    let reason = |reason: &str| {
        of_support("POST /v1/refund-requests/{id}/hold-back", &id).body(&json!({ "reason": reason }))
    };
    let unsaid = send(&world, reason(" ")).await;
    hold("holdBackRefundRequest", send(&world, reason("The customer called.")).await, unsaid);
    let stored = world.app.store.request(&id.parse().unwrap()).await.unwrap().unwrap();
    let mut request = stored.restored_with(|progress| progress.timeline.state = State::Refunded);
    request.count_save();
    let saved = world.app.store.save(&Save { request, commit: None, refunded: None }).await.unwrap();
    assert!(matches!(saved, SaveOutcome::Written), "{saved:?}");
    hold("noteArrival", send(&world, of_support(arrival, &id)).await, refused);
}
