//! Changes of a subscription's plan that were confirmed here: what was confirmed, when and by whom, and
//! whether Stripe has carried it out.
//!
//! A change is recorded before Stripe is asked. It is open until Stripe has carried it out or has declined,
//! and one that is open keeps others out. A later change takes the place of one that is not open any more; it
//! keeps what that one had arranged for the period's end until it is made itself.

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

/// The plan of the next period, as it was confirmed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanAhead {
    pub price: String,
    pub quantity: u64,
    /// When it takes effect: the end of the period in which it was confirmed.
    pub period_ends_at: Timestamp,
    /// When Stripe had it scheduled; `None` until it has.
    pub stripe_at: Option<Timestamp>,
}

impl PlanAhead {
    /// Whether the next period of `subscription` still has it: neither the end of the period nor a
    /// cancellation nor somebody at Stripe, who released its schedule, was before it.
    fn is_valid(&self, subscription: &Subscription, now: Timestamp) -> bool {
        let goes_on = subscription.ended_at.is_none() && subscription.cancellation_confirmed_at.is_none();
        let is_renewed = subscription.period_ends_at > Some(self.period_ends_at);
        let is_newer = |stripe_at| subscription.as_of > stripe_at;
        let is_released = subscription.report.schedule.is_none() && self.stripe_at.is_some_and(is_newer);
        goes_on && !is_released && !is_renewed && now < self.period_ends_at
    }
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
    /// What was ahead when it was confirmed, which stays so unless it is made.
    pub replaces: Option<PlanAhead>,
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

    /// The plan that the next period of `subscription` has by what was confirmed: this change's, or that of
    /// an earlier one which this change was to take the place of and did not.
    pub fn ahead(&self, subscription: &Subscription, now: Timestamp) -> Option<PlanAhead> {
        let order = &self.order;
        let ahead = match (order.timing, &self.declined, self.stripe_at) {
            (_, Some(_), _) | (ChangeTiming::AtOnce, None, None) => self.replaces.clone(),
            (ChangeTiming::AtPeriodEnd, None, stripe_at) => Some(PlanAhead {
                price: order.price.clone(),
                quantity: order.quantity,
                period_ends_at: order.period_ends_at,
                stripe_at,
            }),
            (ChangeTiming::AtOnce | ChangeTiming::Kept, None, _) => None,
        };
        ahead.filter(|ahead| ahead.is_valid(subscription, now))
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
            replaces: None,
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
        let ahead = |timing, seconds| change(timing).ahead(&running, at(seconds)).is_some();
        assert!(ahead(ChangeTiming::AtPeriodEnd, 999_999));
        assert!(!ahead(ChangeTiming::AtPeriodEnd, 1_000_000));
        assert!(!ahead(ChangeTiming::AtOnce, 10) && !ahead(ChangeTiming::Kept, 10));
        let declined = Some("lapsed".to_owned());
        let declined = PlanChange { declined, ..change(ChangeTiming::AtPeriodEnd) };
        assert_eq!(declined.ahead(&running, at(10)), None);
        let cancelled = Subscription { cancellation_confirmed_at: Some(at(6)), ..running.clone() };
        assert_eq!(change(ChangeTiming::AtPeriodEnd).ahead(&cancelled, at(10)), None);
    }

    #[test]
    fn a_renewal_that_is_reported_is_the_next_period() {
        let renewed = Subscription { period_ends_at: Some(at(2_000_000)), ..subscription(5, None) };
        assert_eq!(change(ChangeTiming::AtPeriodEnd).ahead(&renewed, at(10)), None);
    }

    #[test]
    fn s4_15_what_was_ahead_stays_so_unless_the_later_change_is_made() {
        use ChangeTiming::{AtOnce, AtPeriodEnd, Kept};
        for (timing, open, made, declined) in [
            (AtOnce, Some("price_0"), None, Some("price_0")),
            (AtPeriodEnd, Some("price_1"), Some("price_1"), Some("price_0")),
            (Kept, None, None, Some("price_0")),
        ] {
            let (running, scheduled_at) = (subscription(5, None), Some(at(6)));
            let replaces = PlanAhead {
                price: "price_0".to_owned(),
                quantity: 1,
                period_ends_at: at(1_000_000),
                stripe_at: scheduled_at,
            };
            let change = PlanChange { replaces: Some(replaces), ..change(timing) };
            let price =
                |change: &PlanChange, seconds| change.ahead(&running, at(seconds)).map(|ahead| ahead.price);
            assert_eq!(price(&change, 10).as_deref(), open, "{timing:?}");
            let sent = PlanChange { stripe_at: Some(at(9)), ..change.clone() };
            assert_eq!(price(&sent, 10).as_deref(), made, "{timing:?}");
            let refused = PlanChange { declined: Some("card_declined".to_owned()), ..change };
            assert_eq!(price(&refused, 10).as_deref(), declined, "{timing:?}");
            assert_eq!(price(&refused, 1_000_000), None, "{timing:?}");
            let released = subscription(7, None);
            assert_eq!(refused.ahead(&released, at(10)), None, "{timing:?}");
        }
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
            let found = scheduled.ahead(&subscription(as_of, schedule), at(20));
            assert_eq!(found.is_some(), ahead, "{as_of} {schedule:?}");
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
