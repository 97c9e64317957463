//! Failures of the store, and refusals that say more than their kind, as problems.

use lambda::http::{Problem, ProblemKind, Response};
use ledger::{Credits, ExecuteError};
use ledger_dynamodb::StoreError;
use serde::Serialize;
use serde_json::{Map, Value};

/// A busy account is free again after a few round trips.
const BUSY_RETRY_AFTER_S: u32 = 1;

/// The store did not answer: the caller may repeat the request where that can help.
pub(crate) fn store(error: StoreError) -> Problem {
    if error.retryable() { Problem::unavailable(error) } else { Problem::internal(error) }
}

/// An order was not carried out.
pub(crate) fn execute(error: ExecuteError<StoreError>) -> Problem {
    match error {
        ExecuteError::Store(error) => store(error),
        ExecuteError::Busy => Problem::unavailable(error).retry_after_s(BUSY_RETRY_AFTER_S),
        ExecuteError::Codec(_) => Problem::internal(error),
    }
}

/// There are too few credits: the problem, with both numbers as members of their own (RFC 9457, 3.2).
pub(crate) fn not_enough(available: Credits, needed: Credits, instance: &str) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Body {
        #[serde(flatten)]
        problem: Map<String, Value>,
        available: u64,
        needed: u64,
    }
    let detail = format!("{available} credits are available, {needed} are needed");
    let problem = Problem::new(ProblemKind::NotEnoughCredits).detail(detail).into_response(instance);
    let members = serde_json::from_str(problem.body()).map_err(Problem::internal)?;
    let body = Body { problem: members, available: available.get(), needed: needed.get() };
    Ok(Response::json(problem.status(), &body).header("content-type", "application/problem+json"))
}
