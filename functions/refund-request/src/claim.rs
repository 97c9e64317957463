//! Who is at work on a request: `POST /v1/refund-requests/{id}/claim`, `/release` and, for a refund that is
//! overdue at the bank, `/arrival`.
//!
//! A claim is written under the condition that nobody else moved the request: if two people claim at once,
//! one gets it and the other's answer names the holder. Claiming again renews the claim; releasing an
//! unclaimed request changes nothing.

use lambda::Invocation;
use lambda::caller::Role;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::Timestamp;
use policy_documents::documents;
use refunds::{ClaimError, RefundStore, Save, SaveOutcome};

use crate::app::{RefundRequests, store_failed, support};
use crate::stored::{show, stored};

pub(crate) async fn claim<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    change(app, request, invocation, "claimed", |request, person, now| {
        request.take_claim(person, now).map(|()| true)
    })
    .await
}

pub(crate) async fn release<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    change(app, request, invocation, "released", refunds::RefundRequest::release_claim).await
}

/// A person has seen to it that an overdue refund is there.
pub(crate) async fn arrival<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    change(app, request, invocation, "arrived", refunds::RefundRequest::confirm_refund_arrival).await
}

/// Applies `step`, which says whether there is something to write, and writes it; decided again on what
/// another writer made of the request meanwhile.
async fn change<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
    outcome: &'static str,
    step: impl Fn(&mut refunds::RefundRequest, &str, Timestamp) -> Result<bool, ClaimError>,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = support(app, request, invocation)?;
    let mut stored = stored(app, request).await?;
    lambda::log::account(&stored.account);
    for _ in 0..app.backoff.attempts_max() {
        let changed = step(&mut stored, caller.subject(), now).map_err(|error| refused(&error))?;
        if !changed {
            return show(app, 200, &stored, Role::Support, invocation).await;
        }
        let decision = &stored.case.decision;
        stored.keep_time(documents().version(&decision.document, &decision.version));
        stored.count_save();
        let save = Save { request: stored, commit: None, refunded: None };
        match app.store.save(&save).await.map_err(store_failed)? {
            SaveOutcome::Written => {
                invocation.metrics().count_labelled("Claims", ("outcome", outcome), 1);
                tracing::info!(outcome, "claim of a refund request is written");
                return show(app, 200, &save.request, Role::Support, invocation).await;
            }
            SaveOutcome::Stale(newer) => stored = *newer,
            SaveOutcome::Taken(_)
            | SaveOutcome::Ledger(_)
            | SaveOutcome::PaymentMoved
            | SaveOutcome::CountMoved
            | SaveOutcome::TooMany
            | SaveOutcome::NotAllowed => break,
        }
    }
    Err(Problem::new(ProblemKind::RequestInProgress).retry_after_s(1))
}

fn refused(error: &ClaimError) -> Problem {
    let kind = match error {
        ClaimError::State(_) | ClaimError::Held(_) => ProblemKind::StateConflict,
        ClaimError::OwnRequest => ProblemKind::Forbidden,
    };
    Problem::new(kind).detail(error.to_string())
}
