//! Purchases that are paid and not credited, as items of the requests table's due index.

use ledger::{DUE_SHARDS, PaymentId, shard_of};
use refunds::{Uncredited, UncreditedStore};

use crate::item::{Item, ONLY, key, number, read_instant, read_number, read_text, text};
use crate::request_form::{id, money};
use crate::{StoreError, Tables};

/// The key of a noted purchase.
pub(crate) const PREFIX: &str = "UNCREDITED#";

fn item(noted: &Uncredited) -> Item {
    let mut item = key(format!("{PREFIX}{}", noted.payment), ONLY);
    item.insert("owner".to_owned(), text(noted.account.as_str()));
    if let Some(product) = &noted.product {
        item.insert("product".to_owned(), text(product.as_str()));
    }
    item.insert("paid_minor".to_owned(), number(noted.paid.minor()));
    item.insert("currency".to_owned(), text(noted.paid.currency().as_str()));
    item.insert("charged_at".to_owned(), number(noted.charged_at.as_ms()));
    item.insert("due_shard".to_owned(), text(shard_of(&noted.account, DUE_SHARDS).to_string()));
    item.insert("due_at".to_owned(), number(noted.due_at.as_ms()));
    item
}

fn read(item: &Item, payment: &PaymentId) -> Result<Uncredited, StoreError> {
    let product = item.contains_key("product").then(|| id(read_text(item, "product")?)).transpose()?;
    Ok(Uncredited {
        payment: payment.clone(),
        account: id(read_text(item, "owner")?)?,
        product,
        paid: money(&(read_number(item, "paid_minor")?, read_text(item, "currency")?.to_owned()))?,
        charged_at: read_instant(item, "charged_at")?,
        due_at: read_instant(item, "due_at")?,
    })
}

impl UncreditedStore for Tables {
    async fn note_uncredited(&self, noted: &Uncredited) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.requests)
            .set_item(Some(item(noted)))
            .condition_expression("attribute_not_exists(pk)");
        self.write(|| put.clone().send()).await.map(drop)
    }

    async fn uncredited(&self, payment: &PaymentId) -> Result<Option<Uncredited>, StoreError> {
        let item = self.get(&self.requests, format!("{PREFIX}{payment}")).await?;
        item.map(|item| read(&item, payment)).transpose()
    }

    async fn settle_uncredited(&self, payment: &PaymentId) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.requests);
        let delete = delete.set_key(Some(key(format!("{PREFIX}{payment}"), ONLY)));
        self.write(|| delete.clone().send()).await.map(drop)
    }
}
