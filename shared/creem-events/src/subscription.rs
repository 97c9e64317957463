//! Subscriptions: whether and until when a customer has one.

use primitives::{Buyer, CountryCode, CustomerId, PaymentId, SubscriptionId, Timestamp};
use provider_wire::{Fault, Link, List, Metadata, MetadataField, Scalar, open_enum, required};
use serde::Deserialize;

use crate::buyer::{CustomerLink, buyer_of, customer};
use crate::id::CreemProductId;
use crate::object::{CreemMode, LinkedWire, UnreadableObject, bare_parts, read_object, units};
use crate::transaction::{CreemTransaction, TransactionLink, transaction};

open_enum! {
    /// Where a subscription stands, in Creem's words.
    pub enum CreemSubscriptionStatus {
        Active = "active",
        Trialing = "trialing",
        /// Active until its period ends. Can be resumed.
        ScheduledCancel = "scheduled_cancel",
        /// A payment failed, and is being tried again.
        PastDue = "past_due",
        /// A payment failed for good.
        Unpaid = "unpaid",
        /// Billing is on hold.
        Paused = "paused",
        /// Ended. The only status that is final.
        Canceled = "canceled" | "cancelled",
        /// The period ended unpaid; payments may still be tried.
        Expired = "expired",
        Incomplete = "incomplete",
    }
}

/// A subscription as of an event, or as the API has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreemSubscription {
    pub id: SubscriptionId,
    pub product: Option<CreemProductId>,
    pub customer: Option<CustomerId>,
    /// The country that the customer gave.
    pub customer_country: Option<CountryCode>,
    /// What it consists of; empty where the event does not say.
    pub items: Vec<CreemItem>,
    pub status: Option<CreemSubscriptionStatus>,
    /// The newest payment of it; often with nothing but its id.
    pub last_transaction: Option<CreemTransaction>,
    pub last_transaction_at: Option<Timestamp>,
    pub next_transaction_at: Option<Timestamp>,
    pub current_period_start: Option<Timestamp>,
    pub current_period_end: Option<Timestamp>,
    /// When it was cancelled.
    pub canceled_at: Option<Timestamp>,
    pub created: Option<Timestamp>,
    /// Copied from the checkout that began it.
    pub metadata: Metadata,
    pub mode: Option<CreemMode>,
}

/// One item of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreemItem {
    pub product: Option<CreemProductId>,
    /// At least one; `None` where nothing is said.
    pub units: Option<u64>,
}

/// A subscription that another object links to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedSubscription {
    pub id: SubscriptionId,
    /// Empty where the link is an id alone.
    pub metadata: Metadata,
}

impl CreemSubscription {
    /// Who pays, as far as the subscription and its newest transaction say.
    pub fn buyer(&self) -> Buyer {
        let transaction = self.last_transaction.as_ref();
        buyer_of(self.customer_country, transaction.and_then(|transaction| transaction.tax_country))
    }

    /// Reads an object of the API.
    pub fn from_json(text: &str) -> Result<Self, UnreadableObject> {
        Ok(read_object(text, Wire::fact)?)
    }
}

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    product: Scalar<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    customer: CustomerLink<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    items: List<ItemWire<'a>>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    last_transaction_id: Scalar<'a>,
    #[serde(default, bound(deserialize = "'de: 'a"))]
    last_transaction: TransactionLink<'a>,
    #[serde(borrow, default)]
    last_transaction_date: Scalar<'a>,
    #[serde(borrow, default)]
    next_transaction_date: Scalar<'a>,
    #[serde(borrow, default)]
    current_period_start_date: Scalar<'a>,
    #[serde(borrow, default)]
    current_period_end_date: Scalar<'a>,
    #[serde(borrow, default)]
    canceled_at: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(default)]
    metadata: MetadataField,
    #[serde(borrow, default)]
    mode: Scalar<'a>,
}

#[derive(Deserialize)]
struct ItemWire<'a> {
    #[serde(borrow, default)]
    product_id: Scalar<'a>,
    #[serde(borrow, default)]
    units: Scalar<'a>,
}

impl ItemWire<'_> {
    fn fact(self) -> Result<CreemItem, Fault> {
        Ok(CreemItem { product: self.product_id.id("product_id")?, units: units(&self.units, "units")? })
    }
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<CreemSubscription, Fault> {
        let id: Option<PaymentId> = self.last_transaction_id.id("last_transaction_id")?;
        let last = transaction(self.last_transaction, "last_transaction")?;
        // The id is the newer one of the two, where they differ.
        let last_transaction = match id {
            Some(id) => last.filter(|last| last.id == id).or_else(|| Some(CreemTransaction::bare(id))),
            None => last,
        };
        let customer = customer(self.customer)?;
        Ok(CreemSubscription {
            id: required(self.id.id("id")?, "id")?,
            product: self.product.id("product")?,
            customer_country: customer.as_ref().and_then(|customer| customer.country),
            customer: customer.map(|customer| customer.id),
            items: self.items.facts("items", ItemWire::fact)?,
            status: self.status.choice("status")?,
            last_transaction,
            last_transaction_at: self.last_transaction_date.moment("last_transaction_date")?,
            next_transaction_at: self.next_transaction_date.moment("next_transaction_date")?,
            current_period_start: self.current_period_start_date.moment("current_period_start_date")?,
            current_period_end: self.current_period_end_date.moment("current_period_end_date")?,
            canceled_at: self.canceled_at.moment("canceled_at")?,
            created: self.created_at.moment("created_at")?,
            metadata: self.metadata.read_texts("metadata")?,
            mode: self.mode.choice("mode")?,
        })
    }
}

/// A link to a subscription.
pub(crate) type SubscriptionLink<'a> = Link<'a, LinkedWire<'a>>;

pub(crate) fn subscription(link: SubscriptionLink<'_>) -> Result<Option<LinkedSubscription>, Fault> {
    let parts = link.fact("subscription", bare_parts, LinkedWire::parts)?;
    Ok(parts.map(|(id, _, metadata)| LinkedSubscription { id, metadata }))
}
