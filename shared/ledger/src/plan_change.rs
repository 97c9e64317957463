//! Changes of a subscription's plan that were confirmed here: what was confirmed, when and by whom, and
//! whether Stripe has carried it out.
//!
//! A change is recorded before Stripe is asked. It is open until Stripe has carried it out or has declined,
//! and one that is open keeps others out. A later change takes the place of one that is not open any more.

use crate::subscription::announce_again_at;
use crate::{AccountId, Channel, Money, Subscription, SubscriptionId, Timestamp};

/// How long a change that takes effect at once may wait for Stripe, in seconds. Whoever confirms one expects
/// to be charged now; after a day without an answer it is not made any more.
const AT_ONCE_WITHIN_S: u64 = 86_400;

/// When a change of plan takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeTiming {
    /// When it is paid for (`S4-14`).
    AtOnce,
    /// With the end of the period that is running (`S4-15`).
    AtPeriodEnd,
    /// It takes back a change that would take effect with the end of the period.
    Kept,
}

impl ChangeTiming {
    const ALL: [Self; 3] = [Self::AtOnce, Self::AtPeriodEnd, Self::Kept];

    /// Its name in answers and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce => "at_once",
            Self::AtPeriodEnd => "at_period_end",
            Self::Kept => "kept",
        }
    }

    /// Reads [`ChangeTiming::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|timing| timing.as_str() == text)
    }
}

/// What was confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanOrder {
    /// Stripe's item of the subscription that changes.
    pub item: String,
    /// Its price from then on, and how many of it.
    pub price: String,
    pub quantity: u64,
    /// How many months of the calendar a period of that price has.
    pub months: u32,
    pub timing: ChangeTiming,
    /// The instant from which Stripe settles what is left of the period; the preview was made for it.
    pub prorated_at: Timestamp,
    /// What is charged when it takes effect at once, as the preview said.
    pub charged: Money,
    /// The end of the period that is running.
    pub period_ends_at: Timestamp,
    /// What the preview answered, by which a repeat is known.
    pub confirmation: String,
}

/// A change that was confirmed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanChange {
    pub account: AccountId,
    pub subscription: SubscriptionId,
    /// When it was confirmed.
    pub at: Timestamp,
    /// Through which channel.
    pub channel: Channel,
    pub order: PlanOrder,
    /// When Stripe carried it out; `None` until it has.
    pub stripe_at: Option<Timestamp>,
    /// Why it is not made: Stripe's code, or a word of ours.
    pub declined: Option<String>,
    /// How often the sweep has announced it, because Stripe had not answered.
    pub announced: u32,
}

impl PlanChange {
    /// Whether it is neither carried out nor declined.
    pub fn is_open(&self) -> bool {
        self.stripe_at.is_none() && self.declined.is_none()
    }

    /// What marks it at Stripe, and begins its idempotency keys: no other change of the subscription has it.
    pub fn mark(&self) -> String {
        format!("change-{}-{}", self.subscription, self.at.as_ms())
    }

    /// When to announce it again after an announcement at `now`, if it is open by then.
    pub fn again_at(&self, now: Timestamp) -> Option<Timestamp> {
        announce_again_at(self.announced, now)
    }

    /// Whether it is too late to carry it out: nobody expects the charge any more, or the period is over at
    /// whose end it was to take effect.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        let charged_by = self.at.plus_s(AT_ONCE_WITHIN_S);
        let is_late = self.order.timing == ChangeTiming::AtOnce && charged_by.is_ok_and(|by| by <= now);
        is_late || self.order.period_ends_at <= now
    }

    /// Whether it says which plan the next period of `subscription` has: it is confirmed, and neither the end
    /// of the period nor a cancellation nor somebody at Stripe, who released its schedule, was before it.
    pub fn is_ahead(&self, subscription: &Subscription, now: Timestamp) -> bool {
        let takes_effect_later = self.order.timing == ChangeTiming::AtPeriodEnd;
        let goes_on = subscription.ended_at.is_none() && subscription.cancellation_confirmed_at.is_none();
        let is_renewed = subscription.period_ends_at > Some(self.order.period_ends_at);
        let is_newer = |stripe_at| subscription.as_of > stripe_at;
        let is_released = subscription.report.schedule.is_none() && self.stripe_at.is_some_and(is_newer);
        takes_effect_later
            && self.declined.is_none()
            && goes_on
            && !is_released
            && !is_renewed
            && now < self.order.period_ends_at
    }
}

/// A change of plan that Stripe was not known to have carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreportedPlanChange {
    pub account: AccountId,
    pub subscription: SubscriptionId,
}

#[cfg(test)]
mod tests {
    use primitives::Currency;

    use super::*;
    use crate::Provider;
    use crate::{ScheduleId, SubscriptionReport};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_s(1_793_491_200_i64.saturating_add(seconds)).unwrap()
    }

    fn change(timing: ChangeTiming) -> PlanChange {
        PlanChange {
            account: AccountId::new("customer-1").unwrap(),
            subscription: SubscriptionId::new("sub_1").unwrap(),
            at: at(0),
            channel: Channel::Customer,
            order: PlanOrder {
                item: "si_1".to_owned(),
                price: "price_1".to_owned(),
                quantity: 1,
                months: 1,
                timing,
                prorated_at: at(-60),
                charged: Money::new(0, Currency::new("usd").unwrap()),
                period_ends_at: at(1_000_000),
                confirmation: "shown".to_owned(),
            },
            stripe_at: None,
            declined: None,
            announced: 0,
        }
    }

    fn subscription(as_of: i64, schedule: Option<&str>) -> Subscription {
        Subscription {
            provider: Provider::Stripe,
            id: SubscriptionId::new("sub_1").unwrap(),
            account: AccountId::new("customer-1").unwrap(),
            as_of: at(as_of),
            price: Some("price_2".to_owned()),
            period_ends_at: Some(at(1_000_000)),
            cancellation_confirmed_at: None,
            cancels_at: None,
            ended_at: None,
            confirmation: None,
            report: SubscriptionReport {
                schedule: schedule.map(|id| ScheduleId::new(id).unwrap()),
                ..SubscriptionReport::default()
            },
        }
    }

    #[test]
    fn a_charge_is_not_made_a_day_after_it_was_confirmed_and_nothing_after_the_period() {
        use ChangeTiming::{AtOnce, AtPeriodEnd, Kept};
        for (timing, seconds, lapsed) in [
            (AtOnce, 86_399, false),
            (AtOnce, 86_400, true),
            (AtPeriodEnd, 86_400, false),
            (AtPeriodEnd, 999_999, false),
            (AtPeriodEnd, 1_000_000, true),
            (Kept, 999_999, false),
            (Kept, 1_000_000, true),
        ] {
            assert_eq!(change(timing).has_lapsed(at(seconds)), lapsed, "{timing:?} {seconds}");
        }
    }

    #[test]
    fn s4_15_a_change_with_the_period_is_ahead_until_the_period_ends() {
        let running = subscription(5, None);
        let ahead = |timing, seconds| change(timing).is_ahead(&running, at(seconds));
        assert!(ahead(ChangeTiming::AtPeriodEnd, 999_999));
        assert!(!ahead(ChangeTiming::AtPeriodEnd, 1_000_000));
        assert!(!ahead(ChangeTiming::AtOnce, 10) && !ahead(ChangeTiming::Kept, 10));
        let declined = Some("lapsed".to_owned());
        assert!(!PlanChange { declined, ..change(ChangeTiming::AtPeriodEnd) }.is_ahead(&running, at(10)));
        let cancelled = Subscription { cancellation_confirmed_at: Some(at(6)), ..running.clone() };
        assert!(!change(ChangeTiming::AtPeriodEnd).is_ahead(&cancelled, at(10)));
    }

    #[test]
    fn a_renewal_that_is_reported_is_the_next_period() {
        let renewed = Subscription { period_ends_at: Some(at(2_000_000)), ..subscription(5, None) };
        assert!(!change(ChangeTiming::AtPeriodEnd).is_ahead(&renewed, at(10)));
    }

    #[test]
    fn a_schedule_that_somebody_released_changes_nothing_any_more() {
        let scheduled = PlanChange { stripe_at: Some(at(10)), ..change(ChangeTiming::AtPeriodEnd) };
        for (as_of, schedule, ahead) in [
            // An event from before Stripe knew says nothing of it.
            (10, None, true),
            (11, None, false),
            (11, Some("sub_sched_1"), true),
        ] {
            assert_eq!(
                scheduled.is_ahead(&subscription(as_of, schedule), at(20)),
                ahead,
                "{as_of} {schedule:?}"
            );
        }
    }

    #[test]
    fn timings_keep_their_names() {
        for timing in ChangeTiming::ALL {
            assert_eq!(ChangeTiming::parse(timing.as_str()), Some(timing));
        }
        assert_eq!(ChangeTiming::parse("now"), None);
    }
}
