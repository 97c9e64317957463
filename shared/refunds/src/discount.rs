//! A discount on a subscription's next renewal (`S2-19`): a coupon at Stripe that is applied to the
//! subscription once. The request keeps the intent, and with it the coupon's id, before Stripe is asked, so
//! that every later attempt finds what an earlier one has done.

use ledger::{Actor, ExecuteError, SubscriptionId, Timestamp};
use policy::Discount;

use crate::pay::{ApprovalOutcome, Failure, Settled, settle};
use crate::payout::STUCK_S;
use crate::{EdgeError, RefundStore, Request, Save, State};

/// The intent to make a subscription's next renewal cheaper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewalDiscount {
    /// The subscription.
    pub subscription: SubscriptionId,
    /// How much cheaper.
    pub discount: Discount,
    /// The id of Stripe's coupon, which is ours to choose: one for each intent.
    pub coupon: String,
    /// When Stripe had applied it.
    pub applied_at: Option<Timestamp>,
}

impl Request {
    /// Stores the intent, in place of an earlier one or of a payout that failed.
    pub(crate) fn intend_discount(
        &mut self,
        subscription: SubscriptionId,
        discount: Discount,
        now: Timestamp,
    ) {
        let coupon = format!("makegood-{}-{}", self.id, self.version);
        self.payout = None;
        self.discount = Some(RenewalDiscount { subscription, discount, coupon, applied_at: None });
        self.due_at = now.plus_s(STUCK_S).ok();
    }

    /// Stripe is about to be asked for the discount. Whether that is to be saved.
    pub fn ask_discount(&mut self, now: Timestamp) -> Result<bool, EdgeError> {
        if self.state == State::Paying {
            return Ok(false);
        }
        self.transition_to(State::Paying, now, Actor::Policy)?;
        self.due_at = now.plus_s(STUCK_S).ok();
        Ok(true)
    }

    /// Stripe has applied the discount. Whether that is to be saved.
    pub fn discount_applied(&mut self, now: Timestamp) -> bool {
        let Some(discount) = self.discount.as_mut().filter(|discount| discount.applied_at.is_none()) else {
            return false;
        };
        discount.applied_at = Some(now);
        self.due_at = None;
        self.transition_to(State::Refunded, now, Actor::Stripe).is_ok()
    }
}

/// Saves an approved request with the intent to give the discount.
pub(crate) async fn approve_discount<S: RefundStore>(
    store: &S,
    request: &Request,
    (subscription, discount): (&SubscriptionId, &Discount),
    now: Timestamp,
) -> Result<ApprovalOutcome, Failure<S>> {
    let mut request = request.clone();
    request.intend_discount(subscription.clone(), discount.clone(), now);
    let save = Save { request, commit: None, refunded: None };
    match settle(store, save, None).await? {
        Settled::Written(request) => Ok(ApprovalOutcome::Saved(request)),
        Settled::Stale(stored) => Ok(ApprovalOutcome::Stale(stored)),
        Settled::NotAllowed => Ok(ApprovalOutcome::NotAllowed),
        Settled::Taken(holder) => Ok(ApprovalOutcome::Taken(holder)),
        // What is counted and what lands is credits.
        Settled::TooMany | Settled::Landed | Settled::Again => Err(ExecuteError::Busy),
    }
}
