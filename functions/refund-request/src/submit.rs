//! Filing a request: `POST /v1/accounts/{account}/refund-requests`.

use cases::{Assessment, file};
use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::payout_queue::PayoutQueue;
use ledger::Actor;
use refunds::{Approved, State, Stores, request_id};

use crate::assess::assess;
use crate::body::Asked;
use crate::{RefundRequests, announce, answer, not_carried_out, store_failed};

pub(crate) async fn submit<S: Stores, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = Caller::check(request.claims(), &app.rules, now)?;
    let account = request.account()?;
    caller.may_reach(&account, &[Role::Customer, Role::Support])?;
    lambda::log::account(&account);
    let key = request.idempotency_key()?;
    let asked = Asked::read(request)?;
    let id = request_id(&account, key);
    lambda::log::cause(id.as_str());

    asked.may_be_said_by(caller.role())?;
    let fingerprint = asked.fingerprint();

    let assessing = assess(app, &account, (asked, &caller), now);
    let (stored, assessment) = tokio::join!(app.store.request(&id), assessing);
    if let Some(stored) = stored.map_err(store_failed)? {
        return repeated(&stored, fingerprint, caller.role(), invocation);
    }
    let Assessment { case, records, document } = assessment?;
    let mut opened = refunds::Request::open(id, account, actor(&caller), case, now);
    opened.keep_time(Some(document));
    let filed = file((&app.store, &app.backoff), opened, records, document, now).await;
    match filed.map_err(not_carried_out::<S>)? {
        Approved::Saved(request) => {
            if request.state == State::Approved {
                announce(&app.payouts, invocation, &request).await;
            }
            invocation.metrics().count_labelled("RefundRequests", ("state", request.state.as_str()), 1);
            tracing::info!(outcome = request.state.as_str(), "refund request is filed");
            Ok(Response::json(201, &answer::request(&request, caller.role())))
        }
        Approved::Stale(stored) => repeated(&stored, fingerprint, caller.role(), invocation),
        Approved::NothingLeft => Err(Problem::new(ProblemKind::StateConflict).detail(
            "another refund of this payment was made meanwhile; send the request again under another key",
        )),
        Approved::Used(_) => Err(Problem::new(ProblemKind::RequestInProgress)
            .detail("credits of this payment are being used; send the same request again")
            .retry_after_s(1)),
        Approved::NotPossible => Err(Problem::new(ProblemKind::StateConflict)
            .detail("the credits cannot be given back by themselves; ask for a person")),
    }
}

/// Who files: the customer, or a support person in the customer's name.
fn actor(caller: &Caller) -> Actor {
    match caller.role() {
        Role::Customer => Actor::Customer,
        Role::Support | Role::Service => Actor::Support(caller.subject().to_owned()),
    }
}

/// The same request again: the stored one as it stands. Another one under the same key: a conflict (D7).
fn repeated(
    stored: &refunds::Request,
    fingerprint: [u8; 32],
    role: Role,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    if stored.case.fingerprint != fingerprint {
        return Err(Problem::new(ProblemKind::IdempotencyKeyReused));
    }
    invocation.metrics().count("RefundRequestsRepeated", 1);
    tracing::info!(outcome = "repeated", "refund request was filed before");
    Ok(Response::json(201, &answer::request(stored, role)).header("idempotency-hit", "true"))
}
