//! Failures of the store and of Stripe, as problems.

use lambda::http::{Problem, ProblemKind};
use ledger_dynamodb::StoreError;
use stripe_api::{Decline, Retry, StripeError};

/// A store that does not answer is unavailable, not broken.
pub(crate) fn store_failed(error: StoreError) -> Problem {
    if error.retryable() { Problem::unavailable(error) } else { Problem::internal(error) }
}

/// What Stripe does not know does not exist, and what it declines is not possible as the dispute stands. What
/// may work later can be asked for again.
pub(crate) fn stripe_failed(error: StripeError) -> Problem {
    match error {
        StripeError::Declined(Decline::ResourceMissing) => Problem::new(ProblemKind::NotFound),
        StripeError::Declined(Decline::Other { code, .. }) => {
            let code = code.as_deref().unwrap_or("none");
            conflict(format!("Stripe does not take the evidence; its error code is `{code}`"))
        }
        error if error.retryable() == Retry::Never => Problem::internal(error),
        error => Problem::unavailable(error),
    }
}

/// The state does not allow the step, for this reason.
pub(crate) fn conflict(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::StateConflict).detail(detail)
}
