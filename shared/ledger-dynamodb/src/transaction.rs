//! Transactions: sent here and nowhere else, with one reading of why one was not written (F1 to F3).

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::{PutBuilder, UpdateBuilder};
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};

use crate::Tables;
use crate::error::{Cancelled, StoreError, cancelled};
use crate::item::Item;

/// The write of an item into a table; the caller may add a condition.
pub(crate) fn put(table: &str, item: Item) -> PutBuilder {
    Put::builder().table_name(table).set_item(Some(item))
}

/// The update of an item of a table; the caller adds its expression.
pub(crate) fn update(table: &str, key: Item) -> UpdateBuilder {
    Update::builder().table_name(table).set_key(Some(key))
}

/// A write of [`put`] as a part of a transaction.
pub(crate) fn put_write(put: PutBuilder) -> TransactWriteItem {
    let put = put.build().expect("the table and the item are set");
    TransactWriteItem::builder().put(put).build()
}

/// A write of [`update`] as a part of a transaction.
pub(crate) fn update_write(update: UpdateBuilder) -> TransactWriteItem {
    let update = update.build().expect("the table, the key and the expression are set");
    TransactWriteItem::builder().update(update).build()
}

pub(crate) enum TransactionOutcome {
    Written,
    /// Nothing is written: the condition of the write at this position failed, on this item where the
    /// write asked for it.
    Refused(usize, Option<Item>),
    /// Nothing is known to be written: another transaction, or an earlier try of this one, was at work on
    /// the same items, so the caller reads anew.
    Contended,
}

impl Tables {
    /// Writes all of `writes` or nothing.
    pub(crate) async fn transact(
        &self,
        writes: Vec<TransactWriteItem>,
    ) -> Result<TransactionOutcome, StoreError> {
        transact(&self.client, writes).await
    }
}

/// Writes all of `writes` or nothing.
#[expect(clippy::disallowed_methods, reason = "the one place that sends transactions")]
pub(crate) async fn transact(
    client: &aws_sdk_dynamodb::Client,
    writes: Vec<TransactWriteItem>,
) -> Result<TransactionOutcome, StoreError> {
    let sent = client.transact_write_items().set_transact_items(Some(writes)).send().await;
    let Err(error) = sent else { return Ok(TransactionOutcome::Written) };
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            canceled.cancellation_reasons()
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
            return Ok(TransactionOutcome::Contended);
        }
        _ => return Err(StoreError::of(error)),
    };
    match cancelled(reasons) {
        Cancelled::Condition(position) => {
            let existing = reasons.get(position).and_then(|reason| reason.item().cloned());
            Ok(TransactionOutcome::Refused(position, existing))
        }
        Cancelled::Contended => Ok(TransactionOutcome::Contended),
        Cancelled::Throttled => Err(StoreError::Throttled),
        Cancelled::Other(code) => Err(StoreError::Refused(code)),
    }
}
