//! Subscriptions: as Stripe's events report them, and the confirmations of cancellations that are recorded
//! here.

use crate::{AccountId, Provider, ScheduleId, SubscriptionId, Timestamp};

/// How long Stripe has at first before a confirmation is announced to it again, in seconds: six deliveries of
/// a message take half an hour, and one that succeeds takes seconds. Each announcement doubles it.
pub const REPORT_WITHIN_S: u64 = 300;
/// The longest wait between two announcements, in seconds: Stripe is asked again once a day, even after it
/// declined.
const TELL_AGAIN_S_MAX: u64 = 86_400;
/// Announcements after which people have to look: by then Stripe has declined, or not answered, for a day.
const ANNOUNCED_MAX: u32 = 8;

/// A subscription as Stripe's events report it, with what was confirmed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Through whom it is paid.
    pub provider: Provider,
    pub id: SubscriptionId,
    pub account: AccountId,
    /// The instant of the newest event that is in this record; an older one changes nothing.
    pub as_of: Timestamp,
    /// Stripe's price, where the event named it.
    pub price: Option<String>,
    /// The end of the period that is paid, where the event named it.
    pub period_ends_at: Option<Timestamp>,
    /// When the cancellation was first confirmed (`S2-16`): here, or at Stripe (its `canceled_at`). `None`
    /// after a reactivation.
    pub cancellation_confirmed_at: Option<Timestamp>,
    /// When a confirmed cancellation takes effect: the end of the period (`S2-10`).
    pub cancels_at: Option<Timestamp>,
    /// When it ended; never taken back.
    pub ended_at: Option<Timestamp>,
    /// The newest confirmation that was recorded here, also where a reactivation has taken it back.
    pub confirmation: Option<Confirmation>,
    /// What else the newest event reports.
    pub report: SubscriptionReport,
}

/// How Stripe sees a subscription as of its newest event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubscriptionReport {
    /// The event's place among those of its second, which Stripe's instants do not tell apart: of two, the
    /// higher one counts, in whichever order they come.
    pub rank: u64,
    /// Stripe's `status`; `None` of a record that was written before it was kept.
    pub status: Option<String>,
    /// Whether Stripe collects no money for its invoices.
    pub collection_paused: bool,
    /// Stripe's schedule that manages it; while it does, Stripe takes no cancellation.
    pub schedule: Option<ScheduleId>,
}

impl SubscriptionReport {
    /// Whether its newest invoice is open: what was due is not paid, and Stripe may still collect it.
    pub fn owes(&self) -> bool {
        matches!(self.status.as_deref(), Some("past_due" | "unpaid" | "incomplete"))
    }
}

/// A cancellation that was confirmed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmation {
    pub at: Timestamp,
    /// Through which channel.
    pub channel: Channel,
    /// When it takes effect: the end of the period as it was known then.
    pub effective_at: Option<Timestamp>,
    /// When Stripe learned of it, by Stripe's clock; `None` until it was reported.
    pub stripe_at: Option<Timestamp>,
    /// How often the sweep has announced it, because Stripe did not know.
    pub announced: u32,
}

impl Confirmation {
    /// When to notify Stripe again after an announcement at `now`, if it does not know by then.
    pub fn again_at(&self, now: Timestamp) -> Option<Timestamp> {
        announce_again_at(self.announced, now)
    }

    /// Whether it takes effect when it is made: what was due was not paid. An end that has passed is that of
    /// a paid period whose renewal Stripe has not reported yet.
    pub fn is_at_once(&self) -> bool {
        self.effective_at == Some(self.at)
    }

    /// Whether people have to look why Stripe does not take it.
    pub fn needs_people(&self) -> bool {
        self.announced >= ANNOUNCED_MAX
    }
}

/// When to announce again what was announced `announced` times before `now`.
pub(crate) fn announce_again_at(announced: u32, now: Timestamp) -> Option<Timestamp> {
    let doubled = 1_u64.checked_shl(announced).and_then(|factor| REPORT_WITHIN_S.checked_mul(factor));
    now.plus_s(doubled.unwrap_or(TELL_AGAIN_S_MAX).min(TELL_AGAIN_S_MAX)).ok()
}

/// How a cancellation was confirmed (`S1-8`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Customer,
    /// By a support person for the customer, here.
    Support,
}

impl Channel {
    /// Its name in answers and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Support => "support",
        }
    }

    /// Reads [`Channel::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Customer, Self::Support].into_iter().find(|channel| channel.as_str() == text)
    }
}

impl Subscription {
    /// As stored: what Stripe reported, together with a confirmation that was recorded here.
    ///
    /// A confirmation holds from the instant at which it is recorded, before Stripe knows of it. Only an
    /// event from after Stripe knew can take it back, by saying that the subscription goes on: the customer
    /// has reactivated it. Stripe's `canceled_at` has whole seconds, so that the second of a confirmation is
    /// that confirmation, and only an earlier second is another cancellation, made at Stripe.
    #[must_use]
    pub fn with(mut self, confirmation: Option<Confirmation>) -> Self {
        self.confirmation = confirmation;
        let goes_on = self.cancellation_confirmed_at.is_none() && self.ended_at.is_none();
        let reactivated = |confirmed: &Confirmation| {
            goes_on && confirmed.stripe_at.is_some_and(|stripe_at| self.as_of > stripe_at)
        };
        if let Some(confirmed) = confirmation.filter(|confirmed| !reactivated(confirmed)) {
            let at_stripe =
                self.cancellation_confirmed_at.filter(|reported| reported.as_s() < confirmed.at.as_s());
            self.cancellation_confirmed_at = Some(at_stripe.unwrap_or(confirmed.at));
            // Stripe may have charged another period before it knew, and ends with that one.
            self.cancels_at = self.cancels_at.into_iter().chain(confirmed.effective_at).min();
        }
        self
    }

    /// When a cancellation takes effect, or would: the end of the period that is paid.
    pub fn takes_effect_at(&self) -> Option<Timestamp> {
        self.ended_at.or(self.cancels_at).or(self.period_ends_at)
    }

    /// When it would end if it were cancelled at `now`: with the period that is paid, and at once if what is
    /// due of the running period is not paid. `None` if Stripe did not report the period.
    pub fn would_end_at(&self, now: Timestamp) -> Option<Timestamp> {
        let own = if self.report.owes() { Some(now) } else { self.period_ends_at };
        self.ended_at.or_else(|| self.cancels_at.into_iter().chain(own).min())
    }

    /// Whether it is to end later than a cancellation at `now` would end it: at a date that Stripe was given.
    pub fn can_end_earlier(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && self.would_end_at(now) < self.takes_effect_at()
    }

    /// Whether a charge at `charged_at`, for a period from `period_starts_at`, is one after its cancellation
    /// (`S2-16`): it was confirmed before, and the charge is made, or its period begins, when it has taken
    /// effect. What a subscription is charged until then is due: its end may be months ahead.
    pub fn was_over_at(&self, charged_at: Timestamp, period_starts_at: Option<Timestamp>) -> bool {
        let Some(confirmed_at) = self.cancellation_confirmed_at else { return false };
        // Stripe may have ended it later than was confirmed.
        let effective_at = self.ended_at.into_iter().chain(self.cancels_at).min();
        let is_over = |effective_at| charged_at.max(period_starts_at.unwrap_or(charged_at)) >= effective_at;
        charged_at > confirmed_at && effective_at.is_none_or(is_over)
    }
}

/// A confirmed cancellation that was not reported to Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreportedCancellation {
    pub account: AccountId,
    pub subscription: SubscriptionId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_s(1_793_491_200_i64.saturating_add(seconds)).unwrap()
    }

    /// As Stripe reports it at `as_of`, cancelled or not.
    fn reported_at(as_of: i64, cancelled: Option<i64>, cancels_at: Option<i64>) -> Subscription {
        Subscription {
            provider: Provider::Stripe,
            id: SubscriptionId::new("sub_1").unwrap(),
            account: AccountId::new("customer-1").unwrap(),
            as_of: at(as_of),
            price: None,
            period_ends_at: None,
            cancellation_confirmed_at: cancelled.map(at),
            cancels_at: cancels_at.map(at),
            ended_at: None,
            confirmation: None,
            report: SubscriptionReport::default(),
        }
    }

    #[test]
    fn only_what_is_owed_ends_at_once() {
        // The period ended, and Stripe has not reported the renewal yet.
        for (status, at_once) in
            [("past_due", true), ("unpaid", true), ("active", false), ("trialing", false)]
        {
            let mut subscription =
                Subscription { period_ends_at: Some(at(1000)), ..reported_at(900, None, None) };
            subscription.report.status = Some(status.to_owned());
            let now = at(2000);
            let effective_at = subscription.would_end_at(now);
            let confirmation = Confirmation { at: now, effective_at, ..confirmed(None) };
            assert_eq!(confirmation.is_at_once(), at_once, "{status}");
        }
    }

    /// Confirmed here at 100 for the period's end at 1000; Stripe knows since `stripe_at`.
    fn confirmed(stripe_at: Option<i64>) -> Confirmation {
        Confirmation {
            at: at(100),
            channel: Channel::Customer,
            effective_at: Some(at(1000)),
            stripe_at: stripe_at.map(at),
            announced: 0,
        }
    }

    #[test]
    fn a_cancellation_is_announced_at_growing_intervals_and_needs_people_after_a_day() {
        let mut now = at(0);
        let mut waits = Vec::new();
        for announced in 0..12 {
            let confirmation = Confirmation { announced, ..confirmed(None) };
            assert_eq!(confirmation.needs_people(), now.seconds_since(at(0)) >= 76_500, "{announced}");
            let again = confirmation.again_at(now).unwrap();
            waits.push(again.seconds_since(now));
            now = again;
        }
        assert_eq!(waits, [300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 76_800, 86_400, 86_400, 86_400]);
    }

    #[test]
    fn s1_8_a_confirmation_holds_until_stripe_reports_a_reactivation() {
        for (stripe_at, as_of, reported, expected) in [
            // Stripe does not know yet: the confirmation holds against every report.
            (None, 90, None, Some(100)),
            (None, 500, None, Some(100)),
            // Stripe knows since 200: an event from before, the cancellation itself, a reactivation.
            (Some(200), 150, None, Some(100)),
            (Some(200), 200, Some(200), Some(100)),
            (Some(200), 201, None, None),
            // It was confirmed at Stripe before.
            (Some(200), 90, Some(80), Some(80)),
        ] {
            let found = reported_at(as_of, reported, None).with(Some(confirmed(stripe_at)));
            let found = found.cancellation_confirmed_at;
            assert_eq!(found, expected.map(at), "{stripe_at:?} {as_of} {reported:?}");
        }
    }

    #[test]
    fn a_confirmation_keeps_its_instant_when_stripe_knows_its_whole_second() {
        let ours =
            Confirmation { at: Timestamp::from_ms(at(100).as_ms() + 734).unwrap(), ..confirmed(Some(101)) };
        for (reported, expected) in [(99, at(99)), (100, ours.at), (101, ours.at), (200, ours.at)] {
            let found = reported_at(101, Some(reported), None).with(Some(ours));
            assert_eq!(found.cancellation_confirmed_at, Some(expected), "{reported}");
        }
    }

    #[test]
    fn s2_16_what_was_confirmed_takes_effect_although_stripe_charged_before_it_knew() {
        for (reported, expected) in [(None, 1000), (Some(1000), 1000), (Some(3600), 1000), (Some(500), 500)] {
            let cancelled = reported_at(1200, Some(1200), reported).with(Some(confirmed(Some(1200))));
            assert_eq!(cancelled.cancels_at, Some(at(expected)), "{reported:?}");
        }
    }
}
