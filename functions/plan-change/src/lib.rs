//! Changing the plan of a subscription in two calls: the first shows what Stripe would charge and which
//! credits come and go, the second confirms exactly that.
//!
//! What is charged is what Stripe's own preview says, and what it brings is computed from that preview's
//! lines by the code that grants credits when such lines are paid. The confirmation is recorded before Stripe
//! is asked to change anything: the payout queue's function carries the change out, and the sweep announces
//! it again until Stripe has answered.
//!
//! This function asks Stripe and changes nothing there.

mod answer;
mod app;
mod confirm;
mod preview;
mod standing;
mod terms;

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::secrets::SecretSource;
use payout_queue::PayoutQueue;

pub use app::{PlanChanges, Store};

/// Answers one call.
pub async fn handle<S: Store, Q: PayoutQueue, K: SecretSource>(
    app: &PlanChanges<S, Q, K>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    match request.route_key() {
        "POST /v1/accounts/{account}/subscriptions/{subscription}/change/preview" => {
            Box::pin(preview::preview(app, request, invocation)).await
        }
        "POST /v1/accounts/{account}/subscriptions/{subscription}/change" => {
            Box::pin(confirm::confirm(app, request, invocation)).await
        }
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}
