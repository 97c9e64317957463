//! Parked events that are applied again: as of their own instant, once, also after later events.

use futures_util::future::join_all;
use lambda::Invocation;
use ledger::{Change, Money, PaymentId, PaymentStore, Timestamp};
use ledger_dynamodb::Parked;
use serde_json::{Value, json};
use stripe_webhook::{AWAITED_S, DirectAnswer, DirectRequest, handle_direct};

use crate::scene::{ACCOUNT, DAY_S, Scene, at};

const APPLIED: DirectAnswer = DirectAnswer { outcome: "applied", reason: None };
const NOT_PARKED: DirectAnswer = DirectAnswer { outcome: "not_parked", reason: None };

/// What an operator's invocation is answered.
pub(crate) async fn replayed(scene: &Scene, id: &str, second: i64) -> DirectAnswer {
    let asked = json!({"replay": {"event": id}}).to_string();
    let invocation = Invocation::of(asked, at(second)).unwrap();
    let asked = invocation.event().unwrap();
    let answer = Box::pin(handle_direct(&scene.webhook, asked, &invocation)).await.unwrap();
    let metrics = invocation.metrics().take_lines(at(second)).join("\n");
    assert!(metrics.contains("\"EventsReplayed\":"), "{metrics}");
    // The alarm is for what was not looked at yet.
    assert!(!metrics.contains("\"EventsParked\":"), "{metrics}");
    answer
}

fn id_of(body: &str) -> String {
    let event: Value = serde_json::from_str(body).unwrap();
    event["id"].as_str().unwrap().to_owned()
}

async fn grants(scene: &Scene) -> usize {
    let journal = scene.journal(ACCOUNT).await;
    let changes = journal.iter().flat_map(ledger::Entry::changes);
    changes.filter(|change| matches!(change, Change::Granted { .. })).count()
}

#[tokio::test]
async fn c7_a_parked_invoice_is_applied_as_of_its_charge_once_its_customer_is_known() {
    let scene = Scene::new().await;
    let (made, [checkout, _, invoice]) = scene.subscribe(0);
    let id = id_of(&invoice);
    assert_eq!(scene.send(&invoice, at(AWAITED_S)).await.says, "parked: account_unknown");
    let waiting = DirectAnswer { outcome: "parked", reason: Some("account_unknown") };
    assert_eq!(replayed(&scene, &id, AWAITED_S).await, waiting);
    assert_eq!(scene.parked().await.len(), 1);

    scene.send(&checkout, at(DAY_S)).await;
    assert_eq!(replayed(&scene, &id, DAY_S).await, APPLIED);
    assert_eq!((scene.available(at(DAY_S)).await, scene.parked().await), (500, vec![]));
    let payment = PaymentId::new(made.invoice.unwrap()).unwrap();
    let payment = scene.tables.payment(&payment).await.unwrap().unwrap();
    assert_eq!((payment.charged_at, payment.landed_at), (at(0), at(DAY_S)));

    assert_eq!(replayed(&scene, &id, DAY_S + 1).await, NOT_PARKED);
    assert_eq!(scene.send(&invoice, at(DAY_S + 1)).await.says, "repeated");
    assert_eq!(grants(&scene).await, 1);
}

#[tokio::test]
async fn b1_replays_and_deliveries_at_once_have_one_effect() {
    let scene = Scene::new().await;
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    scene.send(&invoice, at(AWAITED_S)).await;
    scene.send(&checkout, at(AWAITED_S)).await;
    let id = id_of(&invoice);
    let replays = join_all((0..10).map(|second| replayed(&scene, &id, AWAITED_S + second)));
    let deliveries = join_all((0..10).map(|second| scene.send(&invoice, at(AWAITED_S + second))));
    let (replays, deliveries) = futures_util::future::join(replays, deliveries).await;
    assert!(replays.iter().all(|each| ["applied", "repeated", "not_parked"].contains(&each.outcome)));
    assert!(deliveries.iter().all(|reply| reply.status == 200), "{deliveries:?}");
    assert_eq!((grants(&scene).await, scene.available(at(DAY_S)).await), (1, 500));
    assert_eq!(scene.parked().await, []);
}

#[tokio::test]
async fn an_event_that_stays_parked_has_its_new_reason_and_keeps_the_end_of_its_time() {
    let scene = Scene::new().await;
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    // As a version of the parser left it that could not read it.
    let parked = Parked::new(id_of(&invoice), "unreadable", at(10), invoice.clone());
    scene.tables.park(&parked).await.unwrap();
    // Within the hour Stripe would be asked to send it again; here nobody sends it by itself.
    let waiting = DirectAnswer { outcome: "parked", reason: Some("account_unknown") };
    assert_eq!(replayed(&scene, &parked.id, 60).await, waiting);
    let [kept] = &scene.parked().await[..] else { panic!("it stays parked") };
    assert_eq!((kept.reason.as_str(), kept.at), ("account_unknown", parked.at));
    // What it is about could not be read when it came.
    let about = &kept.about;
    assert_eq!((about.customer.is_some(), about.paid.map(Money::minor)), (true, Some(1_200)));
    assert_eq!((about.case.clone(), kept.is_unanswered_money()), (None, true));
    scene.send(&checkout, at(70)).await;
    assert_eq!(replayed(&scene, &parked.id, 80).await, APPLIED);
    assert_eq!(scene.available(at(80)).await, 500);
}

#[tokio::test]
async fn an_event_that_needs_nothing_is_taken_away_and_one_that_was_not_kept_stays() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let unpaid = body.replace(r#""payment_status": "paid""#, r#""payment_status": "unpaid""#);
    for (id, payload, expected) in [
        ("evt_unpaid", unpaid.into_bytes(), DirectAnswer { outcome: "ignored", reason: Some("unpaid") }),
        ("evt_bytes", vec![0xff], DirectAnswer { outcome: "parked", reason: Some("unreadable") }),
        ("evt_long", vec![], DirectAnswer { outcome: "not_kept", reason: None }),
    ] {
        let parked = Parked::new(id, "value_unknown", at(0), payload);
        scene.tables.park(&parked).await.unwrap();
        assert_eq!(replayed(&scene, id, 60).await, expected);
    }
    let left: Vec<String> = scene.parked().await.into_iter().map(|parked| parked.id).collect();
    assert_eq!(left, ["evt_bytes", "evt_long"]);
    assert_eq!(replayed(&scene, "evt_none", 60).await, NOT_PARKED);
}

#[test]
fn only_the_very_forms_are_direct_requests() {
    for (asked, understood) in [
        (json!({"replay": {"event": "evt_1"}}), true),
        (json!({"replay": {"event": "evt_1"}, "routeKey": "POST /v1/webhooks/stripe"}), false),
        (json!({"replay": {"event": "evt_1", "now": 0}}), false),
        (json!({"replay": "evt_1"}), false),
        (json!({"apply": {"event": "{}"}}), true),
        (json!({"apply": {"event": {}}}), false),
        (json!({"apply": {"event": "{}"}, "routeKey": "POST /v1/webhooks/stripe"}), false),
        (json!({"replay": {"event": "evt_1"}, "apply": {"event": "{}"}}), false),
        (json!({"link": {"event": "evt_1", "account": "account-1", "operator": "ann"}}), true),
        (json!({"link": {"event": "evt_1", "account": "account-1"}}), false),
        (json!({"drop": {"event": "evt_1", "reason": "a test", "operator": "ann"}}), true),
        (json!({"drop": {"event": "evt_1", "reason": " ", "operator": "ann"}}), false),
        (json!({"drop": {"event": "evt_1", "reason": "a\ntest", "operator": "ann"}}), false),
        (json!({"drop": {"event": "evt_1", "reason": "a test", "operator": "ann"}, "version": "2.0"}), false),
        (bus_event("aws.partner/stripe.com/ed_1", "{}"), true),
        (bus_event("aws.partner/stripe.company/ed_1", "{}"), false),
        (bus_event("com.example", "{}"), false),
        (json!({}), false),
    ] {
        assert_eq!(serde_json::from_value::<DirectRequest>(asked.clone()).is_ok(), understood, "{asked}");
    }
}

/// An event that Stripe's API has listed, applied as a delivery of it.
pub(crate) async fn listed(scene: &Scene, body: &str, now: Timestamp) -> DirectAnswer {
    let request = serde_json::from_value(json!({"apply": {"event": body}})).unwrap();
    let invocation = Invocation::of("{}", now).unwrap();
    Box::pin(handle_direct(&scene.webhook, request, &invocation)).await.unwrap()
}

#[tokio::test]
async fn b7_an_event_that_never_came_is_applied_once_from_the_list() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    assert_eq!(listed(&scene, &body, at(600)).await, APPLIED);
    let journal = scene.journal(ACCOUNT).await;
    for second in [900, 1_200] {
        assert_eq!(listed(&scene, &body, at(second)).await.outcome, "repeated");
    }
    // The delivery comes late, after all.
    assert_eq!(scene.send(&body, at(1_500)).await.says, "repeated");
    assert_eq!(scene.journal(ACCOUNT).await, journal);
}

#[tokio::test]
async fn b7_a_listed_event_that_cannot_be_applied_is_parked_as_a_delivery_is() {
    let scene = Scene::new().await;
    let (_, [_, _, invoice]) = scene.subscribe(0);
    // Its link is missing: for an hour another event may bring it.
    assert_eq!(listed(&scene, &invoice, at(600)).await.outcome, "deferred");
    assert_eq!(scene.parked().await.len(), 0);
    assert_eq!(listed(&scene, &invoice, at(AWAITED_S + 60)).await.outcome, "parked");
    assert_eq!(listed(&scene, "no event", at(0)).await.outcome, "parked");
    assert_eq!(scene.parked().await.len(), 2);
}

/// What `applied` says of a listed event is that it was missed: nothing that came may say so again.
#[tokio::test]
async fn every_event_of_a_story_is_news_once() {
    let scene = Scene::new().await;
    let (_, pack) = scene.pack(0);
    let (made, [checkout, begun, invoice]) = scene.subscribe(10);
    let payment = json!({"type": "payment_intent", "payment_intent": made.payment.as_ref().unwrap()});
    let link = crate::disputes::invoice_payment(made.invoice.as_ref().unwrap(), &payment, 12);
    let charge = json!({
        "id": "evt_charge", "object": "event", "type": "charge.succeeded", "created": at(12).as_s(),
        "livemode": false, "data": {"object": {
            "id": "ch_1", "object": "charge", "payment_intent": made.payment, "receipt_number": "1234-5678",
        }},
    });
    for body in [pack, checkout, begun, invoice, link, charge.to_string()] {
        assert_eq!(listed(&scene, &body, at(60)).await.outcome, "applied", "{body}");
        for second in [60, 600] {
            assert_eq!(listed(&scene, &body, at(second)).await.outcome, "repeated", "{body}");
        }
    }
}

/// An event as EventBridge hands it on.
fn bus_event(source: &str, body: &str) -> Value {
    let detail: Value = serde_json::from_str(body).unwrap();
    json!({
        "version": "0", "id": "5c2c3b0a-0c8e-4b7e-9d5c-2f1e6a7b8c9d", "detail-type": detail["type"],
        "source": source, "account": "123456789012", "time": "2026-11-01T00:00:00Z", "region": "eu-central-1",
        "resources": [format!("arn:aws:events:eu-central-1::event-source/{source}")], "detail": detail,
    })
}

#[tokio::test]
async fn b9_one_event_by_every_door_at_once_has_one_effect() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let by_bus = async {
        let request = serde_json::from_value(bus_event("aws.partner/stripe.com/ed_1", &body)).unwrap();
        let invocation = Invocation::of("{}", at(5)).unwrap();
        Box::pin(handle_direct(&scene.webhook, request, &invocation)).await.unwrap().outcome.to_owned()
    };
    let by_http = async { scene.send(&body, at(5)).await.says };
    let by_list = async { listed(&scene, &body, at(5)).await.outcome.to_owned() };
    let id = serde_json::from_str::<Value>(&body).unwrap()["id"].clone();
    let thin = json!({
        "id": "evt_thin", "object": "v2.core.event", "type": "v1.checkout.session.completed", "livemode": false,
        "created": "2026-11-01T00:00:00.000Z", "snapshot_event": id,
        "related_object": {"id": "cs_1", "type": "checkout.session", "url": "/v1/checkout/sessions/cs_1"},
    });
    let thin = async { scene.send(&thin.to_string(), at(5)).await.says };
    let (by_bus, by_http, by_list, thin) = tokio::join!(by_bus, by_http, by_list, thin);
    let outcomes = [by_bus, by_http, by_list];
    assert!(
        outcomes.iter().all(|outcome| ["applied", "repeated"].contains(&outcome.as_str())),
        "{outcomes:?}"
    );
    assert_eq!(thin, "ignored: thin");
    assert_eq!(scene.account(ACCOUNT).await.lots.len(), 1);
}
