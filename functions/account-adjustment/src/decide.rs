//! A second person decides: `POST /v1/accounts/{account}/adjustments/{id}/approval` and `…/refusal`.

use adjustments::{Adjustment, AdjustmentRefusal, AdjustmentState, ApprovalReply, Person};
use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{AccountId, AdjustmentId};
use serde::Deserialize;

use crate::app::{
    AccountAdjustments, AdjustingStore, BODY_BYTES_MAX, account, not_carried_out, stored, support,
};
use crate::body::check_reason;
use crate::submit::{no_change, saved_as};
use crate::view;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefusalBody {
    reason: String,
}

/// Nothing has to be sent, and nothing else can be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoMembers {}

pub(crate) async fn approval<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let person = support(app, request, invocation)?;
    let account = account(request)?;
    if !request.body_bytes(BODY_BYTES_MAX)?.is_empty() {
        let NoMembers {} = request.json(BODY_BYTES_MAX)?;
    }
    approve_by(app, &person, (&account, &request.path_id("id")?), invocation).await
}

pub(crate) async fn refusal<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let person = support(app, request, invocation)?;
    let account = account(request)?;
    let body: RefusalBody = request.json(BODY_BYTES_MAX)?;
    refuse_by(app, (&person, &body.reason), (&account, &request.path_id("id")?), invocation).await
}

/// Approves an adjustment in a person's name.
pub(crate) async fn approve_by<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    person: &Person,
    (account, id): (&AccountId, &AdjustmentId),
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let stored = stored(app, account, id).await?;
    let approved = adjustments::approve(&app.store, &app.backoff, &stored, person, invocation.now());
    let reply = Box::pin(approved).await.map_err(not_carried_out::<S>)?;
    answer(reply, &stored, invocation)
}

/// Refuses an adjustment in a person's name.
pub(crate) async fn refuse_by<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    (person, reason): (&Person, &str),
    (account, id): (&AccountId, &AdjustmentId),
    invocation: &Invocation,
) -> Result<Response, Problem> {
    check_reason(reason)?;
    let stored = stored(app, account, id).await?;
    let refused = adjustments::refuse(&app.store, &stored, (person, reason), invocation.now());
    let reply = Box::pin(refused).await.map_err(not_carried_out::<S>)?;
    answer(reply, &stored, invocation)
}

fn answer(reply: ApprovalReply, stored: &Adjustment, invocation: &Invocation) -> Result<Response, Problem> {
    let conflict = |detail: String| Problem::new(ProblemKind::StateConflict).detail(detail);
    match reply {
        ApprovalReply::Saved(saved) => {
            saved_as(&saved, invocation);
            Ok(Response::json(200, &view::adjustment(&saved, invocation.now())))
        }
        ApprovalReply::Repeated(known) => {
            let again = Response::json(200, &view::adjustment(&known, invocation.now()));
            Ok(again.header("idempotency-hit", "true"))
        }
        ApprovalReply::Decided(state) => Err(conflict(match state {
            AdjustmentState::Lapsed => "the adjustment has lapsed; submit it anew".to_owned(),
            state => format!("the adjustment is {}", state.as_str()),
        })),
        ApprovalReply::NotAllowed => {
            let detail =
                "another person has to decide: neither the one who submitted it nor the account's own";
            Err(Problem::new(ProblemKind::Forbidden).detail(detail))
        }
        ApprovalReply::Refused(AdjustmentRefusal::NoChange) => Err(no_change(stored.terms.kind)),
        ApprovalReply::Refused(AdjustmentRefusal::Ledger(rejection)) => {
            Err(conflict(format!("{rejection}; refuse the adjustment, or let it lapse")))
        }
    }
}
