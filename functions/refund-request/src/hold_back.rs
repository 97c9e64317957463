//! Support brings back what is approved and not made: `POST /v1/refund-requests/{id}/hold-back`.
//!
//! One person is enough, because nothing leaves by it. The request is in review again, with money and credits
//! as they were before the approval, and is decided anew.

use lambda::Invocation;
use lambda::caller::Role;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::Actor;
use refunds::{ActionSource, HoldBackOutcome, RefundStore};
use serde::Deserialize;

use crate::app::{RefundRequests, not_carried_out, support};
use crate::input::{read, sent};
use crate::stored::{show, stored};
use crate::text_bounds::check_text;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldBackBody {
    reason: String,
}

pub(crate) async fn hold_back<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = support(app, request, invocation)?;
    let body: HoldBackBody = read(request)?;
    check_text("#/reason", &body.reason)?;
    let call = ActionSource {
        by: Actor::Support(caller.subject().to_owned()),
        at: now,
        fingerprint: sent(request)?,
    };
    let stored = stored(app, request).await?;
    lambda::log::account(&stored.account);
    if stored.repeats(&call, false) {
        let again = show(app, 200, &stored, Role::Support, invocation).await?;
        return Ok(again.header("idempotency-hit", "true"));
    }
    if stored.is_requester(caller.subject()) {
        return Err(Problem::new(ProblemKind::Forbidden).detail("the request is your own"));
    }
    if !stored.can_be_held_back() {
        return Err(too_late(&stored));
    }
    let held = refunds::hold_back(&app.store, &app.backoff, &stored, (&call, &body.reason), now).await;
    match held.map_err(not_carried_out::<S>)? {
        HoldBackOutcome::HeldBack(request) => {
            invocation.metrics().count_labelled("RequestActs", ("act", "held_back"), 1);
            tracing::info!(outcome = request.state().as_str(), act = "held_back", "refund request is moved");
            show(app, 200, &request, Role::Support, invocation).await
        }
        HoldBackOutcome::Stale(stored) => Err(too_late(&stored)),
    }
}

fn too_late(stored: &refunds::RefundRequest) -> Problem {
    let detail =
        format!("the request is {}; what is approved is held back before it is paid", stored.state());
    Problem::new(ProblemKind::StateConflict).detail(detail)
}
