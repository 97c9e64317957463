//! Cancelling a subscription: at once, or with the period that is paid.
//!
//! Both can be repeated: ending what has ended is answered with [`Decline::ResourceMissing`], and asking
//! twice for the end of the period changes nothing the second time. Stripe reports both in events.
//!
//! [`Decline::ResourceMissing`]: crate::Decline::ResourceMissing

use hyper::Method;
use primitives::{ScheduleId, SubscriptionId};

use crate::client::{IdempotencyKey, StripeClient};
use crate::error::StripeError;
use crate::object::Cancelled;
use crate::wire::{NamedWire, SubscriptionWire};

/// When a cancellation takes effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelWhen {
    /// At once, without an invoice for what is left of the period. Stripe gives keys no effect on this call,
    /// which can be repeated as it is.
    AtOnce,
    /// At the end of the period that is paid, asked for under this key.
    AtPeriodEnd(IdempotencyKey),
}

impl StripeClient {
    /// Makes one attempt to release a subscription from its schedule, which leaves it as it is: until then
    /// Stripe declines that it ends with its period
    /// (<https://docs.stripe.com/api/subscription_schedules/release>). A schedule that has ended or was
    /// released is declined.
    pub async fn release_schedule(&self, id: &ScheduleId, key: &IdempotencyKey) -> Result<(), StripeError> {
        let request = self.form(&format!("/v1/subscription_schedules/{id}/release"), String::new(), key);
        self.call::<NamedWire>(request).await.map(drop)
    }

    /// Makes one attempt to cancel a subscription. One that has ended already, or that Stripe does not know,
    /// is declined as missing where it is to end at once.
    pub async fn cancel_subscription(
        &self,
        id: &SubscriptionId,
        when: &CancelWhen,
    ) -> Result<Cancelled, StripeError> {
        let path = format!("/v1/subscriptions/{id}");
        let request = match when {
            CancelWhen::AtOnce => self.request(Method::DELETE, &path, String::new()),
            CancelWhen::AtPeriodEnd(key) => self.form(&path, "cancel_at_period_end=true".to_owned(), key),
        };
        Cancelled::try_from(self.call::<SubscriptionWire>(request).await?)
    }
}
