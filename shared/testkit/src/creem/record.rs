//! What the stand-in remembers of each object; `render` gives it Creem's shapes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::stand_in::Fault;

/// A transaction with its order and its checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreemSale {
    /// `tran_…`
    pub id: String,
    /// `ord_…`
    pub order: String,
    /// `ch_…`; `None` for the renewal of a subscription.
    pub checkout: Option<String>,
    pub request_id: Option<String>,
    /// `sub_…`, for a period of a subscription.
    pub subscription: Option<String>,
    /// `cust_…`
    pub customer: String,
    /// `prod_…`
    pub product: String,
    pub units: u64,
    /// Without tax, in minor units.
    pub amount: u64,
    pub tax: u64,
    /// In minor units, tax included: it only grows.
    pub refunded: u64,
    /// Three letters in upper case.
    pub currency: String,
    /// Creem's word.
    pub status: String,
    pub metadata: BTreeMap<String, String>,
    /// In milliseconds since 1970, as all instants here.
    pub created: i64,
    pub period: Option<(i64, i64)>,
}

impl CreemSale {
    /// What the customer paid.
    pub fn paid(&self) -> u64 {
        self.amount.saturating_add(self.tax)
    }
}

/// A subscription with one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// `sub_…`
    pub id: String,
    pub customer: String,
    pub product: String,
    pub units: u64,
    /// Without tax, for a period and a unit.
    pub amount: u64,
    pub tax: u64,
    pub currency: String,
    /// Creem's word.
    pub status: String,
    pub days: i64,
    pub last_transaction: Option<String>,
    pub period_start: i64,
    pub period_end: i64,
    pub canceled_at: Option<i64>,
    pub metadata: BTreeMap<String, String>,
    pub created: i64,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreemRefundRecord {
    /// `ref_…`
    pub id: String,
    pub transaction: String,
    /// In minor units, tax included.
    pub amount: u64,
    /// Creem's word.
    pub status: String,
    pub reason: String,
    pub created: i64,
}

/// One call of the API, for assertions on how often something was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreemCall {
    pub method: String,
    /// Path without its query.
    pub path: String,
    /// The JSON body of a POST.
    pub body: Option<serde_json::Value>,
    /// The fault that it met.
    pub fault: Option<Fault>,
}

/// What a command made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sold {
    pub transaction: Option<String>,
    pub order: Option<String>,
    pub checkout: Option<String>,
    pub subscription: Option<String>,
    pub customer: Option<String>,
    pub refund: Option<String>,
    pub dispute: Option<String>,
    /// The events, in the order in which they came to be.
    pub events: Vec<String>,
}
