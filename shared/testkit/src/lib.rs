//! What tests, benchmarks and the demo run against, on loopback only and never in production code.
//!
//! [`stand_in`] keeps customers, payments and refunds in memory, answers the Stripe calls that Makegood
//! makes and sends signed webhooks; [`creem`] does the same for Creem. [`runtime_api`] runs a
//! function's binary as Lambda would, one event at a time, and records what it costs. [`http_event`]
//! builds the gateway's events and [`queue_event`] the batches of an SQS trigger.

mod answer_body;
mod clock;
pub mod creem;
pub mod http_event;
mod post;
pub mod queue_event;
pub mod runtime_api;
pub mod stand_in;
