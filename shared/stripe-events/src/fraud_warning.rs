//! Early fraud warnings: the card's issuer reports a payment as possibly fraudulent.

use primitives::{FraudWarningId, PaymentId};
use serde::Deserialize;

use crate::id::ChargeId;
use crate::wire::{Fault, Scalar, required};

/// An early fraud warning as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FraudWarningObject {
    pub id: FraudWarningId,
    /// The payment that it is about; older API versions name the charge alone.
    pub payment: Option<PaymentId>,
    /// The charge of that payment.
    pub charge: Option<ChargeId>,
    /// Whether the payment is neither disputed nor refunded in full; `true` if Stripe does not say so.
    pub actionable: bool,
    /// The kind of fraud, as Stripe names it.
    pub fraud_type: Option<String>,
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
    actionable: Scalar<'a>,
    #[serde(borrow, default)]
    fraud_type: Scalar<'a>,
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<FraudWarningObject, Fault> {
        Ok(FraudWarningObject {
            id: required(self.id.id("id")?, "id")?,
            payment: self.payment_intent.id("payment_intent")?,
            charge: self.charge.id("charge")?,
            actionable: self.actionable.flag("actionable")?.unwrap_or(true),
            fraud_type: self.fraud_type.text("fraud_type")?.map(str::to_owned),
        })
    }
}
