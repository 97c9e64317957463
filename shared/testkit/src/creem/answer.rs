//! Which calls there are, and answers in Creem's JSON shapes.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A call of Creem's API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreemOperation {
    /// `POST /v1/refunds`.
    #[default]
    CreateRefund,
    /// `GET /v1/transactions`.
    RetrieveTransaction,
    /// `GET /v1/transactions/search`.
    SearchTransactions,
    /// `GET /v1/subscriptions`.
    RetrieveSubscription,
    /// `POST /v1/subscriptions/{id}/cancel`.
    CancelSubscription,
}

/// An answer with another status than 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) error: String,
    pub(super) retry_after_s: Option<u64>,
}

impl Refusal {
    pub(super) fn of(status: u16, error: &str) -> Self {
        Self { status, error: error.to_owned(), retry_after_s: None }
    }

    /// A request that cannot be carried out.
    pub(super) fn bad(error: &str) -> Self {
        Self::of(400, error)
    }

    /// An object that does not exist.
    pub(super) fn missing(status: u16) -> Self {
        Self::of(status, "not_found")
    }
}

/// One HTTP answer.
pub(super) struct CreemAnswer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) retry_after_s: Option<u64>,
}

impl From<Result<Value, Refusal>> for CreemAnswer {
    fn from(done: Result<Value, Refusal>) -> Self {
        match done {
            Ok(body) => Self { status: 200, body, retry_after_s: None },
            Err(Refusal { status, error, retry_after_s }) => Self {
                status,
                body: json!({
                    "trace_id": "trace_stand_in", "status": status, "error": error,
                    "message": ["The request was refused."], "timestamp": 1_777_000_000_000_u64,
                }),
                retry_after_s,
            },
        }
    }
}
