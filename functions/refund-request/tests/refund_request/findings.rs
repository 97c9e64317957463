//! What people record: findings about an account, and outages.

use ledger::{Outage, OutageStore, ProductId, PurchaseStore};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, World, account, answer, now};

const FINDINGS: &str = "PUT /v1/accounts/{account}/findings";
const OUTAGES: &str = "PUT /v1/outages/{id}";

async fn put(world: &World, route: &str, subject: &str, body: &Value) -> (u16, Value) {
    let event = HttpEvent::new(route, now().as_s()).path("account", CUSTOMER).path("id", "outage-1");
    answer(&world.call(&event.as_support(subject).body(body)).await)
}

#[tokio::test]
async fn s3_14_a_finding_is_a_persons_with_a_reason_and_is_on_record() {
    let world = World::new().await;
    let finding =
        json!({ "abuse": "indicated", "related_accounts": ["a-2", "a-2", CUSTOMER], "reason": "Seen." });
    assert_eq!(put(&world, FINDINGS, "agent-1", &finding).await.0, 200);
    let stored = world.app.store.records_of(&account()).await.unwrap().finding.unwrap();
    assert_eq!((stored.abuse.as_str(), stored.by.as_str()), ("indicated", "agent-1"));
    assert_eq!(stored.related.iter().map(ledger::AccountId::as_str).collect::<Vec<_>>(), ["a-2"]);
    for (body, status) in [
        (json!({ "abuse": "indicated", "reason": " " }), 422),
        (json!({ "abuse": "maybe", "reason": "Seen." }), 422),
        (
            json!({ "abuse": "none", "reason": "Seen.", "related_accounts": ["1", "2", "3", "4", "5", "6"] }),
            422,
        ),
        (json!({ "abuse": "none", "reason": "Seen.", "amount": 1 }), 400),
    ] {
        assert_eq!(put(&world, FINDINGS, "agent-1", &body).await.0, status, "{body}");
    }
    assert_eq!(put(&world, FINDINGS, CUSTOMER, &finding).await.0, 404, "of oneself");
    let customer = HttpEvent::new(FINDINGS, now().as_s()).path("account", CUSTOMER).as_customer(CUSTOMER);
    assert_eq!(answer(&world.call(&customer.body(&finding)).await).0, 403);
}

#[tokio::test]
async fn s2_19_an_outage_that_is_over_is_on_record() {
    let world = World::new().await;
    let outage = |began: &str, ended: &str, product: &str| json!({ "product": product, "began_at": began, "ended_at": ended });
    let (began, ended) = ("2026-11-02T00:00:00Z", "2026-11-04T12:00:00Z");
    assert_eq!(put(&world, OUTAGES, "agent-1", &outage(began, ended, "music-studio")).await.0, 200);
    let product = ProductId::new("music-studio").unwrap();
    let stored = world.app.store.outages(&product, now()).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].confirmed, None);
    assert_eq!(stored[0].ended_at.seconds_since(stored[0].began_at), 60 * 3600);
    // The same person again confirms nothing, and nobody confirms another time under its name.
    let again = put(&world, OUTAGES, "agent-1", &outage(began, ended, "music-studio")).await;
    assert_eq!((again.0, &again.1["state"]), (200, &json!("recorded")));
    let longer = outage(began, "2026-11-04T13:00:00Z", "music-studio");
    assert_eq!(put(&world, OUTAGES, "agent-2", &longer).await.0, 409);
    let lie = Outage { confirmed: Some(stored[0].recorded.clone()), ..stored[0].clone() };
    assert!(!world.app.store.save_outage(&lie).await.unwrap(), "also if the code has a mistake");
    for agent in ["agent-2", "agent-3", "agent-1"] {
        let (status, shown) = put(&world, OUTAGES, agent, &outage(began, ended, "music-studio")).await;
        assert_eq!((status, &shown["state"]), (200, &json!("confirmed")), "{shown:#}");
        assert_eq!((&shown["recorded_by"], &shown["confirmed_by"]), (&json!("agent-1"), &json!("agent-2")));
    }
    for body in [
        outage(ended, began, "music-studio"),
        outage(began, "2030-01-01T00:00:00Z", "music-studio"),
        outage(began, ended, "unheard-of"),
        outage("yesterday", ended, "music-studio"),
    ] {
        assert_eq!(put(&world, OUTAGES, "agent-1", &body).await.0, 422, "{body}");
    }
}

#[tokio::test]
async fn support_finds_the_outages_that_wait_for_a_second_person() {
    const LIST: &str = "GET /v1/outages";
    let world = World::new().await;
    let list = async |product: Option<&str>| {
        let event = HttpEvent::new(LIST, now().as_s()).as_support("agent-2");
        let event = product.into_iter().fold(event, |event, product| event.query("product", product));
        answer(&world.call(&event).await)
    };
    assert_eq!(list(None).await, (200, json!({ "outages": [] })));
    let put = async |id: &str, subject: &str, product: &str, began: &str| {
        let body = json!({ "product": product, "began_at": began, "ended_at": "2026-11-04T12:00:00Z" });
        let event = HttpEvent::new(OUTAGES, now().as_s()).path("id", id).as_support(subject);
        assert_eq!(answer(&world.call(&event.body(&body)).await).0, 200, "{id}");
    };
    put("studio", "agent-1", "music-studio", "2026-11-02T00:00:00Z").await;
    put("images", "agent-1", "image-web", "2026-11-03T00:00:00Z").await;
    put("older", "agent-1", "music-studio", "2026-11-01T00:00:00Z").await;
    put("older", "agent-2", "music-studio", "2026-11-01T00:00:00Z").await;
    let shown = |answer: &Value| -> Vec<(String, String, Value)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let outages = answer["outages"].as_array().unwrap().iter();
        outages.map(|each| (text(&each["id"]), text(&each["state"]), each["confirmed_by"].clone())).collect()
    };
    let expected = |ids: &[&str]| -> Vec<(String, String, Value)> {
        let of = |id: &&str| match *id {
            "older" => ("older".to_owned(), "confirmed".to_owned(), json!("agent-2")),
            id => (id.to_owned(), "recorded".to_owned(), Value::Null),
        };
        ids.iter().map(of).collect()
    };
    assert_eq!(shown(&list(None).await.1), expected(&["images", "studio", "older"]));
    let (_, studio) = list(Some("music-studio")).await;
    assert_eq!(shown(&studio), expected(&["studio", "older"]));
    assert_eq!(studio["outages"][0]["recorded_by"], "agent-1");
    assert_eq!(studio["outages"][0]["began_at"], "2026-11-02T00:00:00Z");
    assert_eq!(list(Some("unheard-of")).await.0, 400);
    for event in [
        HttpEvent::new(LIST, now().as_s()).as_customer(CUSTOMER),
        HttpEvent::new(LIST, now().as_s()).as_service("s"),
    ] {
        assert_eq!(answer(&world.call(&event).await).0, 403);
    }
}
