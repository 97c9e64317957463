//! What generation services and customers ask of an account's credits, over HTTP.
//!
//! A request comes in; its caller is checked, then whether the caller may reach the account, then the
//! request itself; an answer or a problem goes out. Reading is one query. A hold, a capture or a release
//! is one query and one write. Bodies are at most [`BODY_BYTES_MAX`] and pages at most
//! [`HISTORY_LIMIT_MAX`] entries long.

mod balance;
mod change;
mod cursor;
mod failure;
mod history;
mod hold;
mod json;
mod outcome;

use lambda::Invocation;
use lambda::caller::{Caller, CallerRules};
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{LedgerStore, Pause, ProductId, Timestamp};
use ledger_dynamodb::StoreError;
use policy::{Catalogue, Document, Documents};

pub use history::HISTORY_LIMIT_MAX;

/// Two ids and an operation of 255 bytes each, with room for escapes.
pub const BODY_BYTES_MAX: usize = 4096;

/// What the routes need.
#[derive(Debug)]
pub struct Context<S, P> {
    /// The journals.
    pub store: S,
    /// The wait between two attempts on a busy account.
    pub pause: P,
    /// Which tokens are accepted.
    pub callers: CallerRules,
    /// The policy documents, decoded when they are first asked for.
    pub documents: fn() -> &'static Documents,
    /// The price catalogue, decoded when it is first asked for.
    pub catalogue: fn() -> &'static Catalogue,
    /// The product of a hold that names none.
    pub product: ProductId,
}

impl<S, P> Context<S, P> {
    /// The document that holds of `product` at `at` fall under.
    fn document(&self, product: &ProductId, at: Timestamp) -> Option<&'static Document> {
        (self.documents)().in_force(product.as_str(), at.as_ms()).document()
    }
}

/// Answers one request.
pub async fn handle<S: LedgerStore<Error = StoreError>, P: Pause>(
    context: &Context<S, P>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let caller = Caller::check(request.claims(), &context.callers, invocation.now())?;
    let account = request.account()?;
    match request.route_key() {
        "GET /v1/accounts/{account}/credits" => balance::read(context, &caller, &account, invocation).await,
        "GET /v1/accounts/{account}/entries" => history::read(context, &caller, &account, request).await,
        "POST /v1/accounts/{account}/holds" => {
            hold::place(context, &caller, &account, request, invocation).await
        }
        "POST /v1/accounts/{account}/holds/{generation}/capture" => {
            outcome::capture(context, &caller, &account, request, invocation).await
        }
        "POST /v1/accounts/{account}/holds/{generation}/release" => {
            outcome::release(context, &caller, &account, request, invocation).await
        }
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}
