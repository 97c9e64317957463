//! What Stripe answers, as far as it is read here.

use primitives::{Money, PaymentId, RefundId, RefundRequestId, SubscriptionId, Timestamp};
use stripe_events::{RefundFailureReason, RefundStatus, SubscriptionStatus};

/// A refund as Stripe has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Stripe's id.
    pub id: RefundId,
    /// The payment that is given back; absent for a charge without one.
    pub payment: Option<PaymentId>,
    pub amount: Money,
    /// How it stands; Stripe may leave it out.
    pub status: Option<RefundStatus>,
    /// Why it failed.
    pub failure_reason: Option<RefundFailureReason>,
    /// The request that it pays; absent for a refund that was made elsewhere.
    pub request: Option<RefundRequestId>,
    /// When Stripe made it.
    pub created: Timestamp,
}

impl Refund {
    /// Whether its money went, or may still go, to the customer.
    pub(crate) fn stands(&self) -> bool {
        !matches!(self.status, Some(RefundStatus::Failed | RefundStatus::Canceled))
    }
}

/// A subscription whose cancellation Stripe has confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancelled {
    /// Stripe's id.
    pub id: SubscriptionId,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// When the cancellation was asked for.
    pub canceled_at: Option<Timestamp>,
    /// When it will end; absent once it has.
    pub cancel_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// A coupon as Stripe has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    pub id: String,
    /// How often it was applied to a subscription or a customer.
    pub times_redeemed: u64,
}

/// What makes a subscription's invoices cheaper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discounted {
    /// Where the subscription stands.
    pub status: SubscriptionStatus,
    /// Whether it ends with its period, so that it is not renewed.
    pub cancel_at_period_end: bool,
    /// Its discounts, each with the coupon that it is of.
    pub discounts: Vec<AppliedDiscount>,
}

/// A discount of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedDiscount {
    /// Stripe's id of it.
    pub id: String,
    pub coupon: Option<String>,
}
