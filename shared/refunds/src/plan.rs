//! The end of a plan that goes with the refund of its charge (`S3-18`): promised by the quote, kept in the
//! payout, and due until Stripe has no such subscription any more or a person has it in hand.

use ledger::{SubscriptionId, Timestamp};

use crate::payout::STUCK_S;
use crate::{Request, State};

/// The longest that the sweep waits before it announces an end again, in seconds: a day, in which a person
/// who was told by the dead-letter queue has put Stripe's refusals right.
const AGAIN_S_MAX: u64 = 86_400;

/// The end of a subscription that was promised with the refund of its charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEnd {
    /// The subscription that the quote named.
    pub subscription: SubscriptionId,
    /// How often the sweep has announced it.
    pub announced: u32,
    /// How it ended; `None` while Stripe has to be asked.
    pub became: Option<PlanEnded>,
}

/// The outcome of a promised end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEnded {
    /// When Stripe said so.
    pub at: Timestamp,
    /// Stripe's error code if it declined for good, so that a person has to look; `None` if the subscription
    /// is gone.
    pub declined: Option<String>,
}

impl PlanEnd {
    /// The end of this subscription, before Stripe has been asked for it.
    pub fn of(subscription: SubscriptionId) -> Self {
        Self { subscription, announced: 0, became: None }
    }

    /// How long the sweep waits for Stripe before it announces the end again, in seconds.
    pub(crate) fn again_s(&self) -> u64 {
        let doubled = 1_u64.checked_shl(self.announced).and_then(|factor| STUCK_S.checked_mul(factor));
        doubled.unwrap_or(AGAIN_S_MAX).min(AGAIN_S_MAX)
    }
}

impl Request {
    /// The promised end of a plan that Stripe has to be asked for. It is open only once the refund is made,
    /// because a refund that Stripe declines ends nothing.
    pub fn open_plan_end(&self) -> Option<&PlanEnd> {
        let payout = self.payout.as_ref()?;
        let made = match self.state {
            State::Paying => payout.refund.is_some(),
            State::Refunded => true,
            State::Submitted
            | State::NeedsInformation
            | State::InReview
            | State::Approved
            | State::Failed
            | State::Refused
            | State::Withdrawn
            | State::Settled => false,
        };
        payout.ends.as_ref().filter(|ends| made && ends.became.is_none())
    }

    /// Notes the outcome of the promised end, and returns whether it was open until then.
    pub fn plan_ended(&mut self, declined: Option<String>, now: Timestamp) -> bool {
        if self.open_plan_end().is_none() {
            return false;
        }
        if let Some(ends) = self.payout.as_mut().and_then(|payout| payout.ends.as_mut()) {
            ends.became = Some(PlanEnded { at: now, declined });
        }
        self.await_payout(now);
        true
    }
}
