//! Documents of a test, and calls of the function without a token.

use lambda::Invocation;
use lambda::http::{Request, Response};
use policy::Documents;
use policy_authoring::parse_document;
use policy_text::handle;
use primitives::Timestamp;
use serde_json::Value;
use testkit::http_event::HttpEvent;

pub(crate) const LIST: &str = "GET /v1/policies";
pub(crate) const VERSION: &str = "GET /v1/policies/{document}/{version}";

/// Two versions of one policy, of which the second is in force from 2026-06-01 on, and another policy that is
/// in force from 2026-03-01 on.
pub(crate) fn documents() -> Documents {
    let small = include_str!("../../../../shared/policy/tests/policy/small.toml");
    let parse =
        |text: &str| parse_document("small.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let later = small
        .replace("version = \"2026-01-01\"", "version = \"2026-06-01\"")
        .replace("in_force = 2026-01-01", "in_force = 2026-06-01");
    assert_ne!(later, small);
    let other = later
        .replace("id = \"small\"", "id = \"other\"")
        .replace("products = [\"toys\"]", "products = [\"games\"]")
        .replace("2026-06-01", "2026-03-01");
    Documents::new(vec![parse(small), parse(&later), parse(&other)]).unwrap()
}

pub(crate) fn on(day: &str) -> Timestamp {
    Timestamp::parse(&format!("{day}T00:00:00Z")).unwrap()
}

pub(crate) fn version(document: &str, version: &str) -> HttpEvent {
    HttpEvent::new(VERSION, 0).path("document", document).path("version", version)
}

pub(crate) fn call(documents: &Documents, event: &HttpEvent, now: Timestamp) -> Response {
    let invocation = Invocation::of(event.text(), now).unwrap();
    let request: Request<'_> = invocation.event().unwrap();
    match handle(documents, &request, &invocation) {
        Ok(response) => response,
        Err(problem) => problem.into_response(request.request_id()),
    }
}

pub(crate) fn answer(response: &Response) -> (u16, Value) {
    (response.status(), serde_json::from_str(response.body()).unwrap_or(Value::Null))
}
