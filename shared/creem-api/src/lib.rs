//! The few Creem API calls that Makegood makes.
//!
//! One call is one attempt: nothing is retried here, and a [`CreemError`] says whether the call may have
//! taken effect all the same and what comes before a repetition.
//!
//! Bounds: [`Timeouts`] limit each call; an answer has at most 1 MiB, a search at most 50 pages of 10.
//! Nothing in this crate reads a clock or the environment.
//!
//! How a refund is made exactly once without an idempotency key: the intent is stored before the first call,
//! one at a time for a transaction. Before any later attempt the transaction is read with
//! [`CreemClient::transaction`], and what its `refunded_amount` shows settles the intent. Only where nothing
//! went back is a refund created again.
//!
//! The host, the key and the mode are one unit ([`CreemConfig`]): a live client calls the live host alone,
//! and refuses an object of another mode.
//! Source of the calls: <https://docs.creem.io/api-reference> and Creem's own SDK (npm `creem` 1.13.0).

mod client;
mod config;
mod error;
mod refund;
mod subscription;
mod transaction;

pub use client::CreemClient;
pub use config::{CREEM_API_BASE_URL, CREEM_TEST_API_BASE_URL, CreemConfig, CreemConfigError, CreemKey};
pub use error::{CreemError, RepeatCall};
pub use provider_http::{Timeouts, TookEffect};
pub use refund::CreatedRefund;
pub use subscription::CancelMode;
pub use transaction::AnsweredTransaction;

#[cfg(test)]
mod tests;
