//! Parked events: replayed, linked and dropped by an operator, and types that nobody knows.

use ledger::Provider;
use serde_json::{Value, json};

use crate::events::{event, pack, subscription, with};
use crate::scene::{ACCOUNT, Scene, at};

fn nobodys(body: &str) -> String {
    with(&with(body, "/object/metadata", json!({})), "/object/request_id", Value::Null)
}

#[tokio::test]
async fn an_unknown_type_is_kept_and_creems_own_credits_are_not() {
    let scene = Scene::new().await;
    let body = event("evt_new", "dispute.closed", 0, &json!({"id": "disp_1", "mode": "test"}));
    let reply = scene.send(&body, at(0)).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "ignored: unknown_type"));
    assert!(reply.counted("EventsIgnored") && !reply.counted("EventsParked"));
    for name in
        ["credits.granted", "credits.consumed", "credits.auto_recharged", "customer_credits.exhausted"]
    {
        let reply = scene.send(&event("evt_credits", name, 0, &json!({"id": "cct_1"})), at(0)).await;
        assert_eq!(reply.says, "ignored: unknown_type", "{name}");
    }
    let [parked] = &scene.parked().await[..] else { panic!("one is kept") };
    assert_eq!((parked.id.as_str(), parked.reason.as_str()), ("evt_new", "unknown_type"));
    assert_eq!((parked.provider, parked.payload.as_slice()), (Provider::Creem, body.as_bytes()));
    assert!(!parked.is_unanswered_money());
}

#[tokio::test]
async fn an_operator_links_an_event_to_an_account() {
    let scene = Scene::new().await;
    let body = nobodys(&pack("1", 0));
    assert_eq!(scene.send(&body, at(0)).await.says, "parked: account_unknown");
    let [parked] = &scene.parked().await[..] else { panic!() };
    assert!(parked.is_unanswered_money());
    let replay = json!({"replay": {"event": "evt_1"}});
    assert_eq!(scene.ask(replay.clone(), 10).await.reason, Some("account_unknown"));
    let link = json!({"link": {"event": "evt_1", "account": ACCOUNT, "operator": "ann"}});
    assert_eq!(scene.ask(link.clone(), 20).await.outcome, "applied");
    assert_eq!(scene.available().await, 100);
    assert_eq!(scene.ask(link, 30).await.outcome, "not_parked");
    assert_eq!(scene.ask(replay, 30).await.outcome, "not_parked");
}

#[tokio::test]
async fn a_link_of_a_subscription_holds_for_its_later_events() {
    let scene = Scene::new().await;
    let paid = |second, period| {
        let body = subscription("1", "paid", "active", (0, second, period));
        with(&body, "/object/metadata", json!({}))
    };
    assert_eq!(scene.send(&paid(1, 0), at(3_700)).await.says, "parked: account_unknown");
    let link = json!({"link": {"event": "evt_1_paid_1", "account": ACCOUNT, "operator": "ann"}});
    assert_eq!(scene.ask(link, 3_800).await.outcome, "applied");
    assert_eq!(scene.send(&paid(30 * 86_400, 1), at(3_900)).await.says, "applied");
}

#[tokio::test]
async fn a_dropped_event_stays_and_is_applied_by_nothing_but_a_link() {
    let scene = Scene::new().await;
    scene.send(&nobodys(&pack("1", 0)), at(0)).await;
    let drop = json!({"drop": {"event": "evt_1", "reason": "a test of ours", "operator": "ann"}});
    assert_eq!(scene.ask(drop, 10).await.outcome, "dropped");
    let replayed = scene.ask(json!({"replay": {"event": "evt_1"}}), 20).await;
    assert_eq!((replayed.outcome, replayed.reason), ("ignored", Some("dropped")));
    assert_eq!(scene.send(&nobodys(&pack("1", 0)), at(30)).await.says, "ignored: dropped");
    assert_eq!(scene.parked().await.len(), 1);
}
