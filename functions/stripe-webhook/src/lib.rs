//! Stripe's webhook: signed bytes go in, ledger entries and facts of payments and subscriptions come out.
//!
//! Every event ends in exactly one [`EventOutcome`]: applied, repeated, ignored, parked, deferred, which asks
//! Stripe to send it again, or put up for a lookup of what it does not carry. What is written is guarded by
//! conditions, so that events may come several times, at once and in any order. A typical event costs two or
//! three round trips to DynamoDB and none to Stripe.
//!
//! Which account an event belongs to is never taken from metadata: a checkout session, made by the company's
//! own code, links a customer to an account, and every later event is found by its customer.

mod checkout;
mod credit_note;
mod direct;
mod dispatch;
mod dispute;
mod fraud_warning;
mod handler;
mod invoice;
mod parked_subject;
mod payment_names;
mod refund;
mod returns;
mod signing;
mod subscription;
mod top_up;

pub use direct::{BusEvent, DirectRequest, ListedEvent, handle_direct};
pub use handler::{Webhook, handle};
pub use intake::{AWAITED_S, DirectAnswer, EventOutcome, Ignored, ParkReason, link_wait};
pub use signing::{Signing, SigningError};
