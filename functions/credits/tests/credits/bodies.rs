//! The body of every route, once as it answers and once as it refuses: clients are written against these.
//! Each snapshot has the name of its operation in infra/openapi.yaml.

use serde_json::json;

use crate::api::{Api, As, Call, Reply, song};

fn hold(operation: &str, answered: &Reply, refused: &Reply) {
    assert!(answered.status < 300, "{operation}: {answered:?}");
    assert!(refused.status >= 400, "{operation}: {refused:?}");
    let pair = json!({
        "answer": {"status": answered.status, "body": answered.body},
        "refusal": {"status": refused.status, "body": refused.body},
    });
    insta::assert_json_snapshot!(operation, pair);
}

#[tokio::test]
async fn bodies_of_every_route() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    let service = async |call: Call| call.caller(As::Service).send(&api).await;
    let held = service(Call::hold("acct-1", &song("gen-1", 7))).await;
    hold("holdCredits", &held, &service(Call::hold("acct-1", &song("gen-3", 31))).await);
    assert_eq!(service(Call::hold("acct-1", &song("gen-2", 7))).await.status, 201);
    let captured = service(Call::capture("acct-1", "gen-1")).await;
    hold("captureHold", &captured, &service(Call::capture("acct-1", "gen-9")).await);
    let released = service(Call::release("acct-1", "gen-2").body(r#"{"reason":"failed"}"#)).await;
    hold("releaseHold", &released, &service(Call::release("acct-1", "gen-2").body(r#"{"reason":7}"#)).await);
    let balance = || Call::balance("acct-1");
    let shown = balance().caller(As::Customer("acct-1")).send(&api).await;
    hold("readBalance", &shown, &balance().caller(As::Customer("acct-2")).send(&api).await);
    let listed = Call::entries("acct-1", &json!({})).caller(As::Customer("acct-1")).send(&api).await;
    let forged = Call::entries("acct-1", &json!({"cursor": "forged"})).caller(As::Customer("acct-1"));
    hold("readHistory", &listed, &forged.send(&api).await);
}
