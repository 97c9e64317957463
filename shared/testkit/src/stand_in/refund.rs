//! Money out: refunds by the API or the Dashboard, and how they settle.
//!
//! Refunds that have not failed never exceed the payment (the cap that Stripe keeps).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::Answer;
use super::command::{DashboardRefund, Emission, RefundMode, SettleRefund, SettledStatus};
use super::purchase::Made;
use super::record::Refund;
use super::render;
use super::world::{CommandError, Draft, World, check_copies};

/// A checked `POST /v1/refunds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefundForm {
    pub(crate) payment: String,
    pub(crate) amount: Option<u64>,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl RefundForm {
    /// Reads form parameters; an error here leaves the idempotency key unused.
    pub(crate) fn parse(parameters: &[(String, String)]) -> Result<Self, Answer> {
        let mut payment = None;
        let mut amount = None;
        let mut metadata = BTreeMap::new();
        for (name, value) in parameters {
            match name.as_str() {
                "payment_intent" => payment = Some(value.clone()),
                "amount" => match value.parse::<u64>() {
                    Ok(minor) if minor > 0 => amount = Some(minor),
                    _ => {
                        let code = Some("parameter_invalid_integer");
                        return Err(Answer::invalid("amount", code, "Invalid positive integer"));
                    }
                },
                "reason"
                    if matches!(value.as_str(), "duplicate" | "fraudulent" | "requested_by_customer") => {}
                _ => match name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']')) {
                    Some(key) if !key.is_empty() => {
                        metadata.insert(key.to_owned(), value.clone());
                    }
                    _ => {
                        let message = format!("Received unknown parameter: {name}");
                        return Err(Answer::invalid(name, Some("parameter_unknown"), &message));
                    }
                },
            }
        }
        let missing = || Answer::invalid("payment_intent", Some("parameter_missing"), "Missing a payment.");
        Ok(Self { payment: payment.ok_or_else(missing)?, amount, metadata })
    }
}

impl World {
    /// Carries out `POST /v1/refunds`; the answer is stored under the key by the caller.
    pub(crate) fn create_refund(
        &mut self,
        form: &RefundForm,
        idempotency_key: Option<&str>,
        emission: &Emission,
    ) -> Answer {
        let Some(payment) = self.payments.get(&form.payment) else {
            return Answer::missing("payment_intent", &form.payment, "payment_intent");
        };
        let left = payment.amount.saturating_sub(payment.refunded);
        if left == 0 {
            return Answer::declined("charge_already_refunded");
        }
        if self.is_disputed(&form.payment) {
            return Answer::declined("charge_disputed");
        }
        let amount = form.amount.unwrap_or(left);
        if amount > left {
            // Stripe gives this one no code.
            let message = format!("Refund amount ({amount}) is greater than unrefunded amount ({left})");
            return Answer::invalid("amount", None, &message);
        }
        let (status, pending_reason) = match self.settings.refund_mode {
            RefundMode::Pending => ("pending", Some("processing")),
            RefundMode::InsufficientFunds => ("pending", Some("insufficient_funds")),
            RefundMode::RequiresAction => ("requires_action", None),
            RefundMode::Succeeded => ("succeeded", None),
        };
        let created = Self::created(emission, None);
        let refund = Refund {
            id: self.id("re"),
            payment: form.payment.clone(),
            amount,
            status: status.to_owned(),
            pending_reason: pending_reason.map(str::to_owned),
            failure_reason: None,
            created,
            idempotency_key: idempotency_key.map(str::to_owned),
            metadata: form.metadata.clone(),
        };
        self.refunds.push(refund.clone());
        self.count_refund(&refund);
        let Some(object) = self.refund_object(&refund, emission) else {
            return Answer::server_error(500);
        };
        let mut drafts = vec![Draft::new("refund.created", object.clone())];
        if status == "succeeded" {
            let mut update = Draft::new("refund.updated", object.clone());
            update.previous = Some(json!({ "status": "pending" }));
            drafts.push(update);
        }
        for draft in &mut drafts {
            draft.idempotency_key = idempotency_key.map(str::to_owned);
        }
        self.emit(emission, created, drafts);
        if let Some(payment) = self.payments.get(&form.payment).cloned() {
            self.end_inquiries(&payment, emission);
        }
        Answer::ok(object)
    }

    /// Keeps the payment's sum in step after a refund was made or failed.
    fn count_refund(&mut self, changed: &Refund) {
        let refunded = self
            .refunds
            .iter()
            .filter(|refund| refund.payment == changed.payment && refund.status != "failed")
            .fold(0_u64, |sum, refund| sum.saturating_add(refund.amount));
        if let Some(payment) = self.payments.get_mut(&changed.payment) {
            payment.refunded = refunded;
        }
    }

    fn refund_object(&self, refund: &Refund, emission: &Emission) -> Option<Value> {
        let payment = self.payments.get(&refund.payment)?;
        Some(render::refund(self.shape(emission), refund, payment))
    }

    pub(crate) fn settle_refund(
        &mut self,
        settle: &SettleRefund,
        emission: &Emission,
    ) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let unknown = || CommandError::Unknown { kind: "refund", id: settle.refund.clone() };
        let refund = self.refunds.iter_mut().find(|refund| refund.id == settle.refund).ok_or_else(unknown)?;
        let before = refund.status.clone();
        let (status, kind) = match settle.status {
            SettledStatus::Succeeded => ("succeeded", "refund.updated"),
            SettledStatus::Failed => ("failed", "refund.failed"),
        };
        let settleable = match before.as_str() {
            "pending" | "requires_action" => true,
            "succeeded" => settle.status == SettledStatus::Failed,
            _ => false,
        };
        if !settleable {
            return Err(CommandError::NotSettleable {
                refund: settle.refund.clone(),
                status: before,
                wanted: status.to_owned(),
            });
        }
        status.clone_into(&mut refund.status);
        refund.pending_reason = None;
        refund.failure_reason = match settle.status {
            SettledStatus::Succeeded => None,
            SettledStatus::Failed => {
                Some(settle.failure_reason.clone().unwrap_or_else(|| "expired_or_canceled_card".to_owned()))
            }
        };
        let refund = refund.clone();
        self.count_refund(&refund);
        let object = self.refund_object(&refund, emission).ok_or_else(unknown)?;
        let mut draft = Draft::new(kind, object);
        draft.previous = Some(json!({ "status": before }));
        let created = Self::created(emission, None);
        let events = self.emit(emission, created, vec![draft]);
        Ok(Made { payment: Some(refund.payment), refund: Some(refund.id), events, ..Made::default() })
    }

    pub(crate) fn dashboard_refund(
        &mut self,
        order: &DashboardRefund,
        emission: &Emission,
    ) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        self.payment(&order.payment)?;
        let form =
            RefundForm { payment: order.payment.clone(), amount: order.amount, metadata: BTreeMap::new() };
        let events_before = self.events.len();
        let answer = self.create_refund(&form, None, emission);
        if answer.status != 200 {
            return Err(CommandError::Refused { answer: answer.body.to_string() });
        }
        let refund = self.refunds.last().map(|refund| refund.id.clone());
        let events = self.events.iter().skip(events_before).map(|event| event.id.clone()).collect();
        Ok(Made { payment: Some(order.payment.clone()), refund, events, ..Made::default() })
    }

    /// The refunds of a payment (or all), newest first, as the API lists them.
    pub(crate) fn refund_list(&self, payment: Option<&str>) -> Vec<Value> {
        self.refunds
            .iter()
            .rev()
            .filter(|refund| payment.is_none_or(|payment| refund.payment == payment))
            .filter_map(|refund| self.refund_object(refund, &Emission::default()))
            .collect()
    }
}
