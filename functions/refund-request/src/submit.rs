//! Filing a request, and asking what would come of it:
//! `POST /v1/accounts/{account}/refund-requests` and `…/preview`.

use cases::Assessment;
use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{AccountId, Actor};
use payout_queue::PayoutQueue;
use refunds::{ApprovalContext, Quote, QuoteInputs, RefundStore, State, request_id};

use crate::app::{RefundRequests, actor, reach, store_failed};
use crate::assess::assess;
use crate::body::Question;
use crate::carry_out::{Carried, carry_out, check};
use crate::request_view;
use crate::stored::show;

/// Files a request: the request of the key is read beside the records, and everything that follows is written
/// in one transaction.
pub(crate) async fn submit<S: RefundStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let (account, caller) = reach(app, request, invocation)?;
    let key = request.idempotency_key()?;
    let (asked, shown) = Question::read(request)?;
    let id = request_id(&account, key);
    lambda::log::cause(id.as_str());

    asked.may_be_said_by(caller.role())?;
    let fingerprint = asked.fingerprint();

    // Records on their way and a request with all that is written with it make large futures.
    let assessing = Box::pin(assess(app, &account, (asked, &caller), None, now));
    let (stored, assessment) = tokio::join!(app.store.request(&id), assessing);
    if let Some(stored) = stored.map_err(store_failed)? {
        return repeated(app, &stored, fingerprint, caller.role(), invocation).await;
    }
    let assessment = assessment?;
    let opened = open(&assessment, (id, account), &caller, invocation);
    let quote = quote_of(&opened, &assessment.standing(now));
    check(shown.as_deref(), quote.as_ref())?;
    let grounds = ApprovalContext::of(assessment.document, Actor::Policy)
        .knowing(assessment.records.head.clone(), assessment.records.payment.clone());
    let paid = quote.filter(|_| opened.state() == State::Approved);
    let carried = Box::pin(carry_out(app, invocation, opened, paid.as_ref(), grounds, now));
    let carried = carried.await.map_err(|problem| {
        // Without a quote there is nothing to compare: the same request again is decided anew.
        if problem.kind() == ProblemKind::QuoteChanged && shown.is_none() {
            Problem::new(ProblemKind::RequestInProgress)
                .detail("credits of this payment are being used; send the same request again")
                .retry_after_s(1)
        } else {
            problem
        }
    })?;
    match carried {
        Carried::Out(request) => {
            invocation.metrics().count_labelled("RefundRequests", ("state", request.state().as_str()), 1);
            tracing::info!(outcome = request.state().as_str(), "refund request is filed");
            let standing = assessment.standing(now);
            Ok(Response::json(201, &request_view::request(&request, caller.role(), Some(&standing))))
        }
        Carried::Stale(stored) => repeated(app, &stored, fingerprint, caller.role(), invocation).await,
    }
}

/// What would come of a request: the same records, the same policy, and nothing is written.
pub(crate) async fn preview<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let (account, caller) = reach(app, request, invocation)?;
    let (asked, shown) = Question::read(request)?;
    asked.may_be_said_by(caller.role())?;
    let assessment = assess(app, &account, (asked, &caller), None, now).await?;
    // The id of nothing: no key was given, and the request is not kept.
    let id = request_id(&account, &format!("preview {}", invocation.request_id()));
    let opened = open(&assessment, (id, account), &caller, invocation);
    let standing = assessment.standing(now);
    let quote = quote_of(&opened, &standing);
    check(shown.as_deref(), quote.as_ref())?;
    invocation.metrics().count_labelled("Previews", ("state", opened.state().as_str()), 1);
    tracing::info!(outcome = opened.state().as_str(), "refund request is previewed");
    Ok(Response::json(200, &request_view::preview(&opened, caller.role(), (&standing, quote.as_ref()))))
}

/// What would move, or could: beside a refusal nothing does.
fn quote_of(opened: &refunds::RefundRequest, standing: &QuoteInputs<'_>) -> Option<Quote> {
    opened.quote(standing).filter(|_| opened.state() != State::Refused)
}

fn open(
    assessment: &Assessment,
    whose: (ledger::RefundRequestId, AccountId),
    caller: &Caller,
    invocation: &Invocation,
) -> refunds::RefundRequest {
    refunds::RefundRequest::open(
        whose,
        actor(caller),
        assessment.case.clone(),
        assessment.document,
        invocation.now(),
    )
}

/// The same request again: the stored one as it stands. Another one under the same key: a conflict (D7).
async fn repeated<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    stored: &refunds::RefundRequest,
    fingerprint: [u8; 32],
    role: Role,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    if stored.case.fingerprint != fingerprint {
        return Err(Problem::new(ProblemKind::IdempotencyKeyReused));
    }
    invocation.metrics().count("RefundRequestsRepeated", 1);
    tracing::info!(outcome = "repeated", "refund request was filed before");
    Ok(show(app, 201, stored, role, invocation).await?.header("idempotency-hit", "true"))
}
