//! Refunds that no request of ours made, like those of Stripe's Dashboard (`E11`): each is counted once on
//! its payment, so that all refunds together stay within what was paid (invariant 4), and taken off again,
//! once, when it fails. A failure is final: a report from before it that comes later counts nothing.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use ledger::{AccountId, Money, Pause, PaymentId, PaymentStore, RefundId, Refunded, Timestamp};
use refunds::RefundedSum;

use crate::error::StoreError;
use crate::item::{Item, ONLY, key, number, text};
use crate::transaction::Transacted;
use crate::{Tables, item};

/// A refund that no request of ours made, as Stripe reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Stripe's refund.
    pub id: RefundId,
    /// The payment that it belongs to.
    pub payment: PaymentId,
    /// How much.
    pub amount: Money,
    /// When it was made.
    pub made_at: Timestamp,
    /// Whether it failed or was canceled.
    pub failed: bool,
}

/// What became of a report of such a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// It counts on its payment from here on.
    Counted,
    /// It failed and does not count any more, or never will.
    Lifted,
    /// It said what is known.
    Known,
    /// No such payment is known.
    UnknownPayment,
    /// It is more than what is left of the payment, or in another currency: a person has to look.
    Exceeds,
    /// Other writers were first at every attempt.
    Busy,
}

/// What the stored record of a refund says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    Counted,
    Failed,
}

impl Tables {
    /// Applies what Stripe reports of a refund that no request of ours made, in any order and any number of
    /// times: two reads and one transaction, or one read where nothing is to be changed.
    pub async fn adopt_refund<P: Pause>(&self, pause: &P, seen: &Adopted) -> Result<Adoption, StoreError> {
        for attempt in 0..pause.attempts_max() {
            let known = match self.get(&self.ledger, refund_key(&seen.id)).await? {
                None => Known::Nothing,
                Some(stored) if stored.get("failed") == Some(&AttributeValue::Bool(true)) => Known::Failed,
                Some(_) => Known::Counted,
            };
            let settled = known == Known::Failed || (known == Known::Counted && !seen.failed);
            if settled {
                return Ok(Adoption::Known);
            }
            let Some(payment) = self.payment(&seen.payment).await? else {
                return Ok(Adoption::UnknownPayment);
            };
            let sum = match (known, seen.failed) {
                (Known::Counted, _) => RefundedSum::lower(&payment, seen.amount).map(Some),
                (_, false) => RefundedSum::raise(&payment, seen.amount).map(Some),
                (_, true) => Some(None),
            };
            let Some(sum) = sum else { return Ok(Adoption::Exceeds) };
            if self.write_adoption(&payment.account, seen, known, sum.as_ref()).await? {
                return Ok(if seen.failed { Adoption::Lifted } else { Adoption::Counted });
            }
            pause.pause(attempt).await;
        }
        Ok(Adoption::Busy)
    }

    /// Whether the refund's record and the payment's sum were written together.
    async fn write_adoption(
        &self,
        account: &AccountId,
        seen: &Adopted,
        known: Known,
        sum: Option<&RefundedSum>,
    ) -> Result<bool, StoreError> {
        let put = Put::builder().table_name(&self.ledger).set_item(Some(refund_item(seen)));
        let put = if known == Known::Nothing {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("failed = :no")
                .expression_attribute_values(":no", AttributeValue::Bool(false))
        };
        let put = put.build().map_err(|_| StoreError::Unreadable("put"))?;
        let mut writes = vec![TransactWriteItem::builder().put(put).build()];
        if let Some(sum) = sum {
            writes.push(TransactWriteItem::builder().update(self.sum_update(sum)?).build());
            let refunded = Refunded { payment: seen.payment.clone(), minor: seen.amount.minor() };
            let named = (account, seen.id.as_str());
            let put = self.refunded_put(named, &refunded, seen.made_at, !seen.failed)?;
            writes.push(TransactWriteItem::builder().put(put).build());
        }
        Ok(matches!(self.transact(writes).await?, Transacted::Written))
    }

    /// The move of a payment's sum of refunds, on condition that it stands where it was read.
    pub(crate) fn sum_update(&self, sum: &RefundedSum) -> Result<Update, StoreError> {
        Update::builder()
            .table_name(&self.ledger)
            .set_key(Some(key(item::payment_key(&sum.payment), ONLY)))
            .update_expression("SET refunded_minor = :to")
            .condition_expression("refunded_minor = :from")
            .expression_attribute_values(":from", number(sum.from_minor))
            .expression_attribute_values(":to", number(sum.to_minor))
            .build()
            .map_err(|_| StoreError::Unreadable("update"))
    }
}

fn refund_key(id: &RefundId) -> String {
    format!("REFUND#{id}")
}

fn refund_item(seen: &Adopted) -> Item {
    let mut item = key(refund_key(&seen.id), ONLY);
    item.insert("payment".to_owned(), text(seen.payment.as_str()));
    item.insert("amount_minor".to_owned(), number(seen.amount.minor()));
    item.insert("failed".to_owned(), AttributeValue::Bool(seen.failed));
    item
}
