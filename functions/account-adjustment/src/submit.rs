//! Submitting an adjustment: `POST /v1/accounts/{account}/adjustments`.

use adjustments::{
    AdjustedBy, Adjustment, AdjustmentRefusal, AdjustmentState, Person, Submission, adjustment_id,
};
use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{AccountId, AdjustmentKind, Rejection};
use refunds::policy_ref;

use crate::app::{AccountAdjustments, AdjustingStore, BODY_BYTES_MAX, account, not_carried_out, support};
use crate::body::{AdjustmentBody, unprocessable};
use crate::view;

pub(crate) async fn submit<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let person = support(app, request, invocation)?;
    let account = account(request)?;
    let key = request.idempotency_key()?;
    submit_by(app, (person, account, key), request.json(BODY_BYTES_MAX)?, invocation).await
}

/// Submits an adjustment in a person's name, under an idempotency key.
pub(crate) async fn submit_by<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    (person, account, key): (Person, AccountId, &str),
    body: AdjustmentBody,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    if person.name() == account.as_str() {
        return Err(Problem::new(ProblemKind::Forbidden).detail("the account is your own"));
    }
    let id = adjustment_id(&account, key);
    lambda::log::cause(id.as_str());
    let (terms, document) = body.check(now)?;
    let limits = document.approval.as_ref();
    let submitted = AdjustedBy { person, at: now };
    let adjustment = Adjustment::new((id, account), terms, (policy_ref(document), limits), submitted);
    let submitted = adjustments::submit(&app.store, &app.backoff, &adjustment, limits, now);
    match Box::pin(submitted).await.map_err(not_carried_out::<S>)? {
        Submission::Saved(saved) => {
            saved_as(&saved, invocation);
            Ok(Response::json(201, &view::adjustment(&saved, now)))
        }
        Submission::Known(known) if known.repeats(&adjustment.terms) => {
            invocation.metrics().count("AdjustmentsRepeated", 1);
            tracing::info!(outcome = "repeated", "adjustment was submitted before");
            Ok(Response::json(201, &view::adjustment(&known, now)).header("idempotency-hit", "true"))
        }
        Submission::Known(_) => Err(Problem::new(ProblemKind::IdempotencyKeyReused)),
        Submission::Refused(refusal) => Err(refused(refusal, adjustment.terms.kind)),
    }
}

/// Counts an adjustment that somebody moved on.
pub(crate) fn saved_as(saved: &Adjustment, invocation: &Invocation) {
    let state = saved.state(invocation.now());
    invocation.metrics().count_labelled("Adjustments", ("state", state.as_str()), 1);
    if let (AdjustmentState::Applied, AdjustmentKind::Grant { credits, .. }) = (state, saved.terms.kind) {
        invocation.metrics().count("CreditsGrantedByAdjustment", credits.get());
    }
    tracing::info!(outcome = state.as_str(), kind = view::kind(saved.terms.kind), "adjustment is saved");
}

/// The problem of an adjustment that cannot have its effect.
fn refused(refusal: AdjustmentRefusal, kind: AdjustmentKind) -> Problem {
    let at_most = |left: ledger::Credits, of: &str| {
        unprocessable("#/credits", format!("expected at most {left}: so many are {of}"))
    };
    match refusal {
        AdjustmentRefusal::NoChange => no_change(kind),
        AdjustmentRefusal::Ledger(rejection) => match rejection {
            Rejection::NotEnough { available, .. } => at_most(available, "left of the lot"),
            Rejection::LessOwed { owed, .. } => at_most(owed, "owed"),
            Rejection::NoSuchLot => unprocessable("#/lot", "expected a lot of the account"),
            Rejection::OtherProduct => unprocessable("#/product", "expected the product of the lot"),
            Rejection::NeverExpires => {
                unprocessable("#/lot", "expected a lot that may expire: those of packs never do")
            }
            Rejection::Expired => unprocessable("#/lot", "expected a lot that has not expired"),
            Rejection::NotAhead => unprocessable("#/expires_at", "expected an instant ahead"),
            Rejection::TooManyLots | Rejection::OutOfRange => {
                Problem::new(ProblemKind::StateConflict).detail(rejection.to_string())
            }
            Rejection::NoCredits
            | Rejection::HoldConflict
            | Rejection::Suspended
            | Rejection::TooManyHolds
            | Rejection::AccountInUse => Problem::internal(rejection),
        },
    }
}

/// The problem of an adjustment that would change nothing.
pub(crate) fn no_change(kind: AdjustmentKind) -> Problem {
    let stands = match kind {
        AdjustmentKind::Suspension => "the account is suspended already",
        AdjustmentKind::Resumption => "the account is not suspended",
        AdjustmentKind::ExpiryMove { .. } => "the lot has this expiry already",
        AdjustmentKind::Grant { .. }
        | AdjustmentKind::TakeBack { .. }
        | AdjustmentKind::DebtWriteOff { .. } => "nothing would change",
    };
    Problem::new(ProblemKind::StateConflict).detail(stands)
}
