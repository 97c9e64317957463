//! The body of every route, once as it answers and once as it refuses: clients are written against these.
//! Each snapshot has the name of its operation in infra/openapi.yaml.

use serde_json::json;
use testkit::http_event::HttpEvent;

use crate::world::{LIST, answer, call, documents, on, version};

fn hold(operation: &str, answered: &HttpEvent, refused: &HttpEvent) {
    let documents = documents();
    let (status, body) = answer(&call(&documents, answered, on("2026-06-01")));
    let (refused, problem) = answer(&call(&documents, refused, on("2026-06-01")));
    assert!(status < 300 && refused >= 400, "{operation}: {status} {refused}");
    let pair = json!({
        "answer": {"status": status, "body": body},
        "refusal": {"status": refused, "body": problem},
    });
    insta::assert_json_snapshot!(operation, pair);
}

#[test]
fn bodies_of_the_written_policies() {
    // The list itself refuses nothing: what is refused is another path.
    hold("listPolicies", &HttpEvent::new(LIST, 0), &HttpEvent::new("GET /v1/policies/", 0));
    hold("readPolicy", &version("small", "2026-01-01"), &version("small", "2025-01-01"));
}
