//! Open invoices of a subscription: what is not paid when it ends is withdrawn.

use primitives::{InvoiceId, SubscriptionId};

use crate::client::{IdempotencyKey, StripeClient};
use crate::error::StripeError;
use crate::wire::NamedWire;

impl StripeClient {
    /// The invoices of a subscription that are finalised and not paid
    /// (<https://docs.stripe.com/api/invoices/list>).
    pub async fn open_invoices_of(&self, id: &SubscriptionId) -> Result<Vec<InvoiceId>, StripeError> {
        let query = [("subscription", id.as_str()), ("status", "open")];
        let found = self.list("/v1/invoices", &query, |invoice: &NamedWire| invoice.id.clone()).await?;
        let unreadable = |_| StripeError::Unreadable { what: "`id` of an invoice" };
        found.into_iter().map(|invoice| InvoiceId::new(invoice.id).map_err(unreadable)).collect()
    }

    /// Makes one attempt to void an open invoice: nothing of it is collected from then on. One that was paid
    /// or voided meanwhile is declined (<https://docs.stripe.com/api/invoices/void>).
    pub async fn void_invoice(&self, id: &InvoiceId, key: &IdempotencyKey) -> Result<(), StripeError> {
        let request = self.form(&format!("/v1/invoices/{id}/void"), String::new(), key);
        self.call::<NamedWire>(request).await.map(drop)
    }
}
