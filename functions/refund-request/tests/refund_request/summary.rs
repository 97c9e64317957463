//! How support's queue stands, and one request by its id alone.

use ledger::Timestamp;
use refunds::{Clock, RequestStore as _, Save, SaveOutcome};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, World, after_cancellation, answer, changed_mind, now};

const SUMMARY: &str = "GET /v1/refund-requests/summary";

async fn summary(world: &World, at: Timestamp) -> Value {
    let event = HttpEvent::new(SUMMARY, at.as_s()).as_support("agent-1");
    let (status, counts) = answer(&world.call_at(&event, at).await);
    assert_eq!(status, 200, "{counts}");
    counts
}

async fn filed(world: &World, key: &str, payment: &str) -> String {
    let mut body = changed_mind();
    body["payment"] = payment.into();
    let (status, request) = world.submit(key, &body).await;
    assert_eq!((status, &request["state"]), (201, &json!("in_review")), "{request:#}");
    request["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_summary_counts_what_waits_for_people_by_state_priority_clock_and_claim() {
    let world = World::new().await;
    let empty = json!({
        "waiting": 0, "more": false, "by_state": [], "by_priority": {"raised": 0, "normal": 0},
        "clocks": {"warned": 0, "breached": 0}, "claimed": 0, "unclaimed": 0, "oldest": null,
    });
    assert_eq!(summary(&world, now()).await, empty);
    world.pay_for("music-studio", "music-studio", "pi_other", 500).await;
    let oldest = filed(&world, "key-1", "pi_pack").await;
    let later = now().plus_s(60).unwrap();
    let mut body = changed_mind();
    body["payment"] = "pi_other".into();
    let (_, other) = answer(&world.call_at(&crate::world::submission("key-2", &body), later).await);
    let other = other["id"].as_str().unwrap();
    // Paid by the policy alone: it waits for nobody.
    world.submit("key-3", &after_cancellation()).await;
    let claim = HttpEvent::new("POST /v1/refund-requests/{id}/claim", later.as_s()).path("id", other);
    assert_eq!(world.call_at(&claim.as_support("agent-2"), later).await.status(), 200);
    let expected = json!({
        "waiting": 2, "more": false, "by_state": [{"state": "in_review", "requests": 2}],
        "by_priority": {"raised": 0, "normal": 2}, "clocks": {"warned": 0, "breached": 0},
        "claimed": 1, "unclaimed": 1,
        "oldest": {"id": oldest, "account": CUSTOMER, "submitted_at": now().to_string()},
    });
    assert_eq!(summary(&world, later).await, expected);
    // Its claim has ended, and every clock has run out.
    let weeks_later = now().plus_s(21 * 86_400).unwrap();
    let counts = summary(&world, weeks_later).await;
    assert_eq!((&counts["claimed"], &counts["unclaimed"]), (&json!(0), &json!(2)));
    assert_eq!(counts["clocks"], json!({"warned": 0, "breached": 2}));
}

/// Changes every clock of a stored request.
async fn change_clocks(world: &World, id: &str, change: impl Fn(&mut Clock)) {
    let stored = world.app.store.request(&id.parse().unwrap()).await.unwrap().unwrap();
    let mut request = stored.restored_with(|progress| progress.clocks.all.iter_mut().for_each(&change));
    request.count_save();
    let saved = world.app.store.save(&Save { request, commit: None, refunded: None }).await.unwrap();
    assert!(matches!(saved, SaveOutcome::Written), "{saved:?}");
}

#[tokio::test]
async fn a_clock_warns_until_its_deadline_and_a_broken_promise_raises_its_request() {
    let world = World::new().await;
    let id = filed(&world, "key-1", "pi_pack").await;
    let (warn_at, due_at) = (now().plus_s(3_600).unwrap(), now().plus_s(7_200).unwrap());
    change_clocks(&world, &id, |clock| (clock.warn_at, clock.due_at) = (Some(warn_at), due_at)).await;
    for (at, clocks) in [
        (now(), json!({"warned": 0, "breached": 0})),
        (warn_at, json!({"warned": 1, "breached": 0})),
        (due_at, json!({"warned": 1, "breached": 0})),
        (due_at.plus_s(1).unwrap(), json!({"warned": 0, "breached": 1})),
    ] {
        assert_eq!(summary(&world, at).await["clocks"], clocks, "{at}");
    }
    change_clocks(&world, &id, |clock| clock.breached_at = Some(due_at)).await;
    let counts = summary(&world, due_at).await;
    assert_eq!(counts["by_priority"], json!({"raised": 1, "normal": 0}));
}

#[tokio::test]
async fn d14_the_summary_and_a_request_by_its_id_are_supports_alone() {
    let world = World::new().await;
    let id = filed(&world, "key-1", "pi_pack").await;
    let show = |id: &str| HttpEvent::new("GET /v1/refund-requests/{id}", now().as_s()).path("id", id);
    let (status, shown) = answer(&world.call(&show(&id).as_support("agent-0")).await);
    assert_eq!((status, &shown), (200, &world.seen(&id).await), "the account's route answers the same");
    assert!(shown["decision"].is_object());
    assert_eq!(world.call(&show("rr_missing").as_support("agent-0")).await.status(), 404);
    assert_eq!(world.call(&show(&id).as_customer(CUSTOMER)).await.status(), 403);
    let summary = HttpEvent::new(SUMMARY, now().as_s());
    assert_eq!(world.call(&summary.as_customer(CUSTOMER)).await.status(), 403);
}
