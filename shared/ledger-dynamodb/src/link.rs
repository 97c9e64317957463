//! Links from a PaymentIntent to the invoice that it paid: API versions since 2025-03-31 name the payment
//! of an invoice in an event of its own, so that the invoice's id stands for the payment, and refunds and
//! disputes that name the PaymentIntent find it by this link.

use ledger::{InvoiceId, PaymentId};

use crate::item::{ONLY, key, read_text, text};
use crate::{StoreError, Tables};

fn link_key(payment: &PaymentId) -> String {
    format!("PAID#{payment}")
}

impl Tables {
    /// Notes which invoice a payment paid; the same event says the same again.
    pub async fn link_payment(&self, payment: &PaymentId, invoice: &InvoiceId) -> Result<(), StoreError> {
        let mut item = key(link_key(payment), ONLY);
        item.insert("invoice".to_owned(), text(invoice.as_str()));
        let put = self.client.put_item().table_name(&self.ledger).set_item(Some(item));
        self.write(|| put.clone().send()).await.map(drop)
    }

    /// The invoice that a payment paid, as the id that may stand for the payment.
    pub async fn linked_payment(&self, payment: &PaymentId) -> Result<Option<PaymentId>, StoreError> {
        let Some(item) = self.get(&self.ledger, link_key(payment)).await? else { return Ok(None) };
        let invoice = PaymentId::new(read_text(&item, "invoice")?);
        invoice.map(Some).map_err(|_| StoreError::Unreadable("invoice"))
    }
}
