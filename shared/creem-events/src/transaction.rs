//! Transactions: each payment, with the running total of what went back.

use primitives::{CountryCode, CustomerId, Money, PaymentId, SubscriptionId, Timestamp};
use provider_wire::{Fault, Link, Scalar, open_enum, required};
use serde::Deserialize;

use crate::buyer::country;
use crate::id::OrderId;
use crate::object::{CreemMode, UnreadableObject, amount, read_object};

open_enum! {
    /// Where a transaction stands. Documentation and types spell some of the words differently.
    pub enum TransactionStatus {
        Pending = "pending",
        Paid = "paid",
        /// All of it went back.
        Refunded = "refunded",
        /// A part of it went back.
        PartialRefund = "partialRefund" | "partially_refunded" | "partial_refund" | "partiallyRefunded",
        /// The cardholder's bank took it back.
        ChargedBack = "chargedBack" | "chargeback" | "charged_back" | "chargeBack",
        Uncollectible = "uncollectible",
        Declined = "declined",
        Canceled = "canceled" | "cancelled",
        Void = "void",
    }
}

open_enum! {
    /// What a transaction pays.
    pub enum TransactionType {
        /// A product that is bought once.
        Payment = "payment",
        /// A period of a subscription.
        Invoice = "invoice",
    }
}

/// A transaction as of an event, or as the API has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreemTransaction {
    pub id: PaymentId,
    /// Without tax where the product's price is without it: not what the customer paid.
    pub amount: Option<Money>,
    /// What the customer paid, tax included: what refunds count against.
    pub amount_paid: Option<Money>,
    pub tax_amount: Option<Money>,
    /// Where the buyer is taxed.
    pub tax_country: Option<CountryCode>,
    pub discount_amount: Option<Money>,
    /// How much of `amount_paid` went back so far: it only grows. `None` where nothing is said.
    pub refunded_amount: Option<Money>,
    pub kind: Option<TransactionType>,
    pub status: Option<TransactionStatus>,
    pub order: Option<OrderId>,
    pub subscription: Option<SubscriptionId>,
    pub customer: Option<CustomerId>,
    pub period_start: Option<Timestamp>,
    pub period_end: Option<Timestamp>,
    pub created: Option<Timestamp>,
    pub mode: Option<CreemMode>,
}

impl CreemTransaction {
    /// A transaction of which only the id is known.
    pub fn bare(id: PaymentId) -> Self {
        Self {
            id,
            amount: None,
            amount_paid: None,
            tax_amount: None,
            tax_country: None,
            discount_amount: None,
            refunded_amount: None,
            kind: None,
            status: None,
            order: None,
            subscription: None,
            customer: None,
            period_start: None,
            period_end: None,
            created: None,
            mode: None,
        }
    }

    /// Reads an object of the API.
    pub fn from_json(text: &str) -> Result<Self, UnreadableObject> {
        Ok(read_object(text, TransactionWire::fact)?)
    }
}

#[derive(Deserialize)]
pub(crate) struct TransactionWire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    amount_paid: Scalar<'a>,
    #[serde(borrow, default)]
    tax_amount: Scalar<'a>,
    #[serde(borrow, default)]
    tax_country: Scalar<'a>,
    #[serde(borrow, default)]
    discount_amount: Scalar<'a>,
    #[serde(borrow, default)]
    refunded_amount: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(rename = "type", borrow, default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    order: Scalar<'a>,
    #[serde(borrow, default)]
    subscription: Scalar<'a>,
    #[serde(borrow, default)]
    customer: Scalar<'a>,
    #[serde(borrow, default)]
    period_start: Scalar<'a>,
    #[serde(borrow, default)]
    period_end: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(borrow, default)]
    mode: Scalar<'a>,
}

impl TransactionWire<'_> {
    pub(crate) fn fact(self) -> Result<CreemTransaction, Fault> {
        let currency = self.currency.currency("currency")?;
        Ok(CreemTransaction {
            id: required(self.id.id("id")?, "id")?,
            amount: amount(&self.amount, currency, "amount")?,
            amount_paid: amount(&self.amount_paid, currency, "amount_paid")?,
            tax_amount: amount(&self.tax_amount, currency, "tax_amount")?,
            tax_country: country(&self.tax_country),
            discount_amount: amount(&self.discount_amount, currency, "discount_amount")?,
            refunded_amount: amount(&self.refunded_amount, currency, "refunded_amount")?,
            kind: self.kind.choice("type")?,
            status: self.status.choice("status")?,
            order: self.order.id("order")?,
            subscription: self.subscription.id("subscription")?,
            customer: self.customer.id("customer")?,
            period_start: self.period_start.moment("period_start")?,
            period_end: self.period_end.moment("period_end")?,
            created: self.created_at.moment("created_at")?,
            mode: self.mode.choice("mode")?,
        })
    }
}

/// A link to a transaction.
pub(crate) type TransactionLink<'a> = Link<'a, TransactionWire<'a>>;

pub(crate) fn transaction(link: TransactionLink<'_>, field: &str) -> Result<Option<CreemTransaction>, Fault> {
    link.fact(field, CreemTransaction::bare, TransactionWire::fact)
}
