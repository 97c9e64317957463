//! Cases of what Stripe reports: support sees and decides them, and customers know nothing of them.

use ledger::{
    Currency, Dispute, DisputeId, FraudWarningId, LedgerStore, Money, PaymentId, PaymentStore, RefundId,
};
use policy::{Fact, Facts, Outcome, Recommendation, Remedy, decide};
use refunds::{
    Case, Lead, LeadSubject, Occasion, RefundRequest, Reported, RequestStore, Save, SaveOutcome, fingerprint,
};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, DAY_S, World, account, act, answer, key_of, now};

/// A pack of 100 credits for 9.00 USD of a business.
async fn bought(product: &str) -> World {
    let world = World::new().await;
    world.pay_for(product, product, "pi_3", 900).await;
    world
}

/// A dispute of that pack as Stripe reports it.
fn dispute(status: &str) -> Dispute {
    Dispute {
        id: DisputeId::new("du_1").unwrap(),
        opened_at: now(),
        status: status.to_owned(),
        refundable: status.starts_with("warning_"),
        amount: Some(Money::new(900, Currency::new("usd").unwrap())),
        reason: Some("fraudulent".to_owned()),
        due_by: now().plus_s(9 * DAY_S).ok(),
        as_of: now(),
        contacted_before: Some(false),
        withdrawn_minor: 0,
        movements: 0,
    }
}

/// A case as the sweep opens it.
async fn opened(world: &World, product: &str, occasion: Occasion, facts: &[(Fact, policy::Value)]) -> String {
    let document = policy_documents::documents().in_force(product, now().as_ms()).document().unwrap();
    let payment = PaymentId::new("pi_3").unwrap();
    let mut known = Facts::new();
    for (fact, value) in facts {
        known.set(*fact, value.clone()).unwrap();
    }
    let mut decision = decide(document, &known, occasion.reason(), now().as_ms());
    let remedy = Remedy::Money { amount_minor: 900, currency: "usd".to_owned() };
    let recommendation = match &occasion {
        Occasion::OutsideRefund(_) => None,
        _ => Some(Recommendation::Grant { remedy }),
    };
    decision.outcome = Outcome::Person { recommendation };
    decision.doors.clear();
    let subject = LeadSubject::Reported {
        payment: payment.clone(),
        occasion: occasion.clone(),
        reported: Reported::Dispute { order: now() },
    };
    let lead = Lead { account: account(), subject, since: now(), due_at: None };
    let case = Case {
        payment: Some(payment),
        generation: None,
        reason: occasion.reason(),
        occasion: Some(occasion),
        note: lead.note(),
        fingerprint: fingerprint(&["lead"]),
        facts: known,
        decision,
    };
    let whose = (lead.request(), account());
    let mut request = RefundRequest::open(whose, lead.actor(), case, document, now());
    request.keep_time(Some(document));
    let id = request.id.as_str().to_owned();
    let saved = world.app.store.save(&Save { request, commit: None, refunded: None }).await.unwrap();
    assert_eq!(saved, SaveOutcome::Written);
    id
}

async fn disputed(world: &World, product: &str, status: &str) -> String {
    let seen = dispute(status);
    assert!(world.app.store.save_dispute(&PaymentId::new("pi_3").unwrap(), &seen).await.unwrap());
    let facts = [
        (Fact::DisputeStatus, policy::Value::from(status)),
        (Fact::EvidenceDueAt, seen.due_by.unwrap().as_ms().into()),
        (Fact::DisputeReportedAt, now().as_ms().into()),
        (Fact::PaymentNamed, true.into()),
        (Fact::PaymentDisputed, (!status.starts_with("warning_")).into()),
        (Fact::PaymentDelivered, true.into()),
        (Fact::ContactedBeforeDispute, false.into()),
    ];
    opened(world, product, Occasion::Dispute(seen.id), &facts).await
}

async fn refunded_outside(world: &World) -> String {
    let id = RefundId::new("re_1").unwrap();
    let facts = [(Fact::OutsideRefund, policy::Value::from(450)), (Fact::PaymentNamed, true.into())];
    opened(world, "image-to-3d", Occasion::OutsideRefund(id), &facts).await
}

fn approve() -> Value {
    json!({"decision": "approve", "reason": "It ends the inquiry.", "outside_policy": "goodwill"})
}

#[tokio::test]
async fn support_sees_what_the_bank_asks_and_a_refund_ends_it() {
    let world = bought("image-to-3d").await;
    let id = disputed(&world, "image-to-3d", "warning_needs_response").await;
    let seen = world.seen(&id).await;
    insta::assert_json_snapshot!("inquiry", seen["occasion"]);
    insta::assert_json_snapshot!("inquiry_disputes", seen["disputes"]);
    assert_eq!((&seen["state"], &seen["credits_frozen"]), (&json!("in_review"), &json!(0)));
    assert_eq!(seen["clocks"][0]["id"], "evidence");
    let (status, approved) = world.review_as_shown(&id, "agent-1", &approve()).await;
    assert_eq!((status, &approved["state"]), (200, &json!("approved")), "{approved}");
    assert_eq!((world.refunded("pi_3").await, world.lot("pi_3").await.1), (900, 0));
}

#[tokio::test]
async fn s3_28_a_dispute_that_stripe_refunds_no_more_offers_no_refund_and_shows_its_measures() {
    let world = bought("image-to-3d").await;
    let id = disputed(&world, "image-to-3d", "needs_response").await;
    let seen = world.seen(&id).await;
    assert_eq!(seen["quote"], Value::Null);
    insta::assert_json_snapshot!("dispute", seen["occasion"]);
    let (status, problem) = world.review(&id, "agent-1", &approve()).await;
    assert_eq!((status, world.refunded("pi_3").await), (409, 0), "{problem}");
    // Closing it by hand is a refusal.
    let by_hand =
        json!({"decision": "refuse", "reason": "We answer the bank.", "outside_policy": "not_covered"});
    let (status, closed) = world.review(&id, "agent-1", &by_hand).await;
    assert_eq!((status, &closed["state"]), (200, &json!("refused")), "{closed}");
    assert_eq!(closed["clocks"][0]["state"], "met");
}

#[tokio::test]
async fn a_dispute_that_stripe_still_refunds_offers_the_refund() {
    let world = bought("image-to-3d").await;
    let seen = Dispute { refundable: true, ..dispute("needs_response") };
    assert!(world.app.store.save_dispute(&PaymentId::new("pi_3").unwrap(), &seen).await.unwrap());
    let facts = [(Fact::DisputeStatus, policy::Value::from("needs_response"))];
    let id = opened(&world, "image-to-3d", Occasion::Dispute(seen.id), &facts).await;
    let (status, approved) = world.review_as_shown(&id, "agent-1", &approve()).await;
    assert_eq!((status, world.refunded("pi_3").await), (200, 900), "{approved}");
}

#[tokio::test]
async fn a_fraud_warning_shows_what_a_dispute_costs() {
    let world = bought("image-web").await;
    let warning = Occasion::FraudWarning(FraudWarningId::new("issfr_1").unwrap());
    let facts = [(Fact::FraudType, policy::Value::from("misc"))];
    let id = opened(&world, "image-web", warning, &facts).await;
    insta::assert_json_snapshot!("fraud_warning", world.seen(&id).await["occasion"]);
}

#[tokio::test]
async fn customers_see_nothing_of_what_stripe_reported() {
    let world = bought("image-to-3d").await;
    let id = disputed(&world, "image-to-3d", "warning_needs_response").await;
    assert_eq!(world.listed().await, [Value::Null; 0]);
    for (route, role) in [
        ("GET /v1/accounts/{account}/refund-requests/{id}", 404),
        ("GET /v1/accounts/{account}/refund-requests/{id}/decision", 404),
    ] {
        let event = HttpEvent::new(route, now().as_s()).path("account", CUSTOMER).path("id", &id);
        assert_eq!(world.call(&event.clone().as_customer(CUSTOMER)).await.status(), role, "{route}");
        assert_eq!(world.call(&event.as_support("agent-0")).await.status(), 200, "{route}");
    }
    for what in ["withdrawal", "answers", "reopening"] {
        let body = json!({"note": "?"});
        let body = if what == "withdrawal" { json!({}) } else { body };
        assert_eq!(world.act(&id, what, &body).await.0, 404, "{what}");
        // Support has nobody in whose name it could act.
        let (status, _) = answer(&world.call(&act(&id, what, &body).as_support("agent-0")).await);
        assert_eq!(status, 404, "{what}");
    }
    let event = HttpEvent::new("GET /v1/accounts/{account}/payments", now().as_s()).path("account", CUSTOMER);
    for (event, open) in [(event.clone().as_customer(CUSTOMER), 0), (event.as_support("agent-0"), 1)] {
        let (_, page) = answer(&world.call(&event).await);
        let payment = page["payments"].as_array().unwrap().iter().find(|each| each["payment"] == "pi_3");
        assert_eq!(payment.unwrap()["open_requests"].as_array().unwrap().len(), open);
    }
    // Nor can anybody file one.
    for reason in ["payment_disputed", "fraud_warning", "refunded_outside"] {
        let body = json!({"reason": reason, "payment": "pi_3", "note": "?"});
        let (status, problem) = world.submit(&key_of(&body), &body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (400, &json!("#/reason")), "{problem}");
    }
}

#[tokio::test]
async fn e11_a_person_takes_the_credits_of_an_outside_refund_back_or_leaves_them() {
    for (decision, left, taken) in
        [("take_back", 50, json!({"credits": 50, "debt": 0})), ("leave", 100, Value::Null)]
    {
        let world = bought("image-to-3d").await;
        let id = refunded_outside(&world).await;
        let seen = world.seen(&id).await;
        if decision == "leave" {
            insta::assert_json_snapshot!("outside_refund", seen["occasion"]);
        }
        assert_eq!((&seen["quote"], world.lot("pi_3").await.1), (&Value::Null, 100));
        let body = json!({"decision": decision, "reason": "Agreed by mail."});
        let (status, closed) = world.review(&id, "agent-1", &body).await;
        assert_eq!((status, &closed["state"]), (200, &json!("settled")), "{closed}");
        assert_eq!(world.lot("pi_3").await.1, left);
        assert_eq!(world.seen(&id).await["occasion"]["taken_back"], taken);
        // The same review again is answered and does nothing; another one finds the case closed.
        assert_eq!(world.review(&id, "agent-1", &body).await.0, 200);
        let other = json!({"decision": "take_back", "reason": "Again."});
        assert_eq!(world.review(&id, "agent-2", &other).await.0, 409);
        assert_eq!(world.lot("pi_3").await.1, left);
        world.journal_is_sound().await;
    }
}

#[tokio::test]
async fn two_people_at_once_take_credits_back_once() {
    let world = bought("image-to-3d").await;
    let id = refunded_outside(&world).await;
    let body = json!({"decision": "take_back", "reason": "Agreed by mail."});
    let both = [world.review(&id, "agent-1", &body), world.review(&id, "agent-2", &body)];
    let mut answers: Vec<u16> =
        futures_util::future::join_all(both).await.into_iter().map(|(status, _)| status).collect();
    answers.sort_unstable();
    assert_eq!((answers, world.lot("pi_3").await.1), (vec![200, 409], 50));
    let head = world.app.store.head(&account()).await.unwrap().unwrap();
    assert_eq!(head.after().debt.get(), 0);
}

#[tokio::test]
async fn a_case_is_decided_by_what_it_is_about() {
    let world = bought("image-to-3d").await;
    let outside = refunded_outside(&world).await;
    let inquiry = disputed(&world, "image-to-3d", "warning_needs_response").await;
    let ask = json!({"decision": "ask", "reason": "?", "question": "Why?"});
    let credits = json!({"decision": "take_back", "reason": "?"});
    for (id, body) in [(&outside, approve()), (&outside, ask.clone()), (&inquiry, ask), (&inquiry, credits)] {
        let (status, problem) = world.review(id, "agent-1", &body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/decision")), "{problem}");
    }
    let payment = world.app.store.payment(&PaymentId::new("pi_3").unwrap()).await.unwrap().unwrap();
    assert_eq!((payment.refunded_minor, world.lot("pi_3").await.1), (0, 100));
}
