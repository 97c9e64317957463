//! What a refund or a dispute links to.

use primitives::{CustomerId, SubscriptionId};
use provider_wire::{Fault, Link, Metadata, Scalar};

use crate::id::{CheckoutId, OrderId};
use crate::object::{LinkedWire, bare_parts};
use crate::subscription::{LinkedSubscription, SubscriptionLink, subscription};
use crate::transaction::{CreemTransaction, TransactionLink, transaction};

/// A checkout that another object links to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedCheckout {
    pub id: CheckoutId,
    pub request_id: Option<String>,
    /// Empty where the link is an id alone.
    pub metadata: Metadata,
}

/// The links of one object, each of them optional.
pub(crate) struct Links {
    pub(crate) transaction: Option<CreemTransaction>,
    pub(crate) order: Option<OrderId>,
    pub(crate) subscription: Option<LinkedSubscription>,
    pub(crate) checkout: Option<LinkedCheckout>,
    pub(crate) customer: Option<CustomerId>,
}

/// The same as they come.
pub(crate) struct LinksWire<'a> {
    pub(crate) transaction: TransactionLink<'a>,
    pub(crate) order: Scalar<'a>,
    pub(crate) subscription: SubscriptionLink<'a>,
    pub(crate) checkout: Link<'a, LinkedWire<'a>>,
    pub(crate) customer: Scalar<'a>,
}

impl LinksWire<'_> {
    /// The transaction's own links stand in for what the object does not say.
    pub(crate) fn fact(self) -> Result<Links, Fault> {
        let transaction = transaction(self.transaction, "transaction")?;
        let checkout = self.checkout.fact("checkout", bare_parts, LinkedWire::parts)?;
        let order: Option<OrderId> = self.order.id("order")?;
        let customer: Option<CustomerId> = self.customer.id("customer")?;
        let bare = |id: SubscriptionId| LinkedSubscription { id, metadata: Metadata::default() };
        let paid = transaction.as_ref();
        Ok(Links {
            order: order.or_else(|| paid?.order.clone()),
            subscription: subscription(self.subscription)?.or_else(|| paid?.subscription.clone().map(bare)),
            checkout: checkout.map(|(id, request_id, metadata)| LinkedCheckout { id, request_id, metadata }),
            customer: customer.or_else(|| paid?.customer.clone()),
            transaction,
        })
    }
}
