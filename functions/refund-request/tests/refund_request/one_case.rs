//! One open request about a payment for one reason, however it is filed.

use ledger::{Actor, PaymentId, PaymentStore, Provider};
use refunds::{RequestStore, Save, SaveOutcome, State};
use serde_json::{Value, json};

use crate::world::{World, account, after_cancellation, changed_mind, now};

fn conflict(problem: &Value) -> &str {
    assert_eq!(problem["type"], "urn:makegood:problem:case-open", "{problem:#}");
    problem["request"].as_str().unwrap()
}

async fn filed(world: &World, key: &str, body: &Value) -> String {
    let (status, request) = world.submit(key, body).await;
    assert_eq!(status, 201, "{request:#}");
    request["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn d8_another_key_for_the_same_payment_and_reason_is_a_conflict_that_names_the_open_request() {
    let world = World::new().await;
    let first = filed(&world, "key-1", &changed_mind()).await;
    let mut again = changed_mind();
    again["note"] = json!("Once more.");
    let (status, problem) = world.submit("key-2", &again).await;
    assert_eq!((status, conflict(&problem)), (409, first.as_str()));
    // The same key is the same request, and another reason another case.
    assert_eq!(filed(&world, "key-1", &changed_mind()).await, first);
    again["reason"] = json!("accidental_purchase");
    assert_ne!(filed(&world, "key-3", &again).await, first);
}

#[tokio::test]
async fn d8_of_many_keys_at_once_one_opens_the_case() {
    let world = World::new().await;
    let keys: Vec<String> = (0..20).map(|key| format!("key-{key}")).collect();
    let body = after_cancellation();
    let answers = keys.iter().map(|key| world.submit(key, &body));
    let answers = futures_util::future::join_all(answers).await;
    let opened = answers.iter().filter(|(status, _)| *status == 201).count();
    assert_eq!(opened, 1, "{answers:#?}");
    assert!(answers.iter().all(|(status, _)| [201, 409].contains(status)), "{answers:#?}");
    assert_eq!(world.app.store.requests_of(&account(), None, 50).await.unwrap().len(), 1);
    assert_eq!(world.app.payouts.announced().len(), 1);
}

#[tokio::test]
async fn a_request_that_ended_without_a_refund_leaves_the_case_to_the_next_and_waits_for_it_then() {
    let world = World::new().await;
    let first = filed(&world, "key-1", &changed_mind()).await;
    let refusal = json!({"decision": "refuse", "clause": "pack-final-once-landed", "reason": "Landed."});
    assert_eq!(world.review(&first, "agent-1", &refusal).await.0, 200);
    let second = filed(&world, "key-2", &changed_mind()).await;
    // The first one has to wait while the second has the case.
    let (status, problem) = world.act(&first, "reopening", &json!({"note": "Look again."})).await;
    assert_eq!((status, conflict(&problem)), (409, second.as_str()));
    assert_eq!(world.act(&second, "withdrawal", &json!({})).await.0, 200);
    assert_eq!(world.act(&first, "reopening", &json!({"note": "Look again."})).await.0, 200);
    let (status, problem) = world.submit("key-3", &changed_mind()).await;
    assert_eq!((status, conflict(&problem)), (409, first.as_str()));
}

#[tokio::test]
async fn a_part_that_another_request_refunded_leaves_the_rest_to_a_reopened_one() {
    for (minor, left) in [(400, true), (1000, false)] {
        let world = World::new().await;
        let first = filed(&world, "key-1", &changed_mind()).await;
        let refusal = json!({"decision": "refuse", "clause": "pack-final-once-landed", "reason": "Landed."});
        assert_eq!(world.review(&first, "agent-1", &refusal).await.0, 200);
        let second = filed(&world, "key-2", &changed_mind()).await;
        let amount = json!({"amount_minor": minor, "currency": "usd"});
        let part = json!({"decision": "approve_part", "clause": "pack-final-once-landed",
            "reason": "Of good will.", "amount": amount});
        let (status, approved) = world.review_as_quoted(&second, "agent-1", &part).await;
        assert_eq!((status, &approved["state"]), (200, &json!("approved")), "{approved:#}");
        let mut paid = world.app.store.request(&second.parse().unwrap()).await.unwrap().unwrap();
        for state in [State::Paying, State::Refunded] {
            paid.transition_to(state, now(), Actor::Provider(Provider::Stripe)).unwrap();
        }
        paid.count_save();
        let save = Save { request: paid, commit: None, refunded: None };
        assert_eq!(world.app.store.save(&save).await.unwrap(), SaveOutcome::Written);
        let (status, answer) = world.act(&first, "reopening", &json!({"note": "And the rest?"})).await;
        if left {
            assert_eq!((status, &answer["state"]), (200, &json!("in_review")), "{answer:#}");
        } else {
            assert_eq!((status, conflict(&answer)), (409, second.as_str()));
        }
    }
}

#[tokio::test]
async fn what_is_refunded_is_not_asked_for_again() {
    let world = World::new().await;
    let first = filed(&world, "key-1", &after_cancellation()).await;
    let stored = world.app.store.request(&first.parse().unwrap()).await.unwrap().unwrap();
    for open in [State::Approved, State::Paying, State::Refunded] {
        let stored = stored.restored_with(|progress| progress.timeline.state = open);
        let payment = PaymentId::new("pi_renewal").unwrap();
        let payment = world.app.store.payment(&payment).await.unwrap();
        assert!(stored.keeps_case(payment.as_ref(), now()), "{open}");
    }
    // A part leaves the rest to be asked for.
    let pack = world.app.store.payment(&PaymentId::new("pi_pack").unwrap()).await.unwrap();
    let refunded = stored.restored_with(|progress| progress.timeline.state = State::Refunded);
    assert!(!refunded.keeps_case(pack.as_ref(), now()));
    let (status, problem) = world.submit("key-2", &after_cancellation()).await;
    assert_eq!((status, conflict(&problem)), (409, first.as_str()));
}

/// A request with a refusal and an offer that can be taken all the same, and how to take it.
async fn refused_with_offer(world: &World, offer: &str, made: bool) -> (String, Value) {
    world.pay_for("image-to-3d", "image-to-3d", "pi_3d", 1000).await;
    world.generate_for("image-to-3d", "mesh-1", 15).await;
    let id = filed(world, "key-1", &partly_used()).await;
    let mut offering = json!({"decision": "offer", "offer": offer, "clause": "partial-goodwill",
        "reason": "A fair part."});
    if offer == "replacement_credits" {
        offering["credits"] = json!(15);
    }
    let seen = world.seen(&id).await;
    let offers = seen["offers"].as_array().unwrap();
    let quote = offers.iter().find(|each| each["offer"] == offer).unwrap()["quote"]["quote"].clone();
    if !quote.is_null() {
        offering["quote"] = quote;
    }
    if made {
        let (status, problem) = world.review(&id, "agent-1", &offering).await;
        assert_eq!(status, 200, "{problem:#}");
    }
    let refusal =
        json!({"decision": "refuse", "clause": "partial-goodwill", "reason": "No more than offered."});
    let (status, refused) = world.review(&id, "agent-1", &refusal).await;
    assert_eq!((status, &refused["state"]), (200, &json!("refused")), "{refused:#}");
    (id, json!({"answer": "accept"}))
}

fn partly_used() -> Value {
    json!({"reason": "changed_mind", "payment": "pi_3d", "note": "I used a part of it."})
}

#[tokio::test]
async fn d8_an_offer_of_a_refused_request_waits_for_the_open_request_about_the_same() {
    for (offer, made, state) in [
        ("part_by_credits", true, "approved"),
        ("replacement_credits", true, "refunded"),
        ("part_by_credits", false, "in_review"),
    ] {
        let world = World::new().await;
        let (first, accept) = refused_with_offer(&world, offer, made).await;
        let second = filed(&world, "key-2", &partly_used()).await;
        let (path, before) = (format!("offers/{offer}"), world.available().await);
        let (status, problem) = world.act(&first, &path, &accept).await;
        assert_eq!((status, conflict(&problem)), (409, second.as_str()));
        assert_eq!((world.refunded("pi_3d").await, world.available().await), (0, before));
        assert_eq!(world.act(&second, "withdrawal", &json!({})).await.0, 200);
        let (status, taken) = world.act(&first, &path, &accept).await;
        assert_eq!((status, &taken["state"]), (200, &json!(state)), "{taken:#}");
        world.journal_is_sound().await;
        // Also credits keep the case: the same trouble is not made up for twice.
        let third = world.submit("key-3", &partly_used()).await;
        assert_eq!((third.0, conflict(&third.1)), (409, first.as_str()));
    }
}
