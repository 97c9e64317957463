//! Payouts: one stored intent becomes one refund at the payment's provider, however often its message
//! arrives.
//!
//! The intent is stored before a provider is asked. Any later attempt looks for the refund first, and asks
//! again only when there is none. What the provider answers is saved as a report, the same as an event's. The
//! module `provider` is the seam: behind it, Stripe's refunds are found by the request's id and asked for
//! under an idempotency key, and Creem's are known by the running total of their payment.

mod cancellation;
mod creem;
mod discount;
mod messages;
mod pay;
mod plan;
mod plan_change;
mod provider;
mod recheck;
mod refund;
mod runner;
mod store;
mod stripe;

pub use cancellation::{CancellationError, CancellationOutcome, send_cancellation};
pub use messages::{MessageError, Payouts, Store, Work, handle, understand};
pub use pay::{Paid, pay};
pub use plan::Plan;
pub use plan_change::{PlanChangeError, PlanChangeOutcome, SentPlanChange, send_plan_change};
pub use provider::{Clients, KeyError, ProviderError};
pub use runner::PayoutError;
pub use store::PayoutStore;
