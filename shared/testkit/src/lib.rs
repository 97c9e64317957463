//! What tests, benchmarks and the demo run against, on loopback only and never in production code.
//!
//! [`stand_in`] keeps customers, payments and refunds in memory, answers the Stripe calls that
//! Makegood makes and sends signed webhooks.

mod clock;
pub mod stand_in;
