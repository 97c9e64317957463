//! Links between an invoice and the payments that paid it: API versions since 2025-03-31 name the payment of
//! an invoice in an event of its own. Refunds and disputes that name the payment find the invoice that stands
//! for it, and an invoice finds the payment that its checkout session may have brought.
//!
//! One item says both: its key is the payment's, and the index by generation has it under the invoice. That
//! is never a generation's key: those begin with an account, which has no `#`.

use ledger::{Currency, InvoiceId, Money, PaymentId};

use crate::item::{ONLY, invoice_key, key, number, read_number, read_text, text};
use crate::{StoreError, Tables};

const LINK: &str = "PAID#";
/// Payments of one invoice that are read: more than any customer pays one with.
const PAYMENTS_MAX: u16 = 20;

fn link_key(payment: &PaymentId) -> String {
    format!("{LINK}{payment}")
}

/// An invoice's key in the index.
fn paid_by(invoice: &InvoiceId) -> String {
    format!("#{}", invoice_key(invoice))
}

impl Tables {
    /// Notes which invoice a payment paid and how much of it; true if the invoice is news.
    pub async fn link_payment(
        &self,
        payment: &PaymentId,
        invoice: &InvoiceId,
        amount: Money,
    ) -> Result<bool, StoreError> {
        let mut item = key(link_key(payment), ONLY);
        item.insert("invoice".to_owned(), text(invoice.as_str()));
        item.insert("generation".to_owned(), text(paid_by(invoice)));
        item.insert("minor".to_owned(), number(amount.minor()));
        item.insert("currency".to_owned(), text(amount.currency().as_str()));
        self.put_news(&self.ledger, item, "invoice").await
    }

    /// The invoice that a payment paid, as the id that may stand for the payment.
    pub async fn linked_payment(&self, payment: &PaymentId) -> Result<Option<PaymentId>, StoreError> {
        let Some(item) = self.get(&self.ledger, link_key(payment)).await? else { return Ok(None) };
        let invoice = PaymentId::new(read_text(&item, "invoice")?);
        invoice.map(Some).map_err(|_| StoreError::Unreadable("invoice"))
    }

    /// The payments through Stripe that are known to have paid an invoice, each with its part. One that was
    /// linked within the last second may be missing.
    pub async fn payments_of_invoice(
        &self,
        invoice: &InvoiceId,
    ) -> Result<Vec<(PaymentId, Money)>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.ledger)
            .index_name("generation")
            .key_condition_expression("generation = :invoice")
            .expression_attribute_values(":invoice", text(paid_by(invoice)));
        let unreadable = || StoreError::Unreadable("payment of an invoice");
        let mut payments = Vec::new();
        for found in self.items(&query, PAYMENTS_MAX).await? {
            let link = read_text(&found, "pk")?.to_owned();
            let payment = link.strip_prefix(LINK).ok_or_else(unreadable)?;
            let payment = PaymentId::new(payment).map_err(|_| unreadable())?;
            let Some(item) = self.get(&self.ledger, link).await? else { continue };
            let currency = Currency::new(read_text(&item, "currency")?).map_err(|_| unreadable())?;
            payments.push((payment, Money::new(read_number(&item, "minor")?, currency)));
        }
        // The index has them in no order of its own.
        payments.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(payments)
    }

    /// The payment under which an invoice has brought its credits.
    pub async fn credited_invoice(&self, invoice: &InvoiceId) -> Result<Option<PaymentId>, StoreError> {
        let Some(item) = self.get(&self.ledger, invoice_key(invoice)).await? else { return Ok(None) };
        let payment = PaymentId::new(read_text(&item, "payment")?);
        payment.map(Some).map_err(|_| StoreError::Unreadable("payment"))
    }
}
