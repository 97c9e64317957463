//! Refunds: money on its way back, from our own calls, from the dashboard, or from Creem by itself.

use primitives::{CustomerId, Money, RefundId, Timestamp};
use provider_wire::{Fault, Link, Scalar, open_enum, required};
use serde::Deserialize;

use crate::id::OrderId;
use crate::links::{LinkedCheckout, LinksWire};
use crate::object::{CreemMode, LinkedWire, amount};
use crate::subscription::{LinkedSubscription, SubscriptionLink};
use crate::transaction::{CreemTransaction, TransactionLink};

open_enum! {
    /// Where a refund stands. No later event says that it changed.
    pub enum CreemRefundStatus {
        Pending = "pending",
        /// The customer has to say where the money goes.
        RequiresAction = "requiresAction" | "requires_action",
        Succeeded = "succeeded",
        Failed = "failed",
        Canceled = "canceled" | "cancelled",
    }
}

open_enum! {
    /// Why money goes back.
    pub enum CreemRefundReason {
        Duplicate = "duplicate",
        Fraudulent = "fraudulent",
        RequestedByCustomer = "requested_by_customer",
        Unnamed = "other",
    }
}

/// A refund as of an event. It carries nothing of ours but through the checkout or the subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreemRefund {
    pub id: RefundId,
    pub status: Option<CreemRefundStatus>,
    /// What this refund gives back, tax included. The total is the transaction's `refunded_amount`.
    pub amount: Option<Money>,
    pub reason: Option<CreemRefundReason>,
    pub transaction: Option<CreemTransaction>,
    pub order: Option<OrderId>,
    pub subscription: Option<LinkedSubscription>,
    pub checkout: Option<LinkedCheckout>,
    pub customer: Option<CustomerId>,
    pub created: Option<Timestamp>,
    pub mode: Option<CreemMode>,
}

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    refund_amount: Scalar<'a>,
    #[serde(borrow, default)]
    refund_currency: Scalar<'a>,
    #[serde(borrow, default)]
    reason: Scalar<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    transaction: TransactionLink<'a>,
    #[serde(borrow, default)]
    order: Scalar<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    subscription: SubscriptionLink<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    checkout: Link<'a, LinkedWire<'a>>,
    #[serde(borrow, default)]
    customer: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(borrow, default)]
    mode: Scalar<'a>,
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<CreemRefund, Fault> {
        let links = LinksWire {
            transaction: self.transaction,
            order: self.order,
            subscription: self.subscription,
            checkout: self.checkout,
            customer: self.customer,
        };
        let links = links.fact()?;
        let currency = self.refund_currency.currency("refund_currency")?;
        Ok(CreemRefund {
            id: required(self.id.id("id")?, "id")?,
            status: self.status.choice("status")?,
            amount: amount(&self.refund_amount, currency, "refund_amount")?,
            reason: self.reason.choice("reason")?,
            transaction: links.transaction,
            order: links.order,
            subscription: links.subscription,
            checkout: links.checkout,
            customer: links.customer,
            created: self.created_at.moment("created_at")?,
            mode: self.mode.choice("mode")?,
        })
    }
}
