//! Transactions: the running total of what went back, and the payments of an order or a customer.

use creem_events::{CreemTransaction, FetchedTransaction, OrderId};
use primitives::{CustomerId, PaymentId};
use serde::Deserialize;
use serde_json::Value;

use crate::client::{CreemClient, text, with_query};
use crate::error::CreemError;

/// Creem's own default; its largest page is not documented.
const PAGE_SIZE: &str = "10";
/// An order has one payment and a customer one a month: 500 are a sign that something else is wrong.
const PAGES_MAX: usize = 50;

/// A transaction as Creem has it, and the object it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnsweredTransaction {
    pub transaction: CreemTransaction,
    /// For an event that lacks it.
    pub fetched: FetchedTransaction,
}

/// One page of a search.
#[derive(Deserialize)]
struct Page {
    items: Vec<Value>,
    #[serde(default)]
    pagination: Pagination,
}

#[derive(Default, Deserialize)]
struct Pagination {
    #[serde(default)]
    next_page: Option<u64>,
}

impl CreemClient {
    /// The transaction as Creem has it at this moment.
    pub async fn transaction(&self, id: &PaymentId) -> Result<AnsweredTransaction, CreemError> {
        let target = with_query("/v1/transactions", &[("transaction_id", id.as_str())]);
        let body = self.get(&target).await.map_err(CreemError::of_read)?;
        let answered = self.answered(parse(text(&body)?)?)?;
        if answered.transaction.id == *id {
            Ok(answered)
        } else {
            Err(CreemError::Unreadable { what: "expected the transaction that was asked for" })
        }
    }

    /// All transactions of an order, in Creem's order.
    pub async fn transactions_of_order(&self, id: &OrderId) -> Result<Vec<AnsweredTransaction>, CreemError> {
        self.search("order_id", id.as_str()).await
    }

    /// All transactions of a customer, in Creem's order. Several accounts can share a customer.
    pub async fn transactions_of_customer(
        &self,
        id: &CustomerId,
    ) -> Result<Vec<AnsweredTransaction>, CreemError> {
        self.search("customer_id", id.as_str()).await
    }

    async fn search(&self, name: &str, id: &str) -> Result<Vec<AnsweredTransaction>, CreemError> {
        let mut found = Vec::new();
        for number in 1..=PAGES_MAX {
            let number = number.to_string();
            let query = [(name, id), ("page_number", &*number), ("page_size", PAGE_SIZE)];
            let body = self.get(&with_query("/v1/transactions/search", &query)).await?;
            let page: Page = serde_json::from_slice(&body)
                .map_err(|_| CreemError::Unreadable { what: "expected a page of transactions" })?;
            let is_last = page.pagination.next_page.is_none() || page.items.is_empty();
            for item in page.items {
                found.push(self.answered(item)?);
            }
            if is_last {
                return Ok(found);
            }
        }
        Err(CreemError::TooManyPages { pages_max: PAGES_MAX })
    }

    fn answered(&self, object: Value) -> Result<AnsweredTransaction, CreemError> {
        let transaction = CreemTransaction::from_json(&object.to_string())?;
        self.check_mode(transaction.mode.as_ref())?;
        Ok(AnsweredTransaction { transaction, fetched: FetchedTransaction(object) })
    }
}

fn parse(text: &str) -> Result<Value, CreemError> {
    serde_json::from_str(text).map_err(|_| CreemError::Unreadable { what: "expected a JSON object" })
}
