//! The discount of a request: its intent, and what Stripe has applied.

use ledger::{Actor, Provider, SubscriptionId, Timestamp};
use policy::Discount;

use super::RefundRequest;
use crate::payout::STUCK_S;
use crate::{EdgeError, RenewalDiscount, State};

impl RefundRequest {
    /// Stores the intent, in place of an earlier one or of a payout that failed.
    pub(crate) fn intend_discount(
        &mut self,
        subscription: SubscriptionId,
        discount: Discount,
        now: Timestamp,
    ) {
        let coupon = format!("makegood-{}-{}", self.id, self.progress.version);
        self.drop_payout();
        self.progress.fulfilment.discount =
            Some(RenewalDiscount { subscription, discount, coupon, applied_at: None });
        self.progress.fulfilment.due_at = now.plus_s(STUCK_S).ok();
    }

    /// Stripe is about to be asked for the discount. Whether that is to be saved.
    pub fn ask_discount(&mut self, now: Timestamp) -> Result<bool, EdgeError> {
        if self.progress.timeline.state == State::Paying {
            return Ok(false);
        }
        self.transition_to(State::Paying, now, Actor::Policy)?;
        self.progress.fulfilment.due_at = now.plus_s(STUCK_S).ok();
        Ok(true)
    }

    /// Stripe has applied the discount. Whether that is to be saved.
    pub fn discount_applied(&mut self, now: Timestamp) -> bool {
        let Some(discount) =
            self.progress.fulfilment.discount.as_mut().filter(|discount| discount.applied_at.is_none())
        else {
            return false;
        };
        discount.applied_at = Some(now);
        self.progress.fulfilment.due_at = None;
        self.transition_to(State::Refunded, now, Actor::Provider(Provider::Stripe)).is_ok()
    }
}
