//! What generation services and customers ask of an account's credits, over HTTP.
//!
//! A request comes in; its caller is checked, then whether the caller may reach the account, then the
//! request itself; an answer or a problem goes out. Reading is one query; a balance of an earlier instant
//! takes a few more. A hold, a capture or a release is one query and one write. Bodies are at most
//! [`BODY_BYTES_MAX`] and pages at most [`HISTORY_LIMIT_MAX`] entries long.

mod balance;
mod change_view;
mod context;
mod cursor;
mod failure;
mod history;
mod hold;
mod lot_view;
mod past;
mod settlement;

use lambda::Invocation;
use lambda::caller::Caller;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{LedgerStore, Pause};
use ledger_dynamodb::StoreError;

pub use context::{BODY_BYTES_MAX, Context};
pub use history::HISTORY_LIMIT_MAX;

/// Answers one request.
pub async fn handle<S: LedgerStore<Error = StoreError>, P: Pause>(
    context: &Context<S, P>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let caller = Caller::check(request.claims(), &context.callers, invocation.now())?;
    let account = request.account()?;
    match request.route_key() {
        "GET /v1/accounts/{account}/credits" => {
            balance::read(context, &caller, &account, request, invocation).await
        }
        "GET /v1/accounts/{account}/entries" => history::read(context, &caller, &account, request).await,
        "POST /v1/accounts/{account}/holds" => {
            hold::place(context, &caller, &account, request, invocation).await
        }
        "POST /v1/accounts/{account}/holds/{generation}/capture" => {
            settlement::capture(context, &caller, &account, request, invocation).await
        }
        "POST /v1/accounts/{account}/holds/{generation}/release" => {
            settlement::release(context, &caller, &account, request, invocation).await
        }
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}
