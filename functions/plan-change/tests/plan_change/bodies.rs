//! The body of both routes, once as it answers and once as it refuses: clients are written against these.
//! Each snapshot has the name of its operation in infra/openapi.yaml.

use serde_json::{Value, json};

use crate::world::World;

fn hold(operation: &str, id: &str, (status, body): (u16, Value), (refused, problem): (u16, Value)) {
    assert!(status < 300, "{operation}: {status} {body:#}");
    assert!(refused >= 400, "{operation}: {refused} {problem:#}");
    let pair = json!({
        "answer": {"status": status, "body": body},
        "refusal": {"status": refused, "body": problem},
    });
    // The stand-in names subscriptions by its own start, and a confirmation is a hash of that name.
    let mut text = pair.to_string().replace(id, "sub_1");
    for hash in hashes(&pair) {
        text = text.replace(&hash, "1794787200.hash");
    }
    let pair: Value = serde_json::from_str(&text).unwrap();
    insta::assert_json_snapshot!(operation, pair);
}

fn hashes(pair: &Value) -> Vec<String> {
    let of = |pointer: &str| pair.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let places = ["/answer/body/confirmation", "/refusal/body/preview/confirmation"];
    places.into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn bodies_of_both_calls() {
    let world = World::of("price_image_monthly").await;
    let more = json!({ "price": "price_image_monthly", "quantity": 2 });
    let shown = world.preview_at(crate::world::NOW_S, &more).await;
    let refused = world.preview("price_pro_monthly").await;
    hold("previewPlanChange", world.id.as_str(), shown.clone(), refused);
    let send = async |confirmation: &Value| {
        let mut body = more.clone();
        body["confirmation"] = confirmation.clone();
        let event = world.event(crate::world::CHANGE, crate::world::NOW_S, &body);
        world.send(event, ledger::contract::at(crate::world::NOW_S)).await
    };
    let refused = send(&json!("of something else")).await;
    hold("confirmPlanChange", world.id.as_str(), send(&shown.1["confirmation"]).await, refused);
}
