//! Charges: what a bank statement and a receipt name a payment by.

use primitives::PaymentId;
use serde::Deserialize;

use crate::id::ChargeId;
use crate::wire::{Fault, Scalar, required};

/// A charge as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeObject {
    pub id: ChargeId,
    /// The payment that it took; old integrations have charges without one.
    pub payment: Option<PaymentId>,
    /// The number of the receipt that was sent for it, like `1234-5678`.
    pub receipt_number: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    payment_intent: Scalar<'a>,
    #[serde(borrow, default)]
    receipt_number: Scalar<'a>,
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<ChargeObject, Fault> {
        Ok(ChargeObject {
            id: required(self.id.id("id")?, "id")?,
            payment: self.payment_intent.id("payment_intent")?,
            receipt_number: self.receipt_number.text("receipt_number")?.map(str::to_owned),
        })
    }
}
