//! Outages of a product: a partition of their own for each product, ordered by when they began.

use ledger::{OUTAGES_MAX, Outage, OutageStore, ProductId, Timestamp, Witness};

use crate::item::{Item, key, number, read_instant, read_text, text};
use crate::scalar::instant;
use crate::{StoreError, Tables};

impl Tables {
    pub(crate) async fn put_outage(&self, outage: &Outage) -> Result<bool, StoreError> {
        let sort = format!("{:013}#{}", outage.began_at.as_ms(), outage.name);
        let mut item = key(outages_key(&outage.product), sort);
        item.insert("ended_at".to_owned(), number(outage.ended_at.as_ms()));
        item.insert("recorded_by".to_owned(), text(&*outage.recorded.by));
        item.insert("recorded_at".to_owned(), number(outage.recorded.at.as_ms()));
        let put = self.client.put_item().table_name(&self.ledger);
        let put = match &outage.confirmed {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(confirmed) => {
                item.insert("confirmed_by".to_owned(), text(&*confirmed.by));
                item.insert("confirmed_at".to_owned(), number(confirmed.at.as_ms()));
                // The write condition enforces that a person confirms only what another person recorded.
                put.condition_expression(
                    "attribute_not_exists(confirmed_by) AND recorded_by = :recorder \
                     AND recorded_by <> :confirmer AND ended_at = :ended_at",
                )
                .expression_attribute_values(":recorder", text(&*outage.recorded.by))
                .expression_attribute_values(":confirmer", text(&*confirmed.by))
                .expression_attribute_values(":ended_at", number(outage.ended_at.as_ms()))
            }
        };
        let put = put.set_item(Some(item));
        self.write(|| put.clone().send()).await
    }

    pub(crate) async fn outages_before(
        &self,
        product: &ProductId,
        before: Timestamp,
    ) -> Result<Vec<Outage>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.ledger)
            .key_condition_expression("pk = :pk AND sk < :before")
            .expression_attribute_values(":pk", text(outages_key(product)))
            .expression_attribute_values(":before", text(format!("{:013}", before.as_ms())))
            .scan_index_forward(false)
            .limit(i32::from(OUTAGES_MAX))
            .send()
            .await
            .map_err(StoreError::of)?;
        answer.items.unwrap_or_default().iter().map(|item| outage(product, item)).collect()
    }
}

fn outages_key(product: &ProductId) -> String {
    format!("OUTAGES#{product}")
}

fn outage(product: &ProductId, item: &Item) -> Result<Outage, StoreError> {
    let unreadable = || StoreError::Unreadable("outage");
    let (began_at, name) = read_text(item, "sk")?.split_once('#').ok_or_else(unreadable)?;
    Ok(Outage {
        name: name.parse().map_err(|_| unreadable())?,
        product: product.clone(),
        began_at: instant(began_at.parse().map_err(|_| unreadable())?)?,
        ended_at: read_instant(item, "ended_at")?,
        recorded: Witness {
            by: read_text(item, "recorded_by")?.to_owned(),
            at: read_instant(item, "recorded_at")?,
        },
        confirmed: match item.get("confirmed_by") {
            None => None,
            Some(_) => Some(Witness {
                by: read_text(item, "confirmed_by")?.to_owned(),
                at: read_instant(item, "confirmed_at")?,
            }),
        },
    })
}

impl OutageStore for Tables {
    async fn outages(&self, product: &ProductId, before: Timestamp) -> Result<Vec<Outage>, StoreError> {
        self.outages_before(product, before).await
    }

    async fn save_outage(&self, outage: &Outage) -> Result<bool, StoreError> {
        self.put_outage(outage).await
    }
}
