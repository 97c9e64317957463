//! Calendars: business time over weekends, holidays, zones and daylight saving.

use policy::{Calendar, TermUnit};
use policy_authoring::parse_document;

use crate::small::SMALL;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 2026-03-23T00:00:00Z, a Monday; Berlin's clocks go forward on the Sunday after it.
const MONDAY_MS: i64 = 1_774_224_000_000;

fn calendar(zone: &str, holidays: &str) -> Calendar {
    let text = SMALL
        .replace("clock_changes = \"UTC0\"", &format!("clock_changes = \"{zone}\""))
        .replace("holidays = [\"2026-01-01\"]", &format!("holidays = [{holidays}]"));
    let document = parse_document("small.toml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    document.calendar.unwrap()
}

/// An instant of the week, by its day from Monday and its time of day.
fn at(day: i64, hour: i64, minute: i64) -> i64 {
    let parts = [(day, DAY_MS), (hour, HOUR_MS), (minute, MINUTE_MS)];
    parts.iter().fold(MONDAY_MS, |at, (count, unit)| at.saturating_add(count.saturating_mul(*unit)))
}

#[test]
fn business_hours_count_while_people_work() {
    let utc = calendar("UTC0", "\"2026-01-01\"");
    for (name, start, hours, expected) in [
        ("within a day", at(0, 9, 0), 4, at(0, 13, 0)),
        ("to the last instant of a day", at(0, 9, 0), 8, at(0, 17, 0)),
        ("over a night", at(0, 16, 0), 4, at(1, 12, 0)),
        ("from before work", at(0, 3, 0), 4, at(0, 13, 0)),
        ("from after work", at(0, 18, 30), 4, at(1, 13, 0)),
        ("over a weekend", at(4, 16, 30), 4, at(7, 12, 30)),
        ("from a Sunday", at(6, 12, 0), 1, at(7, 10, 0)),
    ] {
        assert_eq!(utc.deadline(start, hours, TermUnit::BusinessHours), Some(expected), "{name}");
    }
}

#[test]
fn business_days_are_as_long_as_the_working_day() {
    let utc = calendar("UTC0", "\"2026-03-24\", \"2026-03-27\"");
    for (name, start, days, expected) in [
        ("over a holiday", at(0, 12, 0), 1, at(2, 12, 0)),
        ("over a long weekend", at(3, 12, 0), 1, at(7, 12, 0)),
        ("from a holiday", at(1, 12, 0), 1, at(2, 17, 0)),
        ("three of them", at(0, 12, 0), 3, at(7, 12, 0)),
    ] {
        assert_eq!(utc.deadline(start, days, TermUnit::BusinessDays), Some(expected), "{name}");
    }
}

#[test]
fn h2_clocks_that_change_do_not_move_working_hours() {
    let berlin = calendar("CET-1CEST,M3.5.0,M10.5.0/3", "\"2026-01-01\"");
    // Friday 16:00 CET is 15:00 UTC; Monday 12:00 CEST is 10:00 UTC.
    assert_eq!(berlin.deadline(at(4, 15, 0), 4, TermUnit::BusinessHours), Some(at(7, 10, 0)));
    // And back in October: Friday 16:00 CEST is 14:00 UTC; Monday 12:00 CET is 11:00 UTC.
    let october = 7 * 30 * DAY_MS;
    let friday = at(4, 14, 0) + october;
    assert_eq!(berlin.deadline(friday, 4, TermUnit::BusinessHours), Some(at(7, 11, 0) + october));
}

#[test]
fn h2_zones_shift_the_working_day() {
    let new_york = calendar("EST5EDT,M3.2.0,M11.1.0", "\"2026-01-01\"");
    // 20:30 UTC is 16:30 in New York: half an hour is left of the day.
    assert_eq!(new_york.deadline(at(0, 20, 30), 1, TermUnit::BusinessHours), Some(at(1, 13, 30)));
    let singapore = calendar("<+08>-8", "\"2026-01-01\"");
    assert_eq!(singapore.deadline(at(0, 0, 0), 1, TermUnit::BusinessHours), Some(at(0, 2, 0)));
}

#[test]
fn plain_time_runs_on_and_other_units_are_no_time() {
    let utc = calendar("UTC0", "\"2026-01-01\"");
    assert_eq!(utc.deadline(at(5, 0, 0), 10, TermUnit::Days), Some(at(15, 0, 0)));
    assert_eq!(utc.deadline(at(5, 0, 0), 90, TermUnit::Minutes), Some(at(5, 1, 30)));
    assert_eq!(utc.deadline(at(5, 0, 0), 1, TermUnit::Credits), None);
    assert_eq!(utc.deadline(i64::MAX, 1, TermUnit::BusinessDays), None);
    assert_eq!(utc.deadline(at(0, 0, 0), u32::MAX, TermUnit::BusinessDays), None);
}

#[test]
fn working_time_is_counted_between_instants() {
    let utc = calendar("UTC0", "\"2026-03-24\"");
    for (name, from, until, minutes) in [
        ("within a day", at(0, 9, 30), at(0, 13, 0), 210),
        ("before and after work", at(0, 3, 0), at(0, 23, 0), 480),
        ("over a night and a holiday", at(0, 16, 0), at(2, 10, 0), 120),
        ("over a weekend", at(4, 16, 0), at(7, 10, 0), 120),
        ("nobody works", at(5, 9, 0), at(6, 17, 0), 0),
        ("backwards", at(0, 13, 0), at(0, 9, 30), 0),
    ] {
        assert_eq!(utc.working_ms(from, until), Some(minutes * MINUTE_MS), "{name}");
    }
    assert_eq!(utc.working_ms(at(0, 0, 0), at(1_001, 0, 0)), None);
}

#[test]
fn what_is_left_of_a_deadline_leads_back_to_it() {
    let zones = ["CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+08>-8"];
    let calendars = zones.map(|zone| calendar(zone, "\"2026-05-25\", \"2026-12-25\""));
    // Every 11 hours and 17 minutes of a year, so that every hour of every kind of day is met.
    for step in 0..770 {
        let start = MONDAY_MS + step * (11 * HOUR_MS + 17 * MINUTE_MS);
        for calendar in &calendars {
            let due = calendar.deadline(start, 2, TermUnit::BusinessDays).unwrap();
            assert_eq!(calendar.working_ms(start, due), Some(16 * HOUR_MS), "{start}");
            for passed in [0, HOUR_MS, 20 * HOUR_MS] {
                let at = (start + passed).min(due - 1);
                let left = calendar.working_ms(at, due).unwrap();
                assert_eq!(calendar.after_working(at, left), Some(due), "{start} {passed}");
            }
        }
    }
}
