//! What the routes need, and what all of them do: who calls, and what a failure of the store means.

use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::caller::{Caller, CallerRules, Role};
use lambda::http::{Problem, ProblemKind, Request};
use ledger::{AccountId, Actor, ExecuteError, LedgerStore};
use payout_queue::PayoutQueue;

/// What the routes need.
#[derive(Debug)]
pub struct RefundRequests<S, Q> {
    /// The tables.
    pub store: S,
    /// Where intents to pay are announced.
    pub payouts: Q,
    /// Who may call.
    pub rules: CallerRules,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
}

/// The account of the path, for its customer and for support people.
pub(crate) fn reach<S, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<(AccountId, Caller), Problem> {
    let caller = Caller::check(request.claims(), &app.rules, invocation.now())?;
    let account = request.account()?;
    caller.may_reach(&account, &[Role::Customer, Role::Support])?;
    lambda::log::account(&account);
    Ok((account, caller))
}

/// A support person, on the routes that are theirs.
pub(crate) fn support<S, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Caller, Problem> {
    let caller = Caller::check(request.claims(), &app.rules, invocation.now())?;
    caller.must_be(&[Role::Support])?;
    Ok(caller)
}

/// Who acts: the customer, or a support person, in the customer's name on the account's routes.
pub(crate) fn actor(caller: &Caller) -> Actor {
    match caller.role() {
        Role::Customer => Actor::Customer,
        Role::Support | Role::Service => Actor::Support(caller.subject().to_owned()),
    }
}

/// A store that does not answer is unavailable, not broken; an account under heavy load is busy.
pub(crate) fn store_failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> Problem {
    Problem::unavailable(error)
}

pub(crate) fn not_carried_out<S: LedgerStore>(error: ExecuteError<S::Error>) -> Problem {
    match error {
        ExecuteError::Store(error) => Problem::unavailable(error),
        ExecuteError::Codec(error) => Problem::internal(error),
        ExecuteError::Busy => Problem::new(ProblemKind::RequestInProgress)
            .detail("the account is being changed by many calls at once; send the same request again")
            .retry_after_s(1),
    }
}

/// Announces an intent to pay. It is stored already: where the queue does not answer, the sweep announces it.
pub(crate) async fn announce<Q: PayoutQueue>(
    queue: &Q,
    invocation: &Invocation,
    request: &refunds::RefundRequest,
) {
    if let Err(error) = queue.announce(&request.id).await {
        invocation.metrics().count("PayoutsNotAnnounced", 1);
        let error: &dyn std::error::Error = &error;
        tracing::warn!(outcome = "left_to_sweep", error, "payout is not announced; the sweep will do it");
    }
}
