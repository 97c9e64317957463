//! Support's queue, and claims of its requests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use refunds::{CLAIM_S, fingerprint};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, World, account, after_cancellation, answer, changed_mind, now, submission};

const QUEUE: &str = "GET /v1/refund-requests";

/// The queue as `person` sees it.
async fn queue(world: &World, person: &str, filters: &[(&str, &str)]) -> (u16, Value) {
    let event = HttpEvent::new(QUEUE, now().as_s()).as_support(person);
    let event = filters.iter().fold(event, |event, (name, value)| event.query(name, value));
    answer(&world.call(&event).await)
}

/// The ids of the queue's requests.
async fn ids(world: &World, filters: &[(&str, &str)]) -> Vec<String> {
    let (status, page) = queue(world, "agent-1", filters).await;
    assert_eq!(status, 200, "{page}");
    let requests = page["refund_requests"].as_array().unwrap();
    requests.iter().map(|request| request["id"].as_str().unwrap().to_owned()).collect()
}

async fn step(world: &World, step: &str, id: &str, person: &str, later_s: u64) -> (u16, Value) {
    let at = now().plus_s(later_s).unwrap();
    let event = HttpEvent::new(&format!("POST /v1/refund-requests/{{id}}/{step}"), at.as_s());
    answer(&world.call_at(&event.path("id", id).as_support(person), at).await)
}

async fn in_review(world: &World, key: &str) -> String {
    let (_, request) = world.submit(key, &changed_mind()).await;
    assert_eq!(request["state"], "in_review", "{request:#}");
    request["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_queue_shows_what_waits_for_people_and_nothing_else() {
    let world = World::new().await;
    let id = in_review(&world, "key-1").await;
    world.submit("key-2", &after_cancellation()).await;
    world.submit("key-3", &json!({"reason": "changed_mind", "payment": "pi_pack"})).await;
    let (status, page) = queue(&world, "agent-1", &[]).await;
    assert_eq!((status, &page["next_cursor"]), (200, &Value::Null));
    let [request] = page["refund_requests"].as_array().unwrap().as_slice() else { panic!("{page:#}") };
    assert_eq!(request["id"], *id);
    assert_eq!(request["product"], "music-studio");
    assert_eq!(request["amount"], json!({"amount_minor": 1000, "currency": "usd"}));
    assert_eq!((&request["priority"], &request["claim"]), (&json!("normal"), &Value::Null));
    assert_eq!(request["clock"]["state"], "running");
    assert!(request.get("decision").is_none() && request.get("note").is_none());
    let (status, _) = world
        .review(
            &id,
            "agent-1",
            &json!({"decision": "refuse", "clause": "pack-final-once-landed", "reason": "Used."}),
        )
        .await;
    assert_eq!(status, 200);
    assert_eq!(ids(&world, &[]).await, Vec::<String>::new());
}

#[tokio::test]
async fn d14_customers_and_services_do_not_see_the_queue() {
    let world = World::new().await;
    let id = in_review(&world, "key-1").await;
    let event = HttpEvent::new(QUEUE, now().as_s()).as_customer(CUSTOMER);
    assert_eq!(world.call(&event).await.status(), 403);
    for step in ["claim", "release", "arrival"] {
        let event = HttpEvent::new(&format!("POST /v1/refund-requests/{{id}}/{step}"), now().as_s());
        assert_eq!(world.call(&event.path("id", &id).as_customer(CUSTOMER)).await.status(), 403, "{step}");
    }
}

#[tokio::test]
async fn the_queue_is_filtered_and_paged() {
    let world = World::new().await;
    let mut all = Vec::new();
    for index in 0..52 {
        let payment = format!("pi_{index}");
        world.pay_for("music-studio", "music-studio", &payment, 500).await;
        let mut body = changed_mind();
        body["payment"] = json!(payment);
        let (_, request) = world.submit(&payment, &body).await;
        all.push(request["id"].as_str().unwrap().to_owned());
    }
    let (_, page) = queue(&world, "agent-1", &[]).await;
    assert_eq!(page["refund_requests"].as_array().unwrap().len(), 50);
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(ids(&world, &[("cursor", &cursor)]).await.len(), 2);
    let changed = format!("{}AAAA", &cursor[..cursor.len() - 4]);
    for filters in [
        &[("cursor", changed.as_str())][..],
        &[("cursor", &cursor), ("clock", "breached")],
        &[("clock", "late")],
        &[("claimed_by", "agent-2")],
        &[("state", "open")],
    ] {
        assert_eq!(queue(&world, "agent-1", filters).await.0, 400, "{filters:?}");
    }
    for place in ["", " ", "~", "0#1", "1#9999999999999#0000000000000#", "x#9999999999999#0000000000000#rr_1"]
    {
        let filters = [("cursor", &*forged_cursor(place))];
        assert_eq!(queue(&world, "agent-1", &filters).await.0, 400, "{place}");
    }
    step(&world, "claim", &all[7], "agent-1", 0).await;
    step(&world, "claim", &all[8], "agent-2", 0).await;
    for (filters, count) in [
        (&[("claimed_by", "me")][..], 1),
        (&[("claimed_by", "anyone")], 2),
        (&[("claimed_by", "none")], 50),
        (&[("claimed_by", "none"), ("product", "image-web")], 0),
        (&[("product", "music-studio"), ("claimed_by", "me"), ("state", "in_review")], 1),
        (&[("state", "failed")], 0),
        (&[("clock", "breached")], 0),
    ] {
        assert_eq!(ids(&world, filters).await.len(), count, "{filters:?}");
    }
}

/// A cursor of the whole queue with a check that fits its place: the check is no secret.
fn forged_cursor(place: &str) -> String {
    let of = URL_SAFE_NO_PAD.encode(fingerprint(&["queue", "", "", "", ""]));
    let check = URL_SAFE_NO_PAD.encode(&fingerprint(&[&of, place])[..9]);
    URL_SAFE_NO_PAD.encode(format!("{check}.{place}"))
}

#[tokio::test]
async fn a_claim_keeps_others_out_for_half_an_hour() {
    let world = World::new().await;
    let id = in_review(&world, "key-1").await;
    let (status, claimed) = step(&world, "claim", &id, "agent-1", 0).await;
    assert_eq!((status, &claimed["claim"]["by"]), (200, &json!("agent-1")), "{claimed:#}");
    // Again by the same person: as often as they like.
    assert_eq!(step(&world, "claim", &id, "agent-1", 60).await.0, 200);
    for (name, later_s) in [("claim", CLAIM_S), ("release", CLAIM_S + 60)] {
        let (status, problem) = step(&world, name, &id, "agent-2", later_s).await;
        assert_eq!(status, 409, "{name}: {problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with("agent-1 has claimed"), "{problem}");
    }
    let refuse = json!({"decision": "refuse", "clause": "pack-final-once-landed", "reason": "Used."});
    let (status, problem) = world.review(&id, "agent-2", &refuse).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:makegood:problem:state-conflict")));
    // A claim that was forgotten ends by itself.
    let (status, claimed) = step(&world, "claim", &id, "agent-2", CLAIM_S + 61).await;
    assert_eq!((status, &claimed["claim"]["by"]), (200, &json!("agent-2")), "{claimed:#}");
}

#[tokio::test]
async fn a_claim_is_released_and_a_decision_ends_it() {
    let world = World::new().await;
    let id = in_review(&world, "key-1").await;
    step(&world, "claim", &id, "agent-1", 0).await;
    let (status, released) = step(&world, "release", &id, "agent-1", 1).await;
    assert_eq!((status, &released["claim"]), (200, &Value::Null));
    assert_eq!(step(&world, "release", &id, "agent-2", 2).await.0, 200, "there is nothing to release");
    step(&world, "claim", &id, "agent-2", 3).await;
    let (status, request) = world
        .review(
            &id,
            "agent-2",
            &json!({"decision": "refuse", "clause": "pack-final-once-landed", "reason": "Used."}),
        )
        .await;
    assert_eq!((status, &request["claim"]), (200, &Value::Null));
    assert_eq!(step(&world, "claim", &id, "agent-1", 4).await.0, 409, "it waits for nobody");
    assert_eq!(step(&world, "claim", "rr_missing", "agent-1", 5).await.0, 404);
    assert_eq!(step(&world, "arrival", &id, "agent-1", 6).await.0, 409, "no money is on its way");
}

#[tokio::test]
async fn d15_nobody_claims_the_own_request() {
    let world = World::new().await;
    // It came from the account's own address; what came from elsewhere would be asked for it first.
    let mut body = changed_mind();
    body["requested_from_account"] = true.into();
    let filed = submission("key-1", &body).as_support("agent-1");
    let (_, request) = answer(&world.call(&filed).await);
    let id = request["id"].as_str().unwrap();
    for person in [account().as_str(), "agent-1"] {
        assert_eq!(step(&world, "claim", id, person, 0).await.0, 403, "{person}");
    }
    assert_eq!(step(&world, "claim", id, "agent-2", 0).await.0, 200);
}

#[tokio::test]
async fn of_many_who_claim_at_once_one_holds_it() {
    let world = World::new().await;
    let id = in_review(&world, "key-1").await;
    let people: Vec<String> = (0..10).map(|number| format!("agent-{number}")).collect();
    let claims = people.iter().map(|person| step(&world, "claim", &id, person, 0));
    let answers = futures_util::future::join_all(claims).await;
    let holders = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(holders, 1, "{answers:?}");
    assert!(answers.iter().all(|(status, _)| *status == 200 || *status == 409));
}
