//! A customer's link to an account by an operator's word, without an event that asks for it.
//!
//! Who said so and when stays on record. A customer who was unlinked belongs to nobody: what comes of it is
//! parked until somebody links it anew.

use aws_sdk_dynamodb::types::AttributeValue;
use ledger::CustomerId;

use crate::error::StoreError;
use crate::item::{ABSENT_OR_SAME, Item, ONLY, key, number, text};
use crate::parked::linked_key;
use crate::transaction::{TransactionOutcome, put, put_write};
use crate::{ParkedLink, Tables};

fn record(customer: &CustomerId, link: &ParkedLink) -> Item {
    let mut record = key(linked_key(customer.as_str()), ONLY);
    record.insert("account".to_owned(), text(link.account.as_str()));
    record.insert("by".to_owned(), text(link.by.as_str()));
    record.insert("at".to_owned(), number(link.at.as_ms()));
    record
}

impl Tables {
    /// Links a customer to an account; false if it has another one.
    pub async fn link_customer_by_operator(
        &self,
        customer: &CustomerId,
        link: &ParkedLink,
    ) -> Result<bool, StoreError> {
        let mut item = key(format!("CUSTOMER#{customer}"), ONLY);
        item.insert("account".to_owned(), text(link.account.as_str()));
        self.write_link(record(customer, link), item, link, ABSENT_OR_SAME).await
    }

    /// Takes a customer from its account; false if it is not that one's.
    pub async fn unlink_customer_by_operator(
        &self,
        customer: &CustomerId,
        link: &ParkedLink,
    ) -> Result<bool, StoreError> {
        let mut record = record(customer, link);
        record.insert("unlinked".to_owned(), AttributeValue::Bool(true));
        let item = key(format!("CUSTOMER#{customer}"), ONLY);
        self.write_link(record, item, link, "account = :account").await
    }

    async fn write_link(
        &self,
        record: Item,
        item: Item,
        link: &ParkedLink,
        condition: &str,
    ) -> Result<bool, StoreError> {
        let linked = put(&self.ledger, item)
            .condition_expression(condition)
            .expression_attribute_values(":account", text(link.account.as_str()));
        let writes = vec![put_write(put(&self.ledger, record)), put_write(linked)];
        match self.transact(writes).await? {
            TransactionOutcome::Written => Ok(true),
            TransactionOutcome::Refused(..) => Ok(false),
            TransactionOutcome::Contended => Err(StoreError::Contended),
        }
    }
}
