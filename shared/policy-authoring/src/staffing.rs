//! How a business carries its policy out: intake, provider, review, approval, calendar, and what it
//! declares about its own rules.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use policy::{
    ApprovalLimits, Calendar, DeclaredConflict, DeclaredGap, Fact, FactType, Intake, ReviewRule, ReviewScope,
    Rule, StatedProvider, TermUnit, TermValue,
};

use crate::context::{Context, check_id, known};
use crate::reader::{Located, Table, any_of};
use crate::rules;

type Named<'f, 't> = Vec<(Located<String>, Table<'f, 't>)>;

/// The years whose clock changes a document carries: purchases of the first, promises of the last.
const CLOCK_CHANGES_FROM: i16 = 2025;
const CLOCK_CHANGES_UNTIL: i16 = 2050;
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Where requests come in, and the place of the address.
pub(crate) fn intake(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<(Intake, Located<()>)> {
    let clause = context.clause(&mut table, "clause");
    if let FactType::Choice(channels) = Fact::IntakeChannel.spec().kind {
        table.held_to("channel", channels);
    }
    let channel = table.text("channel");
    let contact = table.prose("contact");
    let address = if table.has("address") { table.text("address") } else { None };
    let place = table.locate("address");
    table.finish();
    if let Some(address) = address.as_ref().filter(|address| !is_address(&address.value)) {
        address.mistake(context.file, format!("`{}`; expected an e-mail address", address.value));
    }
    let address = address.map(|address| address.value);
    let channel = channel?;
    if let FactType::Choice(channels) = Fact::IntakeChannel.spec().kind
        && !channels.contains(&channel.value.as_str())
    {
        let problem = format!("unknown channel `{}`; expected {}", channel.value, any_of(channels));
        channel.mistake(context.file, problem);
    }
    Some((Intake { clause: clause?, channel: channel.value, contact: contact?, address }, place))
}

/// One `@` between two names, and no white space.
fn is_address(text: &str) -> bool {
    let named = |(name, host): (&str, &str)| !name.is_empty() && host.contains('.') && !host.contains('@');
    text.split_once('@').is_some_and(named) && !text.contains(char::is_whitespace)
}

pub(crate) fn provider(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<StatedProvider> {
    let clause = context.clause(&mut table, "clause");
    let name = table.text("name");
    table.finish();
    Some(StatedProvider { clause: clause?, name: name?.value })
}

/// Within how long of the same purchase another one counts as its duplicate.
pub(crate) fn duplicates(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<u64> {
    let clause = context.clause(&mut table, "clause");
    let within_s = context.seconds(&mut table, "within");
    table.finish();
    clause.and(within_s)
}

/// The products whose services report every download of a result.
pub(crate) fn downloads(
    mut table: Table<'_, '_>,
    context: &Context<'_, '_>,
    products: &BTreeSet<String>,
) -> Vec<String> {
    // A mistake of its own where it leads nowhere.
    let _ = context.clause(&mut table, "clause");
    let reported = table
        .texts("reported_for")
        .into_iter()
        .filter_map(|product| known("product", product, products, context.file))
        .collect();
    table.finish();
    reported
}

pub(crate) fn review(
    tables: Named<'_, '_>,
    context: &Context<'_, '_>,
    products: &BTreeSet<String>,
) -> Vec<ReviewRule> {
    let mut reviews = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let clause = context.clause(&mut table, "clause");
        let products = table
            .texts("products")
            .into_iter()
            .filter_map(|product| known("product", product, products, context.file))
            .collect();
        let of = table.choice("of", ReviewScope::SPELLINGS);
        table.finish();
        if let (Some(clause), Some(of)) = (clause, of) {
            reviews.push(ReviewRule { id: id.value, clause, products, of });
        }
    }
    reviews
}

pub(crate) fn approval(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<ApprovalLimits> {
    let clause = context.clause(&mut table, "clause");
    let money = amounts(&mut table, "money_above", context);
    let credits = amount(&mut table, "credits_above", TermUnit::Credits, context);
    let person = amount(&mut table, "person_above", TermUnit::Credits, context);
    let within_s = context.seconds(&mut table, "within");
    let payment_max = percent(&mut table, "payment_max", context);
    table.finish();
    Some(ApprovalLimits {
        clause: clause?,
        money_above: money?,
        credits_above: credits?,
        person_above: person?,
        within_s: within_s?,
        payment_max_percent: payment_max?,
    })
}

/// A reference to a term of money by currency.
fn amounts(
    table: &mut Table<'_, '_>,
    name: &'static str,
    context: &Context<'_, '_>,
) -> Option<BTreeMap<String, u64>> {
    let reference = table.text(name)?;
    let term = context.term(&reference)?;
    if let TermValue::Amounts(amounts) = &term.value {
        Some(amounts.iter().map(|(currency, minor)| (currency.clone(), u64::from(*minor))).collect())
    } else {
        let problem = format!("term `{}` is {}; expected amounts by currency", term.id, term.value_text());
        reference.mistake(context.file, problem);
        None
    }
}

/// A reference to a term of this unit.
fn amount(
    table: &mut Table<'_, '_>,
    name: &'static str,
    wanted: TermUnit,
    context: &Context<'_, '_>,
) -> Option<u64> {
    let reference = table.text(name)?;
    let term = context.term(&reference)?;
    match term.value {
        TermValue::Number(number, unit) if unit == wanted => Some(number.into()),
        _ => {
            let problem = format!(
                "term `{}` is {}; expected a term in {}",
                term.id,
                term.value_text(),
                wanted.as_str()
            );
            reference.mistake(context.file, problem);
            None
        }
    }
}

/// The percentage that a term says.
pub(crate) fn percent(
    table: &mut Table<'_, '_>,
    name: &'static str,
    context: &Context<'_, '_>,
) -> Option<u32> {
    amount(table, name, TermUnit::Percent, context).and_then(|percent| u32::try_from(percent).ok())
}

pub(crate) fn calendar(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<Calendar> {
    let zone = table.text("zone");
    let offsets = table.text("clock_changes").and_then(|rule| offsets(&rule, context));
    table.held_to("working_days", &WEEKDAYS);
    let days = table.texts("working_days");
    let opens = table.text("opens").and_then(|time| minute(&time, context));
    let closes_text = table.text("closes");
    let closes = closes_text.as_ref().and_then(|time| minute(time, context));
    let holidays = table.texts("holidays");
    table.finish();
    let mut working_days = [false; 7];
    for day in days {
        match WEEKDAYS.iter().zip(&mut working_days).find(|(name, _)| **name == day.value) {
            Some((_, works)) => *works = true,
            None => day.mistake(
                context.file,
                format!("unknown day `{}`; expected {}", day.value, any_of(&WEEKDAYS)),
            ),
        }
    }
    let mut days: Vec<i32> = holidays.into_iter().filter_map(|day| holiday(&day, context)).collect();
    days.sort_unstable();
    let (opens_minute, closes_minute) = (opens?, closes?);
    if closes_minute <= opens_minute {
        let problem = "work ends before it begins; expected a later time than `opens`";
        closes_text?.mistake(context.file, problem);
    }
    Some(Calendar {
        zone: zone?.value,
        offsets: offsets?,
        working_days,
        opens_minute,
        closes_minute,
        holidays: days,
    })
}

/// The zone's offsets to UTC, from its rule in the form of POSIX: `CET-1CEST,M3.5.0,M10.5.0/3`.
fn offsets(rule: &Located<String>, context: &Context<'_, '_>) -> Option<Vec<(i64, i32)>> {
    let zone = TimeZone::posix(&rule.value).ok();
    let Some(zone) = zone else {
        let problem =
            format!("`{}`; expected a POSIX rule such as `CET-1CEST,M3.5.0,M10.5.0/3` or `UTC0`", rule.value);
        rule.mistake(context.file, problem);
        return None;
    };
    let instant =
        |year: i16| Date::new(year, 1, 1).ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let (from, until): (Timestamp, Timestamp) = (instant(CLOCK_CHANGES_FROM)?, instant(CLOCK_CHANGES_UNTIL)?);
    let mut offsets = vec![(from.as_millisecond(), zone.to_offset(from).seconds())];
    for change in zone.following(from).take_while(|change| change.timestamp() < until) {
        offsets.push((change.timestamp().as_millisecond(), change.offset().seconds()));
    }
    Some(offsets)
}

/// Minutes after midnight.
fn minute(time: &Located<String>, context: &Context<'_, '_>) -> Option<u16> {
    let parsed = time
        .value
        .split_once(':')
        .and_then(|(hour, minute)| Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok());
    let Some(parsed) = parsed else {
        time.mistake(context.file, format!("`{}`; expected a time such as 09:00", time.value));
        return None;
    };
    let hours = u16::try_from(parsed.hour()).ok()?;
    hours.checked_mul(60)?.checked_add(u16::try_from(parsed.minute()).ok()?)
}

/// Days since 1970.
fn holiday(day: &Located<String>, context: &Context<'_, '_>) -> Option<i32> {
    let parsed: Option<Date> = day.value.parse().ok();
    let Some(date) = parsed else {
        day.mistake(context.file, format!("`{}`; expected a day such as 2026-12-25", day.value));
        return None;
    };
    let epoch = Date::new(1970, 1, 1).ok()?;
    // The span between two dates is counted in days unless another unit is asked for.
    epoch.until(date).ok().map(|span| span.get_days())
}

pub(crate) fn conflicts(
    tables: Named<'_, '_>,
    context: &Context<'_, '_>,
    rules: &[Rule],
) -> Vec<DeclaredConflict> {
    let ids: BTreeSet<String> = rules.iter().map(|rule| rule.id.clone()).collect();
    let mut conflicts = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let place = table.locate("rules");
        let rules: Vec<String> = table
            .texts("rules")
            .into_iter()
            .filter_map(|rule| known("rule", rule, &ids, context.file))
            .collect();
        if rules.len() != 2 {
            place.mistake(context.file, format!("{} known rules; expected two", rules.len()));
        }
        let reason = table.prose("reason");
        table.finish();
        if let Some(reason) = reason {
            conflicts.push(DeclaredConflict { id: id.value, rules, reason });
        }
    }
    conflicts
}

pub(crate) fn gaps(tables: Named<'_, '_>, context: &Context<'_, '_>) -> Vec<DeclaredGap> {
    let mut gaps = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let reasons = rules::reasons(&mut table, context);
        let condition = rules::condition(&mut table, context);
        let reason = table.prose("reason");
        table.finish();
        if let (Some(condition), Some(reason)) = (condition, reason) {
            gaps.push(DeclaredGap { id: id.value, reasons, condition, reason });
        }
    }
    gaps
}
