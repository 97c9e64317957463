//! Checkouts and their orders: what was bought, and for whom.

use primitives::{Buyer, CountryCode, CustomerId, Money, Timestamp};
use provider_wire::{Fault, Link, Metadata, MetadataField, Scalar, open_enum, required};
use serde::Deserialize;

use crate::buyer::{CustomerLink, buyer_of, customer};
use crate::id::{CheckoutId, CreemProductId, OrderId};
use crate::object::{CreemMode, amount, units};
use crate::subscription::{LinkedSubscription, SubscriptionLink, subscription};
use crate::transaction::{CreemTransaction, TransactionLink, transaction};

open_enum! {
    /// Whether an order is paid. A refund changes nothing of it.
    pub enum CreemOrderStatus {
        Pending = "pending",
        Paid = "paid",
    }
}

open_enum! {
    /// How a product is paid.
    pub enum CreemBilling {
        /// Once.
        OneTime = "onetime" | "one-time" | "one_time",
        /// Period by period.
        Recurring = "recurring",
    }
}

/// A checkout as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreemCheckout {
    pub id: CheckoutId,
    /// What the company's server called it.
    pub request_id: Option<String>,
    pub order: Option<CreemOrder>,
    pub product: Option<CreemProductId>,
    /// How the product is paid, by the order or, where that does not say, by the product.
    pub billing: Option<CreemBilling>,
    /// At least one; `None` where nothing is said.
    pub units: Option<u64>,
    /// The subscription that it began.
    pub subscription: Option<LinkedSubscription>,
    pub customer: Option<CustomerId>,
    /// The country that the customer gave.
    pub customer_country: Option<CountryCode>,
    pub metadata: Metadata,
    pub mode: Option<CreemMode>,
}

impl CreemCheckout {
    /// Who bought, as far as the checkout and its transaction say.
    pub fn buyer(&self) -> Buyer {
        let transaction = self.order.as_ref().and_then(|order| order.transaction.as_ref());
        buyer_of(self.customer_country, transaction.and_then(|transaction| transaction.tax_country))
    }
}

/// An order as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreemOrder {
    pub id: OrderId,
    /// The payment of it; often missing, and often with nothing but its id.
    pub transaction: Option<CreemTransaction>,
    pub product: Option<CreemProductId>,
    pub customer: Option<CustomerId>,
    /// Without tax where the product's price is without it.
    pub amount: Option<Money>,
    /// What the customer paid, tax included.
    pub amount_paid: Option<Money>,
    pub status: Option<CreemOrderStatus>,
    pub billing: Option<CreemBilling>,
    pub created: Option<Timestamp>,
}

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    request_id: Scalar<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    order: Link<'a, OrderWire<'a>>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    product: Link<'a, ProductWire<'a>>,
    #[serde(borrow, default)]
    units: Scalar<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    subscription: SubscriptionLink<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    customer: CustomerLink<'a>,
    #[serde(default)]
    metadata: MetadataField,
    #[serde(borrow, default)]
    mode: Scalar<'a>,
}

#[derive(Deserialize)]
struct OrderWire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    transaction: TransactionLink<'a>,
    #[serde(borrow, default)]
    product: Scalar<'a>,
    #[serde(borrow, default)]
    customer: Scalar<'a>,
    #[serde(borrow, default)]
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    amount_paid: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(rename = "type", borrow, default)]
    billing: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
}

#[derive(Deserialize)]
struct ProductWire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    billing_type: Scalar<'a>,
}

impl CreemOrder {
    /// An order of which only the id is known.
    fn bare(id: OrderId) -> Self {
        Self {
            id,
            transaction: None,
            product: None,
            customer: None,
            amount: None,
            amount_paid: None,
            status: None,
            billing: None,
            created: None,
        }
    }
}

impl CreemOrder {
    /// What the customer paid, tax included, by the order or by its transaction.
    pub fn paid(&self) -> Option<Money> {
        self.amount_paid.or_else(|| self.transaction.as_ref()?.amount_paid)
    }
}

impl OrderWire<'_> {
    fn fact(self) -> Result<CreemOrder, Fault> {
        let currency = self.currency.currency("currency")?;
        Ok(CreemOrder {
            id: required(self.id.id("id")?, "id")?,
            transaction: transaction(self.transaction, "transaction")?,
            product: self.product.id("product")?,
            customer: self.customer.id("customer")?,
            amount: amount(&self.amount, currency, "amount")?,
            amount_paid: amount(&self.amount_paid, currency, "amount_paid")?,
            status: self.status.choice("status")?,
            billing: self.billing.choice("type")?,
            created: self.created_at.moment("created_at")?,
        })
    }
}

impl ProductWire<'_> {
    fn fact(self) -> Result<(CreemProductId, Option<CreemBilling>), Fault> {
        Ok((required(self.id.id("id")?, "id")?, self.billing_type.choice("billing_type")?))
    }
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<CreemCheckout, Fault> {
        let order = self.order.fact("order", CreemOrder::bare, OrderWire::fact)?;
        let product = self.product.fact("product", |id| (id, None), ProductWire::fact)?;
        let (product, product_billing) = product.map_or((None, None), |(id, billing)| (Some(id), billing));
        let billing = order.as_ref().and_then(|order| order.billing.clone()).or(product_billing);
        let product = product.or_else(|| order.as_ref()?.product.clone());
        let customer = customer(self.customer)?;
        Ok(CreemCheckout {
            id: required(self.id.id("id")?, "id")?,
            request_id: self.request_id.text("request_id")?.map(str::to_owned),
            order,
            product,
            billing,
            units: units(&self.units, "units")?,
            subscription: subscription(self.subscription)?,
            customer_country: customer.as_ref().and_then(|customer| customer.country),
            customer: customer.map(|customer| customer.id),
            metadata: self.metadata.read_texts("metadata")?,
            mode: self.mode.choice("mode")?,
        })
    }
}
