//! Idempotency, reach and bad input of filed requests.

use refunds::{DueRequestStore, RequestStore, Save, SaveOutcome};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, SUBMIT, World, after_cancellation, answer, changed_mind, now, submission};

#[tokio::test]
async fn d7_idempotency_keys_are_required_repeated_and_never_reused() {
    let world = World::new().await;
    let without = HttpEvent::new(SUBMIT, now().as_s()).path("account", CUSTOMER).as_customer(CUSTOMER);
    let (status, problem) = answer(&world.call(&without.body(&changed_mind())).await);
    assert_eq!((status, &problem["type"]), (400, &json!("urn:makegood:problem:missing-idempotency-key")));

    let (_, first) = world.submit("key-1", &changed_mind()).await;
    let again = world.call(&submission("key-1", &changed_mind())).await;
    assert_eq!(again.header_value("idempotency-hit"), Some("true"));
    assert_eq!(answer(&again), (201, first.clone()));

    let (status, problem) = world.submit("key-1", &after_cancellation()).await;
    assert_eq!((status, &problem["type"]), (422, &json!("urn:makegood:problem:idempotency-key-reused")));

    let other = HttpEvent::new(SUBMIT, now().as_s()).path("account", "customer-2").as_customer("customer-2");
    // An account that bought nothing has to say what it is about.
    let body =
        json!({"reason": "other", "note": "The same key, another account.", "product": "music-studio"});
    let (status, independent) =
        answer(&world.call(&other.header("idempotency-key", "key-1").body(&body)).await);
    assert_eq!(status, 201);
    assert_ne!(independent["id"], first["id"]);
}

#[tokio::test]
async fn d8_fifty_identical_requests_at_once_are_one_refund() {
    let world = World::new().await;
    let (event, mut calls) = (submission("key-1", &after_cancellation()), Vec::new());
    for _ in 0..50 {
        calls.push(world.call(&event));
    }
    let mut ids = Vec::new();
    for response in futures_util::future::join_all(calls).await {
        let (status, body) = answer(&response);
        assert!(status == 201 || status == 409, "{status} {body}");
        ids.extend(body["id"].as_str().map(str::to_owned));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.refunded("pi_renewal").await, 1000);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn d9_different_requests_on_one_charge_never_refund_more_than_was_paid() {
    let world = World::new().await;
    let events: Vec<HttpEvent> =
        (0..20).map(|index| submission(&format!("key-{index}"), &after_cancellation())).collect();
    let responses = futures_util::future::join_all(events.iter().map(|event| world.call(event))).await;
    let approved = responses.iter().filter(|response| answer(response).1["state"] == "approved").count();
    assert_eq!(approved, 1);
    assert_eq!(world.refunded("pi_renewal").await, 1000);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn d4_what_is_not_the_callers_answers_as_what_is_missing() {
    let world = World::new().await;
    let (_, request) = world.submit("key-1", &changed_mind()).await;
    let id = request["id"].as_str().unwrap();
    let show = |account: &str, sub: &str, id: &str| {
        let event = HttpEvent::new("GET /v1/accounts/{account}/refund-requests/{id}", now().as_s());
        event.path("account", account).path("id", id).as_customer(sub)
    };
    let mine = answer(&world.call(&show(CUSTOMER, CUSTOMER, id)).await);
    assert_eq!(mine, (200, request.clone()));
    let missing = world.call(&show(CUSTOMER, CUSTOMER, "rr_missing")).await;
    let foreign_account = world.call(&show(CUSTOMER, "customer-2", id)).await;
    let foreign_request = world.call(&show("customer-2", "customer-2", id)).await;
    assert_eq!(missing.status(), 404);
    assert_eq!(answer(&missing), answer(&foreign_account));
    assert_eq!(answer(&missing), answer(&foreign_request));

    let body = json!({"reason": "changed_mind", "payment": "pi_pack", "note": "Somebody else's."});
    let event = HttpEvent::new(SUBMIT, now().as_s()).path("account", "customer-2").as_customer("customer-2");
    let stolen = world.call(&event.clone().header("idempotency-key", "k").body(&body)).await;
    let unknown = json!({"reason": "changed_mind", "payment": "pi_none", "note": "Nobody's."});
    let unknown = world.call(&event.header("idempotency-key", "k").body(&unknown)).await;
    assert_eq!(answer(&stolen), answer(&unknown));
    assert_eq!(stolen.status(), 404);
    assert_eq!(answer(&stolen).1["errors"][0]["pointer"], "#/payment");
}

#[tokio::test]
async fn d5_amounts_and_states_cannot_be_sent() {
    let world = World::new().await;
    for member in ["amount", "status", "user_id", "approved", "policy_version"] {
        let mut body = after_cancellation();
        body[member] = json!(1);
        let (status, problem) = world.submit("key-1", &body).await;
        assert_eq!(status, 400, "{member}: {problem}");
    }
    assert_eq!(world.refunded("pi_renewal").await, 0);
}

#[tokio::test]
async fn a_list_of_large_requests_does_not_end_where_dynamodb_ends_its_page() {
    let world = World::new().await;
    let (_, first) = world.submit("key-0", &changed_mind()).await;
    let id = first["id"].as_str().unwrap().parse().unwrap();
    let stored = world.app.store.request(&id).await.unwrap().unwrap();
    // Fifteen of 300 KB: four times what DynamoDB answers at once.
    for index in 1..=15 {
        let id = refunds::request_id(&stored.account, &format!("key-{index}"));
        let mut large = stored.restored_with(|progress| progress.version = 1);
        large.id = id;
        large.case.note = "x".repeat(300_000);
        large.case.payment = None;
        let save = Save { request: large, commit: None, refunded: None };
        assert_eq!(world.app.store.save(&save).await.unwrap(), SaveOutcome::Written);
    }
    let event = HttpEvent::new("GET /v1/accounts/{account}/refund-requests", now().as_s());
    let event = event.path("account", CUSTOMER).as_customer(CUSTOMER);
    let (_, page) = answer(&world.call(&event).await);
    assert_eq!(page["refund_requests"].as_array().unwrap().len(), 15);
    let cursor = page["next_cursor"].as_str().unwrap();
    let (_, rest) = answer(&world.call(&event.query("cursor", cursor)).await);
    assert_eq!((rest["refund_requests"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &Value::Null));
}

#[tokio::test]
async fn d12_a_cursor_of_another_account_or_a_changed_one_is_refused() {
    let world = World::new().await;
    for index in 0..16 {
        let body = json!({"reason": "other", "note": format!("Question {index}.")});
        assert_eq!(world.submit(&format!("key-{index}"), &body).await.0, 201);
    }
    let list = |account: &str, cursor: Option<&str>| {
        let event = HttpEvent::new("GET /v1/accounts/{account}/refund-requests", now().as_s());
        let event = event.path("account", account).as_customer(account);
        match cursor {
            Some(cursor) => event.query("cursor", cursor),
            None => event,
        }
    };
    let (_, page) = answer(&world.call(&list(CUSTOMER, None)).await);
    assert_eq!(page["refund_requests"].as_array().unwrap().len(), 15);
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let (_, rest) = answer(&world.call(&list(CUSTOMER, Some(&cursor))).await);
    assert_eq!(rest["refund_requests"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next_cursor"], json!(null));
    let changed = format!("{}AAAA", &cursor[..cursor.len() - 4]);
    for (account, cursor) in [("customer-2", cursor.as_str()), (CUSTOMER, &changed), (CUSTOMER, "%")] {
        assert_eq!(world.call(&list(account, Some(cursor))).await.status(), 400, "{account} {cursor}");
    }
}

#[tokio::test]
async fn a_queue_that_is_down_leaves_the_payout_to_the_sweep() {
    let world = World::new().await;
    world.app.payouts.refuse(true);
    let (status, request) = world.submit("key-1", &after_cancellation()).await;
    assert_eq!((status, &request["state"]), (201, &json!("approved")));
    let due = {
        let shard = ledger::shard_of(&crate::world::account(), ledger::DUE_SHARDS);
        world.app.store.due_requests(shard, now().plus_s(601).unwrap(), 10).await.unwrap()
    };
    assert_eq!(due.len(), 1);
}

/// Files a request in the customer's name, and returns it with the facts that were recorded of it.
async fn filed(world: &World, key: &str, body: &Value) -> (Value, policy::Facts) {
    let (status, request) = answer(&world.call(&submission(key, body).as_support("agent-1")).await);
    assert_eq!(status, 201, "{request:#}");
    let id = request["id"].as_str().unwrap().parse().unwrap();
    let facts = world.app.store.request(&id).await.unwrap().unwrap().case.facts;
    (request, facts)
}

#[tokio::test]
async fn s0_1_the_channel_of_a_request_is_recorded_and_none_is_refused() {
    let world = World::new().await;
    let mut outcomes = Vec::new();
    for channel in ["support_form", "email", "chat", "api"] {
        let payment = format!("pi_{channel}");
        world.pay_for("assistant", "assistant-suite", &payment, 1000).await;
        let mut body = json!({"reason": "changed_mind", "payment": payment, "note": "I do not need it."});
        let facts = if channel == "api" {
            let (status, request) = world.submit(channel, &body).await;
            assert_eq!(status, 201, "{request:#}");
            outcomes.push(world.decision(&request).await["outcome"].clone());
            let id = request["id"].as_str().unwrap().parse().unwrap();
            world.app.store.request(&id).await.unwrap().unwrap().case.facts
        } else {
            body["channel"] = json!(channel);
            let (request, facts) = filed(&world, channel, &body).await;
            outcomes.push(request["decision"]["outcome"].clone());
            facts
        };
        assert_eq!(facts.get(policy::Fact::IntakeChannel), Some(&channel.into()));
    }
    assert!(outcomes.iter().all(|outcome| outcome == &outcomes[0]), "{outcomes:#?}");
}

#[tokio::test]
async fn s4_7_a_request_that_did_not_come_from_the_account_is_asked_to() {
    let world = World::new().await;
    for (from_account, state) in [(Some(true), "in_review"), (Some(false), "needs_information")] {
        let payment = format!("pi_{state}");
        world.pay_for("image-web", "image-web", &payment, 1000).await;
        let body = json!({"reason": "changed_mind", "payment": payment, "note": "I do not need it.",
            "channel": "email", "requested_from_account": from_account});
        let (request, facts) = filed(&world, state, &body).await;
        assert_eq!(request["state"], state, "{request:#}");
        assert_eq!(
            facts.get(policy::Fact::RequestedFromAccount),
            from_account.map(policy::Value::from).as_ref()
        );
    }
    // Who is signed in asks from the account itself.
    world.pay_for("image-web", "image-web", "pi_own", 1000).await;
    let own = json!({"reason": "changed_mind", "payment": "pi_own", "note": "I do not need it."});
    let (_, request) = world.submit("own", &own).await;
    assert_eq!(request["state"], "in_review", "{request:#}");
}
