//! Business time: when people work, and when a number of working hours or days has passed.

use serde::{Deserialize, Serialize};

use super::term::TermUnit;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
/// 1970-01-01 was a Thursday: the fourth day of a week that begins on Monday, counted from zero.
const WEEKDAY_OF_1970: i64 = 3;
/// Bound on the days that a deadline looks ahead: far above any promise, so that a calendar of holidays
/// cannot make the search endless.
const DAYS_AHEAD_MAX: i64 = 1_000;

/// When people work. A year's clock changes are data, so that nothing here needs a time zone database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// The zone's name, as people know it.
    pub zone: String,
    /// The zone's offsets to UTC in seconds, each with the instant from which it applies, in
    /// milliseconds since 1970; the first one applies before that as well.
    pub offsets: Vec<(i64, i32)>,
    /// The days of the week on which people work, Monday first.
    pub working_days: [bool; 7],
    /// When work begins, in minutes after midnight.
    pub opens_minute: u16,
    /// When work ends, in minutes after midnight.
    pub closes_minute: u16,
    /// Days without work, in days since 1970, ascending.
    pub holidays: Vec<i32>,
}

impl Calendar {
    /// The instant at which `count` units have passed since `start_ms` (milliseconds since 1970): plain
    /// time for plain units, working time for business units, where a business day is as long as the
    /// working day; for ends of business days, the end of working hours that comes `count`th. The last
    /// instant is inside. `None` outside the calendar's range, or for units that are not time.
    pub fn deadline(&self, start_ms: i64, count: u32, unit: TermUnit) -> Option<i64> {
        let count = i64::from(count);
        let day_ms = self.working_day_ms()?;
        match unit {
            TermUnit::BusinessDays => self.after_working(start_ms, day_ms.checked_mul(count)?),
            TermUnit::BusinessDayEnds => self.day_end(start_ms, count),
            TermUnit::BusinessHours => {
                self.after_working(start_ms, MINUTE_MS.checked_mul(60)?.checked_mul(count)?)
            }
            _ => {
                let seconds = i64::try_from(unit.seconds()?).ok()?;
                start_ms.checked_add(seconds.checked_mul(1_000)?.checked_mul(count)?)
            }
        }
    }

    /// The end of working hours that comes `count`th after `start_ms`; work that ends at that very instant is
    /// over.
    fn day_end(&self, start_ms: i64, count: i64) -> Option<i64> {
        let start = self.local(start_ms)?;
        let first_day = start.checked_div_euclid(DAY_MS)?;
        let mut left = count;
        for day in first_day..first_day.checked_add(DAYS_AHEAD_MAX)? {
            let (opens, closes) = self.hours(day)?;
            if opens < closes && start < closes {
                left = left.checked_sub(1)?;
                if left <= 0 {
                    return self.utc(closes);
                }
            }
        }
        None
    }

    /// How long people work on a working day, in milliseconds.
    fn working_day_ms(&self) -> Option<i64> {
        i64::from(self.closes_minute).checked_sub(i64::from(self.opens_minute))?.checked_mul(MINUTE_MS)
    }

    /// The instant at which people have worked for `left_ms` since `start_ms`: the first working instant
    /// where nothing is left. `None` outside the calendar's range.
    pub fn after_working(&self, start_ms: i64, mut left_ms: i64) -> Option<i64> {
        let start = self.local(start_ms)?;
        let first_day = start.checked_div_euclid(DAY_MS)?;
        for day in first_day..first_day.checked_add(DAYS_AHEAD_MAX)? {
            let (opens, closes) = self.hours(day)?;
            let opens = opens.max(start);
            let open_ms = closes.checked_sub(opens)?.max(0);
            if open_ms > 0 && left_ms <= open_ms {
                return self.utc(opens.checked_add(left_ms)?);
            }
            left_ms = left_ms.checked_sub(open_ms)?;
        }
        None
    }

    /// How long people work between two instants, in milliseconds; 0 if the second is not later.
    /// `None` if they lie further apart than any promise.
    pub fn working_ms(&self, from_ms: i64, until_ms: i64) -> Option<i64> {
        let (from, until) = (self.local(from_ms)?, self.local(until_ms)?);
        let (first_day, last_day) = (from.checked_div_euclid(DAY_MS)?, until.checked_div_euclid(DAY_MS)?);
        if last_day.checked_sub(first_day)? >= DAYS_AHEAD_MAX {
            return None;
        }
        (first_day..=last_day).try_fold(0_i64, |sum, day| {
            let (opens, closes) = self.hours(day)?;
            sum.checked_add(closes.min(until).checked_sub(opens.max(from))?.max(0))
        })
    }

    /// When work begins and ends on a day, in local milliseconds; the same instant twice on a day without.
    fn hours(&self, day: i64) -> Option<(i64, i64)> {
        let midnight = day.checked_mul(DAY_MS)?;
        if !self.is_working_day(day) {
            return Some((midnight, midnight));
        }
        let at = |minute: u16| midnight.checked_add(i64::from(minute).checked_mul(MINUTE_MS)?);
        Some((at(self.opens_minute)?, at(self.closes_minute)?))
    }

    fn is_working_day(&self, day: i64) -> bool {
        let weekday = day.checked_add(WEEKDAY_OF_1970).and_then(|day| day.checked_rem_euclid(7)).unwrap_or(0);
        let works = usize::try_from(weekday).ok().and_then(|weekday| self.working_days.get(weekday));
        works == Some(&true) && i32::try_from(day).is_ok_and(|day| self.holidays.binary_search(&day).is_err())
    }

    /// Milliseconds since 1970-01-01T00:00 on the clocks of the zone.
    fn local(&self, utc_ms: i64) -> Option<i64> {
        utc_ms.checked_add(self.offset_ms(|from, _| from <= utc_ms)?)
    }

    /// The instant of a local time. Clocks change at night, so that working time is never twice or never.
    fn utc(&self, local_ms: i64) -> Option<i64> {
        let offset =
            self.offset_ms(|from, offset| from.checked_add(offset).is_some_and(|change| change <= local_ms))?;
        local_ms.checked_sub(offset)
    }

    /// The last offset whose beginning has come, in milliseconds.
    fn offset_ms(&self, begun: impl Fn(i64, i64) -> bool) -> Option<i64> {
        let in_ms = |seconds: i32| i64::from(seconds).checked_mul(1_000);
        let (_, mut current) = *self.offsets.first()?;
        for (from, offset) in &self.offsets {
            if begun(*from, in_ms(*offset)?) {
                current = *offset;
            }
        }
        in_ms(current)
    }
}
