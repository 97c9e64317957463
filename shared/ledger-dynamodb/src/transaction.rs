//! Transactions: sent here and nowhere else, with one reading of why one was not written (F1 to F3).

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::Tables;
use crate::error::{Cancelled, StoreError, cancelled};
use crate::item::Item;

/// The outcome of a transaction.
pub(crate) enum Transacted {
    /// All of it is written.
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
    #[expect(clippy::disallowed_methods, reason = "the one place that sends transactions")]
    pub(crate) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Transacted, StoreError> {
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(error) = sent else { return Ok(Transacted::Written) };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                canceled.cancellation_reasons()
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => {
                return Ok(Transacted::Contended);
            }
            _ => return Err(StoreError::of(error)),
        };
        match cancelled(reasons) {
            Cancelled::Condition(position) => {
                let existing = reasons.get(position).and_then(|reason| reason.item().cloned());
                Ok(Transacted::Refused(position, existing))
            }
            Cancelled::Contended => Ok(Transacted::Contended),
            Cancelled::Throttled => Err(StoreError::Throttled),
            Cancelled::Other(code) => Err(StoreError::Refused(code)),
        }
    }
}
