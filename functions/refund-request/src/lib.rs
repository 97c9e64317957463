//! Refund requests over HTTP: facts in, a decision of the written policy out, and the intent to pay. And the
//! payments and subscriptions of an account, with their cancelling.
//!
//! A submission reads the request of its idempotency key and the payment at once, then the subscription
//! and the account, decides, and writes request, ledger entry and payment in one transaction. Money moves
//! on recorded facts only; everything else goes to a person. What would move is quoted first, and
//! what is not the same as was quoted does not move.

mod act;
mod ahead;
mod answer;
mod assess;
mod body;
mod cancel;
mod carry_out;
mod claim;
mod clocks;
mod cursor;
mod findings;
mod hold_back;
mod known;
mod list;
mod outcome;
mod payment_name;
mod payments;
mod purchase;
mod queue;
mod quoted;
mod review;
mod review_body;
mod reviews;
mod submit;
mod subscriptions;
mod texts;
mod wording;

use std::pin::Pin;

use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::caller::{Caller, CallerRules, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::payout_queue::PayoutQueue;
use ledger::{AccountId, Actor, CancellationStore, ExecuteError, LedgerStore, RefundRequestId};
use refunds::Stores;

/// What the routes need.
#[derive(Debug)]
pub struct RefundRequests<S, Q> {
    /// The tables.
    pub store: S,
    /// Where intents to pay are announced.
    pub payouts: Q,
    /// Who may call.
    pub rules: CallerRules,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
}

/// Answers one call.
pub async fn handle<S: Stores + CancellationStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    match request.route_key() {
        "POST /v1/accounts/{account}/refund-requests" => {
            boxed(|| submit::submit(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/refund-requests/preview" => {
            boxed(|| submit::preview(app, request, invocation)).await
        }
        "GET /v1/accounts/{account}/refund-requests" => boxed(|| list::list(app, request, invocation)).await,
        "GET /v1/accounts/{account}/refund-requests/{id}" => {
            boxed(|| list::show(app, request, invocation)).await
        }
        "GET /v1/accounts/{account}/refund-requests/{id}/decision" => {
            boxed(|| list::decision(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/refund-requests/{id}/answers" => {
            boxed(|| act::answer_questions(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/refund-requests/{id}/withdrawal" => {
            boxed(|| act::withdraw(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/refund-requests/{id}/reopening" => {
            boxed(|| act::reopen(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/refund-requests/{id}/offers/{offer}" => {
            boxed(|| act::answer_offer(app, request, invocation)).await
        }
        "GET /v1/refund-requests" => boxed(|| queue::queue(app, request, invocation)).await,
        "POST /v1/refund-requests/{id}/claim" => boxed(|| claim::claim(app, request, invocation)).await,
        "POST /v1/refund-requests/{id}/arrival" => boxed(|| claim::arrival(app, request, invocation)).await,
        "POST /v1/refund-requests/{id}/release" => boxed(|| claim::release(app, request, invocation)).await,
        "POST /v1/refund-requests/{id}/hold-back" => {
            boxed(|| hold_back::hold_back(app, request, invocation)).await
        }
        "POST /v1/refund-requests/{id}/review" => boxed(|| review::review(app, request, invocation)).await,
        "GET /v1/accounts/{account}/payments" => boxed(|| payments::list(app, request, invocation)).await,
        "GET /v1/accounts/{account}/subscriptions" => {
            boxed(|| subscriptions::list(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/subscriptions/{subscription}/cancellation" => {
            boxed(|| cancel::cancel(app, request, invocation)).await
        }
        "PUT /v1/accounts/{account}/findings" => boxed(|| findings::finding(app, request, invocation)).await,
        "GET /v1/outages" => boxed(|| findings::outages(app, request, invocation)).await,
        "PUT /v1/outages/{id}" => boxed(|| findings::outage(app, request, invocation)).await,
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}

/// A route's future on the heap, made in a frame of its own: those of all routes in one frame are larger
/// than a thread's stack should hold.
fn boxed<F: Future>(route: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(route())
}

/// The account of the path, for its customer and for support people.
fn reach<S, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<(AccountId, Caller), Problem> {
    let caller = Caller::check(request.claims(), &app.rules, invocation.now())?;
    let account = request.account()?;
    caller.may_reach(&account, &[Role::Customer, Role::Support])?;
    lambda::log::account(&account);
    Ok((account, caller))
}

/// A support person, on the routes that are theirs.
fn support<S, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Caller, Problem> {
    let caller = Caller::check(request.claims(), &app.rules, invocation.now())?;
    caller.must_be(&[Role::Support])?;
    Ok(caller)
}

/// The stored request that the path names.
async fn stored<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
) -> Result<refunds::Request, Problem> {
    let id: RefundRequestId = request.path_id("id")?;
    lambda::log::cause(id.as_str());
    let stored = app.store.request(&id).await.map_err(store_failed)?;
    let mut stored = stored.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    // Stripe's reports move a request without a document at hand: its clocks are shown up to date all the
    // same.
    stored.keep_time(known::document_of(&stored.case).ok());
    Ok(stored)
}

/// The same, if it belongs to the account. Another account's request is answered like a missing one.
async fn stored_of<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    account: &AccountId,
) -> Result<refunds::Request, Problem> {
    let found = stored(app, request).await?;
    if found.account == *account { Ok(found) } else { Err(Problem::new(ProblemKind::NotFound)) }
}

/// Who acts: the customer, or a support person, in the customer's name on the account's routes.
fn actor(caller: &Caller) -> Actor {
    match caller.role() {
        Role::Customer => Actor::Customer,
        Role::Support | Role::Service => Actor::Support(caller.subject().to_owned()),
    }
}

/// A stored request as it stands, with what could still be paid.
async fn show<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    status: u16,
    stored: &refunds::Request,
    role: Role,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let known = known::Known::of_open(app, stored).await?;
    let standing = known.as_ref().map(|known| known.standing(invocation.now()));
    Ok(Response::json(status, &answer::request(stored, role, standing.as_ref())))
}

/// A store that does not answer is unavailable, not broken; an account under heavy load is busy.
fn store_failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> Problem {
    Problem::unavailable(error)
}

fn not_carried_out<S: LedgerStore>(error: ExecuteError<S::Error>) -> Problem {
    match error {
        ExecuteError::Store(error) => Problem::unavailable(error),
        ExecuteError::Codec(error) => Problem::internal(error),
        ExecuteError::Busy => Problem::new(ProblemKind::RequestInProgress)
            .detail("the account is being changed by many calls at once; send the same request again")
            .retry_after_s(1),
    }
}

/// Announces an intent to pay. It is stored already: where the queue does not answer, the sweep announces it.
async fn announce<Q: PayoutQueue>(queue: &Q, invocation: &Invocation, request: &refunds::Request) {
    if let Err(error) = queue.announce(&request.id).await {
        invocation.metrics().count("PayoutsNotAnnounced", 1);
        let error: &dyn std::error::Error = &error;
        tracing::warn!(outcome = "left_to_sweep", error, "payout is not announced; the sweep will do it");
    }
}
