//! Money that changes of plans return to the customer's balance at Stripe.
//!
//! It counts once as given back of the subscription's payments, the newest first, so that no refund pays out
//! what the balance has (`E18`). Of each payment what the balance paid goes back first, and cash only as far
//! as it must. The credits go in the same transaction. The invoice is the guard: a repeat, a crash and two
//! deliveries at once count once.
//!
//! An invoice says of which others its lines give back. It waits until those are on record, so that any order
//! of the events takes the same from the same payments.

use aws_sdk_dynamodb::types::TransactWriteItem;
use ledger::{
    AccountId, Cause, ChangeReturn, Command, InvoiceId, Pause, Payment, PaymentKind, PaymentStore,
    SubscriptionId, TakeReturn, Timestamp,
};

use crate::Tables;
use crate::error::StoreError;
use crate::item::{ABSENT, Item, ONLY, key, number, payment_key, text};
use crate::payment::TO_BALANCE;
use crate::transaction::{TransactionOutcome, put, put_write, update, update_write};

/// Purchases of an account that are looked at: those of a year with a change each week.
const PURCHASES_READ: u16 = 60;
/// Payments of a subscription that money is returned of: those of a year.
const PAYMENTS_MAX: usize = 12;

/// What the changes on one paid invoice return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedMoney {
    pub invoice: InvoiceId,
    pub account: AccountId,
    pub subscription: SubscriptionId,
    /// When the invoice was paid: later payments keep their money.
    pub at: Timestamp,
    /// The invoices of which its lines give back, as far as Stripe says.
    pub credited: Vec<InvoiceId>,
    /// Nothing where what its lines give back pays for what they charge.
    pub returns: Vec<ChangeReturn>,
}

/// The outcome of a report of such money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnOutcome {
    /// It counts on its payments from here on.
    Counted {
        /// What is more than the payments had left, in minor units: Stripe returned more than came.
        beyond_minor: u64,
    },
    /// It repeats what is known.
    Known,
    /// A payment of which it gives back is not recorded.
    UnknownPayment,
    /// Other writers were first at every attempt.
    Busy,
}

/// What goes back of one payment.
struct Share<'p> {
    payment: &'p Payment,
    of_cash: u64,
    of_balance: u64,
}

impl Tables {
    /// Counts what the changes on an invoice return. Reports may come in any order and any number of times.
    /// This takes one read where it is known. Else it takes a query and a read of each payment, the account's
    /// newest entry and one transaction.
    pub async fn count_returns<P: Pause>(
        &self,
        pause: &P,
        seen: &ReturnedMoney,
        (cause, now): (&Cause, Timestamp),
    ) -> Result<ReturnOutcome, StoreError> {
        for attempt in 0..pause.attempts_max() {
            if self.is_returned(&seen.invoice).await? {
                return Ok(ReturnOutcome::Known);
            }
            if !seen.returns.is_empty() && !self.are_recorded(&seen.invoice, &seen.credited).await? {
                return Ok(ReturnOutcome::UnknownPayment);
            }
            let payments = if seen.returns.is_empty() { Vec::new() } else { self.charges_of(seen).await? };
            let Some((shares, beyond_minor)) = divide(&payments, seen) else {
                return Ok(ReturnOutcome::UnknownPayment);
            };
            let takes: Vec<TakeReturn> =
                seen.returns.iter().filter_map(|part| take(part, &payments, seen.at)).collect();
            let commit = if takes.is_empty() {
                None
            } else {
                let order = (Command::TakeReturns(takes), None);
                self.prepared(&seen.account, order, (cause.clone(), now)).await?
            };
            let mut writes =
                vec![put_write(put(&self.ledger, item(seen, &shares)?).condition_expression(ABSENT))];
            writes.extend(shares.iter().map(|share| self.share_write(share)));
            if let Some(commit) = &commit {
                writes.extend(self.writes(commit)?);
            }
            if matches!(self.transact(writes).await?, TransactionOutcome::Written) {
                return Ok(ReturnOutcome::Counted { beyond_minor });
            }
            pause.pause(attempt).await;
        }
        Ok(ReturnOutcome::Busy)
    }

    async fn is_returned(&self, invoice: &InvoiceId) -> Result<bool, StoreError> {
        Ok(self.get(&self.ledger, returned_key(invoice)).await?.is_some())
    }

    /// Whether the invoices of which one gives back have brought their credits, or have returned something
    /// themselves.
    pub async fn are_recorded(&self, own: &InvoiceId, credited: &[InvoiceId]) -> Result<bool, StoreError> {
        for invoice in credited.iter().filter(|credited| *credited != own) {
            if self.credited_invoice(invoice).await?.is_none() && !self.is_returned(invoice).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The subscription's payments that were charged by then, newest first.
    async fn charges_of(&self, seen: &ReturnedMoney) -> Result<Vec<Payment>, StoreError> {
        let purchases = self.purchases_before(&seen.account, None, PURCHASES_READ).await?;
        let mut payments = Vec::new();
        for purchase in purchases.iter().filter(|purchase| purchase.charged_at <= seen.at) {
            let Some(payment) = self.payment(&purchase.payment).await? else { continue };
            let is_own = matches!(
                &payment.kind,
                PaymentKind::Subscription { subscription, .. } if *subscription == seen.subscription
            );
            if is_own {
                payments.push(payment);
            }
            if payments.len() == PAYMENTS_MAX {
                break;
            }
        }
        Ok(payments)
    }

    fn share_write(&self, share: &Share<'_>) -> TransactWriteItem {
        let Share { payment, of_cash, of_balance } = share;
        let (refunded, returned) = (payment.refunded_minor, payment.to_balance_minor);
        let condition = if returned == 0 {
            "refunded_minor = :refunded AND attribute_not_exists(to_balance_minor)"
        } else {
            "refunded_minor = :refunded AND to_balance_minor = :returned"
        };
        let mut write = update(&self.ledger, key(payment_key(&payment.id), ONLY))
            .condition_expression(condition)
            .expression_attribute_values(":refunded", number(refunded))
            .expression_attribute_values(":cash", number(refunded.saturating_add(*of_cash)));
        if returned > 0 {
            write = write.expression_attribute_values(":returned", number(returned));
        }
        let expression = if *of_balance > 0 {
            write =
                write.expression_attribute_values(":balance", number(returned.saturating_add(*of_balance)));
            format!("SET refunded_minor = :cash, {TO_BALANCE} = :balance")
        } else {
            "SET refunded_minor = :cash".to_owned()
        };
        update_write(write.update_expression(expression))
    }
}

fn take(part: &ChangeReturn, payments: &[Payment], at: Timestamp) -> Option<TakeReturn> {
    let product = part.product.as_ref().filter(|_| !part.credits.is_zero())?;
    let own = payments.iter().filter(|payment| payment.product == *product);
    let payments = own.map(|payment| payment.id.clone()).collect();
    Some(TakeReturn { payments, credits: part.credits, at })
}

/// Divides what is returned among the payments, newest first, and says what is more than they had left.
/// `None` where no payment of a product is known.
fn divide<'p>(payments: &'p [Payment], seen: &ReturnedMoney) -> Option<(Vec<Share<'p>>, u64)> {
    let mut shares: Vec<Share<'p>> =
        payments.iter().map(|payment| Share { payment, of_cash: 0, of_balance: 0 }).collect();
    let mut beyond = 0_u64;
    for part in &seen.returns {
        let is_of = |share: &&mut Share<'p>| {
            part.product.as_ref().is_none_or(|product| share.payment.product == *product)
        };
        let mut known = false;
        let mut rest = part.minor;
        for share in shares.iter_mut().filter(is_of) {
            known = true;
            let payment = share.payment;
            let returned = payment.to_balance_minor.saturating_add(share.of_balance);
            let of_balance = rest.min(payment.from_balance_minor.saturating_sub(returned));
            let refunded = payment.refunded_minor.saturating_add(share.of_cash);
            let of_cash = rest.saturating_sub(of_balance).min(payment.paid.minor().saturating_sub(refunded));
            share.of_balance = share.of_balance.saturating_add(of_balance);
            share.of_cash = share.of_cash.saturating_add(of_cash);
            rest = rest.saturating_sub(of_balance).saturating_sub(of_cash);
        }
        if !known && part.product.is_some() {
            return None;
        }
        beyond = beyond.saturating_add(rest);
    }
    shares.retain(|share| share.of_cash > 0 || share.of_balance > 0);
    Some((shares, beyond))
}

fn returned_key(invoice: &InvoiceId) -> String {
    format!("RETURNED#{invoice}")
}

/// `body` has what went back of each payment, of cash and of what the balance had paid, and the credits of
/// each product.
fn item(seen: &ReturnedMoney, shares: &[Share<'_>]) -> Result<Item, StoreError> {
    let of_payments: Vec<(&str, u64, u64)> =
        shares.iter().map(|share| (share.payment.id.as_str(), share.of_cash, share.of_balance)).collect();
    let credits: Vec<(&str, u64)> = seen
        .returns
        .iter()
        .filter_map(|part| Some((part.product.as_ref()?.as_str(), part.credits.get())))
        .collect();
    let body = serde_json::json!({ "payments": of_payments, "credits": credits });
    let mut item = key(returned_key(&seen.invoice), ONLY);
    item.insert("account".to_owned(), text(seen.account.as_str()));
    item.insert("subscription".to_owned(), text(seen.subscription.as_str()));
    item.insert("at".to_owned(), number(seen.at.as_ms()));
    item.insert("body".to_owned(), text(serde_json::to_string(&body)?));
    Ok(item)
}
