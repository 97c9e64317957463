//! Disputes: a cardholder's bank asks about a charge or takes it back, and the company answers with evidence.
//!
//! A formal dispute withdraws the money when it opens, and no refund is possible until it is won. A full
//! refund ends an inquiry. Evidence is staged with `submit=false`; any other call with evidence submits it,
//! once (<https://docs.stripe.com/api/disputes/update>).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::command::{CloseDispute, DisputeResult, Emission, EscalateDispute, OpenDispute};
use super::purchase::Made;
use super::record::{Dispute, Payment};
use super::world::{CommandError, Draft, World, check_copies};
use crate::clock;

/// How long the company may answer where a command does not say so: two weeks.
const ANSWER_S: i64 = 14 * 24 * 60 * 60;
/// Stripe's bound on one text of the evidence, in characters.
const TEXT_CHARS_MAX: usize = 20_000;
/// Stripe's bound on all texts of the evidence together, in characters.
const TEXTS_CHARS_MAX: usize = 150_000;

/// The members of `evidence` that are texts. Files are not kept here.
const TEXTS: [&str; 18] = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_tracking_number",
    "uncategorized_text",
];

/// A checked `POST /v1/disputes/{id}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EvidenceForm {
    dispute: String,
    evidence: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
    submit: Option<bool>,
}

impl EvidenceForm {
    /// Reads form parameters; an error here leaves the idempotency key unused.
    pub(crate) fn parse(dispute: &str, parameters: &[(String, String)]) -> Result<Self, Answer> {
        let mut form = Self {
            dispute: dispute.to_owned(),
            evidence: BTreeMap::new(),
            metadata: BTreeMap::new(),
            submit: None,
        };
        for (name, value) in parameters {
            let within = |object: &str| {
                let key = name.strip_prefix(object)?.strip_prefix('[')?.strip_suffix(']')?;
                (!key.is_empty()).then(|| key.to_owned())
            };
            if let Some(key) = within("evidence").filter(|key| TEXTS.contains(&key.as_str())) {
                if value.chars().count() > TEXT_CHARS_MAX {
                    let message = format!("Invalid string; must be at most {TEXT_CHARS_MAX} characters");
                    return Err(Answer::invalid(name, None, &message));
                }
                form.evidence.insert(key, value.clone());
            } else if let Some(key) = within("metadata") {
                form.metadata.insert(key, value.clone());
            } else if name == "submit" {
                let flag = value.parse().map_err(|_| Answer::invalid(name, None, "Invalid boolean"))?;
                form.submit = Some(flag);
            } else {
                let message = format!("Received unknown parameter: {name}");
                return Err(Answer::invalid(name, Some("parameter_unknown"), &message));
            }
        }
        Ok(form)
    }

    /// Whether the call sends the evidence to the bank: any evidence without `submit=false` does.
    fn submits(&self) -> bool {
        self.submit.unwrap_or(!self.evidence.is_empty())
    }
}

impl World {
    fn dispute(&self, id: &str) -> Result<&Dispute, CommandError> {
        self.disputes.get(id).ok_or_else(|| CommandError::Unknown { kind: "dispute", id: id.to_owned() })
    }

    /// The cardholder's bank asks about a charge, or takes it back.
    pub(crate) fn open_dispute(
        &mut self,
        order: &OpenDispute,
        emission: &Emission,
    ) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let created = Self::created(emission, None);
        let payment = self.payment(&order.payment)?.clone();
        let status = if order.inquiry { "warning_needs_response" } else { "needs_response" };
        let dispute = Dispute {
            id: self.id("du"),
            payment: payment.id.clone(),
            amount: order.amount.unwrap_or(payment.amount),
            reason: order.reason.clone().unwrap_or_else(|| "fraudulent".to_owned()),
            status: status.to_owned(),
            due_by: order.due_by.unwrap_or_else(|| created.saturating_add(ANSWER_S)),
            created,
            movements: Vec::new(),
            evidence: BTreeMap::new(),
            submission_count: 0,
            metadata: BTreeMap::new(),
        };
        let made = self.keep_dispute(dispute.clone(), "charge.dispute.created", created, emission);
        if order.inquiry {
            return Ok(made);
        }
        Ok(joined(made, self.move_money(dispute, -1, None, created, emission)))
    }

    /// An inquiry becomes a formal dispute, which asks for an answer of its own.
    pub(crate) fn escalate_dispute(
        &mut self,
        escalated: &EscalateDispute,
        emission: &Emission,
    ) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let created = Self::created(emission, None);
        let mut dispute = self.dispute(&escalated.dispute)?.clone();
        if !dispute.status.starts_with("warning_") || dispute.status == "warning_closed" {
            return Err(CommandError::Refused { answer: "only an open inquiry can escalate".to_owned() });
        }
        "needs_response".clone_into(&mut dispute.status);
        dispute.due_by = escalated.due_by.unwrap_or_else(|| created.saturating_add(ANSWER_S));
        let made = self.keep_dispute(dispute.clone(), "charge.dispute.updated", created, emission);
        Ok(joined(made, self.move_money(dispute, -1, None, created, emission)))
    }

    /// A dispute ends, or a lost one brings a part of its money back.
    pub(crate) fn close_dispute(
        &mut self,
        close: &CloseDispute,
        emission: &Emission,
    ) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let created = Self::created(emission, None);
        let mut dispute = self.dispute(&close.dispute)?.clone();
        let inquiry = dispute.status.starts_with("warning_");
        let status = match close.result {
            DisputeResult::Won => "won",
            DisputeResult::Lost => "lost",
            DisputeResult::WarningClosed => "warning_closed",
        };
        if inquiry != (close.result == DisputeResult::WarningClosed) {
            let answer = format!("a dispute that is {} cannot become {status}", dispute.status);
            return Err(CommandError::Refused { answer });
        }
        status.clone_into(&mut dispute.status);
        let made = self.keep_dispute(dispute.clone(), "charge.dispute.closed", created, emission);
        let back = match close.result {
            DisputeResult::Won => Some(close.reinstated),
            DisputeResult::Lost => close.reinstated.map(Some),
            DisputeResult::WarningClosed => None,
        };
        match back {
            None => Ok(made),
            Some(minor) => Ok(joined(made, self.move_money(dispute, 1, minor, created, emission))),
        }
    }

    /// Withdraws the money of a dispute, or gives it back: all of it, or `minor`.
    fn move_money(
        &mut self,
        mut dispute: Dispute,
        sign: i64,
        minor: Option<u64>,
        created: i64,
        emission: &Emission,
    ) -> Made {
        let minor = i64::try_from(minor.unwrap_or(dispute.amount)).unwrap_or(i64::MAX);
        dispute.movements.push(minor.saturating_mul(sign));
        let kind =
            if sign < 0 { "charge.dispute.funds_withdrawn" } else { "charge.dispute.funds_reinstated" };
        self.keep_dispute(dispute, kind, created, emission)
    }

    fn keep_dispute(
        &mut self,
        dispute: Dispute,
        kind: &'static str,
        created: i64,
        emission: &Emission,
    ) -> Made {
        let drafts = self.dispute_object(&dispute).map(|object| Draft::new(kind, object));
        let made = Made {
            payment: Some(dispute.payment.clone()),
            dispute: Some(dispute.id.clone()),
            events: self.emit(emission, created, drafts.into_iter().collect()),
            ..Made::default()
        };
        self.disputes.insert(dispute.id.clone(), dispute);
        made
    }

    /// Whether the money of a payment is or was taken by a formal dispute, so that no refund is possible.
    pub(crate) fn is_disputed(&self, payment: &str) -> bool {
        self.disputes.values().any(|known| known.payment == payment && takes_money(known))
    }

    /// Ends the inquiries about a payment that was refunded in full.
    pub(crate) fn end_inquiries(&mut self, payment: &Payment, emission: &Emission) {
        if payment.refunded < payment.amount {
            return;
        }
        let open = |known: &&Dispute| {
            known.payment == payment.id
                && known.status.starts_with("warning_")
                && known.status != "warning_closed"
        };
        let inquiries: Vec<Dispute> = self.disputes.values().filter(open).cloned().collect();
        for mut dispute in inquiries {
            "warning_closed".clone_into(&mut dispute.status);
            self.keep_dispute(dispute, "charge.dispute.closed", Self::created(emission, None), emission);
        }
    }

    /// Carries out `GET /v1/disputes/{id}`.
    pub(crate) fn dispute_answer(&self, id: &str) -> Answer {
        let object = self.disputes.get(id).and_then(|dispute| self.dispute_object(dispute));
        object.map_or_else(|| Answer::missing("dispute", id, "id"), Answer::ok)
    }

    /// The disputes of a payment (or all), as `GET /v1/disputes` lists them.
    pub(crate) fn dispute_list(&self, payment: Option<&str>) -> Vec<Value> {
        let of_payment =
            self.disputes.values().rev().filter(|known| payment.is_none_or(|id| known.payment == id));
        of_payment.filter_map(|dispute| self.dispute_object(dispute)).collect()
    }

    /// Carries out `POST /v1/disputes/{id}`. Stripe gives its refusals of evidence no code.
    pub(crate) fn update_dispute(&mut self, form: &EvidenceForm, idempotency_key: Option<&str>) -> Answer {
        let emission = Emission::default();
        let Some(mut dispute) = self.disputes.get(&form.dispute).cloned() else {
            return Answer::missing("dispute", &form.dispute, "id");
        };
        let created = Self::created(&emission, None);
        let takes_evidence = dispute.status.ends_with("needs_response");
        if !form.evidence.is_empty() || form.submits() {
            if !takes_evidence {
                return Answer::invalid("evidence", None, "This dispute does not take evidence any more.");
            }
            if dispute.due_by <= created {
                return Answer::invalid("evidence", None, "The deadline of this dispute has passed.");
            }
        }
        dispute.evidence.extend(form.evidence.clone());
        let chars = dispute.evidence.values().map(|text| text.chars().count());
        if chars.fold(0_usize, usize::saturating_add) > TEXTS_CHARS_MAX {
            let message = format!("The combined character count is limited to {TEXTS_CHARS_MAX}.");
            return Answer::invalid("evidence", None, &message);
        }
        dispute.metadata.extend(form.metadata.clone());
        let mut previous = Map::new();
        if form.submits() {
            previous.insert("status".to_owned(), json!(dispute.status));
            dispute.status = dispute.status.replace("needs_response", "under_review");
            dispute.submission_count = dispute.submission_count.saturating_add(1);
        }
        let Some(object) = self.dispute_object(&dispute) else { return Answer::server_error(500) };
        let mut draft = Draft::new("charge.dispute.updated", object.clone());
        draft.previous = Some(Value::Object(previous));
        draft.idempotency_key = idempotency_key.map(str::to_owned);
        self.emit(&emission, created, vec![draft]);
        self.disputes.insert(dispute.id.clone(), dispute);
        Answer::ok(object)
    }

    fn dispute_object(&self, dispute: &Dispute) -> Option<Value> {
        let payment = self.payments.get(&dispute.payment)?;
        let mut evidence: Map<String, Value> =
            TEXTS.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
        evidence.extend(dispute.evidence.iter().map(|(name, text)| (name.clone(), json!(text))));
        let movements: Vec<Value> =
            dispute.movements.iter().map(|minor| movement(dispute, payment, *minor)).collect();
        let submitted = dispute.submission_count > 0;
        Some(json!({
            "id": dispute.id, "object": "dispute", "amount": dispute.amount,
            "balance_transactions": movements, "charge": payment.charge, "created": dispute.created,
            "currency": payment.currency, "enhanced_eligibility_types": [], "evidence": evidence,
            "evidence_details": {
                "due_by": dispute.due_by, "enhanced_eligibility": {},
                "has_evidence": !dispute.evidence.is_empty(), "past_due": dispute.due_by <= clock::unix_s(),
                "submission_count": dispute.submission_count,
                "submission_method": if submitted { "manual" } else { "not_submitted" },
            },
            "is_charge_refundable": !takes_money(dispute), "livemode": self.settings.livemode,
            "metadata": dispute.metadata, "payment_intent": payment.id,
            "payment_method_details": {
                "type": "card",
                "card": {
                    "brand": "visa", "network_reason_code": "10.4",
                    "case_type": case_type(dispute),
                },
            },
            "reason": dispute.reason, "status": dispute.status,
        }))
    }
}

/// Whether this dispute keeps its charge from being refunded.
fn takes_money(dispute: &Dispute) -> bool {
    !dispute.status.starts_with("warning_") && dispute.status != "won"
}

fn case_type(dispute: &Dispute) -> &'static str {
    if dispute.status.starts_with("warning_") { "inquiry" } else { "chargeback" }
}

fn movement(dispute: &Dispute, payment: &Payment, minor: i64) -> Value {
    let category = if minor < 0 { "dispute" } else { "dispute_reversal" };
    json!({
        "id": format!("txn_{}{category}", dispute.id.trim_start_matches("du_")),
        "object": "balance_transaction", "amount": minor, "currency": payment.currency, "fee": 0,
        "fee_details": [], "net": minor, "reporting_category": category, "source": dispute.id,
        "status": "available", "type": "adjustment",
    })
}

/// What one command made with two events.
fn joined(first: Made, second: Made) -> Made {
    Made { events: [first.events, second.events].concat(), ..first }
}
