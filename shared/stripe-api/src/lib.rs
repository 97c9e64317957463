//! The few Stripe API calls that Makegood makes.
//!
//! A [`RefundOrder`] goes in, Stripe's [`Refund`] or a [`StripeError`] comes out, and the error says
//! whether the refund may have been made all the same and how the call may be repeated. One call is
//! one attempt on a connection of its own: nothing is retried, redirected, proxied or pooled here, so
//! a connection that died while the function was frozen cannot be mistaken for a lost answer.
//!
//! Bounds: [`Timeouts`] limit each call; an answer has at most 1 MiB, a list at most 10 pages of 100.
//! Nothing in this crate reads a clock or the environment.
//!
//! How a refund is made exactly once: the order and its idempotency key are stored before the first
//! call. Any later attempt first looks for the refund with [`StripeClient::refund_of_request`] and
//! creates it only when Stripe has none, with the same key while [`StripeError::retryable`] says so.

mod client;
mod config;
mod coupon;
mod dispute;
mod error;
mod events;
mod invoice;
mod lines;
mod listed_objects;
mod object;
mod plan;
mod plan_object;
mod plan_wire;
mod subscription;
mod wire;

pub use client::{IdempotencyKey, IdempotencyKeyError, RefundOrder, StripeClient};
pub use config::{API_BASE_URL, API_VERSION, SecretKey, StripeConfig, StripeConfigError};
pub use coupon::{CouponOrder, Off};
pub use dispute::{EVIDENCE_CHARACTERS_MAX, EVIDENCE_TEXT_CHARACTERS_MAX, EvidenceOrder, StripeDispute};
pub use error::{Decline, Retry, StripeError};
pub use events::{EVENT_TYPES_MAX, ListedEvent};
pub use listed_objects::{ListedObject, ObjectList};
pub use object::{AppliedDiscount, Cancelled, Coupon, Discounted, Refund};
pub use plan::{PlanSwap, PreviewedInvoice};
pub use plan_object::{PlanItem, PlanSchedule, PlannedSubscription};
pub use provider_http::{Timeouts, TookEffect};
pub use subscription::CancelWhen;

#[cfg(test)]
mod tests;
