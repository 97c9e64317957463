//! Disputes: money that the cardholder's bank takes back.

use primitives::{CustomerId, DisputeId, Money, Timestamp};
use provider_wire::{Fault, Link, Scalar, required};
use serde::Deserialize;

use crate::id::OrderId;
use crate::links::{LinkedCheckout, LinksWire};
use crate::object::{CreemMode, LinkedWire, amount};
use crate::subscription::{LinkedSubscription, SubscriptionLink};
use crate::transaction::{CreemTransaction, TransactionLink};

/// A dispute as of the one event that there is of it: without a state, a reason and a due date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreemDispute {
    pub id: DisputeId,
    pub amount: Option<Money>,
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
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
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
    pub(crate) fn fact(self) -> Result<CreemDispute, Fault> {
        let links = LinksWire {
            transaction: self.transaction,
            order: self.order,
            subscription: self.subscription,
            checkout: self.checkout,
            customer: self.customer,
        };
        let links = links.fact()?;
        let currency = self.currency.currency("currency")?;
        Ok(CreemDispute {
            id: required(self.id.id("id")?, "id")?,
            amount: amount(&self.amount, currency, "amount")?,
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
