//! The dispute of a payment: attributes of the payment's item, which move by the order of Stripe's events.

use ledger::{Dispute, DisputeId, PaymentId};
use serde::{Deserialize, Serialize};

use crate::item::{Item, ONLY, key, number, payment_key, read_instant, read_text, text};
use crate::payment::instant;
use crate::{StoreError, Tables};

/// The newest report of a payment that exists.
const NEWER: &str =
    "attribute_exists(pk) AND (attribute_not_exists(dispute_as_of) OR dispute_as_of < :as_of)";

#[derive(Serialize, Deserialize)]
struct DisputeForm {
    id: String,
    opened_at: i64,
    status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contacted_before: Option<bool>,
}

/// Reads the dispute of a payment's item.
pub(crate) fn read(item: &Item) -> Result<Option<Box<Dispute>>, StoreError> {
    if !item.contains_key("dispute") {
        return Ok(None);
    }
    let form: DisputeForm = serde_json::from_str(read_text(item, "dispute")?)?;
    Ok(Some(Box::new(Dispute {
        id: DisputeId::new(form.id).map_err(|_| StoreError::Unreadable("dispute"))?,
        opened_at: instant(form.opened_at)?,
        status: form.status,
        as_of: read_instant(item, "dispute_as_of")?,
        contacted_before: form.contacted_before,
    })))
}

impl Tables {
    /// Writes what Stripe reports of a payment's dispute unless a newer report is stored, and says whether it
    /// was written. The payment must exist.
    pub async fn save_dispute(&self, payment: &PaymentId, dispute: &Dispute) -> Result<bool, StoreError> {
        let form = DisputeForm {
            id: dispute.id.as_str().to_owned(),
            opened_at: dispute.opened_at.as_ms(),
            status: dispute.status.clone(),
            contacted_before: dispute.contacted_before,
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.ledger)
            .set_key(Some(key(payment_key(payment), ONLY)))
            .update_expression("SET dispute = :dispute, dispute_as_of = :as_of")
            .condition_expression(NEWER)
            .expression_attribute_values(":dispute", text(serde_json::to_string(&form)?))
            .expression_attribute_values(":as_of", number(dispute.as_of.as_ms()));
        self.write(|| update.clone().send()).await
    }
}
