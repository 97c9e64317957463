//! The body of the route, as it answers and as it refuses. The snapshot has the name of its operation in
//! infra/openapi.yaml.

use serde_json::json;

use crate::events::pack;
use crate::scene::{Scene, at, post};

#[tokio::test]
async fn bodies_of_the_route() {
    let scene = Scene::new().await;
    let applied = scene.send(&pack("1", 0), at(0)).await;
    let refused = post(&scene.webhook, &pack("1", 0), &[], at(0)).await;
    assert_eq!((applied.status, refused.status), (200, 400));
    let pair = json!({
        "answer": {"status": applied.status, "body": applied.body},
        "refusal": {"status": refused.status, "body": refused.body},
    });
    insta::assert_json_snapshot!("receiveCreemEvent", pair);
}
