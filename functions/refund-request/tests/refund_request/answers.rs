//! What was missing, taking back, and the door to a person.

use refunds::RequestStore;
use serde_json::{Value, json};

use crate::world::{CUSTOMER, World, act, after_cancellation, answer, changed_mind, key_of};

async fn submitted(world: &World, body: &Value) -> (String, Value) {
    let (_, request) = world.submit(&key_of(body), body).await;
    (request["id"].as_str().unwrap().to_owned(), request)
}

#[tokio::test]
async fn s2_17_a_missing_order_is_asked_for_and_its_answer_pays() {
    let world = World::new().await;
    let asked = json!({"reason": "charged_after_cancellation", "note": "I had cancelled."});
    let (id, request) = submitted(&world, &asked).await;
    assert_eq!(request["state"], "needs_information", "{request:#}");
    assert_eq!(request["answers_wanted"][0]["field"], "payment", "{request:#}");
    let given = json!({"payment": "pi_renewal"});
    let (status, request) = world.act(&id, "answers", &given).await;
    assert_eq!((status, &request["state"]), (200, &json!("approved")), "{request:#}");
    assert_eq!(world.refunded("pi_renewal").await, 1000);
    assert_eq!(world.app.payouts.announced(), [id.as_str()]);
    assert_eq!(request["answers_wanted"], json!([]));
    let facts = request["answers"][0]["facts"].as_array().unwrap();
    assert!(facts.contains(&json!("order_id_given")) && !facts.contains(&json!("requested_at")), "{facts:?}");
    // The same answer again.
    assert_eq!(world.act(&id, "answers", &given).await, (200, request));
    let (status, _) = world.act(&id, "answers", &json!({"payment": "pi_first"})).await;
    assert_eq!(status, 409);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn s0_19_the_product_is_that_of_the_payment_that_an_answer_names_first() {
    let world = World::new().await;
    world.pay_for("platform-api", "assistant-suite", "pi_api", 1000).await;
    let asked = json!({"reason": "changed_mind", "note": "I do not need it."});
    // The account has bought credits of two products, and nobody guesses.
    let (status, problem) = world.submit("unsaid", &asked).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/product")), "{problem:#}");
    let asked = json!({"reason": "changed_mind", "note": "I do not need it.", "product": "music-studio"});
    let (id, request) = submitted(&world, &asked).await;
    assert_eq!(request["state"], "needs_information", "{request:#}");
    assert_eq!(request["clause"]["document"], "music-studio");
    let (status, request) = world.act(&id, "answers", &json!({"payment": "pi_api"})).await;
    assert_eq!(status, 200, "{request:#}");
    let answered = world.decision(&request).await;
    // Decided as if the payment had been named at once.
    let at_once = json!({"reason": "changed_mind", "note": "I do not need it.", "payment": "pi_api"});
    let (_, at_once) = submitted(&world, &at_once).await;
    let at_once = world.decision(&at_once).await;
    for member in ["document", "outcome", "clauses", "rules"] {
        assert_eq!(answered[member], at_once[member], "{member}");
    }
    let stored = world.app.store.request(&id.parse().unwrap()).await.unwrap().unwrap();
    let product = stored.case.facts.get(policy::Fact::Product);
    assert_eq!(product, Some(&policy::Value::Text("platform-api".to_owned())));
}

#[tokio::test]
async fn s2_30_a_note_leads_on_to_a_person() {
    let world = World::new().await;
    let (id, request) = submitted(&world, &json!({"reason": "changed_mind", "payment": "pi_pack"})).await;
    assert_eq!(request["answers_wanted"][0]["fact"], "note_given");
    let (status, request) = world.act(&id, "answers", &json!({"note": "I do not need it."})).await;
    assert_eq!((status, &request["state"]), (200, &json!("in_review")), "{request:#}");
    assert_eq!(request["answers"][0]["note"], "I do not need it.");
    assert_eq!(request["note"], "", "what was submitted stays");
}

#[tokio::test]
async fn what_is_still_missing_is_asked_for_again_and_at_last_a_person_decides() {
    let world = World::new().await;
    let (id, _) = submitted(&world, &json!({"reason": "changed_mind"})).await;
    for number in 1..=6 {
        let (status, request) = world.act(&id, "answers", &json!({"note": format!("Note {number}.")})).await;
        let expected = if number < 6 { "needs_information" } else { "in_review" };
        assert_eq!((status, &request["state"]), (200, &json!(expected)), "{number}");
    }
}

#[tokio::test]
async fn s0_10_what_was_recorded_at_submission_stays_as_it_was() {
    let world = World::new().await;
    let (id, before) = submitted(&world, &json!({"reason": "changed_mind", "payment": "pi_pack"})).await;
    let before = world.decision(&before).await;
    world.generate("song-1", 1000).await;
    world.generate("song-2", 40).await;
    let (_, after) = world.act(&id, "answers", &json!({"note": "I do not need it."})).await;
    let decision = world.decision(&after).await;
    let facts = decision["facts"].as_array().unwrap();
    let spent = facts.iter().find(|used| used["fact"] == "credits_spent").map(|used| used["value"].clone());
    assert_eq!(spent, Some(json!(0)), "{decision:#}");
    assert_eq!(before["version"], decision["version"]);
    // What would happen is quoted as it is.
    assert_eq!(after["quote"]["revoked"][0]["credits_spent"], 40);
}

#[tokio::test]
async fn a_claim_that_is_added_moves_no_money_by_itself() {
    let world = World::new().await;
    let asked = json!({"reason": "credits_missing", "payment": "pi_unknown"});
    let (id, request) = submitted(&world, &asked).await;
    assert_eq!(request["state"], "needs_information", "{request:#}");
    let (_, request) = world.act(&id, "answers", &json!({"note": "Nothing came.", "remedy": "money"})).await;
    assert_eq!(request["state"], "in_review", "{request:#}");
    assert!(world.app.payouts.announced().is_empty());
}

#[tokio::test]
async fn answers_that_cannot_be_are_refused() {
    let world = World::new().await;
    let (id, _) = submitted(&world, &json!({"reason": "changed_mind", "payment": "pi_pack"})).await;
    for (body, expected) in [
        (json!({}), 422),
        (json!({"note": " "}), 422),
        (json!({"payment": "pi_first", "note": "Another one."}), 422),
        (json!({"purchase_date": "yesterday"}), 422),
        (json!({"account_email": "name@example.com"}), 422),
        (json!({"note": "I want money.", "remedy": "money"}), 422),
        (json!({"amount": 1}), 400),
    ] {
        let (status, problem) = world.act(&id, "answers", &body).await;
        assert_eq!(status, expected, "{body}: {problem}");
    }
    let foreign = act(&id, "answers", &json!({"note": "Not mine."})).as_customer("customer-2");
    assert_eq!(world.call(&foreign).await.status(), 404);
    assert_eq!(world.seen(&id).await["state"], "needs_information");
}

#[tokio::test]
async fn a_request_is_taken_back_before_it_is_decided_and_not_after() {
    let world = World::new().await;
    let (open, _) = submitted(&world, &changed_mind()).await;
    let (status, withdrawn) = world.act(&open, "withdrawal", &json!({})).await;
    assert_eq!((status, &withdrawn["state"], &withdrawn["next"]), (200, &json!("withdrawn"), &json!([])));
    assert_eq!(world.act(&open, "withdrawal", &json!({})).await, (200, withdrawn));
    let (status, _) = world.act(&open, "reopening", &json!({"note": "After all."})).await;
    assert_eq!(status, 409, "a withdrawal is final");

    let (paid, _) = submitted(&world, &after_cancellation()).await;
    assert_eq!(world.act(&paid, "withdrawal", &json!({})).await.0, 409);

    let (open, _) = submitted(&world, &json!({"reason": "changed_mind", "payment": "pi_pack"})).await;
    let by_support = act(&open, "withdrawal", &json!({})).as_support("agent-1");
    let (status, request) = answer(&world.call(&by_support).await);
    assert_eq!((status, &request["state"]), (200, &json!("withdrawn")));
    assert_eq!(request["time_line"].as_array().unwrap().last().unwrap()["who"], "agent-1");
}

#[tokio::test]
async fn s4_19_a_refusal_is_looked_at_again_twice_and_not_without_end() {
    let world = World::new().await;
    world.generate("song-1", 5).await;
    let body = json!({"reason": "result_not_liked", "generation_id": "song-1", "note": "Not my taste."});
    let (id, request) = submitted(&world, &body).await;
    assert_eq!(request["state"], "refused");
    let refuse = |reason: &str| json!({"decision": "refuse", "clause": "result-not-liked", "reason": reason});
    for look in 1..=2 {
        let note = json!({"note": "Please look again."});
        let (status, reopened) = world.act(&id, "reopening", &note).await;
        assert_eq!((status, &reopened["state"]), (200, &json!("in_review")), "{reopened:#}");
        assert_eq!(world.priority(&id).await, refunds::Priority::Raised);
        assert_eq!(world.act(&id, "reopening", &note).await, (200, reopened));
        let (_, refused) = world.review(&id, "agent-1", &refuse(&format!("Look {look}."))).await;
        assert_eq!(refused["state"], "refused", "{refused:#}");
        assert_eq!(refused["reviews"][look - 1]["override"], false);
    }
    let (status, problem) = world.act(&id, "reopening", &json!({"note": "And again."})).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(world.act(&id, "reopening", &json!({"note": ""})).await.0, 422);
}

#[tokio::test]
async fn a_person_asks_and_gets_the_answer() {
    let world = World::new().await;
    let (id, _) = submitted(&world, &changed_mind()).await;
    let body = json!({"decision": "ask", "reason": "Which card was it?", "question": "Which card did you pay with?",
        "missing": ["plan_requested"]});
    let (status, request) = world.review(&id, "agent-1", &body).await;
    assert_eq!((status, &request["state"]), (200, &json!("needs_information")), "{request:#}");
    assert_eq!(request["message"], "We need 2 answers from you before we can decide.");
    assert_eq!(request["answers_wanted"][0]["field"], "plan_requested");
    assert_eq!(request["answers_wanted"][1]["question"], "Which card did you pay with?");
    let (_, request) = world.act(&id, "answers", &json!({"note": "The blue one."})).await;
    assert_eq!((&request["state"], &request["answers_wanted"]), (&json!("in_review"), &json!([])));
    for body in [
        json!({"decision": "ask", "reason": "Nothing."}),
        json!({"decision": "ask", "reason": "Cannot be.", "missing": ["credits_spent"]}),
    ] {
        assert_eq!(world.review(&id, "agent-1", &body).await.0, 422, "{body}");
    }
}

#[tokio::test]
async fn what_a_person_asked_for_is_not_decided_by_the_machine() {
    let world = World::new().await;
    world.generate("song-1", 5).await;
    let body = json!({"reason": "result_not_liked", "generation_id": "song-1", "note": "Not my taste."});
    let (id, _) = submitted(&world, &body).await;
    world.act(&id, "reopening", &json!({"note": "It is silent."})).await;
    let ask = json!({"decision": "ask", "reason": "To hear it.", "question": "Which part is silent?"});
    world.review(&id, "agent-1", &ask).await;
    let (_, request) = world.act(&id, "answers", &json!({"note": "All of it."})).await;
    assert_eq!(request["state"], "in_review", "{request:#}");
    assert_eq!(world.decision(&request).await["outcome"]["kind"], "refuse");
    assert!(request["message"].as_str().unwrap().starts_with("A person will look"), "{request:#}");
}

#[tokio::test]
async fn the_caller_is_shown_what_can_be_done_next() {
    let world = World::new().await;
    let (id, request) = submitted(&world, &changed_mind()).await;
    let actions = |request: &Value| -> Vec<String> {
        let next = request["next"].as_array().unwrap().iter();
        next.map(|next| next["action"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(actions(&request), ["withdraw"]);
    assert_eq!(actions(&world.seen(&id).await), ["withdraw", "review"]);
    assert_eq!(
        request["next"][0]["href"],
        format!("/v1/accounts/{CUSTOMER}/refund-requests/{id}/withdrawal")
    );
}
