//! The evidence of a dispute, over HTTP and for support people alone: read, staged and submitted.
//!
//! Reading asks Stripe which payment is disputed, and assembles one document from the records: the policy
//! that was in force at the purchase, what was bought and how it landed, how it was used, what the customer
//! asked and what was decided, whether the plan was cancelled, and what was refunded. The same records give
//! the same document and the same digest. It has no prompts, no words of the customer and no payment details.
//!
//! Staging keeps the document's texts at Stripe in the fields that fit the dispute's reason, with what a
//! person adds. Submitting sends them to the bank, **once**, and only as the person read them: the digest of
//! what was read is part of the order. The intent is stored before Stripe is asked, and a repeat reads the
//! dispute first, so that a lost answer leads to one submission.
//!
//! Bounds: 5,000 entries of the journal, 100 requests, and Stripe's bounds on its fields. What a bound leaves
//! out is named in the answer.

mod app;
mod contacts;
mod document;
mod failure;
mod fields;
mod lines;
mod markdown;
mod policy_text;
mod record;
mod stage;
mod standing;
mod submit;
mod usage;
mod view;

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::secrets::SecretSource;

pub use app::Evidence;
pub use fields::{FIELD_CHARACTERS_MAX, STATEMENT_CHARACTERS_MAX};

/// Answers one call.
pub async fn handle<S: SecretSource + Sync>(
    app: &Evidence<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    // What is read at once makes large futures.
    match request.route_key() {
        "GET /v1/disputes/{dispute}/evidence" => Box::pin(view::read(app, request, invocation)).await,
        "PUT /v1/disputes/{dispute}/evidence" => Box::pin(stage::stage(app, request, invocation)).await,
        "POST /v1/disputes/{dispute}/evidence/submission" => {
            Box::pin(submit::submit(app, request, invocation)).await
        }
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}
