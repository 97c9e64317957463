//! Statutory periods of days, as the law counts them: Regulation (EEC, Euratom) 1182/71, article 3, and for
//! Brazil article 132 of the Código Civil.
//!
//! The day of the event is not counted. The period runs to the end of its last day, and to the end of the
//! next working day where the last one is a Saturday, a Sunday or a public holiday. A day is a day on the
//! clocks of the customer's country, whose zones and holidays are data ([`places`]). Of a country with
//! several zones the latest end counts, and of a country that is not listed the latest end on earth: the
//! doubt is the customer's.

mod places;

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use places::{COMMON, Country, Easter, Holiday};

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// How far clocks on earth differ from UTC, in hours.
const OFFSETS_ON_EARTH: std::ops::RangeInclusive<i64> = -12..=14;
/// Bound on the days without work in a row, far above any.
const FREE_DAYS_MAX: i64 = 15;

/// The last instant of a period of `days` after `start_ms`, both in milliseconds since 1970; `country` is
/// two upper-case letters (ISO 3166-1). `None` outside the years 1 to 9999.
pub fn last_instant(start_ms: i64, days: u32, country: &str) -> Option<i64> {
    Period::of(start_ms, days)?.last_instant(places::country(country))
}

/// Wide bounds of the end in any country, without a look at a calendar: the first is exact, and the last is
/// later than any holidays could make it.
pub(crate) fn outer_bounds(start_ms: i64, days: u32) -> Option<(i64, i64)> {
    let first = start_ms.checked_add(i64::from(days).checked_mul(DAY_MS)?)?;
    Some((first, first.checked_add(FREE_DAYS_MAX.checked_add(3)?.checked_mul(DAY_MS)?)?))
}

/// The first and the last instant at which the period may end in any country.
pub(crate) fn bounds(start_ms: i64, days: u32) -> Option<(i64, i64)> {
    let (first, _) = outer_bounds(start_ms, days)?;
    let period = Period::of(start_ms, days)?;
    let listed = places::COUNTRIES.iter().filter_map(|country| period.last_instant(Some(country))).max();
    Some((first, listed.max(period.last_instant(None)).filter(|last| *last >= first)?))
}

/// A period, and what about the days of its start and its end is the same in every country: a decision
/// without a known country asks all of them.
struct Period {
    start_ms: i64,
    days: i64,
    /// European summer time in the years of its start and of its end.
    summers: [Range<i64>; 2],
    /// The day on which it would end first, in days since 1970; `around_end` begins with it.
    first_end: i64,
    around_end: Vec<Day>,
}

/// A day on the calendar, and how many days it comes after each Easter Sunday of its year.
struct Day {
    date: Date,
    after_western_easter: i64,
    after_orthodox_easter: i64,
}

impl Period {
    fn of(start_ms: i64, days: u32) -> Option<Self> {
        let days = i64::from(days);
        let start = start_ms.checked_div_euclid(DAY_MS)?;
        // Local time makes it a day earlier or later.
        let first_end = start.checked_add(days)?.checked_sub(1)?;
        let last_end = first_end.checked_add(FREE_DAYS_MAX)?.checked_add(2)?;
        let easters = [Easters::of(date(first_end)?.year())?, Easters::of(date(last_end)?.year())?];
        let around_end =
            (first_end..=last_end).map(|day| Day::of(day, &easters)).collect::<Option<Vec<_>>>()?;
        let summers = [summer(date(start)?.year())?, summer(date(first_end)?.year())?];
        Some(Self { start_ms, days, summers, first_end, around_end })
    }

    /// The last instant in a country, or anywhere on earth.
    fn last_instant(&self, country: Option<&Country>) -> Option<i64> {
        let end = match country {
            Some(place) => place.offsets_h.iter().filter_map(|offset_h| self.end(*offset_h, country)).max(),
            None => OFFSETS_ON_EARTH.filter_map(|offset_h| self.end(offset_h, None)).max(),
        };
        end?.checked_sub(1)
    }

    /// The end of the last day in a zone of this standard offset.
    fn end(&self, offset_h: i64, country: Option<&Country>) -> Option<i64> {
        let summer_time = country.is_some_and(|country| country.summer_time);
        let standard_ms = offset_h.checked_mul(HOUR_MS)?;
        let offset_ms = |instant_ms: i64| {
            let summer = summer_time && self.summers.iter().any(|summer| summer.contains(&instant_ms));
            standard_ms.checked_add(if summer { HOUR_MS } else { 0 })
        };
        let first = self.start_ms.checked_add(offset_ms(self.start_ms)?)?.checked_div_euclid(DAY_MS)?;
        let mut last = first.checked_add(self.days)?;
        if let Some(country) = country {
            let place = usize::try_from(last.checked_sub(self.first_end)?).ok()?;
            let from_last = self.around_end.get(place..)?.iter();
            let free = from_last.take_while(|day| is_free(day, country)).count();
            last = last.checked_add(i64::try_from(free).ok()?)?;
        }
        let midnight_ms = last.checked_add(1)?.checked_mul(DAY_MS)?;
        // No zone of the table changes its clocks at midnight, so that the standard offset finds the season.
        midnight_ms.checked_sub(offset_ms(midnight_ms.checked_sub(standard_ms)?)?)
    }
}

/// The Easter Sundays of a year, in days since 1970.
struct Easters {
    year: i16,
    western: i64,
    orthodox: i64,
}

impl Easters {
    fn of(year: i16) -> Option<Self> {
        Some(Self { year, western: days(western_easter(year)?)?, orthodox: days(orthodox_easter(year)?)? })
    }
}

impl Day {
    /// `None` where the day is in neither year of `easters`.
    fn of(days_since_1970: i64, easters: &[Easters; 2]) -> Option<Self> {
        let date = date(days_since_1970)?;
        let easters = easters.iter().find(|easters| easters.year == date.year())?;
        Some(Self {
            date,
            after_western_easter: days_since_1970.checked_sub(easters.western)?,
            after_orthodox_easter: days_since_1970.checked_sub(easters.orthodox)?,
        })
    }
}

fn date(days_since_1970: i64) -> Option<Date> {
    let midnight = Timestamp::from_millisecond(days_since_1970.checked_mul(DAY_MS)?).ok()?;
    Some(TimeZone::UTC.to_datetime(midnight).date())
}

fn days(date: Date) -> Option<i64> {
    let midnight = TimeZone::UTC.to_timestamp(date.to_datetime(Time::midnight())).ok()?;
    midnight.as_millisecond().checked_div_euclid(DAY_MS)
}

/// European summer time: from 1:00 UTC on the last Sunday of March to 1:00 UTC on that of October
/// (Directive 2000/84/EC; the United Kingdom keeps the same days).
fn summer(year: i16) -> Option<Range<i64>> {
    let change = |month| {
        let sunday = Date::new(year, month, 1).ok()?.nth_weekday_of_month(-1, Weekday::Sunday).ok()?;
        days(sunday)?.checked_mul(DAY_MS)?.checked_add(HOUR_MS)
    };
    Some(change(3)?..change(10)?)
}

/// Whether a day is no working day.
fn is_free(day: &Day, country: &Country) -> bool {
    if matches!(day.date.weekday(), Weekday::Saturday | Weekday::Sunday) {
        return true;
    }
    let common = if country.easter == Easter::None { &[][..] } else { COMMON };
    common.iter().chain(country.holidays).any(|holiday| falls_on(*holiday, day, country.easter))
}

fn falls_on(holiday: Holiday, day: &Day, easter: Easter) -> bool {
    match holiday {
        Holiday::Fixed(month, of_month) => (day.date.month(), day.date.day()) == (month, of_month),
        Holiday::Nth(nth, weekday, month) => {
            day.date.month() == month && day.date.nth_weekday_of_month(nth, weekday).ok() == Some(day.date)
        }
        Holiday::AfterEaster(after) => match easter {
            Easter::Orthodox => day.after_orthodox_easter == i64::from(after),
            Easter::Western | Easter::None => day.after_western_easter == i64::from(after),
        },
    }
}

/// The Gregorian computus (Meeus, Jones and Butcher).
#[expect(clippy::arithmetic_side_effects, clippy::many_single_char_names, reason = "a year has four digits")]
fn western_easter(year: i16) -> Option<Date> {
    let year_number = i32::from(year);
    let (a, b, c) = (year_number % 19, year_number / 100, year_number % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    Date::new(year, i8::try_from(n / 31).ok()?, i8::try_from(n % 31 + 1).ok()?).ok()
}

/// The Julian computus (Meeus), on the Gregorian calendar of the years 1900 to 2099: 13 days later.
#[expect(clippy::arithmetic_side_effects, clippy::many_single_char_names, reason = "a year has four digits")]
fn orthodox_easter(year: i16) -> Option<Date> {
    let year_number = i32::from(year);
    let (a, b, c) = (year_number % 4, year_number % 7, year_number % 19);
    let d = (19 * c + 15) % 30;
    let e = (2 * a + 4 * b - d + 34) % 7;
    let n = d + e + 114;
    let julian = Date::new(year, i8::try_from(n / 31).ok()?, i8::try_from(n % 31 + 1).ok()?).ok()?;
    julian.checked_add(jiff::Span::new().try_days(13).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{bounds, last_instant, orthodox_easter, outer_bounds, western_easter};

    fn ms(instant: &str) -> i64 {
        instant.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn check(country: &str, start: &str, days: u32, end: &str) {
        let last = last_instant(ms(start), days, country).unwrap();
        assert_eq!(last.checked_add(1), Some(ms(end)), "{country} {start} {days}");
    }

    #[test]
    fn a_period_ends_with_its_last_day() {
        // Berlin, from Monday 2 November 10:00 to the end of Monday 16 November, at any hour of the first
        // day.
        for start in ["2026-11-02T09:00:00Z", "2026-11-01T23:00:00Z", "2026-11-02T22:59:59.999Z"] {
            check("DE", start, 14, "2026-11-16T23:00:00Z");
        }
        check("DE", "2026-11-02T23:00:00Z", 14, "2026-11-17T23:00:00Z");
    }

    #[test]
    fn a_period_that_ends_on_a_free_day_runs_on_to_the_next_working_day() {
        // 14 November is a Saturday.
        check("DE", "2026-10-31T09:00:00Z", 14, "2026-11-16T23:00:00Z");
        // 23 May is a Saturday, and the Monday after it is Whit Monday.
        check("DE", "2026-05-09T09:00:00Z", 14, "2026-05-26T22:00:00Z");
        // Christmas Day is a Friday, and the two days after it are a weekend.
        check("FR", "2026-12-11T09:00:00Z", 14, "2026-12-28T23:00:00Z");
        // 14 July is a holiday in France alone.
        check("FR", "2026-06-30T09:00:00Z", 14, "2026-07-15T22:00:00Z");
        check("NL", "2026-06-30T09:00:00Z", 14, "2026-07-14T22:00:00Z");
        // The last Monday of August, in the United Kingdom.
        check("GB", "2026-08-17T09:00:00Z", 14, "2026-09-01T23:00:00Z");
        // 7 September in Brazil; the westernmost zone ends last.
        check("BR", "2026-08-31T15:00:00Z", 7, "2026-09-09T05:00:00Z");
    }

    #[test]
    fn h2_a_day_on_which_clocks_change_is_a_day() {
        // 25 October has 25 hours: the period began in summer time and ends in standard time.
        check("DE", "2026-10-20T09:00:00Z", 14, "2026-11-03T23:00:00Z");
        check("IS", "2026-10-20T09:00:00Z", 14, "2026-11-04T00:00:00Z");
        // The Canary Islands end their day an hour after Madrid, and the Azores an hour after Lisbon.
        check("ES", "2026-10-20T09:00:00Z", 14, "2026-11-04T00:00:00Z");
        check("PT", "2026-10-20T09:00:00Z", 14, "2026-11-04T01:00:00Z");
    }

    #[test]
    fn h2_leap_days_and_year_ends_are_days() {
        // 2028 is a leap year: 14 days after 15 February is 29 February, a Tuesday.
        check("DE", "2028-02-15T09:00:00Z", 14, "2028-02-29T23:00:00Z");
        check("DE", "2027-02-15T09:00:00Z", 14, "2027-03-01T23:00:00Z");
        // 31 December is a Thursday, and New Year's Day a holiday.
        check("NL", "2026-12-17T09:00:00Z", 14, "2026-12-31T23:00:00Z");
        check("NL", "2026-12-18T09:00:00Z", 14, "2027-01-04T23:00:00Z");
    }

    #[test]
    fn a_country_that_is_not_listed_has_the_latest_end_on_earth() {
        for country in ["US", "JP"] {
            check(country, "2026-11-02T10:00:00Z", 14, "2026-11-17T10:00:00Z");
            check(country, "2026-11-02T11:30:00Z", 14, "2026-11-17T11:00:00Z");
        }
        assert_eq!((last_instant(i64::MAX, 14, "DE"), bounds(i64::MAX, 14)), (None, None));
    }

    #[test]
    fn every_country_ends_within_the_bounds() {
        for start in ["2026-12-11T09:00:00Z", "2026-05-09T00:00:00Z", "2026-04-01T23:59:59Z"] {
            let (first, last) = bounds(ms(start), 14).unwrap();
            let outer = outer_bounds(ms(start), 14).unwrap();
            assert!(outer.0 == first && outer.1 > last, "{start}");
            for country in ["DE", "GR", "BR", "US", "PT", "IS"] {
                let end = last_instant(ms(start), 14, country).unwrap();
                assert!((first..=last).contains(&end), "{country} {start}");
            }
        }
    }

    #[test]
    fn easter_is_where_the_churches_keep_it() {
        let day = |month, day| move |year: i16| jiff::civil::Date::new(year, month, day).ok();
        for (year, western, orthodox) in
            [(2024, (3, 31), (5, 5)), (2026, (4, 5), (4, 12)), (2027, (3, 28), (5, 2))]
        {
            assert_eq!(western_easter(year), day(western.0, western.1)(year));
            assert_eq!(orthodox_easter(year), day(orthodox.0, orthodox.1)(year));
        }
    }
}
