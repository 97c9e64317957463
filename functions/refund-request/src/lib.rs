//! Refund requests over HTTP: facts in, a decision of the written policy out, and the intent to pay. And the
//! payments and subscriptions of an account, with their cancelling.
//!
//! A submission reads the request of its idempotency key and the payment at once, then the subscription
//! and the account, decides, and writes request, ledger entry and payment in one transaction. Money moves
//! on recorded facts only; everything else goes to a person. What would move is quoted first, and
//! what is not the same as was quoted does not move.

mod actor_view;
mod app;
mod assess;
mod body;
mod cancellation;
mod carry_out;
mod claim;
mod clock_view;
mod customer_actions;
mod findings;
mod hold_back;
mod input;
mod list;
mod next_steps;
mod note_view;
mod notes;
mod occasion_view;
mod payment_name;
mod payments;
mod payout_view;
mod purchase;
mod queue;
mod quote_records;
mod quote_view;
mod request_view;
mod review;
mod review_body;
mod review_view;
mod stored;
mod submit;
mod subscriptions;
mod summary;
mod text_bounds;
mod wording;

use std::pin::Pin;

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{CancellationStore, PlanChangeStore};
use payout_queue::PayoutQueue;
use refunds::RefundStore;

pub use app::RefundRequests;

/// Answers one call.
pub async fn handle<S: RefundStore + CancellationStore + PlanChangeStore, Q: PayoutQueue>(
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
            boxed(|| customer_actions::answer_questions(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/refund-requests/{id}/withdrawal" => {
            boxed(|| customer_actions::withdraw(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/refund-requests/{id}/reopening" => {
            boxed(|| customer_actions::reopen(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/refund-requests/{id}/offers/{offer}" => {
            boxed(|| customer_actions::answer_offer(app, request, invocation)).await
        }
        "GET /v1/refund-requests" => boxed(|| queue::queue(app, request, invocation)).await,
        "GET /v1/refund-requests/summary" => boxed(|| summary::summary(app, request, invocation)).await,
        "GET /v1/refund-requests/{id}" => boxed(|| list::show_to_support(app, request, invocation)).await,
        "POST /v1/refund-requests/{id}/claim" => boxed(|| claim::claim(app, request, invocation)).await,
        "POST /v1/refund-requests/{id}/notes" => boxed(|| notes::add(app, request, invocation)).await,
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
            boxed(|| cancellation::cancel(app, request, invocation)).await
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
