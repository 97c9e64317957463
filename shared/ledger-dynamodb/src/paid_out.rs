//! What leads from a refund of ours to the request that paid it: an item for each, written with the request.

use ledger::{AccountId, PaymentId, RefundId, RefundRequestId};

use crate::item::{Item, ONLY, key, text};

/// The item that leads from a refund to the request that paid it.
pub(crate) fn refund_item(
    refund: &RefundId,
    (request, account, payment): (&RefundRequestId, &AccountId, &PaymentId),
) -> Item {
    let mut item = key(format!("PAID_OUT#{refund}"), ONLY);
    item.insert("request".to_owned(), text(request.as_str()));
    item.insert("account".to_owned(), text(account.as_str()));
    item.insert("payment".to_owned(), text(payment.as_str()));
    item
}
