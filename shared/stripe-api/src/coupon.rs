//! Coupons: one that makes a subscription's next invoice cheaper, once.
//!
//! The caller chooses the coupon's id, so that it finds the coupon again even if an answer was lost. A coupon
//! can be redeemed once (`max_redemptions`), for one invoice (`duration=once`):
//! <https://docs.stripe.com/api/coupons/create>.

use hyper::Method;
use primitives::{Money, RefundRequestId, SubscriptionId};

use crate::client::{IdempotencyKey, StripeClient};
use crate::error::StripeError;
use crate::object::{AppliedDiscount, Coupon, Discounted};
use crate::wire::{CouponWire, DiscountedWire, REQUEST_METADATA};

/// How much cheaper a coupon makes an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Off {
    /// By a share, in hundredths.
    Percent(u32),
    Amount(Money),
}

/// A coupon as it is ordered; stored before the first call and the same for every repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CouponOrder {
    pub id: String,
    /// How much cheaper it makes an invoice.
    pub off: Off,
    /// The request that it settles, kept in its metadata.
    pub request: RefundRequestId,
}

impl StripeClient {
    /// Makes one attempt to create a coupon. One that exists is declined with the code
    /// `resource_already_exists`.
    pub async fn create_coupon(
        &self,
        order: &CouponOrder,
        key: &IdempotencyKey,
    ) -> Result<Coupon, StripeError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("id", &order.id)
            .append_pair("duration", "once")
            .append_pair("max_redemptions", "1")
            .append_pair(&format!("metadata[{REQUEST_METADATA}]"), order.request.as_str());
        match order.off {
            Off::Percent(percent) => {
                form.append_pair("percent_off", &percent.to_string());
            }
            Off::Amount(amount) => {
                form.append_pair("amount_off", &amount.minor().to_string())
                    .append_pair("currency", amount.currency().as_str());
            }
        }
        let request = self.form("/v1/coupons", form.finish(), key);
        Ok(self.call::<CouponWire>(request).await?.into())
    }

    pub async fn coupon(&self, id: &str) -> Result<Coupon, StripeError> {
        let path = format!("/v1/coupons/{id}");
        let request = self.request(Method::GET, &path, String::new());
        Ok(self.call::<CouponWire>(request).await?.into())
    }

    pub async fn discounts_of(&self, subscription: &SubscriptionId) -> Result<Discounted, StripeError> {
        let path = format!("/v1/subscriptions/{subscription}?expand%5B%5D=discounts");
        let request = self.request(Method::GET, &path, String::new());
        Ok(self.call::<DiscountedWire>(request).await?.into())
    }

    /// Makes one attempt to apply a coupon to a subscription beside the discounts `kept`: Stripe takes the
    /// list as the whole of them.
    pub async fn apply_coupon(
        &self,
        subscription: &SubscriptionId,
        coupon: &str,
        kept: &[AppliedDiscount],
        key: &IdempotencyKey,
    ) -> Result<Discounted, StripeError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (place, discount) in kept.iter().enumerate() {
            form.append_pair(&format!("discounts[{place}][discount]"), &discount.id);
        }
        form.append_pair(&format!("discounts[{}][coupon]", kept.len()), coupon);
        let path = format!("/v1/subscriptions/{subscription}");
        let request = self.form(&path, form.finish(), key);
        Ok(self.call::<DiscountedWire>(request).await?.into())
    }
}
