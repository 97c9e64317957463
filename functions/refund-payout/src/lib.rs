//! Payouts: one stored intent becomes one Stripe refund, however often its message arrives.
//!
//! The intent and its idempotency key are stored before Stripe is asked. Any later attempt looks for the
//! refund at Stripe first, and asks again only when there is none: with the same key while Stripe keeps
//! it, with another one after that. What Stripe answers is saved as a report, the same as an event's.

mod cancellation;
mod discount;
mod messages;
mod pay;
mod plan;
mod plan_change;
mod recheck;
mod refund;
mod runner;

pub use cancellation::{CancellationError, CancellationOutcome, send_cancellation};
pub use messages::{MessageError, Payouts, Store, Work, handle, understand};
pub use pay::{Paid, pay};
pub use plan::Plan;
pub use plan_change::{PlanChangeError, PlanChangeOutcome, SentPlanChange, send_plan_change};
pub use runner::PayoutError;
