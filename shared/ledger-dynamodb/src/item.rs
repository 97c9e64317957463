//! Items: their keys, and reading and writing their attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use ledger::{
    AccountId, GenerationId, InvoiceId, Payment, PaymentId, PaymentName, ProductId, Record, Timestamp,
};

use crate::StoreError;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The condition of an item that must not exist.
pub(crate) const ABSENT: &str = "attribute_not_exists(pk)";
/// A customer's item may be there already, as long as it names the same account; none since it was unlinked.
pub(crate) const ABSENT_OR_SAME: &str = "attribute_not_exists(account) OR account = :account";
/// The sort key of partitions with one item.
pub(crate) const ONLY: &str = "-";
/// The sort key of the due marker.
pub(crate) const DUE: &str = "DUE";
/// Stripe's prefix of invoices.
const INVOICE: &str = "in_";
const ENTRY: &str = "ENTRY#";

pub(crate) fn account_key(account: &AccountId) -> String {
    format!("ACCOUNT#{account}")
}

/// The account whose partition an item is in.
pub(crate) fn account_of(item: &Item) -> Result<AccountId, StoreError> {
    account_of_key(read_text(item, "pk")?)
}

pub(crate) fn account_of_key(partition: &str) -> Result<AccountId, StoreError> {
    let account = partition.strip_prefix("ACCOUNT#").and_then(|id| AccountId::new(id).ok());
    account.ok_or(StoreError::Unreadable("pk"))
}

/// Twelve digits: an account with a thousand entries a second fills them in thirty years.
pub(crate) fn entry_key(number: u64) -> String {
    format!("{ENTRY}{number:012}")
}

/// The number in an entry's sort key; `None` if the key is not of an entry.
pub(crate) fn entry_number(sort_key: &str) -> Option<Result<u64, std::num::ParseIntError>> {
    sort_key.strip_prefix(ENTRY).map(str::parse)
}

pub(crate) fn is_entry_key(sort_key: &str) -> bool {
    sort_key.starts_with(ENTRY)
}

/// The range of an account's entries before and after a number, both exclusive.
pub(crate) fn entry_range(after: u64, before: Option<u64>) -> (String, String) {
    let last = before.map_or_else(|| format!("{ENTRY}~"), |before| entry_key(before.saturating_sub(1)));
    (entry_key(after.saturating_add(1)), last)
}

/// The key of the index by generation.
pub(crate) fn generation_key(account: &AccountId, generation: &GenerationId) -> String {
    format!("{account}#{generation}")
}

/// The key of the index of generations under which an item is found by a name. No generation has it: their
/// keys begin with an account, which has no `#`.
pub(crate) fn named_key(name: &str) -> String {
    format!("#NAMED#{name}")
}

/// The names of a payment that are found by the index alone: at most one for each item of the purchase. An
/// invoice has a key of its own.
pub(crate) fn indexed_names(payment: &Payment) -> [Option<&str>; 2] {
    let has_key = |name: &str| name.starts_with(INVOICE) || name == payment.id.as_str();
    let mut names = payment.names.iter().map(PaymentName::as_str).filter(|name| !has_key(name));
    let first = names.next();
    [first, names.find(|name| Some(*name) != first)]
}

pub(crate) fn payment_key(payment: &PaymentId) -> String {
    format!("PAYMENT#{payment}")
}

/// The key of the mark that an invoice has brought its credits.
pub(crate) fn invoice_key(invoice: &InvoiceId) -> String {
    format!("INVOICE#{invoice}")
}

/// The key of a payment's division, by Stripe's id.
pub(crate) fn division_key(payment: &PaymentId) -> String {
    format!("DIVISION#{}", payment.at_stripe())
}

/// The key of the mark that a change has brought its whole difference.
pub(crate) fn difference_key(account: &AccountId, product: &ProductId) -> String {
    format!("DIFFERENCE#{account}#{product}")
}

/// The key of an event that granted something.
pub(crate) fn event_key(id: &str) -> String {
    format!("EVENT#{id}")
}

/// The key of the mark that an account has moved in.
pub(crate) fn import_key(account: &AccountId) -> String {
    format!("IMPORT#{account}")
}

/// The partition key of a record that is written with an entry of `account`.
pub(crate) fn record_key(account: &AccountId, record: &Record) -> String {
    match record {
        Record::NewPayment(payment) => payment_key(&payment.id),
        Record::Invoice(invoice, _) => invoice_key(invoice),
        Record::Division(division) => division_key(&division.payment),
        Record::WholeDifferenceOnce(product, _) => difference_key(account, product),
        Record::CompensatedOnce(request) => format!("COMPENSATION#{request}"),
        Record::AdjustedOnce(adjustment) => format!("ADJUSTED#{adjustment}"),
        Record::ImportedOnce { .. } => import_key(account),
        Record::GivenBackOnce(generation) => format!("BACK#{account}#{generation}"),
        Record::ChargedLateOnce(generation) => format!("LATE#{account}#{generation}"),
        Record::Customer(customer, _) => format!("CUSTOMER#{customer}"),
        Record::Event { id, .. } => event_key(id),
    }
}

pub(crate) fn key(partition: impl Into<String>, sort: impl Into<String>) -> Item {
    HashMap::from([("pk".to_owned(), text(partition)), ("sk".to_owned(), text(sort))])
}

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(format!("{value}"))
}

pub(crate) fn bytes(value: impl Into<Vec<u8>>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

pub(crate) fn take_text(item: &mut Item, name: &'static str) -> Result<String, StoreError> {
    match item.remove(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(StoreError::Unreadable(name)),
    }
}

pub(crate) fn read_text<'item>(item: &'item Item, name: &'static str) -> Result<&'item str, StoreError> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(StoreError::Unreadable(name)),
    }
}

pub(crate) fn read_number<N: std::str::FromStr>(item: &Item, name: &'static str) -> Result<N, StoreError> {
    match item.get(name) {
        Some(AttributeValue::N(digits)) => digits.parse().map_err(|_| StoreError::Unreadable(name)),
        _ => Err(StoreError::Unreadable(name)),
    }
}

pub(crate) fn take_bytes(item: &mut Item, name: &'static str) -> Result<Vec<u8>, StoreError> {
    match item.remove(name) {
        Some(AttributeValue::B(blob)) => Ok(blob.into_inner()),
        _ => Err(StoreError::Unreadable(name)),
    }
}

pub(crate) fn read_instant(item: &Item, name: &'static str) -> Result<Timestamp, StoreError> {
    Timestamp::from_ms(read_number(item, name)?).map_err(|_| StoreError::Unreadable(name))
}
