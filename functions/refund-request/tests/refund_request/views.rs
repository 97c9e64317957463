//! Two views of one request: the customer's is short, and support's holds everything.

use std::collections::BTreeSet;

use refunds::{RequestStore as _, Save, SaveOutcome, State};
use serde_json::{Value, json};

use crate::world::{World, after_cancellation, changed_mind, key_of};

/// What support alone sees, at any depth.
const FOR_SUPPORT: [&str; 22] = [
    "decision",
    "rules",
    "terms",
    "law",
    "basis",
    "recommendation",
    "unknown_facts",
    "settled_by",
    "nearest_change",
    "doors",
    "sha256",
    "reviews",
    "first_approval",
    "arrival_noted_at",
    "priority",
    "claim",
    "disputes",
    "credits_frozen",
    "occasion",
    "held_back",
    "reviewer",
    "who",
];

fn members(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                names.insert(name.clone());
                members(inner, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|inner| members(inner, names)),
        _ => {}
    }
}

/// The customer's view, which holds nothing of support's and quotes no clause in its message.
fn seen_by_customer(request: Value) -> Value {
    let mut names = BTreeSet::new();
    members(&request, &mut names);
    let leaked: Vec<&str> = FOR_SUPPORT.into_iter().filter(|name| names.contains(*name)).collect();
    assert_eq!(leaked, [""; 0], "{request:#}");
    let message = request["message"].as_str().unwrap();
    if let Some(text) = request["clause"]["text"].as_str() {
        assert!(!message.contains(text), "{message}");
    }
    assert!(message.matches(". ").count() < 3, "at most three sentences: {message}");
    request
}

async fn read(world: &World, id: &Value) -> Value {
    seen_by_customer(world.read(id.as_str().unwrap()).await)
}

async fn filed(world: &World, body: &Value) -> Value {
    let (status, request) = world.submit(&key_of(body), body).await;
    assert_eq!(status, 201, "{request:#}");
    let shown = seen_by_customer(request);
    assert_eq!(read(world, &shown["id"]).await, shown);
    shown
}

/// Moves the stored request as the payout would.
async fn moved(world: &World, id: &Value, change: impl FnOnce(&mut refunds::Progress)) -> Value {
    let stored = world.app.store.request(&id.as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    let mut request = stored.restored_with(change);
    request.count_save();
    let saved = world.app.store.save(&Save { request, commit: None, refunded: None }).await.unwrap();
    assert!(matches!(saved, SaveOutcome::Written), "{saved:?}");
    read(world, id).await
}

fn refused() -> Value {
    json!({"reason": "result_not_liked", "generation_id": "song-1", "note": "Not my taste."})
}

#[tokio::test]
async fn a_request_that_needs_information() {
    let world = World::new().await;
    let body = json!({"reason": "changed_mind", "payment": "pi_pack"});
    insta::assert_json_snapshot!(filed(&world, &body).await);
}

#[tokio::test]
async fn a_request_in_review() {
    let world = World::new().await;
    insta::assert_json_snapshot!(filed(&world, &changed_mind()).await);
}

#[tokio::test]
async fn a_refused_request_and_one_that_is_looked_at_again() {
    let world = World::new().await;
    world.generate("song-1", 5).await;
    let request = filed(&world, &refused()).await;
    insta::assert_json_snapshot!("a_refused_request", request);
    let id = request["id"].as_str().unwrap();
    let (status, reopened) = world.act(id, "reopening", &json!({"note": "It is silent."})).await;
    assert_eq!(status, 200, "{reopened:#}");
    insta::assert_json_snapshot!("a_reopened_request", seen_by_customer(reopened));
}

#[tokio::test]
async fn a_request_on_its_way_through_the_payout() {
    let world = World::new().await;
    let request = filed(&world, &after_cancellation()).await;
    let id = &request["id"];
    insta::assert_json_snapshot!("an_approved_request", request);
    let asks = moved(&world, id, |progress| {
        progress.timeline.state = State::Paying;
        progress.fulfilment.payout.as_mut().unwrap().first.needs_customer = true;
    });
    let asks = asks.await;
    insta::assert_json_snapshot!("a_refund_that_waits_for_the_customer", asks);
    let paid = moved(&world, id, |progress| {
        progress.timeline.state = State::Refunded;
        progress.fulfilment.payout.as_mut().unwrap().first.needs_customer = false;
    });
    let paid = paid.await;
    insta::assert_json_snapshot!("a_refunded_request", paid);
    let failed = moved(&world, id, |progress| {
        progress.timeline.state = State::Failed;
        let part = &mut progress.fulfilment.payout.as_mut().unwrap().first;
        (part.paid, part.failure) = (false, None);
    })
    .await;
    insta::assert_json_snapshot!("a_failed_request", failed);
    let kept = moved(&world, id, |progress| {
        progress.fulfilment.payout.as_mut().unwrap().first.kept_by_dispute = true;
    })
    .await;
    insta::assert_json_snapshot!("a_request_whose_payment_the_bank_took_back", kept);
}

#[tokio::test]
async fn a_refund_in_parts_is_seen_with_each_part() {
    let world = World::new().await;
    let request = filed(&world, &after_cancellation()).await;
    let id = &request["id"];
    let paying = moved(&world, id, |progress| {
        progress.timeline.state = State::Paying;
        let payout = progress.fulfilment.payout.as_mut().unwrap();
        let usd = payout.first.amount.currency();
        let mut older = payout.first.clone();
        for (part, charge, minor) in [(&mut payout.first, "pi_newer", 600), (&mut older, "pi_older", 400)] {
            part.charge = charge.parse().ok();
            part.amount = ledger::Money::new(minor, usd);
        }
        (payout.first.paid, payout.first.refund) = (true, "re_1".parse().ok());
        payout.further.push(older);
    });
    let paying = paying.await;
    insta::assert_json_snapshot!("a_refund_in_parts", paying);
    let failed = moved(&world, id, |progress| {
        progress.timeline.state = State::Failed;
        let payout = progress.fulfilment.payout.as_mut().unwrap();
        payout.further[0].failure = Some("charge_disputed".to_owned());
    });
    let failed = failed.await;
    insta::assert_json_snapshot!("a_refund_of_which_a_part_failed", failed);
}

#[tokio::test]
async fn a_request_that_ended_otherwise() {
    let world = World::new().await;
    let request = filed(&world, &changed_mind()).await;
    let (_, withdrawn) = world.act(request["id"].as_str().unwrap(), "withdrawal", &json!({})).await;
    insta::assert_json_snapshot!("a_withdrawn_request", seen_by_customer(withdrawn));
    let settled = moved(&world, &request["id"], |progress| progress.timeline.state = State::Settled).await;
    insta::assert_json_snapshot!("a_settled_request", settled);
}

#[tokio::test]
async fn a_request_that_people_decided() {
    for (name, body) in [
        (
            "refused_by_a_person",
            json!({"decision": "refuse", "clause": "pack-final-once-landed", "reason": "x"}),
        ),
        (
            "approved_by_a_person",
            json!({"decision": "approve", "clause": "pack-final-once-spent", "reason": "x"}),
        ),
        ("approved_as_goodwill", json!({"decision": "approve", "outside_policy": "goodwill", "reason": "x"})),
        (
            "approved_as_our_error",
            json!({"decision": "approve", "outside_policy": "our_error", "reason": "x"}),
        ),
    ] {
        let world = World::new().await;
        let request = filed(&world, &changed_mind()).await;
        let (status, support) =
            world.review_as_shown(request["id"].as_str().unwrap(), "agent-1", &body).await;
        assert_eq!(status, 200, "{support:#}");
        let shown = read(&world, &request["id"]).await;
        let words =
            json!({"outcome": shown["outcome"], "message": shown["message"], "clause": shown["clause"]});
        insta::assert_json_snapshot!(name, words);
        // Support sees what the customer sees, and more.
        for (member, value) in shown.as_object().unwrap() {
            if !["next", "time_line"].contains(&member.as_str()) {
                assert_eq!(&support[member], value, "{member}");
            }
        }
        for member in ["decision", "reviews", "first_approval", "priority", "claim", "disputes", "held_back"]
        {
            assert!(support.get(member).is_some(), "{member}");
        }
    }
}

#[tokio::test]
async fn previews_and_lists_are_the_same_two_views() {
    let world = World::new().await;
    let (_, preview) = world.preview(&changed_mind()).await;
    insta::assert_json_snapshot!("a_preview", seen_by_customer(preview));
    let request = filed(&world, &changed_mind()).await;
    let listed = world.listed().await;
    let [listed] = listed.as_slice() else { panic!("{listed:?}") };
    let mut shown = request;
    shown["quote"] = Value::Null;
    assert_eq!(&seen_by_customer(listed.clone()), &shown);
}

#[tokio::test]
async fn the_whole_decision_is_a_route_of_its_own_and_nobody_elses() {
    let world = World::new().await;
    let request = filed(&world, &changed_mind()).await;
    let decision = world.decision(&request).await;
    assert_eq!(request["decision_href"], format!("{}/decision", own(&request)));
    for member in ["outcome", "basis", "clauses", "rules", "facts", "terms", "law"] {
        assert!(decision.get(member).is_some(), "{member} of {decision:#}");
    }
    assert_eq!(decision, world.seen(request["id"].as_str().unwrap()).await["decision"]);
    let event = testkit::http_event::HttpEvent::new(
        "GET /v1/accounts/{account}/refund-requests/{id}/decision",
        crate::world::now().as_s(),
    );
    let id = request["id"].as_str().unwrap();
    let event = event.path("account", "customer-2").path("id", id).as_customer("customer-2");
    assert_eq!(world.call(&event).await.status(), 404);
}

fn own(request: &Value) -> String {
    let (account, id) = (request["account"].as_str().unwrap(), request["id"].as_str().unwrap());
    format!("/v1/accounts/{account}/refund-requests/{id}")
}
