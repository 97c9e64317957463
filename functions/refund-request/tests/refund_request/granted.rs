//! What people grant beside what was bought adds up: for a payment, to an account, by one person.

use ledger::PaymentStore;
use refunds::{CountStore, CountedBy, Granted, QuoteInputs, RequestStore};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, DAY_S, World, account, answer, now, submission};

/// Files about a pack of its own of this many credits, after a generation that uses this many of the oldest
/// credits; its id.
async fn filed(world: &World, name: &str, credits: u64, used: u64) -> String {
    let payment = format!("pi_{name}");
    world.pay_for_credits(("image-to-3d", "image-to-3d"), &payment, 1000, credits).await;
    world.generate_for("image-to-3d", &format!("mesh-{name}"), used).await;
    let (status, request) = world.submit(&format!("key-{name}"), &about(&payment)).await;
    assert_eq!((status, &request["state"]), (201, &json!("in_review")), "{request:#}");
    request["id"].as_str().unwrap().to_owned()
}

fn about(payment: &str) -> Value {
    json!({"reason": "changed_mind", "payment": payment, "note": "I used a part of it."})
}

async fn offered(world: &World, id: &str, person: &str, credits: u64) -> (u16, Value) {
    let offer = json!({"decision": "offer", "offer": "replacement_credits", "credits": credits,
        "clause": "alternatives", "reason": "They can try once more."});
    world.review(id, person, &offer).await
}

async fn accepted(world: &World, id: &str) -> Value {
    let (status, given) = world.act(id, "offers/replacement_credits", &json!({"answer": "accept"})).await;
    assert_eq!(status, 200, "{given:#}");
    given
}

#[tokio::test]
async fn d15_one_trouble_is_made_up_for_once_and_never_beyond_what_was_bought() {
    let world = World::new().await;
    let id = filed(&world, "a", 100, 1).await;
    let (status, problem) = offered(&world, &id, "agent-1", 101).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/credits")), "{problem:#}");
    assert_eq!(offered(&world, &id, "agent-1", 60).await.0, 200);
    let given = accepted(&world, &id).await;
    assert_eq!((&given["state"], &given["credits_given"]), (&json!("refunded"), &json!(60)));
    // The same again, as the finding's loop did it.
    let (status, problem) = world.submit("key-again", &about("pi_a")).await;
    assert_eq!((status, &problem["request"]), (409, &json!(id)), "{problem:#}");
    // A month later the trouble may be another one; what the payment can bear is less.
    let later = now().plus_s(30 * DAY_S).unwrap();
    let event = HttpEvent::new("POST /v1/accounts/{account}/refund-requests", later.as_s());
    let event = event.path("account", CUSTOMER).as_customer(CUSTOMER).header("idempotency-key", "key-later");
    let (status, request) = answer(&world.call_at(&event.body(&about("pi_a")), later).await);
    assert_eq!(status, 201, "{request:#}");
    let id = request["id"].as_str().unwrap();
    for (credits, expected) in [(41, 422), (40, 200)] {
        assert_eq!(offered(&world, id, "agent-2", credits).await.0, expected, "{credits}");
    }
    world.journal_is_sound().await;
}

#[tokio::test]
async fn d15_small_grants_to_one_account_add_up_to_the_limit_of_two_people() {
    let world = World::new().await;
    let small = filed(&world, "small", 1500, 1).await;
    let id = filed(&world, "over", 1500, 1500).await;
    assert_eq!(offered(&world, &small, "agent-1", 1500).await.0, 200);
    assert_eq!(accepted(&world, &small).await["state"], "refunded");
    let before = world.available().await;
    let (status, first) = offered(&world, &id, "agent-1", 501).await;
    assert_eq!((status, &first["first_approval"]["reviewer"]), (200, &json!("agent-1")), "{first:#}");
    // The same call again is a repeat; another word of the same person is no second approval.
    assert_eq!(offered(&world, &id, "agent-1", 501).await.0, 200);
    let again = json!({"decision": "offer", "offer": "replacement_credits", "credits": 501,
        "clause": "alternatives", "reason": "I am sure."});
    assert_eq!(world.review(&id, "agent-1", &again).await.0, 403);
    let (status, made) = offered(&world, &id, "agent-2", 501).await;
    assert_eq!(status, 200, "{made:#}");
    assert_eq!(accepted(&world, &id).await["state"], "refunded");
    assert_eq!(world.available().await, before + 501);

    let store = &world.app.store;
    let counts = vec![CountedBy::Account(account()), CountedBy::Person("agent-2".to_owned())];
    let counts = store.counts(counts).await.unwrap();
    let granted = Granted::before(&counts, 30 * 86_400, now());
    assert_eq!((granted.to_account, granted.by_person), (2001, 501));
    world.journal_is_sound().await;
}

#[tokio::test]
async fn d15_offers_that_wait_are_held_against_what_was_granted_meanwhile() {
    let world = World::new().await;
    let first = filed(&world, "early", 1500, 1).await;
    let last = filed(&world, "late", 1500, 1500).await;
    for id in [&first, &last] {
        assert_eq!(offered(&world, id, "agent-1", 1500).await.0, 200);
    }
    assert_eq!(accepted(&world, &first).await["state"], "refunded");
    let available = world.available().await;
    let taken = accepted(&world, &last).await;
    assert_eq!(taken["state"], "in_review", "people look at it again: {taken:#}");
    assert_eq!(world.available().await, available);
    let verdict = json!({"decision": "approve", "clause": "alternatives", "reason": "As offered."});
    for (person, expected) in [("agent-1", "in_review"), ("agent-2", "refunded")] {
        let (status, request) = world.review_as_shown(&last, person, &verdict).await;
        assert_eq!((status, &request["state"]), (200, &json!(expected)), "{person}: {request:#}");
    }
    assert_eq!(world.available().await, available + 1500);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn d15_what_one_person_grants_to_many_accounts_adds_up() {
    let world = World::new().await;
    let id = filed(&world, "a", 100, 1).await;
    assert_eq!(offered(&world, &id, "agent-1", 100).await.0, 200);
    let stored = world.app.store.request(&id.parse().unwrap()).await.unwrap().unwrap();
    let payment = world.app.store.payment(stored.case.payment.as_ref().unwrap()).await.unwrap().unwrap();
    let standing = QuoteInputs {
        document: policy_documents::documents().version("image-to-3d", "2026-06-01").unwrap(),
        payment: Some(&payment),
        unrecorded: None,
        subscription: None,
        head: None,
        now: now(),
    };
    let offered = stored.offer_quote("replacement_credits", &standing).unwrap();
    let limits = stored.limits().cloned().unwrap();
    for (by_person, two) in [(limits.person_above - 100, false), (limits.person_above - 99, true)] {
        let granted = Granted { by_person, ..Granted::default() };
        assert_eq!(stored.needs_two(&offered.clone().after(granted)), two, "{by_person}");
    }
}

#[tokio::test]
async fn d11_a_day_has_room_for_so_many_requests_of_an_account() {
    let world = World::new().await;
    let body = |index: u64| json!({"reason": "other", "note": format!("Question {index}.")});
    for index in 0..refunds::FILED_A_DAY_MAX {
        assert_eq!(world.submit(&format!("key-{index}"), &body(index)).await.0, 201, "{index}");
    }
    let event = submission("key-over", &body(1_000));
    let response = world.call(&event).await;
    let retry_after: u32 = response.header_value("retry-after").unwrap().parse().unwrap();
    let (status, problem) = answer(&response);
    assert_eq!((status, &problem["type"]), (429, &json!("urn:makegood:problem:too-many-requests")));
    assert!((1..=86_400).contains(&retry_after), "{retry_after}");
    // A repeat files nothing, support files beside it, and tomorrow is another day.
    assert_eq!(world.submit("key-0", &body(0)).await.0, 201);
    let by_support = submission("key-support", &body(1_001)).as_support("agent-1");
    assert_eq!(answer(&world.call(&by_support).await).0, 201);
    let tomorrow = now().plus_s(retry_after.into()).unwrap();
    let event = HttpEvent::new("POST /v1/accounts/{account}/refund-requests", tomorrow.as_s());
    let event = event.path("account", CUSTOMER).as_customer(CUSTOMER).header("idempotency-key", "key-next");
    assert_eq!(answer(&world.call_at(&event.body(&body(1_002)), tomorrow).await).0, 201);
}

#[tokio::test]
async fn f7_the_longest_texts_of_every_act_fit_into_a_request() {
    let world = World::new().await;
    // 6000 bytes each: four-byte characters, and quotes, which JSON escapes.
    let emoji = "\u{1f3b5}".repeat(1_500);
    let quotes = "\"".repeat(3_000);
    for (text, over) in [(&emoji, "\u{1f3b5}"), (&quotes, "\"")] {
        let body = json!({"reason": "other", "note": format!("{text}{over}")});
        let (status, problem) = world.submit("key-over", &body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/note")), "{problem:#}");
    }
    let (status, request) = world.submit("key-1", &json!({"reason": "other", "note": emoji})).await;
    assert_eq!(status, 201, "{request:#}");
    let id = request["id"].as_str().unwrap();
    for round in 0..=refunds::REOPENINGS_MAX {
        for index in 0..=refunds::REVIEWS_MAX {
            let question = json!({"decision": "ask", "question": quotes, "reason": emoji});
            let (status, asked) = world.review(id, &format!("agent-{round}-{index}"), &question).await;
            assert!(status == 200 || status == 409, "{status} {asked:#}");
            if status == 200 {
                let (status, answered) = world.act(id, "answers", &json!({"note": quotes})).await;
                assert!(status == 200 || status == 409, "{status} {answered:#}");
            }
        }
        let refusal = json!({"decision": "refuse", "outside_policy": "not_covered", "reason": emoji});
        let (status, refused) = world.review(id, "agent-9", &refusal).await;
        assert_eq!((status, &refused["state"]), (200, &json!("refused")), "{refused:#}");
        let (status, reopened) = world.act(id, "reopening", &json!({"note": quotes})).await;
        assert_eq!(status, if round < refunds::REOPENINGS_MAX { 200 } else { 409 }, "{reopened:#}");
    }
}
