//! Downloads: which generations on a payment's credits had a result downloaded. The payment's own item keeps
//! their marks as a set. So a submission reads their number with the payment, a repeated report changes
//! nothing, and no list is read, changed and written.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use ledger::{DOWNLOADS_MAX, DownloadStore, GenerationId, PaymentId, mark};

use crate::item::{Item, ONLY, bytes, key, number, payment_key};
use crate::{StoreError, Tables};

const DOWNLOADS: &str = "downloads";
/// A generation that is not in the set, of a payment that exists, while the set has room.
const NEW: &str = "attribute_exists(pk) AND NOT contains(downloads, :mark) \
                   AND (attribute_not_exists(downloads) OR size(downloads) < :max)";

/// How many generations' downloads are noted at a payment's item.
pub(crate) fn read(item: &Item) -> Result<u32, StoreError> {
    match item.get(DOWNLOADS) {
        None => Ok(0),
        Some(AttributeValue::Bs(marks)) => {
            u32::try_from(marks.len()).map_err(|_| StoreError::Unreadable(DOWNLOADS))
        }
        Some(_) => Err(StoreError::Unreadable(DOWNLOADS)),
    }
}

impl DownloadStore for Tables {
    async fn note_download(
        &self,
        payment: &PaymentId,
        generation: &GenerationId,
    ) -> Result<bool, StoreError> {
        let mark = mark(generation).to_be_bytes();
        let update = self
            .client
            .update_item()
            .table_name(&self.ledger)
            .set_key(Some(key(payment_key(payment), ONLY)))
            .update_expression("ADD downloads :marks")
            .condition_expression(NEW)
            .expression_attribute_values(":marks", AttributeValue::Bs(vec![Blob::new(mark)]))
            .expression_attribute_values(":mark", bytes(mark))
            .expression_attribute_values(":max", number(DOWNLOADS_MAX));
        self.write(|| update.clone().send()).await
    }
}
