//! What a refund takes back of credits and plans, and what a reviewer may choose of that.

use ledger::Money;
use ledger::contract::grant;
use serde_json::{Value, json};

use crate::world::{World, account};

/// A request about a payment of the image-to-3d product, whose text says "may".
async fn about(world: &World, payment: &str) -> String {
    let body = json!({"reason": "other", "payment": payment, "note": "I want some of it back."});
    let (status, request) = world.submit(&format!("about-{payment}"), &body).await;
    assert_eq!((status, &request["state"]), (201, &json!("in_review")), "{request:#}");
    request["id"].as_str().unwrap().to_owned()
}

/// A pack of 100 credits for 9.00.
async fn pack(world: &World) -> String {
    world.pay_for("image-to-3d", "image-to-3d", "pi_3d", 900).await;
    about(world, "pi_3d").await
}

/// A plan of 500 credits for 30.00.
async fn plan(world: &World) -> String {
    let mut bought = grant(&account(), "pi_plan", 500, Some("sub_3d"));
    bought.payment.paid = Money::new(3000, bought.payment.paid.currency());
    bought.payment.product = "image-to-3d".parse().unwrap();
    world.grant(bought, "image-to-3d", 40 * crate::world::DAY_S).await;
    about(world, "pi_plan").await
}

fn part(minor: u64) -> Value {
    json!({"decision": "approve_part", "clause": "partial-goodwill", "reason": "A part.",
        "amount": {"amount_minor": minor, "currency": "usd"}})
}

fn with(mut body: Value, member: &str, value: impl Into<Value>) -> Value {
    body[member] = value.into();
    body
}

#[tokio::test]
async fn s3_22_a_part_of_a_pack_takes_its_share_of_the_credits() {
    for (minor, spent, revoked) in [(300, 0, 33), (1, 0, 0), (899, 0, 99), (300, 80, 20)] {
        let world = World::new().await;
        let id = pack(&world).await;
        if spent > 0 {
            world.generate_for("image-to-3d", "mesh-1", spent).await;
        }
        let (status, paid) = world.review_as_quoted(&id, "agent-1", &part(minor)).await;
        assert_eq!((status, &paid["payout"]["credits_revoked"]), (200, &json!(revoked)), "{paid:#}");
        assert_eq!(world.lot("pi_3d").await, (100, 100 - spent - revoked, revoked), "{minor}");
        world.journal_is_sound().await;
    }
}

#[tokio::test]
async fn s3_18_a_part_of_a_plans_charge_keeps_the_plan() {
    let world = World::new().await;
    let id = plan(&world).await;
    let (status, problem) = world.review(&id, "agent-1", &part(2000)).await;
    let quote = &problem["quote"];
    assert_eq!(status, 409, "{problem}");
    assert_eq!((&quote["plan_ends"], &quote["revokes"]), (&Value::Null, &json!("proportional")), "{quote:#}");
    assert_eq!(quote["pays"]["amount"]["amount_minor"], 2000, "the quote is of the part");
    assert_eq!(quote["revoked"][0]["credits_left"], 167, "{quote:#}");
    let (status, paid) = world.review_as_quoted(&id, "agent-1", &part(2000)).await;
    assert_eq!((status, &paid["state"]), (200, &json!("approved")), "{paid:#}");
    assert_eq!(world.lot("pi_plan").await, (500, 167, 333));
    let stored =
        refunds::RequestStore::request(&world.app.store, &id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.payout().unwrap().ends, None);
}

#[tokio::test]
async fn s3_18_all_that_is_left_of_a_charge_ends_the_plan_and_takes_the_rest() {
    let world = World::new().await;
    let id = plan(&world).await;
    let approve = json!({"decision": "approve", "clause": "partial-goodwill", "reason": "All of it."});
    let (_, problem) = world.review(&id, "agent-1", &approve).await;
    assert_eq!(problem["quote"]["plan_ends"]["subscription"], "sub_3d", "{problem}");
    assert_eq!((&problem["quote"]["revokes"], 500), (&json!("remaining"), 500));
    // Named as a part, all of it is the same refund.
    let (_, whole) = world.review(&id, "agent-1", &part(3000)).await;
    assert_eq!(whole["quote"]["quote"], problem["quote"]["quote"]);
}

#[tokio::test]
async fn s3_18_all_of_what_was_paid_for_a_change_leaves_the_plan_unless_a_reviewer_ends_it() {
    for (ends_plan, expected) in [(None, Value::Null), (Some(true), json!("sub_3d"))] {
        let world = World::new().await;
        let mut change = grant(&account(), "pi_plan", 500, Some("sub_3d"));
        change.payment.product = "image-to-3d".parse().unwrap();
        change.payment.of_change = true;
        world.grant(change, "image-to-3d", 40 * crate::world::DAY_S).await;
        let id = about(&world, "pi_plan").await;
        let mut all = json!({"decision": "approve", "clause": "partial-goodwill", "reason": "All of it."});
        if let Some(ends_plan) = ends_plan {
            all = with(all, "ends_plan", ends_plan);
        }
        let (_, problem) = world.review(&id, "agent-1", &all).await;
        assert_eq!(problem["quote"]["plan_ends"]["subscription"], expected, "{problem}");
        assert_eq!(problem["quote"]["revokes"], "remaining");
    }
}

#[tokio::test]
async fn s3_18_s3_22_a_reviewer_chooses_what_the_text_leaves_open() {
    for (revoke, ends_plan, left, minor) in [
        (json!("nothing"), json!(false), 500, 2000),
        (json!("remaining"), json!(true), 0, 2000),
        (json!("proportional"), Value::Null, 167, 2000),
        (json!("nothing"), json!(false), 500, 3000),
    ] {
        let world = World::new().await;
        let id = plan(&world).await;
        let mut body = with(part(minor), "revoke", revoke.clone());
        if !ends_plan.is_null() {
            body = with(body, "ends_plan", ends_plan.clone());
        }
        let (status, paid) = world.review_as_quoted(&id, "agent-1", &body).await;
        assert_eq!(status, 200, "{paid:#}");
        assert_eq!(world.lot("pi_plan").await.1, left, "{revoke}");
        let review = &paid["reviews"][0];
        assert_eq!((&review["revoke"], &review["ends_plan"]), (&revoke, &ends_plan));
        let stored = refunds::RequestStore::request(&world.app.store, &id.parse().unwrap()).await.unwrap();
        assert_eq!(stored.unwrap().payout().unwrap().ends.is_some(), ends_plan == json!(true), "{body}");
        world.journal_is_sound().await;
    }
}

#[tokio::test]
async fn choices_that_are_about_nothing_are_refused() {
    let world = World::new().await;
    let id = pack(&world).await;
    for (body, pointer) in [
        (with(part(300), "ends_plan", true), "#/ends_plan"),
        (
            with(
                json!({"decision": "refuse", "clause": "partial-goodwill", "reason": "No."}),
                "revoke",
                "nothing",
            ),
            "#/revoke",
        ),
        (
            with(json!({"decision": "ask", "question": "Which?", "reason": "Unclear."}), "ends_plan", false),
            "#/ends_plan",
        ),
    ] {
        let (status, problem) = world.review(&id, "agent-1", &body).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(pointer)), "{problem}");
    }
    assert_eq!(world.review(&id, "agent-1", &with(part(300), "revoke", "all")).await.0, 400);
    assert_eq!(world.refunded("pi_3d").await, 0);
}

#[tokio::test]
async fn an_offer_of_money_keeps_the_terms_that_were_chosen_for_it() {
    let world = World::new().await;
    world.pay_for("image-to-3d", "image-to-3d", "pi_3d", 1000).await;
    world.generate_for("image-to-3d", "mesh-1", 15).await;
    let body = json!({"reason": "changed_mind", "payment": "pi_3d", "note": "I used a part of it."});
    let (_, request) = world.submit("key-1", &body).await;
    let id = request["id"].as_str().unwrap();
    let offering = json!({"decision": "offer", "offer": "replacement_credits", "clause": "alternatives",
        "reason": "Half of it.", "amount": {"amount_minor": 500, "currency": "usd"}, "revoke": "nothing"});
    let (status, made) = world.review_as_quoted(id, "agent-1", &offering).await;
    assert_eq!(status, 200, "{made:#}");
    let (status, paid) = world.act(id, "offers/replacement_credits", &json!({"answer": "accept"})).await;
    assert_eq!((status, &paid["payout"]["credits_revoked"]), (200, &json!(0)), "{paid:#}");
    assert_eq!((world.refunded("pi_3d").await, world.lot("pi_3d").await), (500, (100, 85, 0)));
}

/// Creem refunds the whole rest by a call, and a part by hand alone: whoever approves it sees so before.
#[tokio::test]
async fn s3_23_a_part_of_a_payment_through_creem_says_that_a_person_makes_it() {
    let world = World::new().await;
    world.buy_through_creem("tran_1", 900).await;
    let id = about(&world, "tran_1").await;
    let whole = &world.seen(&id).await["quote"];
    assert_eq!((&whole["pays"]["amount"]["amount_minor"], &whole["by_hand"]), (&json!(900), &Value::Null));
    let (status, problem) = world.review(&id, "agent-1", &part(300)).await;
    assert_eq!(status, 409, "{problem:#}");
    let by_hand = &problem["quote"]["by_hand"];
    let text = "Creem refunds a part of a payment only by hand: one of our team makes this refund there.";
    assert_eq!(by_hand, &json!({"provider": "creem", "text": text}), "{problem:#}");
}
