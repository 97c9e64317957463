//! Refunds: money on its way back, from our own calls or from somebody's hand in Stripe's dashboard.

use primitives::{Money, PaymentId, RefundId, Timestamp};
use provider_wire::{Metadata, MetadataField, open_enum};
use serde::Deserialize;

use crate::id::ChargeId;
use crate::wire::{Fault, Scalar, money, required};

open_enum! {
    /// Where a refund stands. None of the values is final: a refund that succeeded may fail days later.
    pub enum RefundStatus {
        /// Not yet sent, for instance while Stripe's balance is too low.
        Pending = "pending",
        /// The customer has to say where the money goes.
        RequiresAction = "requires_action",
        /// Sent to the bank.
        Succeeded = "succeeded",
        /// The bank did not take it; the money is back in Stripe's balance.
        Failed = "failed",
        /// Taken back before it was sent.
        Canceled = "canceled",
    }
}

open_enum! {
    /// Why a refund failed.
    pub enum RefundFailureReason {
        /// The card was reported lost or stolen.
        LostOrStolenCard = "lost_or_stolen_card",
        /// The card expired or was cancelled.
        ExpiredOrCanceledCard = "expired_or_canceled_card",
        /// The payment was disputed while the refund waited.
        ChargeForPendingRefundDisputed = "charge_for_pending_refund_disputed",
        /// Stripe's balance stayed too low.
        InsufficientFunds = "insufficient_funds",
        /// The bank declined it.
        Declined = "declined",
        /// The company asked for it.
        MerchantRequest = "merchant_request",
        /// Stripe does not know either.
        Unknown = "unknown",
    }
}

/// A refund as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundObject {
    pub id: RefundId,
    /// The payment that is refunded.
    pub payment: Option<PaymentId>,
    /// The charge of that payment.
    pub charge: Option<ChargeId>,
    pub amount: Money,
    /// Where it stands; some payment methods do not say.
    pub status: Option<RefundStatus>,
    /// Why it failed, if it did.
    pub failure_reason: Option<RefundFailureReason>,
    /// The refund's metadata, with our own ids where the refund is ours.
    pub metadata: Metadata,
    /// When it was made; `None` where the event does not say.
    pub created: Option<Timestamp>,
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
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    failure_reason: Scalar<'a>,
    #[serde(default)]
    metadata: MetadataField,
    #[serde(borrow, default)]
    created: Scalar<'a>,
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<RefundObject, Fault> {
        let currency = required(self.currency.currency("currency")?, "currency")?;
        let amount = required(self.amount.integer("amount")?, "amount")?;
        Ok(RefundObject {
            id: required(self.id.id("id")?, "id")?,
            payment: self.payment_intent.id("payment_intent")?,
            charge: self.charge.id("charge")?,
            amount: money(amount, currency, "amount")?,
            status: self.status.choice("status")?,
            failure_reason: self.failure_reason.choice("failure_reason")?,
            metadata: self.metadata.read("metadata")?,
            created: self.created.instant("created")?,
        })
    }
}
