//! Lists that events do not carry in full, each item as Stripe writes it: it takes the place of the event's
//! own, and is read as that.

use serde_json::Value;
use stripe_events::{CheckoutSessionId, InvoiceId};

use crate::client::StripeClient;
use crate::error::StripeError;

impl StripeClient {
    /// The lines of a checkout session (<https://docs.stripe.com/api/checkout/sessions/line_items>).
    pub async fn lines_of_session(&self, session: &CheckoutSessionId) -> Result<Vec<Value>, StripeError> {
        self.list(&format!("/v1/checkout/sessions/{session}/line_items"), &[], id_of).await
    }

    /// The lines of an invoice (<https://docs.stripe.com/api/invoice-line-item/retrieve>).
    pub async fn lines_of_invoice(&self, invoice: &InvoiceId) -> Result<Vec<Value>, StripeError> {
        self.list(&format!("/v1/invoices/{invoice}/lines"), &[], id_of).await
    }

    /// The payments of an invoice, as [`StripeClient::payments_of_invoice`] reads them.
    pub async fn listed_payments_of_invoice(&self, invoice: &InvoiceId) -> Result<Vec<Value>, StripeError> {
        self.list("/v1/invoice_payments", &[("invoice", invoice.as_str())], id_of).await
    }
}

fn id_of(item: &Value) -> String {
    item.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}
