//! What runs of both kinds need, and why a run fails.

use lambda::EventError;
use ledger::TimeError;
use ledger_dynamodb::{StoreError, Tables};
use webhook_function::WebhookError;

use crate::reader::ReadError;

/// What a run leaves of its time for its last object and its answer.
pub(crate) const DEADLINE_MARGIN_MS: u128 = 20_000;

/// What the function needs.
pub struct Reconcile<C, W> {
    pub tables: Tables,
    /// Creem's API.
    pub creem: C,
    /// creem-webhook, which applies events and readings.
    pub webhook: W,
}

/// Why a run failed. What it has applied stays; what it has not reached is due still.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The request is not one of this function's.
    #[error("request is not readable; expected {{}}, {{\"due_before\": …}} or a batch of the table's stream")]
    Request(#[from] EventError),
    /// `due_before` is no instant.
    #[error("`due_before` is no instant of this century")]
    Time(#[from] TimeError),
    /// The table did not answer.
    #[error("table failed")]
    Table(#[from] StoreError),
    /// What was read cannot be written as JSON.
    #[error("reading cannot be written")]
    Json(#[from] serde_json::Error),
    /// Creem did not answer.
    #[error("Creem did not answer")]
    Creem(#[from] ReadError),
    /// The webhook cannot be asked, or failed.
    #[error("webhook failed")]
    Webhook(#[from] WebhookError),
}
