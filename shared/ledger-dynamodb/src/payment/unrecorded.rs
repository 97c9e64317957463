//! One item for each payment that has no purchase event yet. A refund or a dispute at Stripe and a request
//! about missing credits both write it, so that whichever comes first blocks the other: the policy alone
//! gives nothing for a payment whose money has moved.

use aws_sdk_dynamodb::types::TransactWriteItem;
use ledger::{Payment, PaymentId, Record};
use refunds::Save;

use crate::item::{ABSENT, Item, ONLY, key, text};
use crate::transaction::{put, put_write};
use crate::{StoreError, Tables};

pub(crate) fn partition(payment: &PaymentId) -> String {
    format!("UNRECORDED#{payment}")
}

fn item(payment: &PaymentId, by: &str) -> Item {
    let mut item = key(partition(payment), ONLY);
    item.insert("by".to_owned(), text(by));
    item
}

/// The payment that a save of the machine's records. A person who decides knows what Stripe has reported.
fn recorded(save: &Save) -> Option<&Payment> {
    if save.request.approved_by().is_some() {
        return None;
    }
    let with_refund = save.refunded.as_ref().and_then(|sum| sum.records.as_deref());
    let records = save.commit.iter().flat_map(|commit| &commit.records);
    let with_credits = records.filter_map(|record| match record {
        Record::NewPayment(payment) => Some(&**payment),
        _ => None,
    });
    with_refund.into_iter().chain(with_credits).next()
}

/// Whether a save has [`Tables::unrecorded_write`].
pub(crate) fn is_guarded(save: &Save) -> bool {
    recorded(save).is_some()
}

impl Tables {
    /// Notes that the event `by` reports moved money of a payment that is not recorded.
    pub async fn note_unrecorded(&self, payment: &PaymentId, by: &str) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.ledger).set_item(Some(item(payment, by)));
        self.write(|| put.clone().send()).await.map(drop)
    }

    /// The condition of a save that records a payment, by the machine: none of its money has moved.
    pub(crate) fn unrecorded_write(&self, save: &Save) -> Option<TransactWriteItem> {
        let payment = recorded(save)?;
        let item = item(&payment.id, save.request.id.as_str());
        Some(put_write(put(&self.ledger, item).condition_expression(ABSENT)))
    }
}
