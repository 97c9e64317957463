//! Lists that an event does not carry in full, and what Stripe answers for them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::id::{CheckoutSessionId, InvoiceId};
use crate::{Event, EventKind, Verified};

/// Lists to be fetched for an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    SessionLines(CheckoutSessionId),
    /// The lines of an invoice, its payments, or both.
    Invoice {
        id: InvoiceId,
        /// Whether the lines are missing.
        lines: bool,
        /// Whether the payments are missing.
        payments: bool,
    },
}

/// Complete lists, each item with the members that are read here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// `line_items` of a checkout session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_items: Option<Vec<Value>>,
    /// `lines` of an invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Value>>,
    /// `payments` of an invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payments: Option<Vec<Value>>,
}

impl Event {
    /// The lists that the event lacks.
    pub fn lookup(&self) -> Option<Lookup> {
        match &self.kind {
            EventKind::CheckoutCompleted(session) | EventKind::CheckoutAsyncPaymentSucceeded(session) => {
                session.lines.is_none().then(|| Lookup::SessionLines(session.id.clone()))
            }
            EventKind::InvoicePaid(invoice) => {
                let (lines, payments) = (invoice.lines.is_none(), invoice.payments.is_none());
                (lines || payments).then(|| Lookup::Invoice { id: invoice.id.clone(), lines, payments })
            }
            _ => None,
        }
    }
}

impl Fetched {
    /// The payload of an event with these lists in the place of its own. Bytes that are no event stay as
    /// they are.
    pub fn completing(&self, verified: &Verified<'_>) -> Vec<u8> {
        let payload = verified.payload().to_vec();
        let Ok(mut event) = serde_json::from_slice::<Value>(&payload) else { return payload };
        let Some(object) = event.pointer_mut("/data/object").and_then(Value::as_object_mut) else {
            return payload;
        };
        let lists = [("line_items", &self.line_items), ("lines", &self.lines), ("payments", &self.payments)];
        for (name, items) in lists {
            if let Some(items) = items {
                let list = json!({"object": "list", "data": items, "has_more": false});
                object.insert(name.to_owned(), list);
            }
        }
        serde_json::to_vec(&event).unwrap_or(payload)
    }
}
