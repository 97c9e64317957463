//! A discount on a subscription's next renewal (`S2-19`), given once however often its message arrives.
//!
//! The request keeps the coupon's id before Stripe is asked. A coupon that exists is not made again, and one
//! that is redeemed is not applied again: it can be redeemed once, so that a lost answer costs two reads.

use ledger::{Actor, Currency, ExecuteError, LedgerStore, Money, Pause, RefundRequestId};
use policy::Discount;
use refunds::{
    ActionSource, HoldBackOutcome, RefundRequest, RenewalDiscount, Save, SaveOutcome, State, fingerprint,
};
use stripe_api::{CouponOrder, Decline, IdempotencyKey, Off, StripeClient, StripeError};
use stripe_events::SubscriptionStatus;

use crate::provider::ProviderError;
use crate::runner::{PayoutError, PayoutResult, PayoutRunner};
use crate::store::PayoutStore;
use crate::stripe::code_of;

/// Why a discount goes back to a person whose subscription is not renewed.
const NO_RENEWAL: &str = "subscription_not_renewed";

impl<S: PayoutStore, P: Pause> PayoutRunner<'_, S, P> {
    /// Gives the discount that a request promises.
    pub(crate) async fn discount(
        &self,
        stripe: &StripeClient,
        id: &RefundRequestId,
        mut request: RefundRequest,
        discount: RenewalDiscount,
    ) -> PayoutResult<S, State> {
        let known = self.store.subscription(&request.account, &discount.subscription).await;
        let known = known.map_err(ExecuteError::Store)?;
        if known.is_some_and(|known| known.ended_at.is_some()) {
            return self.back(&request, NO_RENEWAL).await;
        }
        if request.ask_discount(self.now).map_err(|_| PayoutError::ClaimedElsewhere)? {
            request.count_save();
            let save = Save { request: request.clone(), commit: None, refunded: None };
            match self.store.save(&save).await.map_err(ExecuteError::Store)? {
                SaveOutcome::Written => {}
                _ => return Err(PayoutError::ClaimedElsewhere),
            }
        }
        match self.apply(stripe, id, &discount).await {
            Ok(()) => self.applied(request).await,
            Err(Stop::Back(reason)) => self.back(&request, &reason).await,
            Err(Stop::Later(error)) => Err(error),
        }
    }

    /// Sees to it that Stripe has the coupon, and that the subscription has it.
    async fn apply(
        &self,
        stripe: &StripeClient,
        request: &RefundRequestId,
        discount: &RenewalDiscount,
    ) -> Result<(), Stop<PayoutError<<S as LedgerStore>::Error>>> {
        let off = match &discount.discount {
            Discount::Percent { percent } => Off::Percent(*percent),
            Discount::Amount { amount_minor, currency } => {
                let currency = Currency::new(currency).map_err(|_| Stop::Later(PayoutError::Order))?;
                Off::Amount(Money::new(*amount_minor, currency))
            }
        };
        let key = |step: &str| {
            let key = IdempotencyKey::new(format!("{}-{step}", discount.coupon));
            key.map_err(|_| Stop::Later(PayoutError::Order))
        };
        let order = CouponOrder { id: discount.coupon.clone(), off, request: request.clone() };
        match stripe.create_coupon(&order, &key("create")?).await {
            Ok(_) => {}
            Err(StripeError::Declined(Decline::Other { code: Some(code), .. }))
                if code == "resource_already_exists" => {}
            Err(error) => return Err(stopped(error)),
        }
        if stripe.coupon(&discount.coupon).await.map_err(stopped)?.times_redeemed > 0 {
            return Ok(());
        }
        let found = stripe.discounts_of(&discount.subscription).await.map_err(stopped)?;
        let ends =
            matches!(found.status, SubscriptionStatus::Canceled | SubscriptionStatus::IncompleteExpired);
        if ends || found.cancel_at_period_end {
            return Err(Stop::Back(NO_RENEWAL.to_owned()));
        }
        let (subscription, coupon, key) = (&discount.subscription, &discount.coupon, key("apply")?);
        let applied = stripe.apply_coupon(subscription, coupon, &found.discounts, &key).await;
        applied.map(drop).map_err(stopped)
    }

    /// Saves that Stripe has applied the discount.
    async fn applied(&self, mut request: RefundRequest) -> PayoutResult<S, State> {
        for attempt in 0..self.pause.attempts_max() {
            if !request.discount_applied(self.now) {
                return Ok(request.state());
            }
            request.count_save();
            let id = request.id.clone();
            let save = Save { request, commit: None, refunded: None };
            request = match self.store.save(&save).await.map_err(ExecuteError::Store)? {
                SaveOutcome::Written => return Ok(save.request.state()),
                SaveOutcome::Stale(stored) => *stored,
                _ => {
                    self.pause.pause(attempt).await;
                    let stored = self.store.request(&id).await.map_err(ExecuteError::Store)?;
                    stored.ok_or(PayoutError::NoRequest)?
                }
            };
        }
        Err(PayoutError::ClaimedElsewhere)
    }

    /// Brings a request back to people, who see why.
    pub(crate) async fn back(&self, request: &RefundRequest, reason: &str) -> PayoutResult<S, State> {
        let call =
            ActionSource { by: Actor::Policy, at: self.now, fingerprint: fingerprint(&["payout", reason]) };
        let held = refunds::hold_back(self.store, self.pause, request, (&call, reason), self.now).await?;
        tracing::warn!(reason, outcome = "held_back", "what was approved goes back to a person");
        Ok(match held {
            HoldBackOutcome::HeldBack(request) | HoldBackOutcome::Stale(request) => request.state(),
        })
    }
}

/// Why a discount is not given by this attempt.
enum Stop<E> {
    /// A person has to look: Stripe declined for good, or nothing is renewed.
    Back(String),
    /// It stays in the queue.
    Later(E),
}

fn stopped<E: std::error::Error + 'static>(error: StripeError) -> Stop<PayoutError<E>> {
    match error {
        StripeError::Declined(Decline::ResourceMissing) => Stop::Back(NO_RENEWAL.to_owned()),
        StripeError::Declined(why) => Stop::Back(code_of(&why)),
        error => Stop::Later(PayoutError::Provider(ProviderError::Stripe(error))),
    }
}
