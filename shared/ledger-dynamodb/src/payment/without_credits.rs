//! Payments that bought no credits, such as those for a company's other products at the same Stripe account.
//! Their refunds and disputes concern nobody here. One small item per payment says so.

use ledger::{PaymentId, Timestamp};

use crate::item::{ONLY, key, number};
use crate::{StoreError, Tables};

/// 540 days: the longest time in which a card network takes a dispute. A refund that comes later still is
/// left to a person.
const KEPT_S: i64 = 540 * 24 * 60 * 60;

fn partition(payment: &PaymentId) -> String {
    format!("WITHOUT_CREDITS#{payment}")
}

impl Tables {
    /// Notes that a payment bought no credits. DynamoDB deletes the note 540 days later.
    pub async fn note_without_credits(&self, payment: &PaymentId, now: Timestamp) -> Result<(), StoreError> {
        let mut item = key(partition(payment), ONLY);
        item.insert("expires_at".to_owned(), number(now.as_s().saturating_add(KEPT_S)));
        let put = self.client.put_item().table_name(&self.requests).set_item(Some(item));
        self.write(|| put.clone().send()).await.map(drop)
    }

    /// Whether a payment, or the invoice that it paid, is known to have bought no credits.
    pub async fn is_without_credits(&self, payment: &PaymentId) -> Result<bool, StoreError> {
        if self.get(&self.requests, partition(payment)).await?.is_some() {
            return Ok(true);
        }
        match self.linked_payment(payment).await? {
            Some(invoice) => Ok(self.get(&self.requests, partition(&invoice)).await?.is_some()),
            None => Ok(false),
        }
    }
}
