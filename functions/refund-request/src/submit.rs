//! Filing a request: `POST /v1/accounts/{account}/refund-requests`.

use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::payout_queue::PayoutQueue;
use ledger::{Actor, Command, Ending, ReleaseReason, Settlement, Timestamp};
use policy::{Document, Remedy};
use refunds::{
    Approved, Grounds, Head, Save, Saved, State, Stores, approve_credits, approve_money, request_id, used_of,
};

use crate::assess::{assess, granted, payment_of, policy_ref};
use crate::body::Asked;
use crate::facts::Records;
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

    let (stored, payment) = tokio::join!(app.store.request(&id), payment_of(&app.store, &asked));
    if let Some(stored) = stored.map_err(store_failed)? {
        return repeated(&stored, asked.fingerprint(), caller.role(), invocation);
    }
    let assessment = assess(app, &account, asked, payment?, now).await?;
    let fingerprint = assessment.case.fingerprint;
    let mut opened = refunds::Request::open(id, account, actor(&caller), assessment.case, now);
    opened.keep_time(Some(assessment.document));
    match save(app, opened, assessment.records, assessment.document, now).await? {
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

async fn save<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: refunds::Request,
    records: Records,
    document: &Document,
    now: Timestamp,
) -> Result<Approved, Problem> {
    let used = records.payment.as_ref().map(|payment| used_of(records.head.as_ref(), payment));
    let head = Head::Read(records.head.map(Box::new));
    let grounds = Grounds { actor: Actor::Policy, policy: Some(policy_ref(document)), head, used };
    match (granted(&request.case.decision), records.payment, request.case.generation.clone()) {
        (Some(Remedy::Money { .. }), Some(payment), _) => {
            let amount =
                request.granted_money().ok_or_else(|| Problem::internal("decision without an amount"))?;
            let terms = (amount, document.on_refund.debt_for_spent);
            approve_money(&app.store, &app.backoff, &request, payment, terms, grounds, now)
                .await
                .map_err(not_carried_out::<S>)
        }
        (Some(Remedy::Credits { .. }), _, Some(generation)) => {
            let ending = Ending::Failed(ReleaseReason::Failed);
            let grace_s = document.leftover.as_ref().map_or(0, |leftover| leftover.grace_after_failed_job_s);
            let command = Command::Settle { settlements: vec![Settlement { generation, ending }], grace_s };
            approve_credits(&app.store, &app.backoff, &request, &command, grounds, now)
                .await
                .map_err(not_carried_out::<S>)
        }
        _ => save_alone(app, request).await,
    }
}

async fn save_alone<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: refunds::Request,
) -> Result<Approved, Problem> {
    let save = Save { request, commit: None, refunded: None };
    match app.store.save(&save).await.map_err(store_failed)? {
        Saved::Written => Ok(Approved::Saved(Box::new(save.request))),
        Saved::Stale(stored) => Ok(Approved::Stale(stored)),
        Saved::Ledger(_) | Saved::PaymentMoved => {
            Err(Problem::new(ProblemKind::RequestInProgress).retry_after_s(1))
        }
    }
}
