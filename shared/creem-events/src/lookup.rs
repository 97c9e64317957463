//! The payment that an event does not carry in full, and what Creem answers for it.

use primitives::{PaymentId, SubscriptionId};
use serde_json::{Map, Value};

use crate::checkout::{CreemBilling, CreemCheckout};
use crate::event::{CreemEvent, CreemEventKind, SubscriptionMove};
use crate::id::OrderId;
use crate::signature::SignedByCreem;
use crate::subscription::CreemSubscription;
use crate::transaction::CreemTransaction;

/// The transaction to be fetched for an event that reports a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransactionLookup {
    /// The one of this id: the event does not say what was paid.
    Known(PaymentId),
    /// The one that paid an order.
    OfOrder(OrderId),
    /// The newest one of a subscription.
    OfSubscription(SubscriptionId),
}

/// A transaction as Creem's API has answered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedTransaction(pub Value);

impl CreemEvent {
    /// The transaction that the event lacks. `subscription.paid`, and `checkout.completed` of a product that
    /// is paid once, may name no payment or not what was paid, a refund no payment or not its total, and a
    /// dispute no payment.
    pub fn lookup(&self) -> Option<TransactionLookup> {
        match &self.kind {
            CreemEventKind::CheckoutCompleted(checkout) => checkout.lookup(),
            CreemEventKind::Subscription(SubscriptionMove::Paid, subscription) => subscription.lookup(),
            CreemEventKind::RefundCreated(refund) => match &refund.transaction {
                Some(transaction) if transaction.refunded_amount.is_some() => None,
                Some(transaction) => Some(TransactionLookup::Known(transaction.id.clone())),
                None => refund.order.clone().map(TransactionLookup::OfOrder),
            },
            CreemEventKind::DisputeCreated(dispute) if dispute.transaction.is_none() => {
                dispute.order.clone().map(TransactionLookup::OfOrder)
            }
            _ => None,
        }
    }
}

impl CreemCheckout {
    fn lookup(&self) -> Option<TransactionLookup> {
        let order = self.order.as_ref()?;
        if self.billing == Some(CreemBilling::Recurring) || self.subscription.is_some() {
            return None;
        }
        match &order.transaction {
            Some(_) if order.paid().is_some() => None,
            Some(transaction) => of_known(transaction),
            None => Some(TransactionLookup::OfOrder(order.id.clone())),
        }
    }
}

impl CreemSubscription {
    fn lookup(&self) -> Option<TransactionLookup> {
        match &self.last_transaction {
            Some(transaction) => of_known(transaction),
            None => Some(TransactionLookup::OfSubscription(self.id.clone())),
        }
    }
}

fn of_known(transaction: &CreemTransaction) -> Option<TransactionLookup> {
    transaction.amount_paid.is_none().then(|| TransactionLookup::Known(transaction.id.clone()))
}

impl FetchedTransaction {
    /// The payload of an event with this transaction in the place of its own. Bytes that are no event that
    /// reports a payment stay as they are.
    pub fn completing(&self, signed: &SignedByCreem<'_>) -> Vec<u8> {
        let payload = signed.payload().to_vec();
        let Ok(mut event) = serde_json::from_slice::<Value>(&payload) else { return payload };
        if self.put_into(&mut event).is_none() {
            return payload;
        }
        serde_json::to_vec(&event).unwrap_or(payload)
    }

    fn put_into(&self, event: &mut Value) -> Option<()> {
        let event_type = event.get("eventType")?.as_str()?.to_owned();
        let object = event.get_mut("object")?.as_object_mut()?;
        if matches!(event_type.as_str(), "refund.created" | "dispute.created") {
            object.insert("transaction".to_owned(), self.0.clone());
        } else if event_type == "checkout.completed" {
            let order = object.get_mut("order")?;
            if let Value::String(id) = order {
                *order = Value::Object(Map::from_iter([("id".to_owned(), Value::String(id.clone()))]));
            }
            order.as_object_mut()?.insert("transaction".to_owned(), self.0.clone());
        } else {
            let id = self.0.get("id")?.clone();
            object.insert("last_transaction_id".to_owned(), id);
            object.insert("last_transaction".to_owned(), self.0.clone());
        }
        Some(())
    }
}
