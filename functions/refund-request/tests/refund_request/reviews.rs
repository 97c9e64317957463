//! What a person decides.

use ledger::contract::{at, run};
use ledger::{Command, Dispute, DisputeId, PaymentId, SubscriptionId};
use refunds::{RequestStore, Save, SaveOutcome};
use serde_json::{Value, json};

use crate::world::{CUSTOMER, DAY_S, World, account, answer, changed_mind, now, submission};

/// A pack that landed and is not spent: the text says both, and the customer's reading is recommended.
async fn in_review(world: &World) -> String {
    let (_, request) = world.submit("key-1", &changed_mind()).await;
    request["id"].as_str().unwrap().to_owned()
}

fn approve(reason: &str) -> Value {
    json!({"decision": "approve", "clause": "pack-final-once-spent", "reason": reason})
}

fn approve_part(minor: &Value, currency: &str) -> Value {
    json!({
        "decision": "approve_part", "clause": "pack-final-once-spent", "reason": "A part.",
        "amount": {"amount_minor": minor, "currency": currency}
    })
}

fn refuse(reason: &str) -> Value {
    json!({"decision": "refuse", "clause": "pack-final-once-landed", "reason": reason})
}

#[tokio::test]
async fn a_part_is_approved_and_takes_its_share_of_the_lot() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let (status, request) = world.review_as_quoted(&id, "agent-1", &approve_part(&json!(400), "usd")).await;
    assert_eq!((status, &request["state"]), (200, &json!("approved")), "{request:#}");
    assert_eq!(request["payout"]["amount"]["amount_minor"], 400);
    let review = &request["reviews"][0];
    assert_eq!(
        (&review["reviewer"], &review["clause"]),
        (&json!("agent-1"), &json!("pack-final-once-spent"))
    );
    assert_eq!(review["override"], true, "all of it was recommended");
    assert!(request["message"].as_str().unwrap().starts_with("We refund 4.00 USD"), "{request:#}");
    assert_eq!(world.refunded("pi_pack").await, 400);
    assert_eq!(world.lot("pi_pack").await, (100, 60, 40));
    world.journal_is_sound().await;

    let (status, problem) = world.review(&id, "agent-2", &refuse("No.")).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:makegood:problem:state-conflict")));
}

#[tokio::test]
async fn a_refusal_moves_no_money_and_overrides_what_was_recommended() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let (status, request) = world.review(&id, "agent-1", &refuse("Used.")).await;
    assert_eq!((status, &request["state"]), (200, &json!("refused")));
    assert_eq!(request["reviews"][0]["override"], true);
    assert!(request["clause"]["text"].as_str().unwrap().contains("once its credits have landed"));
    let message = request["message"].as_str().unwrap();
    assert!(message.starts_with("We cannot refund this") && message.contains("a person"), "{message}");
    assert_eq!(world.refunded("pi_pack").await, 0);
    assert_eq!(world.lot("pi_pack").await, (100, 100, 0));
}

#[tokio::test]
async fn what_was_recommended_is_no_override() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let (_, request) = world.review_as_shown(&id, "agent-1", &approve("As the text says.")).await;
    assert_eq!((&request["state"], &request["reviews"][0]["override"]), (&json!("approved"), &json!(false)));
}

#[tokio::test]
async fn a_review_cites_a_clause_that_fits_the_reason() {
    let world = World::new().await;
    let id = in_review(&world).await;
    // The second is a clause of the document, about something else.
    for clause in [Some("no-such-clause"), Some("wrong-card"), None] {
        let mut body = json!({"decision": "refuse", "reason": "No."});
        body.as_object_mut().unwrap().extend(clause.map(|clause| ("clause".to_owned(), json!(clause))));
        let (status, problem) = world.review(&id, "agent-1", &body).await;
        assert_eq!(status, 422, "{problem}");
        assert_eq!(problem["errors"][0]["pointer"], "#/clause");
        let known = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(known.contains("`pack-final-once-landed`"), "{known}");
    }
    assert_eq!(world.seen(&id).await["state"], "in_review");
}

/// A request for a reason that no rule of the policy knows.
async fn unmatched(world: &World) -> String {
    let body = json!({"reason": "other", "payment": "pi_pack", "note": "You promised it on the phone."});
    let (status, request) = world.submit("key-other", &body).await;
    assert_eq!((status, &request["state"]), (201, &json!("in_review")), "{request:#}");
    request["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_no_clause_provides_for_is_decided_outside_the_policy() {
    for (decision, kind, state, overrides) in [
        ("approve", "goodwill", "approved", true),
        ("approve", "our_error", "approved", true),
        ("refuse", "not_covered", "refused", false),
    ] {
        let world = World::new().await;
        let id = unmatched(&world).await;
        let cited = json!({"decision": decision, "reason": "As promised.", "clause": "ask-a-person"});
        let (status, problem) = world.review(&id, "agent-1", &cited).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/clause")), "{problem}");
        assert!(problem["errors"][0]["detail"].as_str().unwrap().contains("`outside_policy`"), "{problem}");
        let body = json!({"decision": decision, "reason": "As promised.", "outside_policy": kind});
        let (status, request) = world.review_as_shown(&id, "agent-1", &body).await;
        assert_eq!((status, &request["state"]), (200, &json!(state)), "{request:#}");
        let review = &request["reviews"][0];
        assert_eq!(
            (&review["clause"], &review["outside_policy"], &review["override"]),
            (&Value::Null, &json!(kind), &json!(overrides))
        );
        assert_eq!(world.seen(&id).await["reviews"], request["reviews"], "it is kept as it was");
    }
}

#[tokio::test]
async fn what_was_recommended_is_no_override_outside_the_policy_either() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let body = json!({"decision": "approve", "reason": "Fine.", "outside_policy": "goodwill"});
    let (_, request) = world.review_as_shown(&id, "agent-1", &body).await;
    assert_eq!((&request["state"], &request["reviews"][0]["override"]), (&json!("approved"), &json!(false)));
}

#[tokio::test]
async fn outside_the_policy_is_said_where_it_means_something() {
    let world = World::new().await;
    let id = in_review(&world).await;
    for (body, expected) in [
        (json!({"decision": "refuse", "outside_policy": "goodwill"}), 422),
        (json!({"decision": "approve", "outside_policy": "not_covered"}), 422),
        (json!({"decision": "ask", "question": "Which?", "outside_policy": "goodwill"}), 422),
        (
            json!({"decision": "approve", "outside_policy": "goodwill", "clause": "pack-final-once-spent"}),
            422,
        ),
        (json!({"decision": "approve", "outside_policy": "because"}), 400),
    ] {
        let mut body = body;
        body["reason"] = json!("Why not.");
        let (status, problem) = world.review(&id, "agent-1", &body).await;
        assert_eq!(status, expected, "{body}: {problem}");
    }
    assert_eq!(world.seen(&id).await["state"], "in_review");
}

#[tokio::test]
async fn d6_an_amount_that_cannot_be_is_refused() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let mut without = approve_part(&json!(1), "usd");
    without.as_object_mut().unwrap().remove("amount");
    let mut with = approve("With.");
    with["amount"] = json!({"amount_minor": 1, "currency": "usd"});
    for (body, expected) in [
        (approve_part(&json!(0), "usd"), 422),
        (approve_part(&json!(1001), "usd"), 422),
        (approve_part(&json!(100), "eur"), 422),
        (approve_part(&json!(100), "dollars"), 422),
        (approve_part(&json!(-1), "usd"), 400),
        (approve_part(&json!(1.5), "usd"), 400),
        (approve_part(&json!("100"), "usd"), 400),
        (without, 422),
        (with, 422),
        (approve(" "), 422),
    ] {
        let (status, problem) = world.review(&id, "agent-1", &body).await;
        assert_eq!(status, expected, "{body}: {problem}");
    }
    assert_eq!(world.refunded("pi_pack").await, 0);
}

#[tokio::test]
async fn d15_nobody_reviews_the_own_request() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let (status, _) = world.review_as_shown(&id, CUSTOMER, &approve("I am sure.")).await;
    assert_eq!(status, 403);
    assert_eq!(world.refunded("pi_pack").await, 0);
}

#[tokio::test]
async fn d15_nobody_reviews_what_they_filed_for_a_customer() {
    let world = World::new().await;
    let filed = submission("key-1", &changed_mind()).as_support("agent-1");
    let (_, request) = answer(&world.call(&filed).await);
    let id = request["id"].as_str().unwrap();
    let (status, _) = world.review_as_shown(id, "agent-1", &approve("They called.")).await;
    assert_eq!(status, 403);
    assert_eq!(world.refunded("pi_pack").await, 0);
    let (status, _) = world.review_as_shown(id, "agent-2", &approve("They called.")).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn e13_a_payment_that_is_disputed_meanwhile_is_not_refunded() {
    for (status, expected) in [
        ("needs_response", 409),
        ("lost", 409),
        ("won", 200),
        ("warning_closed", 200),
        // No money is taken, and a refund ends it well.
        ("warning_needs_response", 200),
        ("warning_under_review", 200),
    ] {
        let world = World::new().await;
        let id = in_review(&world).await;
        let dispute = Dispute {
            id: DisputeId::new("du_1").unwrap(),
            opened_at: now(),
            status: status.to_owned(),
            as_of: now(),
            refundable: status != "needs_response",
            contacted_before: Some(true),
            withdrawn_minor: 0,
            movements: 0,
            amount: None,
            reason: None,
            due_by: None,
        };
        assert!(world.app.store.save_dispute(&PaymentId::new("pi_pack").unwrap(), &dispute).await.unwrap());
        let shown = world.seen(&id).await["disputes"].clone();
        let inquiry = ["warning_needs_response", "warning_under_review"].contains(&status);
        assert_eq!((&shown[0]["status"], &shown[0]["inquiry"]), (&json!(status), &json!(inquiry)));
        let (found, request) = world.review_as_shown(&id, "agent-1", &approve("Unspent.")).await;
        assert_eq!(found, expected, "{status}: {request:#}");
        assert_eq!(world.refunded("pi_pack").await > 0, expected == 200, "{status}");
    }
}

#[tokio::test]
async fn d14_a_customer_does_not_review() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let event = testkit::http_event::HttpEvent::new("POST /v1/refund-requests/{id}/review", now().as_s());
    let body = approve("Mine.");
    let response = world.call(&event.path("id", &id).as_customer(account().as_str()).body(&body)).await;
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn d10_credits_that_were_spent_since_the_request_are_never_refunded_unseen() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let shown = world.seen(&id).await["quote"].clone();
    assert_eq!(shown["revoked"][0]["credits_revoked"], 100);
    // Subscription before pack: the pack is spent when nothing else is left.
    world.generate("song-1", 1000).await;
    world.generate("song-2", 40).await;
    let mut body = approve("Unspent.");
    let mut shown_last = Value::Null;
    for quote in [None, Some(shown["quote"].clone()), Some(json!("q_made_up"))] {
        if let Some(quote) = quote {
            body["quote"] = quote;
        }
        let (status, problem) = world.review(&id, "agent-1", &body).await;
        assert_eq!(
            (status, &problem["type"]),
            (409, &json!("urn:makegood:problem:quote-changed")),
            "{problem}"
        );
        assert_eq!(problem["quote"]["revoked"][0]["credits_revoked"], 60, "{problem}");
        assert_eq!(problem["quote"]["revoked"][0]["credits_spent"], 40, "{problem}");
        shown_last = problem["quote"]["quote"].clone();
    }
    body["quote"] = shown_last;
    assert_eq!(world.refunded("pi_pack").await, 0);
    assert_eq!(world.seen(&id).await["state"], "in_review");
    let (status, request) = world.review(&id, "agent-1", &body).await;
    assert_eq!((status, &request["payout"]["credits_revoked"]), (200, &json!(60)), "{request:#}");
    world.journal_is_sound().await;
}

#[tokio::test]
async fn a_person_decides_what_still_needed_information() {
    let world = World::new().await;
    let (_, request) = world.submit("key-1", &json!({"reason": "changed_mind", "payment": "pi_pack"})).await;
    assert_eq!(request["state"], "needs_information");
    let body = refuse("They said on the phone that they use it.");
    let (status, request) = world.review(request["id"].as_str().unwrap(), "agent-1", &body).await;
    assert_eq!((status, &request["state"]), (200, &json!("refused")));
}

#[tokio::test]
async fn credits_that_cannot_come_back_are_not_called_refunded() {
    let world = World::new().await;
    let body = json!({"reason": "generation_failed", "generation_id": "song-none", "note": "It failed."});
    let (_, request) = world.submit("key-1", &body).await;
    let body = json!({"decision": "approve", "clause": "failed-generation", "reason": "They are right."});
    let (status, problem) = world.review(request["id"].as_str().unwrap(), "agent-1", &body).await;
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("urn:makegood:problem:state-conflict")),
        "{request:#}"
    );
}

#[tokio::test]
async fn s2_6_a_person_gives_the_credits_of_a_generation_back() {
    let world = World::new().await;
    world.generate("song-1", 5).await;
    let before = world.available().await;
    let body = json!({"reason": "generation_failed", "generation_id": "song-1", "payment": "pi_first", "note": "Noise."});
    let (_, request) = world.submit("key-1", &body).await;
    assert_eq!(request["state"], "in_review", "{request:#}");
    let id = request["id"].as_str().unwrap();
    let body =
        json!({"reason": "generation_failed", "generation_id": "song-1", "note": "Nothing but noise."});
    let (_, request) = world.submit("key-2", &body).await;
    // The records know which purchase paid for the generation: nobody asks for a receipt.
    assert_eq!(request["state"], "in_review", "{request:#}");
    assert_eq!(
        request["quote"]["pays"],
        json!({"kind": "credits_given_back", "generation_id": "song-1", "credits": 5})
    );
    let second = request["id"].as_str().unwrap();
    let verdict = json!({"decision": "approve", "clause": "failed-generation", "reason": "I heard it."});
    let (status, request) = world.review_as_shown(second, "agent-1", &verdict).await;
    assert_eq!((status, &request["state"], &request["credits_given"]), (200, &json!("refunded"), &json!(5)));
    assert_eq!(world.available().await, before + 5);
    // The other request about the same generation pays nothing twice.
    let (_, request) = world
        .review(
            id,
            "agent-1",
            &json!({"decision": "refuse", "clause": "failed-generation", "reason": "Done."}),
        )
        .await;
    assert_eq!(request["state"], "refused");
    assert_eq!(world.available().await, before + 5);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn credits_that_are_given_back_have_the_grace_of_their_own_holds_policy() {
    let world = World::new().await;
    world.generate("song-1", 5).await;
    let subscription = SubscriptionId::new("sub_1").unwrap();
    let ended_at = at(41 * DAY_S - 10);
    let end = Command::StartExpiry { subscription, ended_at, leftover_s: 1, pauses_leftover_expiry: true };
    run(&world.app.store, &account(), &end, now()).await;
    let body = json!({"reason": "generation_failed", "generation_id": "song-1", "note": "Noise."});
    let (_, request) = world.submit("key-1", &body).await;
    let id = request["id"].as_str().unwrap();
    // Decided by a document that knows no grace.
    let mut stored = world.app.store.request(&id.parse().unwrap()).await.unwrap().unwrap();
    stored.case.decision.document = "image-to-3d".to_owned();
    stored.case.decision.version = "2026-06-01".to_owned();
    stored.count_save();
    let save = Save { request: stored, commit: None, refunded: None };
    assert_eq!(world.app.store.save(&save).await.unwrap(), SaveOutcome::Written);
    let verdict = json!({"decision": "approve", "clause": "partial-goodwill", "reason": "I heard it."});
    let (status, request) = world.review_as_shown(id, "agent-1", &verdict).await;
    assert_eq!((status, &request["credits_given"]), (200, &json!(5)), "{request:#}");
    assert_eq!(world.lot("pi_first").await.1, 5, "the music studio's policy gives a day");
}

#[tokio::test]
async fn the_same_review_again_is_answered_alike() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let mut body = approve("As the text says.");
    body["quote"] = world.seen(&id).await["quote"]["quote"].clone();
    let (status, first) = world.review(&id, "agent-1", &body).await;
    assert_eq!(status, 200);
    assert_eq!(world.review(&id, "agent-1", &body).await, (200, first));
    assert_eq!(world.refunded("pi_pack").await, 1000);
    let (status, _) = world.review(&id, "agent-2", &body).await;
    assert_eq!(status, 409, "another person's decision is another one");
}
