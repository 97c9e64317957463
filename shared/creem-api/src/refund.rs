//! Refunds: the whole rest of a transaction, and nothing less (<https://docs.creem.io/api-reference>).

use creem_events::CreemRefundStatus;
use primitives::{PaymentId, RefundId};
use serde::Deserialize;
use serde_json::json;

use crate::client::CreemClient;
use crate::error::CreemError;

/// What Creem answers to a refund: it names no amount. The transaction's `refunded_amount` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedRefund {
    /// Not in Creem's own types; `None` where it is missing.
    pub id: Option<RefundId>,
    /// May be `pending` while the transaction already reads refunded.
    pub status: CreemRefundStatus,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    id: Option<String>,
    status: String,
}

impl CreemClient {
    /// Makes one attempt to give back all that is left of a transaction. No key guards it: it may only be
    /// repeated after the transaction was read.
    pub async fn create_refund(&self, transaction: &PaymentId) -> Result<CreatedRefund, CreemError> {
        let body = self.post("/v1/refunds", &json!({ "transaction_id": transaction.as_str() })).await?;
        let wire: Wire = serde_json::from_slice(&body)
            .map_err(|_| CreemError::Unreadable { what: "expected `status` of a refund" })?;
        let id = wire.id.and_then(|id| RefundId::new(id).ok());
        Ok(CreatedRefund { id, status: CreemRefundStatus::from(wire.status.as_str()) })
    }
}
