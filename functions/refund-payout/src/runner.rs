//! What the steps of a payout work with, and why a payout stays in the queue.

use ledger::{ExecuteError, LedgerStore, RefundRequestId, Timestamp};
use refunds::RefundRequest;

use crate::provider::{CallError, ProviderError};
use crate::store::PayoutStore;

/// Why a payout stays in the queue.
#[derive(Debug, thiserror::Error)]
pub enum PayoutError<E: std::error::Error + 'static> {
    /// The tables did not take a write or did not answer.
    #[error("tables failed")]
    Tables(#[from] ExecuteError<E>),
    /// The provider did not answer, or asked to wait.
    #[error("the payment's provider failed")]
    Provider(#[source] ProviderError),
    /// Another worker is at the same payout.
    #[error("payout is claimed by another worker")]
    ClaimedElsewhere,
    /// The refund was asked for a moment ago, and the provider does not show it yet.
    #[error("the refund was asked for and may be under way")]
    UnderWay,
    /// The request is not there; it is written before its message, so it will be.
    #[error("no refund request has this id")]
    NoRequest,
    /// The provider has a refund of this request, or a payment, that is not what was ordered; a person has to
    /// look.
    #[error("the provider has something else than was ordered")]
    Mismatch,
    /// What is stored cannot be ordered.
    #[error("stored payout cannot be ordered")]
    Order,
}

impl<E: std::error::Error + 'static> From<CallError> for PayoutError<E> {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Later(source) | CallError::AfterALook(source) => Self::Provider(source),
            CallError::Declined(why) => Self::Provider(why.source),
            CallError::Order => Self::Order,
            CallError::Mismatch => Self::Mismatch,
        }
    }
}

/// What a step of a payout answers.
pub(crate) type PayoutResult<S, T> = Result<T, PayoutError<<S as LedgerStore>::Error>>;

/// The stores, at one instant of the invocation.
pub(crate) struct PayoutRunner<'payout, S, P> {
    pub(crate) store: &'payout S,
    pub(crate) pause: &'payout P,
    pub(crate) now: Timestamp,
}

impl<S: PayoutStore, P> PayoutRunner<'_, S, P> {
    pub(crate) async fn read(&self, id: &RefundRequestId) -> PayoutResult<S, Option<RefundRequest>> {
        Ok(self.store.request(id).await.map_err(ExecuteError::Store)?)
    }
}
