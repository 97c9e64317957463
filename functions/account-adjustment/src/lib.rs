//! Adjustments of accounts: what support people and operators change by hand, under a clause of the policy.
//!
//! A submission reads the adjustment of its idempotency key, the account's newest entry and the counts of
//! granted credits at once, decides, and writes adjustment, entry and counts in one transaction. Above the
//! policy's limits the adjustment waits until another person approves it. Operators come by a direct
//! invocation, which IAM has to allow, and meet the same checks.

mod app;
mod body;
mod decide;
mod direct;
mod list;
mod submit;
mod view;

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};

pub use app::{AccountAdjustments, AdjustingStore};
pub use direct::{DirectRequest, handle_direct};

/// Answers one call.
pub async fn handle<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    match request.route_key() {
        "POST /v1/accounts/{account}/adjustments" => submit::submit(app, request, invocation).await,
        "GET /v1/accounts/{account}/adjustments" => list::list(app, request, invocation).await,
        "GET /v1/accounts/{account}/adjustments/{id}" => list::show(app, request, invocation).await,
        "POST /v1/accounts/{account}/adjustments/{id}/approval" => {
            decide::approval(app, request, invocation).await
        }
        "POST /v1/accounts/{account}/adjustments/{id}/refusal" => {
            decide::refusal(app, request, invocation).await
        }
        "GET /v1/adjustments" => list::queue(app, request, invocation).await,
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}
