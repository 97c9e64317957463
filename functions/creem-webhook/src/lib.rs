//! Creem's webhook: signed bytes go in, ledger entries and facts of payments and subscriptions come out.
//!
//! Every event ends in exactly one [`EventOutcome`]. What is written is guarded by conditions, so that events
//! may come several times, at once and in any order. Credits are granted by the transaction, which each event
//! that reports a payment names, or which creem-reconcile looks up.
//!
//! Which account an event belongs to is what the company's server has said at the checkout (`account`), and
//! never Creem's customer: several accounts may share one.

mod account;
mod checkout;
mod direct;
mod dispute;
mod handler;
mod purchase;
mod reading;
mod refund;
mod signing;
mod subscription;
mod watch;

pub use direct::{DirectRequest, handle_direct};
pub use handler::{Webhook, handle};
pub use intake::{
    AWAITED_S, DirectAnswer, EventOutcome, Ignored, ParkReason, ParkedRequest, handle_parked, link_wait,
};
pub use reading::{ReadObject, ReadRequest};
pub use signing::{Signing, SigningError};
