//! The body of the route, once as it answers and once as it refuses: clients are written against these.
//! The snapshot has the name of its operation in infra/openapi.yaml.

use serde_json::json;

use crate::world::{World, of};

#[tokio::test]
async fn bodies_of_a_lookup() {
    let world = World::new().await;
    let (status, body) = world.look_up(of("rr_1")).await;
    let (refused, problem) = world.look_up(of("pi_none")).await;
    assert!(status < 300 && refused >= 400);
    let pair = json!({
        "answer": {"status": status, "body": body},
        "refusal": {"status": refused, "body": problem},
    });
    insta::assert_json_snapshot!("lookUp", pair);
}
