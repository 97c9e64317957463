//! Disputes: a cardholder's bank takes a payment back, or asks about it.

use primitives::{DisputeId, PaymentId, Timestamp};
use serde::Deserialize;

use crate::id::ChargeId;
use crate::open_enum::open_enum;
use crate::wire::{Fault, Scalar, required};

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
    /// Whether the charge can still be refunded; `true` if Stripe does not say so.
    pub charge_refundable: bool,
    /// When it was opened.
    pub created: Timestamp,
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
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<DisputeObject, Fault> {
        Ok(DisputeObject {
            id: required(self.id.id("id")?, "id")?,
            payment: self.payment_intent.id("payment_intent")?,
            charge: self.charge.id("charge")?,
            status: required(self.status.choice("status")?, "status")?,
            charge_refundable: self.is_charge_refundable.flag("is_charge_refundable")?.unwrap_or(true),
            created: required(self.created.instant("created")?, "created")?,
        })
    }
}
