//! Names of payments: finds the payment by any name that a customer may have for it.
//!
//! A purchase carries the names that its own event contains, so they cost no write. They are looked up among
//! the purchases of the account that asks. Names from other events are items of their own. No name leads to
//! another account's payment: the payment itself says whose it is.

use futures_util::future::{join, join_all};
use ledger::{AccountId, PaymentId, PaymentName};

use crate::item::{Item, ONLY, account_key, key, read_text, text};
use crate::purchase::{PURCHASE, purchase};
use crate::{StoreError, Tables};

/// The prefix of a payment intent's id, whose link names the invoice that they paid.
const PAYMENT_INTENT: &str = "pi_";
/// Stripe's prefix of invoices, whose guard names the payment.
const INVOICE: &str = "in_";

impl Tables {
    /// Notes what else a payment is called; true if one of the names is news.
    pub async fn name_payment(&self, payment: &PaymentId, names: &[PaymentName]) -> Result<bool, StoreError> {
        let puts = names.iter().map(|name| async move {
            let mut item = key(format!("NAME#{name}"), ONLY);
            item.insert("payment".to_owned(), text(payment.as_str()));
            self.put_news(&self.ledger, item, "payment").await
        });
        let news = join_all(puts).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(news.contains(&true))
    }

    /// The payment that events called so, as far as they came.
    pub async fn payment_called(&self, name: &PaymentName) -> Result<Option<PaymentId>, StoreError> {
        self.referenced(name).await
    }

    /// The payment that the account may mean: of its own purchases by name, or by what other events say.
    pub(crate) async fn find_named(
        &self,
        account: &AccountId,
        name: &PaymentName,
    ) -> Result<Option<PaymentId>, StoreError> {
        let (purchase, referenced) = join(self.purchase_named(account, name), self.referenced(name)).await;
        if let Some(purchase) = purchase? {
            return Ok(Some(purchase));
        }
        let Some(referenced) = referenced? else { return Ok(None) };
        // A charge is one of a PaymentIntent, and that may have paid an invoice.
        if !referenced.as_str().starts_with(PAYMENT_INTENT) {
            return Ok(Some(referenced));
        }
        Ok(Some(self.linked_payment(&referenced).await?.unwrap_or(referenced)))
    }

    /// What an item of its own says of a name.
    async fn referenced(&self, name: &PaymentName) -> Result<Option<PaymentId>, StoreError> {
        let (partition, attribute) = match name.as_str() {
            payment if payment.starts_with(PAYMENT_INTENT) => (format!("PAID#{payment}"), "invoice"),
            invoice if invoice.starts_with(INVOICE) => (format!("INVOICE#{invoice}"), "payment"),
            other => (format!("NAME#{other}"), "payment"),
        };
        let Some(item) = self.get(&self.ledger, partition).await? else { return Ok(None) };
        let payment = PaymentId::new(read_text(&item, attribute)?);
        payment.map(Some).map_err(|_| StoreError::Unreadable(attribute))
    }

    /// The newest purchase of an account with this name. Of an account with thousands of purchases it takes
    /// a query for each megabyte of them.
    async fn purchase_named(
        &self,
        account: &AccountId,
        name: &PaymentName,
    ) -> Result<Option<PaymentId>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.ledger)
            .key_condition_expression("pk = :pk AND begins_with(sk, :purchase)")
            .filter_expression("contains(#names, :name)")
            .expression_attribute_names("#names", "names")
            .expression_attribute_values(":pk", text(account_key(account)))
            .expression_attribute_values(":purchase", text(PURCHASE))
            .expression_attribute_values(":name", text(name.as_str()))
            .consistent_read(true)
            .scan_index_forward(false);
        let mut from: Option<Item> = None;
        loop {
            let answer = query.clone().set_exclusive_start_key(from).send().await.map_err(StoreError::of)?;
            if let Some(item) = answer.items.unwrap_or_default().first() {
                return Ok(Some(purchase(item)?.payment));
            }
            from = answer.last_evaluated_key;
            if from.is_none() {
                return Ok(None);
            }
        }
    }
}
