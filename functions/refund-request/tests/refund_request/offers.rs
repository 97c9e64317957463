//! Offers: declined without loss, accepted by note, by a person's word or by the machine's.

use serde_json::{Value, json};

use crate::world::{World, act, answer};

/// A first purchase whose results could not be used: a person decides, and offers are made.
pub(crate) async fn unusable(world: &World) -> (String, Value) {
    world.pay_for("image-to-3d", "image-to-3d", "pi_3d", 1000).await;
    let body = json!({"reason": "changed_mind", "payment": "pi_3d", "note": "I used a part of it."});
    world.generate_for("image-to-3d", "mesh-1", 15).await;
    let (status, request) = world.submit("key-1", &body).await;
    assert_eq!((status, &request["state"]), (201, &json!("in_review")), "{request:#}");
    (request["id"].as_str().unwrap().to_owned(), request)
}

fn offer<'request>(request: &'request Value, id: &str) -> &'request Value {
    let offers = request["offers"].as_array().unwrap();
    offers.iter().find(|offer| offer["offer"] == id).unwrap_or_else(|| panic!("{id}: {offers:#?}"))
}

#[tokio::test]
async fn s3_26_declining_changes_nothing_but_a_fact() {
    let world = World::new().await;
    let (id, before) = unusable(&world).await;
    assert_eq!(offer(&before, "part_by_credits")["state"], "open");
    let decided = world.decision(&before).await;
    let (status, after) = world.act(&id, "offers/part_by_credits", &json!({"answer": "decline"})).await;
    assert_eq!(status, 200, "{after:#}");
    assert_eq!(offer(&after, "part_by_credits")["state"], "declined");
    for member in ["state", "outcome", "message", "clause", "quote"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert_eq!(world.decision(&after).await, decided);
    assert_eq!(world.act(&id, "offers/part_by_credits", &json!({"answer": "decline"})).await, (200, after));
    let (status, _) = world.act(&id, "offers/part_by_credits", &json!({"answer": "accept"})).await;
    assert_eq!(status, 409);
    assert_eq!(world.act(&id, "offers/no_such", &json!({"answer": "accept"})).await.0, 404);
    let foreign = act(&id, "offers/replacement_credits", &json!({"answer": "accept"}));
    assert_eq!(world.call(&foreign.as_customer("customer-2")).await.status(), 404);
}

#[tokio::test]
async fn s3_21_the_part_is_of_the_credits_that_are_left_when_it_is_offered() {
    let world = World::new().await;
    let (id, before) = unusable(&world).await;
    // 85 of 100 credits were left when the request was filed.
    let shown = &offer(&before, "part_by_credits")["quote"];
    assert_eq!(shown["pays"]["amount"]["amount_minor"], 850, "{shown:#}");
    let made = json!({"decision": "offer", "offer": "part_by_credits", "clause": "partial-goodwill",
        "reason": "A fair part."});
    world.generate_for("image-to-3d", "mesh-2", 35).await;
    let (status, offered) = world.review_as_quoted(&id, "agent-1", &made).await;
    assert_eq!(status, 200, "{offered:#}");
    let fresh = &offer(&offered, "part_by_credits")["quote"];
    assert_eq!(fresh["pays"]["amount"]["amount_minor"], 500, "{fresh:#}");
    // Who uses more after the offer was made needs another one, and is asked for no quote in vain.
    world.generate_for("image-to-3d", "mesh-3", 10).await;
    let (status, problem) = world.act(&id, "offers/part_by_credits", &json!({"answer": "accept"})).await;
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("urn:makegood:problem:state-conflict")),
        "{problem:#}"
    );
    assert!(problem["detail"].as_str().unwrap().contains("make it again"), "{problem:#}");
    let (status, again) = world.review_as_quoted(&id, "agent-1", &made).await;
    assert_eq!(status, 200, "{again:#}");
    let (status, paid) = world.act(&id, "offers/part_by_credits", &json!({"answer": "accept"})).await;
    assert_eq!((status, world.refunded("pi_3d").await), (200, 400), "{paid:#}");
    // Of nothing that is left there is no part.
    let (id, _) = nothing_left(&world).await;
    let (status, problem) = world.review(&id, "agent-1", &made).await;
    assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/offer")), "{problem:#}");
}

/// A request like [`unusable`], whose credits are all used since.
async fn nothing_left(world: &World) -> (String, Value) {
    world.pay_for("image-to-3d", "image-to-3d", "pi_3d_2", 1000).await;
    let body = json!({"reason": "changed_mind", "payment": "pi_3d_2", "note": "I used a part of it."});
    world.generate_for("image-to-3d", "mesh-4", 60).await;
    let (status, request) = world.submit("key-2", &body).await;
    assert_eq!(status, 201, "{request:#}");
    world.generate_for("image-to-3d", "mesh-5", 40).await;
    (request["id"].as_str().unwrap().to_owned(), request)
}

#[tokio::test]
async fn s2_8_another_generation_is_noted() {
    let world = World::new().await;
    world.generate("song-1", 5).await;
    let body = json!({"reason": "result_not_liked", "generation_id": "song-1", "note": "Not my taste."});
    let (_, request) = world.submit("key-1", &body).await;
    let id = request["id"].as_str().unwrap();
    let (status, request) = world.act(id, "offers/another_generation", &json!({"answer": "accept"})).await;
    assert_eq!((status, &request["state"]), (200, &json!("refused")), "{request:#}");
    assert_eq!(offer(&request, "another_generation")["state"], "accepted");
}

#[tokio::test]
async fn an_accepted_offer_that_a_person_has_to_decide_becomes_the_recommendation() {
    let world = World::new().await;
    let (id, before) = unusable(&world).await;
    // 85 of 100 credits are left of 10.00 USD.
    let offered = &offer(&before, "part_by_credits")["quote"];
    assert_eq!(offered["pays"]["amount"]["amount_minor"], 850, "{offered:#}");
    let (status, after) = world.act(&id, "offers/part_by_credits", &json!({"answer": "accept"})).await;
    assert_eq!((status, &after["state"]), (200, &json!("in_review")), "{after:#}");
    assert_eq!(world.refunded("pi_3d").await, 0);
    assert_eq!(&after["quote"], offered, "what was accepted is what an approval pays");
    let verdict = json!({"decision": "approve", "clause": "partial-goodwill", "reason": "As offered."});
    let (status, paid) = world.review_as_shown(&id, "agent-1", &verdict).await;
    assert_eq!((status, &paid["payout"]["amount"]["amount_minor"]), (200, &json!(850)), "{paid:#}");
    world.journal_is_sound().await;
}

#[tokio::test]
async fn s3_21_an_offer_that_a_person_made_is_carried_out_when_it_is_accepted() {
    let world = World::new().await;
    let (id, before) = unusable(&world).await;
    let offering = |quote: &Value| {
        json!({"decision": "offer", "offer": "part_by_credits", "clause": "partial-goodwill",
            "reason": "A fair part.", "quote": quote})
    };
    let quote = &offer(&before, "part_by_credits")["quote"]["quote"];
    assert_eq!(world.review(&id, "agent-1", &offering(&json!("q_other"))).await.0, 409);
    let (status, made) = world.review(&id, "agent-1", &offering(quote)).await;
    assert_eq!((status, &made["state"]), (200, &json!("in_review")), "{made:#}");
    assert_eq!(offer(&made, "part_by_credits")["made_by_person"], true);
    assert_eq!(world.refunded("pi_3d").await, 0);
    let accept = json!({"answer": "accept", "quote": quote});
    let (status, paid) = world.act(&id, "offers/part_by_credits", &accept).await;
    assert_eq!((status, &paid["state"]), (200, &json!("approved")), "{paid:#}");
    assert_eq!(paid["payout"]["amount"]["amount_minor"], 850);
    assert_eq!(world.refunded("pi_3d").await, 850);
    assert_eq!(world.app.payouts.announced(), [id.as_str()]);
    assert_eq!(world.act(&id, "offers/part_by_credits", &accept).await, (200, paid));
    world.journal_is_sound().await;
}

#[tokio::test]
async fn an_offer_of_a_person_is_void_when_something_else_would_happen() {
    let world = World::new().await;
    let (id, before) = unusable(&world).await;
    let quote = &offer(&before, "part_by_credits")["quote"]["quote"];
    let offering = json!({"decision": "offer", "offer": "part_by_credits", "clause": "partial-goodwill",
        "reason": "A fair part.", "quote": quote});
    world.review(&id, "agent-1", &offering).await;
    world.generate_for("image-to-3d", "mesh-2", 50).await;
    let (status, problem) = world.act(&id, "offers/part_by_credits", &json!({"answer": "accept"})).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:makegood:problem:state-conflict")), "{problem}");
    assert_eq!(world.refunded("pi_3d").await, 0);
    assert_eq!(offer(&world.seen(&id).await, "part_by_credits")["state"], "open");
}

#[tokio::test]
async fn replacement_credits_are_a_lot_of_their_own() {
    let world = World::new().await;
    let (id, _) = unusable(&world).await;
    let before = world.available().await;
    let offering = json!({"decision": "offer", "offer": "replacement_credits", "credits": 15,
        "clause": "alternatives", "reason": "They can try once more."});
    let (status, made) = world.review(&id, "agent-1", &offering).await;
    assert_eq!(status, 200, "{made:#}");
    assert_eq!(
        offer(&made, "replacement_credits")["quote"]["pays"],
        json!({"kind": "credits_granted", "product": "image-to-3d", "credits": 15})
    );
    let accept = act(&id, "offers/replacement_credits", &json!({"answer": "accept"})).as_support("agent-2");
    let (status, given) = answer(&world.call(&accept).await);
    assert_eq!((status, &given["state"], &given["credits_given"]), (200, &json!("refunded"), &json!(15)));
    assert_eq!(world.available().await, before + 15);
    assert_eq!(world.refunded("pi_3d").await, 0);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn d6_an_offer_of_money_is_a_part_of_what_is_left_in_the_payments_currency() {
    let world = World::new().await;
    let (id, _) = unusable(&world).await;
    let offering = |minor: u64, currency: &str| {
        json!({"decision": "offer", "offer": "replacement_credits", "clause": "alternatives",
            "reason": "Money, then.", "amount": {"amount_minor": minor, "currency": currency}})
    };
    for (minor, currency) in [(0, "usd"), (1001, "usd"), (100, "eur")] {
        let (status, problem) = world.review(&id, "agent-1", &offering(minor, currency)).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!("#/amount")), "{problem}");
        assert_eq!(problem["errors"][0]["detail"], "expected 1 to 1000 in usd");
    }
    let (status, made) = world.review_as_quoted(&id, "agent-1", &offering(1000, "usd")).await;
    assert_eq!(status, 200, "{made:#}");
    let quote = &offer(&made, "replacement_credits")["quote"];
    assert_eq!(quote["pays"]["amount"]["amount_minor"], 1000, "{quote:#}");
}

#[tokio::test]
async fn offers_that_cannot_be_made_are_refused() {
    let world = World::new().await;
    let (id, _) = unusable(&world).await;
    let offer = |offer: &str| json!({"decision": "offer", "offer": offer, "clause": "alternatives", "reason": "Why not."});
    let with = |mut body: Value, member: &str, value: Value| {
        body[member] = value;
        body
    };
    for body in [
        offer("no_such_offer"),
        offer("replacement_credits"),
        with(offer("replacement_credits"), "credits", json!(0)),
        with(offer("part_by_credits"), "credits", json!(5)),
        json!({"decision": "offer", "clause": "alternatives", "reason": "Which?"}),
        json!({"decision": "refuse", "offer": "part_by_credits", "clause": "alternatives", "reason": "Both."}),
    ] {
        assert_eq!(world.review(&id, "agent-1", &body).await.0, 422, "{body}");
    }
}
