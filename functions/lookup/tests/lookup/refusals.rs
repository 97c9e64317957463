//! What is not known, cannot be an id, or is not the caller's to ask.

use serde_json::{Value, json};

use crate::world::{World, id, of};

#[tokio::test]
async fn an_id_that_nothing_has_is_answered_with_the_kinds_that_are_known() {
    let world = World::new().await;
    let long = "x".repeat(256);
    for given in ["pi_none", "A1B2C3D4-0009", "", "a b", "a/b", "ä", "#", &long, "evt_1", "PAYMENT#pi_pack"]
    {
        let (status, problem) = world.look_up(of(given)).await;
        assert_eq!((status, &problem["type"]), (404, &json!("urn:makegood:problem:not-found")), "{given}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("a receipt") && detail.contains("`?account=`"), "{detail}");
        assert!(given.len() < 3 || !detail.contains(given), "what was sent is not repeated");
    }
    assert_eq!(world.look_up(of("pi_pack").query("account", "a b")).await.0, 404);
    // A charge that is known, of a payment that brought nothing here.
    world.app.tables.name_payment(&id("pi_elsewhere"), &[id("ch_elsewhere")]).await.unwrap();
    assert_eq!(world.look_up(of("ch_elsewhere")).await.0, 404);
}

#[tokio::test]
async fn d14_lookups_are_supports_alone() {
    let world = World::new().await;
    for event in [of("pi_pack").as_customer("ann"), of("pi_pack").as_service("suite"), of("pi_pack")] {
        let response = world.call(&event).await;
        assert!([401, 403].contains(&response.status()), "{}", response.body());
        assert!(world.meter.read().is_empty(), "nothing is read");
    }
}

#[tokio::test]
async fn an_answer_holds_nothing_personal_but_the_account() {
    let world = World::new().await;
    let (_, answer) = world.look_up(of("rr_1")).await;
    let text = answer.to_string();
    assert!(!text.contains("Example") && !text.contains("High Street"), "{text}");
    let members: Vec<&String> = answer["matches"][0].as_object().unwrap().keys().collect();
    let expected = [
        "account",
        "dispute",
        "generation_id",
        "kind",
        "links",
        "payments",
        "refund_request",
        "subscription",
    ];
    assert_eq!(members, expected);
    assert_eq!(answer["matches"][0]["generation_id"], Value::Null);
}
