//! The disputes of a payment: attributes of the payment's item, two for each dispute, which move by the order
//! of Stripe's events. None hides another.
//!
//! `dispute:<id>` is the dispute, and `dispute_order:<id>` the place of its newest report.

use ledger::{Dispute, DisputeId, PaymentId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::item::{Item, ONLY, key, number, payment_key, text};
use crate::scalar::{instant, money, money_form};
use crate::{StoreError, Tables};

const PREFIX: &str = "dispute:";
/// The newest report of a dispute of a payment that exists.
const NEWER: &str = "attribute_exists(pk) AND (attribute_not_exists(#order) OR #order < :order)";

#[derive(Serialize, Deserialize)]
struct DisputeForm {
    id: String,
    opened_at: i64,
    status: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    not_refundable: bool,
    as_of: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contacted_before: Option<bool>,
    #[serde(default, skip_serializing_if = "is_zero")]
    withdrawn_minor: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    movements: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<(u64, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_by: Option<i64>,
}

fn is_zero<T: Default + PartialEq>(number: &T) -> bool {
    *number == T::default()
}

impl DisputeForm {
    fn read(self) -> Result<Dispute, StoreError> {
        Ok(Dispute {
            id: DisputeId::new(self.id).map_err(|_| StoreError::Unreadable("dispute"))?,
            opened_at: instant(self.opened_at)?,
            status: self.status,
            refundable: !self.not_refundable,
            as_of: instant(self.as_of)?,
            contacted_before: self.contacted_before,
            withdrawn_minor: self.withdrawn_minor,
            movements: self.movements,
            amount: self.amount.as_ref().map(money).transpose()?,
            reason: self.reason,
            due_by: self.due_by.map(instant).transpose()?,
        })
    }
}

/// Reads the disputes of a payment's item.
pub(crate) fn read(item: &Item) -> Result<Vec<Dispute>, StoreError> {
    let mut disputes = Vec::new();
    for (_, value) in item.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
        let body = value.as_s().map_err(|_| StoreError::Unreadable("dispute"))?;
        let form: DisputeForm = serde_json::from_str(body)?;
        disputes.push(form.read()?);
    }
    disputes.sort_by(|one, other| (one.opened_at, &one.id).cmp(&(other.opened_at, &other.id)));
    Ok(disputes)
}

impl Tables {
    /// Writes what Stripe reports of one of a payment's disputes unless a newer report of it is stored, and
    /// says whether it was written. The payment must exist.
    pub async fn save_dispute(&self, payment: &PaymentId, dispute: &Dispute) -> Result<bool, StoreError> {
        let form = DisputeForm {
            id: dispute.id.as_str().to_owned(),
            opened_at: dispute.opened_at.as_ms(),
            status: dispute.status.clone(),
            not_refundable: !dispute.refundable,
            as_of: dispute.as_of.as_ms(),
            contacted_before: dispute.contacted_before,
            withdrawn_minor: dispute.withdrawn_minor,
            movements: dispute.movements,
            amount: dispute.amount.map(money_form),
            reason: dispute.reason.clone(),
            due_by: dispute.due_by.map(Timestamp::as_ms),
        };
        let order = dispute.order().as_ms();
        let update = self
            .client
            .update_item()
            .table_name(&self.ledger)
            .set_key(Some(key(payment_key(payment), ONLY)))
            .update_expression("SET #dispute = :dispute, #order = :order")
            .condition_expression(NEWER)
            .expression_attribute_names("#dispute", format!("{PREFIX}{}", dispute.id))
            .expression_attribute_names("#order", format!("dispute_order:{}", dispute.id))
            .expression_attribute_values(":dispute", text(serde_json::to_string(&form)?))
            .expression_attribute_values(":order", number(order));
        self.write(|| update.clone().send()).await
    }
}

#[cfg(test)]
mod tests {
    use ledger::PaymentStore;
    use ledger::contract::{at, grant, run};
    use ledger::{AccountId, Command};

    use super::*;
    use crate::in_process;

    fn dispute(id: &str, status: &str, second: u64) -> Dispute {
        Dispute {
            id: DisputeId::new(id).unwrap(),
            opened_at: at(1),
            status: status.to_owned(),
            as_of: at(second),
            refundable: true,
            contacted_before: None,
            withdrawn_minor: 0,
            movements: 0,
            amount: None,
            reason: None,
            due_by: None,
        }
    }

    async fn paid() -> (Tables, PaymentId) {
        let (tables, _) = in_process::tables().await;
        let account = AccountId::new("account-1").unwrap();
        run(&tables, &account, &Command::Grant(grant(&account, "pi_1", 100, None)), at(0)).await;
        (tables, PaymentId::new("pi_1").unwrap())
    }

    #[tokio::test]
    async fn e15_reports_of_two_disputes_are_overtaken_by_newer_ones_alone() {
        let (tables, payment) = paid().await;
        for (seen, saved) in [
            (dispute("du_1", "needs_response", 100), true),
            (dispute("du_1", "under_review", 99), false),
            (dispute("du_10", "needs_response", 50), true),
            (dispute("du_1", "lost", 200), true),
            (dispute("du_1", "under_review", 150), false),
        ] {
            assert_eq!(tables.save_dispute(&payment, &seen).await.unwrap(), saved, "{seen:?}");
        }
        let stored = tables.payment(&payment).await.unwrap().unwrap();
        assert_eq!(stored.disputes, [dispute("du_1", "lost", 200), dispute("du_10", "needs_response", 50)]);
    }
}
