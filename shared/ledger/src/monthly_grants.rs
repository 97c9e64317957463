//! What a payment brings month by month, and when.
//!
//! A price of the catalogue may grant monthly within a longer period. Its payment then brings one lot at once
//! and a further one at each of the months that are left of the period.

use crate::{Credits, LotId, PaymentId, ProductId, SubscriptionId, Timestamp};

/// What a payment brings after its first lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FurtherGrants {
    /// How many lots, one each month until the end of the period that was paid.
    pub grants: u32,
    /// The credits of each.
    pub each: Credits,
    /// Whether each takes the place of what is left of the payment's lots before it (`S4-12`).
    pub replaces: bool,
}

/// The monthly grants of a payment, as far as they have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MonthlyGrants {
    pub payment: PaymentId,
    /// The lot that came with the payment.
    pub first: LotId,
    pub subscription: SubscriptionId,
    pub product: ProductId,
    /// The end of the period that was paid.
    pub ends_at: Timestamp,
    pub further: FurtherGrants,
    /// How many of the further lots have come.
    pub made: u32,
    /// As of the payment's first lot ([`crate::Lot::leftover_s`]).
    pub leftover_s: Option<u64>,
    /// From this instant on none comes: the subscription ended, or a renewal took the place of the rest.
    pub until: Option<Timestamp>,
    /// Whether none comes, because all of the payment is refunded.
    pub stopped: bool,
    /// What was made of the payment's lots that have left the account.
    pub past: PastUse,
}

/// What was made of lots that have left the account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastUse {
    pub spent: Credits,
    /// Captures that drew on them, without those that were given back.
    pub captures: u32,
    /// Those of `captures` that may have delivered nothing usable (`S3-6`).
    pub unusable: u32,
}

impl MonthlyGrants {
    /// When the next lot comes, unless something makes it wait. Each comes whole months before the period's
    /// end: on the day of the month and at the time of the day of the anchor, by UTC, and on a month's last
    /// day where the month is too short.
    pub fn due_at(&self) -> Option<Timestamp> {
        let left = self.further.grants.checked_sub(self.made).filter(|left| *left > 0)?;
        let due_at = self.ends_at.months_before(left).ok()?;
        (!self.stopped && self.until.is_none_or(|until| due_at < until)).then_some(due_at)
    }

    /// How many lots are still to come.
    pub fn left(&self) -> u32 {
        let mut later = self.clone();
        while later.due_at().is_some() {
            later.made = later.made.saturating_add(1);
        }
        later.made.saturating_sub(self.made)
    }

    /// Whether lots of it would come at or after an instant.
    pub(crate) fn reaches(&self, at: Timestamp) -> bool {
        let last = self.ends_at.months_before(1);
        let is_complete = self.made >= self.further.grants;
        !is_complete && last.is_ok_and(|last| last >= at) && self.until.is_none_or(|until| until > at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monthly(ends_at: &str, grants: u32) -> MonthlyGrants {
        MonthlyGrants {
            payment: PaymentId::new("pi_1").unwrap(),
            first: LotId(1),
            subscription: SubscriptionId::new("sub_1").unwrap(),
            product: ProductId::new("assistant").unwrap(),
            ends_at: Timestamp::parse(ends_at).unwrap(),
            further: FurtherGrants { grants, each: Credits::new(10).unwrap(), replaces: false },
            made: 0,
            leftover_s: None,
            until: None,
            stopped: false,
            past: PastUse::default(),
        }
    }

    fn days(monthly: &mut MonthlyGrants) -> Vec<String> {
        let mut days = Vec::new();
        while let Some(due_at) = monthly.due_at() {
            days.push(due_at.to_string());
            monthly.made = monthly.made.saturating_add(1);
        }
        days
    }

    #[test]
    fn h2_each_month_comes_on_the_anchors_day_or_on_the_months_last() {
        // From the 31st of January, in a leap year: each is counted from the anchor, not from the one before.
        let found = days(&mut monthly("2029-01-31T22:15:30Z", 11));
        let expected = [
            "02-29", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30", "12-31",
        ];
        assert_eq!(found, expected.map(|day| format!("2028-{day}T22:15:30Z")));
        // A quarter that began on the 30th of April, because its anchor is the 31st.
        let found = days(&mut monthly("2027-07-31T00:00:00Z", 2));
        assert_eq!(found, ["2027-05-31T00:00:00Z", "2027-06-30T00:00:00Z"]);
    }

    #[test]
    fn none_comes_at_the_end_or_after_it() {
        for (until, expected) in [
            ("2027-01-15T00:00:00Z", 0),
            ("2027-03-15T00:00:00Z", 1),
            ("2027-03-15T00:00:01Z", 2),
            ("2028-01-15T00:00:00Z", 11),
        ] {
            let until = Timestamp::parse(until).unwrap();
            let mut ended = MonthlyGrants { until: Some(until), ..monthly("2028-01-15T00:00:00Z", 11) };
            assert!(!ended.reaches(until), "{until}");
            assert_eq!(days(&mut ended).len(), expected, "{until}");
        }
    }

    #[test]
    fn a_refunded_payment_brings_no_further_lot() {
        let stopped = MonthlyGrants { stopped: true, ..monthly("2028-01-15T00:00:00Z", 11) };
        assert_eq!(stopped.due_at(), None);
    }
}
