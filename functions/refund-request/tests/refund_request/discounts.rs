//! A discount on the next renewal in place of credits for an outage (`S2-19`).

use ledger::contract::at;
use ledger::{Outage, OutageStore, Witness};
use serde_json::{Value, json};

use crate::world::{DAY_S, World};

/// A subscriber asks after an outage of three days: support may offer credits or a discount.
async fn after_outage(world: &World) -> String {
    let mut bought = ledger::contract::grant(&crate::world::account(), "pi_plan", 500, Some("sub_2"));
    bought.payment.period_starts_at = Some(at(30 * DAY_S));
    bought.payment.period_ends_at = Some(at(60 * DAY_S));
    world.grant(bought, "music-studio", 30 * DAY_S).await;
    let outage = Outage {
        name: "generation".parse().unwrap(),
        product: "music-studio".parse().unwrap(),
        began_at: at(31 * DAY_S),
        ended_at: at(34 * DAY_S),
        recorded: Witness { by: "agent-8".to_owned(), at: at(34 * DAY_S) },
        confirmed: Some(Witness { by: "agent-9".to_owned(), at: at(34 * DAY_S) }),
    };
    // One person records it, and another confirms it.
    let recorded = Outage { confirmed: None, ..outage.clone() };
    for outage in [recorded, outage] {
        assert!(world.app.store.save_outage(&outage).await.unwrap());
    }
    let body = json!({"reason": "service_unavailable", "payment": "pi_plan", "note": "Nothing worked."});
    let (status, request) = world.submit("key-1", &body).await;
    assert_eq!((status, &request["state"]), (201, &json!("in_review")), "{request:#}");
    request["id"].as_str().unwrap().to_owned()
}

fn offer(offer: &str) -> Value {
    json!({"decision": "offer", "offer": offer, "clause": "extended-outage", "reason": "For the outage."})
}

fn of_amount(minor: u64, currency: &str) -> Value {
    let mut body = offer("discount");
    body["amount"] = json!({"amount_minor": minor, "currency": currency});
    body
}

#[tokio::test]
async fn s2_19_a_discount_that_is_accepted_keeps_plan_credits_and_payment() {
    for (body, worth, words) in [
        (offer("discount"), json!({"percent": 20}), "Your next renewal is 20 % cheaper."),
        (
            of_amount(200, "usd"),
            json!({"amount_minor": 200, "currency": "usd"}),
            "Your next renewal is 2.00 USD cheaper.",
        ),
    ] {
        let world = World::new().await;
        let id = after_outage(&world).await;
        let (status, made) = world.review_as_quoted(&id, "agent-1", &body).await;
        assert_eq!(status, 200, "{made:#}");
        let offers = made["offers"].as_array().unwrap();
        let shown = &offers.iter().find(|offer| offer["offer"] == "discount").unwrap()["quote"];
        assert_eq!(shown["pays"], json!({"kind": "discount", "subscription": "sub_2", "discount": worth}));
        assert_eq!((&shown["revoked"], &shown["plan_ends"]), (&json!([]), &Value::Null));
        let (status, taken) = world.act(&id, "offers/discount", &json!({"answer": "accept"})).await;
        assert_eq!((status, &taken["state"]), (200, &json!("approved")), "{taken:#}");
        assert_eq!((&taken["payout"], &taken["discount"]["discount"]), (&Value::Null, &worth));
        assert!(taken["message"].as_str().unwrap().starts_with(words), "{}", taken["message"]);
        assert_eq!(world.app.payouts.announced(), [id.as_str()]);
        assert_eq!((world.refunded("pi_plan").await, world.lot("pi_plan").await), (0, (500, 500, 0)));
        world.journal_is_sound().await;
    }
}

#[tokio::test]
async fn s2_19_an_accepted_discount_is_what_an_approval_carries_out() {
    let world = World::new().await;
    let id = after_outage(&world).await;
    let (status, after) = world.act(&id, "offers/discount", &json!({"answer": "accept"})).await;
    assert_eq!((status, &after["state"]), (200, &json!("in_review")), "{after:#}");
    assert_eq!(after["quote"]["pays"]["kind"], "discount", "{after:#}");
    let verdict = json!({"decision": "approve", "clause": "extended-outage", "reason": "As offered."});
    let (status, approved) = world.review_as_quoted(&id, "agent-1", &verdict).await;
    assert_eq!((status, &approved["state"]), (200, &json!("approved")), "{approved:#}");
    assert_eq!(approved["discount"]["discount"], json!({"percent": 20}));
    assert_eq!((world.refunded("pi_plan").await, world.lot("pi_plan").await), (0, (500, 500, 0)));
}

#[tokio::test]
async fn a_discount_is_at_most_what_the_payment_was_in_its_currency() {
    let world = World::new().await;
    let id = after_outage(&world).await;
    for body in [of_amount(0, "usd"), of_amount(1001, "usd"), of_amount(100, "eur")] {
        let (status, problem) = world.review(&id, "agent-1", &body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/amount")), "{problem}");
    }
    let mut credits = offer("discount");
    credits["credits"] = json!(5);
    assert_eq!(world.review(&id, "agent-1", &credits).await.0, 422);
}

#[tokio::test]
async fn s2_19_credits_for_an_outage_expire_when_the_term_says_so() {
    let world = World::new().await;
    let id = after_outage(&world).await;
    let (status, made) = world.review_as_quoted(&id, "agent-1", &offer("part_of_the_credits")).await;
    assert_eq!(status, 200, "{made:#}");
    let (status, given) = world.act(&id, "offers/part_of_the_credits", &json!({"answer": "accept"})).await;
    assert_eq!((status, &given["credits_given"]), (200, &json!(50)), "three of thirty days: {given:#}");
    let head = ledger::LedgerStore::head(&world.app.store, &crate::world::account()).await.unwrap().unwrap();
    let lot = head.after().lots.last().unwrap();
    assert_eq!(lot.expires_at, crate::world::now().plus_s(60 * DAY_S).ok());
}

#[tokio::test]
async fn what_is_approved_can_be_held_back_by_one_person_until_stripe_is_asked() {
    let world = World::new().await;
    let (_, request) = world.submit("key-1", &crate::world::after_cancellation()).await;
    let id = request["id"].as_str().unwrap();
    assert_eq!((&request["state"], world.refunded("pi_renewal").await), (&json!("approved"), 1000));
    let hold = |body: Value, person: &str| {
        let event = testkit::http_event::HttpEvent::new(
            "POST /v1/refund-requests/{id}/hold-back",
            crate::world::now().as_s(),
        );
        event.path("id", id).as_support(person).body(&body)
    };
    let reason = json!({"reason": "The customer called."});
    assert_eq!(world.call(&hold(json!({"reason": " "}), "agent-1")).await.status(), 422);
    let (status, back) = crate::world::answer(&world.call(&hold(reason.clone(), "agent-1")).await);
    assert_eq!((status, &back["state"]), (200, &json!("in_review")), "{back:#}");
    assert_eq!(back["held_back"][0]["reason"], "The customer called.");
    assert_eq!((world.refunded("pi_renewal").await, world.lot("pi_renewal").await), (0, (500, 500, 0)));
    assert_eq!(world.call(&hold(reason, "agent-1")).await.status(), 200, "the same call again");
    assert_eq!(world.call(&hold(json!({"reason": "Again."}), "agent-2")).await.status(), 409);
    // It is decided anew, also by the person who held it back.
    let verdict = json!({"decision": "approve", "clause": "charged-after-cancellation", "reason": "Fine."});
    let (status, approved) = world.review_as_quoted(id, "agent-1", &verdict).await;
    assert_eq!((status, &approved["state"]), (200, &json!("approved")), "{approved:#}");
    assert_eq!(world.refunded("pi_renewal").await, 1000);
    world.journal_is_sound().await;
}
