//! Payments that succeeded: how a company's own code charges a saved card, as for an automatic top-up.

use primitives::{CustomerId, Money, PaymentId, Quantity};
use provider_wire::{Metadata, MetadataField};
use serde::Deserialize;

use crate::checkout::price_of_metadata;
use crate::id::{InvoiceId, PriceId};
use crate::wire::{Fault, Scalar, money, required};

/// The key of the metadata under which the company's own code says how many were bought.
const QUANTITY_KEY: &str = "quantity";

/// A payment that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentIntent {
    pub id: PaymentId,
    pub customer: Option<CustomerId>,
    /// What was received.
    pub amount: Money,
    /// The invoice that it paid. From 2025-03-31 on no payment says so.
    pub invoice: Option<InvoiceId>,
    /// What the company's own code says was bought, under the metadata key `price`.
    pub named_price: Option<PriceId>,
    /// How many of it, under the metadata key `quantity`: one without that key, and `None` if its value is no
    /// whole number of at least 1. Other code of the company's may use the key for something else.
    pub named_quantity: Option<Quantity>,
    /// The payment's metadata.
    pub metadata: Metadata,
}

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    customer: Scalar<'a>,
    #[serde(borrow, default)]
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    amount_received: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(default)]
    metadata: MetadataField,
    // Before 2025-03-31:
    #[serde(borrow, default)]
    invoice: Scalar<'a>,
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<PaymentIntent, Fault> {
        let currency = required(self.currency.currency("currency")?, "currency")?;
        let received = match self.amount_received.integer("amount_received")? {
            Some(received) => received,
            None => required(self.amount.integer("amount")?, "amount")?,
        };
        let metadata = self.metadata.read("metadata")?;
        let count = metadata.get(QUANTITY_KEY).map_or(Ok(1), str::parse);
        let named_quantity = count.ok().filter(|count| *count > 0).map(Quantity::whole);
        Ok(PaymentIntent {
            id: required(self.id.id("id")?, "id")?,
            customer: self.customer.id("customer")?,
            amount: money(received, currency, "amount_received")?,
            invoice: self.invoice.id("invoice")?,
            named_price: price_of_metadata(&metadata),
            named_quantity,
            metadata,
        })
    }
}
