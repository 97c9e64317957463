//! Credits that are granted beside those that were bought, counted: for a payment, to an account, and by one
//! person.
//!
//! The credits of a failed generation are bounded by its hold, and those of a purchase by its price. A lot of
//! its own has no such bound, so that each such grant is counted in the transaction that makes it: small ones
//! add up to the limits of large ones, in however many requests and for however many accounts.

use std::collections::BTreeMap;

use ledger::{AccountId, PaymentId, Timestamp};

/// Days that a count keeps: a document's time is a year at most.
const DAYS_MAX: usize = 366;
const DAY_S: i64 = 86_400;

/// What credits are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CountedBy {
    /// The payment that they make up for.
    Payment(PaymentId),
    /// The account that gets them.
    Account(AccountId),
    /// The person who grants them: the `sub` of the token.
    Person(String),
}

/// The credits granted so far, by day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    pub of: CountedBy,
    /// Credits by the days since 1970, UTC.
    pub days: BTreeMap<i64, u64>,
    /// How often it was written; the lock of concurrent writers.
    pub version: u64,
}

/// What was granted before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Granted {
    /// For the payment, ever.
    pub for_payment: u64,
    /// To the account, within the policy's time.
    pub to_account: u64,
    /// By the person, within the policy's time.
    pub by_person: u64,
}

/// The counts that a grant moves, and what they say with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// The counts as they are to be; each has a version of one above the stored one.
    pub counts: Vec<Count>,
    /// The sums with this grant.
    pub sums: Granted,
}

impl CountedBy {
    /// The counts that a grant to `account` for `payment` by `person` moves.
    pub fn of(account: &AccountId, payment: Option<&PaymentId>, person: Option<&str>) -> Vec<Self> {
        let payment = payment.cloned().map(Self::Payment);
        let person = person.map(|person| Self::Person(person.to_owned()));
        payment.into_iter().chain([Self::Account(account.clone())]).chain(person).collect()
    }
}

impl Count {
    /// A count of nothing.
    pub fn empty(of: CountedBy) -> Self {
        Self { of, days: BTreeMap::new(), version: 0 }
    }

    /// The credits of the days that reach into the last `within_s` seconds; of a payment, those of all days.
    fn sum(&self, within_s: u64, now: Timestamp) -> u64 {
        let within_s = i64::try_from(within_s).unwrap_or(i64::MAX);
        let from = match self.of {
            CountedBy::Payment(_) => i64::MIN,
            CountedBy::Account(_) | CountedBy::Person(_) => day(now.as_s().saturating_sub(within_s)),
        };
        self.days.range(from..).fold(0, |sum: u64, (_, credits)| sum.saturating_add(*credits))
    }

    /// The count with `credits` more. A payment's days stay; they are few, since their sum is bounded.
    fn with(mut self, credits: u64, now: Timestamp) -> Self {
        let today = self.days.entry(day(now.as_s())).or_default();
        *today = today.saturating_add(credits);
        while self.days.len() > DAYS_MAX {
            let Some((_, oldest)) = self.days.pop_first() else { break };
            if let (CountedBy::Payment(_), Some(mut next)) = (&self.of, self.days.first_entry()) {
                let sum = next.get().saturating_add(oldest);
                next.insert(sum);
            }
        }
        self.version = self.version.saturating_add(1);
        self
    }
}

impl Granted {
    /// What the counts say.
    pub fn before(counts: &[Count], within_s: u64, now: Timestamp) -> Self {
        let mut granted = Self::default();
        for count in counts {
            let sum = count.sum(within_s, now);
            match count.of {
                CountedBy::Payment(_) => granted.for_payment = sum,
                CountedBy::Account(_) => granted.to_account = sum,
                CountedBy::Person(_) => granted.by_person = sum,
            }
        }
        granted
    }

    /// The sums with `credits` more.
    #[must_use]
    pub fn with(self, credits: u64) -> Self {
        Self {
            for_payment: self.for_payment.saturating_add(credits),
            to_account: self.to_account.saturating_add(credits),
            by_person: self.by_person.saturating_add(credits),
        }
    }
}

impl Counting {
    /// A grant of `credits` on top of these counts.
    pub fn of(counts: Vec<Count>, credits: u64, within_s: u64, now: Timestamp) -> Self {
        let sums = Granted::before(&counts, within_s, now).with(credits);
        Self { counts: counts.into_iter().map(|count| count.with(credits, now)).collect(), sums }
    }
}

fn day(seconds: i64) -> i64 {
    seconds.div_euclid(DAY_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_s(day.checked_mul(DAY_S).unwrap()).unwrap()
    }

    #[test]
    fn grants_count_within_their_time_and_those_of_a_payment_for_ever() {
        let account = CountedBy::Account(AccountId::new("customer-1").unwrap());
        let payment = CountedBy::Payment(PaymentId::new("pi_1").unwrap());
        for (of, day_later, expected) in [
            (account.clone(), 0, 30),
            (account.clone(), 29, 30),
            (account.clone(), 30, 30),
            (account.clone(), 31, 20),
            (account.clone(), 40, 20),
            (account, 41, 0),
            (payment, 4_000, 30),
        ] {
            let count = Count::empty(of).with(10, at(20_000)).with(20, at(20_010));
            assert_eq!(count.sum(30 * 86_400, at(20_000 + day_later)), expected, "{day_later}");
            assert_eq!(count.version, 2);
        }
    }

    #[test]
    fn a_count_stays_small_and_a_payments_loses_nothing() {
        for (of, kept) in [
            (CountedBy::Person("agent-1".to_owned()), 366),
            (CountedBy::Payment(PaymentId::new("pi_1").unwrap()), 1_000),
        ] {
            let count = (0..1_000).fold(Count::empty(of), |count, day| count.with(1, at(20_000 + day)));
            assert_eq!((count.days.len(), count.days.values().sum::<u64>()), (DAYS_MAX, kept));
        }
    }
}
