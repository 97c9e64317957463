//! Disputes: a cardholder's bank takes a payment back, or asks about it.

use primitives::{Currency, DisputeId, Money, PaymentId, Timestamp};
use provider_wire::open_enum;
use serde::Deserialize;

use crate::id::ChargeId;
use crate::wire::{Fault, List, Object, Scalar, money, required};

open_enum! {
    /// Where a dispute stands. None of the values is final: a lost one may be appealed.
    pub enum DisputeStatus {
        /// An inquiry: no money has been taken yet.
        WarningNeedsResponse = "warning_needs_response",
        /// An inquiry that was answered.
        WarningUnderReview = "warning_under_review",
        /// An inquiry that ended without a dispute.
        WarningClosed = "warning_closed",
        /// The money is taken; evidence is asked for.
        NeedsResponse = "needs_response",
        /// The evidence is being looked at.
        UnderReview = "under_review",
        /// The money is back.
        Won = "won",
        /// The money is gone.
        Lost = "lost",
        /// It never became one: the bank blocked it, or a rule refunded the charge.
        Prevented = "prevented",
        /// An appeal asks for evidence.
        AppealNeedsResponse = "appeal_needs_response",
        /// An appeal is being looked at.
        AppealUnderReview = "appeal_under_review",
    }
}

/// A dispute as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeObject {
    pub id: DisputeId,
    /// The payment that is disputed.
    pub payment: Option<PaymentId>,
    /// The charge of that payment.
    pub charge: Option<ChargeId>,
    /// Where it stands.
    pub status: DisputeStatus,
    /// Whether the charge can still be refunded. Where Stripe does not say so: `false` of a dispute that is
    /// open, `true` of every other.
    pub charge_refundable: bool,
    /// When it was opened.
    pub created: Timestamp,
    /// What is disputed; `None` where the event does not say. It may be less than the charge, or more.
    pub amount: Option<Money>,
    /// The network's reason, as Stripe names it.
    pub reason: Option<String>,
    /// Until when evidence is accepted; `None` where no answer is possible.
    pub due_by: Option<Timestamp>,
    /// The movements of the money so far: a withdrawal, which may be followed by a reinstatement.
    pub movements: Vec<DisputeMovement>,
}

/// A movement of the money of a dispute, in the currency in which Stripe settles with the company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisputeMovement {
    /// Minor units: below zero for money that was withdrawn, above zero for money that came back.
    pub minor: i64,
    pub currency: Currency,
}

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    payment_intent: Scalar<'a>,
    #[serde(borrow, default)]
    charge: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    is_charge_refundable: Scalar<'a>,
    #[serde(borrow, default)]
    created: Scalar<'a>,
    #[serde(borrow, default)]
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(borrow, default)]
    reason: Scalar<'a>,
    #[serde(borrow, default)]
    evidence_details: Object<EvidenceWire<'a>>,
    #[serde(borrow, default)]
    balance_transactions: List<MovementWire<'a>>,
}

#[derive(Deserialize)]
struct EvidenceWire<'a> {
    #[serde(borrow, default)]
    due_by: Scalar<'a>,
}

#[derive(Deserialize)]
struct MovementWire<'a> {
    #[serde(borrow, default)]
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
}

impl MovementWire<'_> {
    fn fact(&self) -> Result<DisputeMovement, Fault> {
        Ok(DisputeMovement {
            minor: required(self.amount.integer("amount")?, "amount")?,
            currency: required(self.currency.currency("currency")?, "currency")?,
        })
    }
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<DisputeObject, Fault> {
        let amount = self.amount.integer("amount")?.zip(self.currency.currency("currency")?);
        let movements = self.balance_transactions.items().iter().enumerate();
        let movements = movements.map(|(index, wire)| {
            wire.fact().map_err(|fault| fault.within(&format!("balance_transactions.data[{index}]")))
        });
        let status: DisputeStatus = required(self.status.choice("status")?, "status")?;
        let is_open = matches!(status, DisputeStatus::NeedsResponse | DisputeStatus::UnderReview);
        Ok(DisputeObject {
            id: required(self.id.id("id")?, "id")?,
            payment: self.payment_intent.id("payment_intent")?,
            charge: self.charge.id("charge")?,
            status,
            charge_refundable: self.is_charge_refundable.flag("is_charge_refundable")?.unwrap_or(!is_open),
            created: required(self.created.instant("created")?, "created")?,
            amount: amount.map(|(minor, currency)| money(minor, currency, "amount")).transpose()?,
            reason: self.reason.text("reason")?.map(str::to_owned),
            due_by: self.due_by()?,
            movements: movements.collect::<Result<_, _>>()?,
        })
    }

    /// Stripe writes 0 where no answer is possible.
    fn due_by(&self) -> Result<Option<Timestamp>, Fault> {
        let Some(evidence) = self.evidence_details.get() else { return Ok(None) };
        match evidence.due_by.integer("due_by")? {
            None | Some(0) => Ok(None),
            Some(_) => evidence.due_by.instant("due_by"),
        }
    }
}
