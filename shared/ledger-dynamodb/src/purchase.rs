//! An account's purchases, refunds and findings: items of its own partition behind the journal, read by one
//! query.
//!
//! A purchase is written in the transaction of its payment, a refund in the transaction that moves its
//! payment's sum, so that neither can be missing. A refund that failed stays, marked as such.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use ledger::{
    ACCOUNT_RECORDS_MAX, AccountId, AccountRecords, Currency, Money, Payment, PaymentId, Purchase, Refunded,
    Timestamp,
};

use crate::finding::{FINDING, finding};
use crate::item::{
    Item, account_key, indexed_names, key, named_key, number, read_instant, read_number, read_text, text,
};
use crate::scalar::instant;
use crate::transaction::{put, put_write};
use crate::{StoreError, Tables};

/// These and [`FINDING`] sort behind `DUE` and `ENTRY#`, and the finding before them.
pub(crate) const PURCHASE: &str = "PURCHASE#";
const REFUNDED: &str = "REFUNDED#";
/// How Stripe's ids of refunds begin, those of some payment methods, and those of credit notes that give back
/// without a refund.
const STRIPES_REFUND: [&str; 3] = ["re_", "pyr_", "cn_"];

/// Thirteen digits of milliseconds keep purchases in order.
fn purchase_key(charged_at: Timestamp, payment: &PaymentId) -> String {
    format!("{PURCHASE}{:013}#{payment}", charged_at.as_ms())
}

pub(crate) fn purchase_item(payment: &Payment) -> Item {
    let sort = purchase_key(payment.charged_at, &payment.id);
    let mut item = key(account_key(&payment.account), sort);
    item.insert("price".to_owned(), text(payment.price.as_str()));
    item.insert("paid_minor".to_owned(), number(payment.paid.minor()));
    item.insert("currency".to_owned(), text(payment.paid.currency().as_str()));
    if !payment.names.is_empty() {
        let names = payment.names.iter().map(|name| name.as_str().to_owned());
        let names = names.collect::<BTreeSet<_>>().into_iter().collect();
        item.insert("names".to_owned(), AttributeValue::Ss(names));
    }
    if let [Some(name), _] = indexed_names(payment) {
        item.insert("generation".to_owned(), text(named_key(name)));
    }
    item
}

pub(crate) fn purchase(item: &Item) -> Result<Purchase, StoreError> {
    let unreadable = || StoreError::Unreadable("purchase");
    let sort = read_text(item, "sk")?.strip_prefix(PURCHASE).ok_or_else(unreadable)?;
    let (charged_at, payment) = sort.split_once('#').ok_or_else(unreadable)?;
    let currency = Currency::new(read_text(item, "currency")?).map_err(|_| unreadable())?;
    Ok(Purchase {
        payment: PaymentId::new(payment).map_err(|_| unreadable())?,
        price: read_text(item, "price")?.to_owned(),
        paid: Money::new(read_number(item, "paid_minor")?, currency),
        charged_at: instant(charged_at.parse().map_err(|_| unreadable())?)?,
    })
}

/// A refund of an account, named by its request or by Stripe's id. `stands` is false once it has failed.
pub(crate) fn refunded_item(
    (account, name): (&AccountId, &str),
    refunded: &Refunded,
    at: Timestamp,
    stands: bool,
) -> Item {
    let mut item = key(account_key(account), format!("{REFUNDED}{name}"));
    item.insert("payment".to_owned(), text(refunded.payment.as_str()));
    item.insert("minor".to_owned(), number(refunded.minor));
    item.insert("at".to_owned(), number(at.as_ms()));
    item.insert("stands".to_owned(), AttributeValue::Bool(stands));
    item
}

/// Nothing of a refund that does not name its payment.
fn refunded(item: &Item) -> Result<Option<Refunded>, StoreError> {
    if !item.contains_key("payment") {
        return Ok(None);
    }
    let payment = PaymentId::new(read_text(item, "payment")?);
    let payment = payment.map_err(|_| StoreError::Unreadable("refund"))?;
    Ok(Some(Refunded { payment, minor: read_number(item, "minor")? }))
}

impl Tables {
    /// The write of such an item.
    pub(crate) fn refunded_write(
        &self,
        named: (&AccountId, &str),
        refunded: &Refunded,
        at: Timestamp,
        stands: bool,
    ) -> TransactWriteItem {
        put_write(put(&self.ledger, refunded_item(named, refunded, at, stands)))
    }

    pub(crate) async fn account_records(&self, account: &AccountId) -> Result<AccountRecords, StoreError> {
        let answer = self
            .account_range(account, FINDING.to_owned(), format!("{REFUNDED}~"))
            // Refunds first, then purchases from the newest on; the finding comes last.
            .scan_index_forward(false)
            .limit(i32::from(ACCOUNT_RECORDS_MAX))
            .send()
            .await
            .map_err(StoreError::of)?;
        let truncated = answer.last_evaluated_key.is_some();
        let mut records = AccountRecords { truncated, ..AccountRecords::default() };
        for item in answer.items.unwrap_or_default() {
            match read_text(&item, "sk")? {
                FINDING => records.finding = Some(finding(&item)?),
                sort if sort.starts_with(PURCHASE) => records.purchases.push(purchase(&item)?),
                sort if item.get("stands") == Some(&AttributeValue::Bool(true)) => {
                    let at = read_instant(&item, "at")?;
                    let refunded = refunded(&item)?;
                    // Requests' names are ours, and no refund of Stripe's has one.
                    if sort
                        .strip_prefix(REFUNDED)
                        .is_some_and(|name| STRIPES_REFUND.iter().any(|kind| name.starts_with(kind)))
                    {
                        let elsewhere = refunded.iter().map(|refunded| (refunded.payment.clone(), at));
                        records.refunded_elsewhere.extend(elsewhere);
                    }
                    records.refunded_at.push(at);
                    records.refunded.extend(refunded);
                }
                _ => {}
            }
        }
        Ok(records)
    }

    pub(crate) async fn purchases_before(
        &self,
        account: &AccountId,
        before: Option<(Timestamp, PaymentId)>,
        limit: u16,
    ) -> Result<Vec<Purchase>, StoreError> {
        let upper = before.map_or_else(
            || format!("{PURCHASE}~"),
            |(charged_at, payment)| purchase_key(charged_at, &payment),
        );
        let answer = self
            .account_range(account, PURCHASE.to_owned(), upper.clone())
            .scan_index_forward(false)
            // The one that the page before ended with may be among them.
            .limit(i32::from(limit).saturating_add(1))
            .send()
            .await
            .map_err(StoreError::of)?;
        let items = answer.items.unwrap_or_default();
        let ended_before = |item: &&Item| read_text(item, "sk").is_ok_and(|sort| sort != upper);
        items.iter().filter(ended_before).take(usize::from(limit)).map(purchase).collect()
    }
}
