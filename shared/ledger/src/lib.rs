//! The credit ledger: accounts, lots, holds and the journal of entries.
//!
//! A command and the newest entry of an account go into [`decide`], a plan or a typed refusal comes
//! out; [`execute`] commits the plan through the [`LedgerStore`] port and decides again when another
//! writer was first. Nothing in this crate reads a clock, the environment or the network.

mod id;
mod money;
mod time;

pub use id::{
    AccountId, CustomerId, GenerationId, IdError, PaymentId, RefundId, RefundRequestId, SubscriptionId,
};
pub use money::{AmountError, Credits, Currency, Money};
pub use time::{TimeError, Timestamp};
