//! What the routes need, and what all of them do: who calls, and what a failure of the store means.

use adjustments::{Adjustment, AdjustmentStore, Person};
use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::caller::{Caller, CallerRules, Role};
use lambda::http::{Problem, ProblemKind, Request};
use ledger::{AccountId, AdjustmentId, ExecuteError, LedgerStore};
use refunds::{CountStore, RequestStore};

/// Longest body: the reason's 500 characters, each of them escaped as two of `\uXXXX`, and the other members.
pub(crate) const BODY_BYTES_MAX: usize = 16 * 1024;

/// What adjustments rest on, failing in one way.
pub trait AdjustingStore:
    AdjustmentStore + CountStore + RequestStore<Error = <Self as LedgerStore>::Error>
{
}

impl<S> AdjustingStore for S where
    S: AdjustmentStore + CountStore + RequestStore<Error = <S as LedgerStore>::Error>
{
}

/// What the routes need.
#[derive(Debug)]
pub struct AccountAdjustments<S> {
    /// The tables.
    pub store: S,
    /// Who may call.
    pub rules: CallerRules,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
}

/// A support person, on the routes that are theirs.
pub(crate) fn support<S>(
    app: &AccountAdjustments<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Person, Problem> {
    let caller = Caller::check(request.claims(), &app.rules, invocation.now())?;
    caller.must_be(&[Role::Support])?;
    Ok(Person::Support(caller.subject().to_owned()))
}

/// The account of the path.
pub(crate) fn account(request: &Request<'_>) -> Result<AccountId, Problem> {
    let account = request.account()?;
    lambda::log::account(&account);
    Ok(account)
}

/// The stored adjustment of an account. Another account's is answered like a missing one.
pub(crate) async fn stored<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    account: &AccountId,
    id: &AdjustmentId,
) -> Result<Adjustment, Problem> {
    lambda::log::cause(id.as_str());
    let stored = app.store.adjustment(id).await.map_err(Problem::unavailable)?;
    stored.filter(|stored| stored.account == *account).ok_or_else(|| Problem::new(ProblemKind::NotFound))
}

/// A store that does not answer is unavailable, not broken; an account under heavy load is busy.
pub(crate) fn not_carried_out<S: LedgerStore>(error: ExecuteError<S::Error>) -> Problem {
    match error {
        ExecuteError::Store(error) => Problem::unavailable(error),
        ExecuteError::Codec(error) => Problem::internal(error),
        ExecuteError::Busy => Problem::new(ProblemKind::RequestInProgress)
            .detail("the account is being changed by many calls at once; send the same request again")
            .retry_after_s(1),
    }
}
