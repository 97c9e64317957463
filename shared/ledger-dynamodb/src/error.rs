//! What may fail, mapped variant by variant from the SDK.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::CancellationReason;

/// Why the tables did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The request did not get through or got no answer; whether a write took place is unknown.
    #[error("DynamoDB cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// DynamoDB asked for fewer requests, after the SDK's own retries.
    #[error("DynamoDB throttles")]
    Throttled,
    /// Transactions were at work on the item at every attempt.
    #[error("item is locked by another transaction")]
    Contended,
    /// DynamoDB failed on its side.
    #[error("DynamoDB failed with `{0}`")]
    Server(String),
    /// DynamoDB refused the request: a missing permission, a wrong table or an item that is too large.
    #[error("DynamoDB refused with `{0}`")]
    Refused(String),
    /// An item is not what this crate writes.
    #[error("item is not readable: `{0}`")]
    Unreadable(&'static str),
    /// An entry is not readable.
    #[error("entry is not readable")]
    Entry(#[from] ledger::CodecError),
    /// A record is not readable.
    #[error("record is not readable")]
    Record(#[from] serde_json::Error),
}

impl StoreError {
    /// Whether the same request may succeed later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Throttled | Self::Contended | Self::Server(_) => true,
            Self::Refused(_) | Self::Unreadable(_) | Self::Entry(_) | Self::Record(_) => false,
        }
    }

    /// Maps what the SDK reports where no modelled error of the operation explains it.
    pub(crate) fn of<E>(error: SdkError<E>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("unknown").to_owned();
                let status = service.raw().status().as_u16();
                match code.as_str() {
                    "ThrottlingException"
                    | "ProvisionedThroughputExceededException"
                    | "RequestLimitExceeded"
                    | "ThrottlingError" => Self::Throttled,
                    CONFLICT => Self::Contended,
                    _ if status >= 500 => Self::Server(code),
                    _ => Self::Refused(code),
                }
            }
            _ => Self::Unreachable(Box::new(error)),
        }
    }
}

/// A single write met a transaction on its item.
const CONFLICT: &str = "TransactionConflictException";

/// Whether a single write met a transaction that is at work on its item; nothing is written.
pub(crate) fn meets_transaction<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some(CONFLICT)
}

/// Whether a write's condition failed.
pub(crate) fn condition_failed<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code) == Some("ConditionalCheckFailedException")
}

/// Why a transaction was cancelled, decided over all its items (F1 to F3).
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cancelled {
    /// The condition of the item at this position failed; the first one of them.
    Condition(usize),
    /// Another transaction was at work on one of the items: try again.
    Contended,
    /// Too many requests.
    Throttled,
    /// Something else, by its code.
    Other(String),
}

/// Reads the reasons, which are in the order of the items.
///
/// A conflict beside a failed condition counts as the condition: its item came back with the answer.
pub(crate) fn cancelled(reasons: &[CancellationReason]) -> Cancelled {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    if let Some(position) = reasons.iter().position(|reason| code(reason) == "ConditionalCheckFailed") {
        return Cancelled::Condition(position);
    }
    let mut contended = false;
    for reason in reasons {
        match code(reason).as_str() {
            "None" => {}
            "TransactionConflict" => contended = true,
            "ThrottlingError" | "ProvisionedThroughputExceeded" => return Cancelled::Throttled,
            other => return Cancelled::Other(other.to_owned()),
        }
    }
    if contended { Cancelled::Contended } else { Cancelled::Other("unknown".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(codes: &[&str]) -> Vec<CancellationReason> {
        codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect()
    }

    #[test]
    fn f3_a_failed_condition_beside_a_conflict_is_decided_by_the_condition() {
        for (codes, expected) in [
            (vec!["None", "TransactionConflict", "ConditionalCheckFailed"], Cancelled::Condition(2)),
            (vec!["ConditionalCheckFailed", "ConditionalCheckFailed"], Cancelled::Condition(0)),
            (vec!["None", "TransactionConflict"], Cancelled::Contended),
            (vec!["ThrottlingError", "None"], Cancelled::Throttled),
            (vec!["TransactionConflict", "ProvisionedThroughputExceeded"], Cancelled::Throttled),
            (vec!["None", "ValidationError"], Cancelled::Other("ValidationError".to_owned())),
        ] {
            assert_eq!(cancelled(&reasons(&codes)), expected, "{codes:?}");
        }
    }
}
