//! The list of an account's payments.

use ledger::{Dispute, DisputeId, PaymentId, PaymentName};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, DAY_S, World, answer, changed_mind, now};

const LIST: &str = "GET /v1/accounts/{account}/payments";

fn list(cursor: Option<&str>) -> HttpEvent {
    let event = HttpEvent::new(LIST, now().as_s()).path("account", CUSTOMER);
    match cursor {
        Some(cursor) => event.query("cursor", cursor),
        None => event,
    }
}

async fn listed(world: &World) -> Vec<Value> {
    let (status, page) = answer(&world.call(&list(None).as_customer(CUSTOMER)).await);
    assert_eq!(status, 200, "{page}");
    page["payments"].as_array().unwrap().clone()
}

fn of<'v>(payments: &'v [Value], id: &str) -> &'v Value {
    payments.iter().find(|payment| payment["payment"] == id).unwrap()
}

#[tokio::test]
async fn payments_are_listed_newest_first_with_what_is_left_of_them() {
    let world = World::new().await;
    let name = PaymentName::new("cs_1").unwrap();
    world.buy_named("pi_named", &[name]).await;
    world.submit("key-1", &changed_mind()).await;
    world.submit("key-2", &crate::world::after_cancellation()).await;
    let payments = listed(&world).await;
    let ids: Vec<&str> = payments.iter().map(|payment| payment["payment"].as_str().unwrap()).collect();
    assert_eq!(ids, ["pi_renewal", "pi_named", "pi_pack", "pi_first"]);
    let pack = of(&payments, "pi_pack");
    assert_eq!(
        (&pack["kind"], &pack["amount"], &pack["refundable"], &pack["subscription"]),
        (
            &json!("pack"),
            &json!({"amount_minor": 1000, "currency": "usd"}),
            &json!({"amount_minor": 1000, "currency": "usd"}),
            &Value::Null
        )
    );
    assert_eq!(pack["credits"]["granted"], 100);
    assert_eq!(pack["open_requests"][0]["state"], "in_review", "{pack:#}");
    assert_eq!(of(&payments, "pi_named")["names"], json!(["cs_1"]));
    let refunded = of(&payments, "pi_renewal");
    assert_eq!(refunded["refundable"]["amount_minor"], 0);
    assert_eq!((&refunded["subscription"], &refunded["credits"]["available"]), (&json!("sub_1"), &json!(0)));
    assert_eq!(refunded["open_requests"][0]["state"], "approved");
    let support = answer(&world.call(&list(None).as_support("agent-1")).await);
    assert_eq!((support.0, support.1["payments"].as_array().unwrap()), (200, &payments));
}

#[tokio::test]
async fn a_year_that_grants_monthly_says_what_has_come_and_when_more_does() {
    let world = World::new().await;
    world.buy_year("pi_year").await;
    world.generate_for("assistant", "reply-1", 30).await;
    let payments = listed(&world).await;
    let year = of(&payments, "pi_year");
    let next = ledger::contract::at(405 * DAY_S).months_before(11).unwrap().to_string();
    assert_eq!(
        year["credits"],
        json!({
            "lot": 4, "granted": 1000, "available": 970, "held": 0, "expires_at": null,
            "monthly": {"bought": 12_000, "lots_left": 11, "next_grant_at": next},
        }),
        "{year:#}"
    );
    assert_eq!(of(&payments, "pi_pack")["credits"]["monthly"], Value::Null);
}

#[tokio::test]
async fn every_listed_name_can_be_requested_by() {
    let world = World::new().await;
    let names = ["cs_1", "A1B2C3D4-0001"].map(|name| PaymentName::new(name).unwrap());
    world.buy_named("pi_named", &names).await;
    let payments = listed(&world).await;
    for payment in &payments {
        let names = payment["names"].as_array().unwrap().iter().chain([&payment["payment"]]);
        for name in names {
            let (status, preview) =
                world.preview(&json!({"reason": "changed_mind", "payment": name, "note": "No need."})).await;
            assert_eq!(status, 200, "{preview}");
        }
    }
}

#[tokio::test]
async fn windows_are_open_until_the_last_instant_of_the_pinned_policy() {
    let world = World::new().await;
    world.pay_for("image-to-3d", "image-to-3d", "pi_3d", 900).await;
    world.pay_for("image-web", "image-web", "pi_image", 500).await;
    let payments = listed(&world).await;
    let charged = ledger::contract::at(40 * DAY_S);
    let seven_days = charged.plus_s(7 * DAY_S).unwrap().to_string();
    let pack = of(&payments, "pi_3d");
    assert_eq!(pack["refund_window_until"], json!(seven_days), "{pack:#}");
    // Packs of this business are final, whenever it is asked.
    assert_eq!(of(&payments, "pi_image")["refund_window_until"], Value::Null);
    assert_eq!(of(&payments, "pi_image")["policy"]["document"], "image-web");
}

#[tokio::test]
async fn a_dispute_is_shown_with_the_payment_that_it_is_about() {
    let world = World::new().await;
    let dispute = Dispute {
        id: DisputeId::new("du_1").unwrap(),
        opened_at: now(),
        status: "needs_response".to_owned(),
        as_of: now(),
        refundable: false,
        contacted_before: None,
        withdrawn_minor: 0,
        movements: 0,
        amount: None,
        reason: None,
        due_by: None,
    };
    world.app.store.save_dispute(&PaymentId::new("pi_pack").unwrap(), &dispute).await.unwrap();
    let payments = listed(&world).await;
    let shown = &of(&payments, "pi_pack")["disputes"][0];
    assert_eq!((&shown["dispute"], &shown["bars_refunds"]), (&json!("du_1"), &json!(true)));
}

#[tokio::test]
async fn d12_pages_lead_through_all_payments_and_a_cursor_belongs_to_its_account() {
    let world = World::new().await;
    for number in 0..41 {
        world.pay_for("music-studio", "music-studio", &format!("pi_{number:02}"), 900).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let (status, page) = answer(&world.call(&list(cursor.as_deref()).as_customer(CUSTOMER)).await);
        assert_eq!(status, 200, "{page}");
        let ids = page["payments"].as_array().unwrap().iter();
        seen.extend(ids.map(|payment| payment["payment"].as_str().unwrap().to_owned()));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
        let other = list(cursor.as_deref()).path("account", "customer-2").as_customer("customer-2");
        assert_eq!(answer(&world.call(&other).await).0, 400);
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((count, seen.len()), (44, 44));
    let nobody = list(None).path("account", "customer-2").as_customer("customer-2");
    let (status, page) = answer(&world.call(&nobody).await);
    assert_eq!((status, page), (200, json!({"payments": [], "next_cursor": null})));
    assert_eq!(answer(&world.call(&list(None).as_customer("customer-2")).await).0, 404);
}
