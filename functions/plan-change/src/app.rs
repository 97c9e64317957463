//! What the routes need, and what all of them do: who calls, and what a failure means.

use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::caller::{Caller, CallerRules, Role};
use lambda::http::{Problem, Request};
use lambda::secrets::{CachedSecret, SecretSource};
use ledger::{AccountId, PlanChangeStore};
use purchase_lines::UpgradeTermAt;
use stripe_api::{SecretKey, StripeClient, StripeError};

/// What the routes need of the tables.
pub trait Store: PlanChangeStore {}

impl<S: PlanChangeStore> Store for S {}

/// What the routes need.
pub struct PlanChanges<S, Q, K: SecretSource> {
    /// The tables.
    pub store: S,
    /// Where confirmed changes are announced.
    pub payouts: Q,
    /// Stripe, with any key.
    pub stripe: StripeClient,
    /// A key of Stripe's that reads subscriptions and previews invoices, in the field `key`.
    pub key: CachedSecret<K>,
    /// Who may call.
    pub rules: CallerRules,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
    /// The term of each product's upgrades.
    pub on_upgrade: UpgradeTermAt,
}

/// The account of the path, for its customer and for support people.
pub(crate) fn reach<S, Q, K: SecretSource>(
    app: &PlanChanges<S, Q, K>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<(AccountId, Role), Problem> {
    let caller = Caller::check(request.claims(), &app.rules, invocation.now())?;
    let account = request.account()?;
    caller.may_reach(&account, &[Role::Customer, Role::Support])?;
    lambda::log::account(&account);
    Ok((account, caller.role()))
}

/// Stripe with the key as it is now.
pub(crate) async fn stripe_with_key<S, Q, K: SecretSource>(
    app: &PlanChanges<S, Q, K>,
    invocation: &Invocation,
) -> Result<StripeClient, Problem> {
    let fields = app.key.fields(invocation.now()).await.map_err(Problem::unavailable)?;
    let key = fields.required("key").map_err(Problem::internal)?;
    Ok(app.stripe.with_key(SecretKey::new(key.expose()).map_err(Problem::internal)?))
}

/// A store that does not answer is unavailable, not broken.
pub(crate) fn store_failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> Problem {
    Problem::unavailable(error)
}

/// Stripe that does not answer is unavailable; a key that it does not take, or an answer that cannot be read,
/// is ours to mend.
pub(crate) fn stripe_failed(error: StripeError) -> Problem {
    match error {
        StripeError::Authentication { .. }
        | StripeError::Unreadable { .. }
        | StripeError::IdempotencyMismatch
        | StripeError::Declined(_)
        | StripeError::Unexpected { .. }
        | StripeError::TooManyPages { .. } => Problem::internal(error),
        StripeError::Connect(_)
        | StripeError::Timeout
        | StripeError::ConnectionLost(_)
        | StripeError::RateLimited { .. }
        | StripeError::InProgress
        | StripeError::Server { .. } => Problem::unavailable(error),
    }
}
