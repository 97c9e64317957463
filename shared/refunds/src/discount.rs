//! A discount on a subscription's next renewal (`S2-19`): a coupon at Stripe that is applied to the
//! subscription once. The request keeps the intent, and with it the coupon's id, before Stripe is asked, so
//! that every later attempt finds what an earlier one has done.

use ledger::{SubscriptionId, Timestamp};
use policy::Discount;

/// The intent to make a subscription's next renewal cheaper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewalDiscount {
    pub subscription: SubscriptionId,
    /// How much cheaper.
    pub discount: Discount,
    /// The id of Stripe's coupon, which is ours to choose: one for each intent.
    pub coupon: String,
    /// When Stripe had applied it.
    pub applied_at: Option<Timestamp>,
}
