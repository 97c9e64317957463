//! The written policies in public, without a token: which versions there are, and every clause of one.
//!
//! A function of its own, so that what anybody may call shares no role with what holds money. It reads
//! documents and nothing else. Answers are made to be cached: each has an entity tag, and a caller that shows
//! it gets 304 while nothing has changed.

mod cached;
mod in_force;
mod list;
mod version;

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use policy::Documents;

/// Answers one call.
pub fn handle(
    documents: &Documents,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let response = match request.route_key() {
        "GET /v1/policies" => list::list(documents, request),
        "GET /v1/policies/{document}/{version}" => version::version(documents, request, invocation.now()),
        _ => Err(Problem::new(ProblemKind::NotFound)),
    };
    let outcome = match &response {
        Ok(response) if response.status() == 304 => "not_modified",
        Ok(_) => "sent",
        Err(_) => "refused",
    };
    invocation.metrics().count_labelled("PoliciesRead", ("outcome", outcome), 1);
    response
}
