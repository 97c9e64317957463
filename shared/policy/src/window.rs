//! Until when a policy gives a request more than afterwards.

use crate::customer_preference::Turn;
use crate::decide::outcome_of;
use crate::decision::Outcome;
use crate::document::{Document, Term, TermUnit, TermValue};
use crate::facts::{Fact, Facts, Value};
use crate::reason::Reason;

const SECOND_MS: i64 = 1000;
const DAY_MS: i64 = 86_400 * SECOND_MS;
/// How far behind the last point is looked, in days: further than a statutory period in days of the calendar
/// ends that moves on over a weekend and holidays.
const DAYS_BEHIND: i64 = 31;

/// Until when a request for `reason` gets as much as at the instant of the charge, `from_ms`, and what that
/// is: the last such instant, in milliseconds since 1970. `None` where time alone takes nothing from it.
///
/// `facts` are what is known of the payment. The instants that are looked at come from the document's own
/// terms, and those of the laws beside it.
pub fn window_until(
    document: &Document,
    facts: &Facts,
    reason: Reason,
    from_ms: i64,
) -> Option<(i64, Outcome)> {
    let at = |instant_ms: i64| {
        let mut facts = facts.clone();
        let known = facts.set(Fact::RequestedAt, instant_ms);
        known.is_ok().then(|| outcome_of(document, &facts, reason, instant_ms))
    };
    let first = at(from_ms)?;
    let mut inside = from_ms;
    for end in points(document, facts, from_ms) {
        if first.turn(&at(end)?) != Turn::Against {
            inside = end;
            continue;
        }
        // Something ends between the two: its last instant is found by halves.
        let mut outside = end;
        while outside.saturating_sub(inside) > 1 {
            let middle = inside.midpoint(outside);
            if first.turn(&at(middle)?) == Turn::Against {
                outside = middle;
            } else {
                inside = middle;
            }
        }
        return Some((inside, first));
    }
    None
}

/// Instants between which at most one period ends: the charge, each duration after it, the end of the paid
/// period, and one behind all of them.
fn points(document: &Document, facts: &Facts, from_ms: i64) -> Vec<i64> {
    let terms = document.terms.iter().chain(document.law.iter().flat_map(|pack| &pack.terms));
    let mut points: Vec<i64> =
        terms.filter_map(duration_ms).filter_map(|span| from_ms.checked_add(span)).collect();
    if let Some(Value::Integer(ends_at)) = facts.get(Fact::PeriodEndsAt) {
        points.push(*ends_at);
    }
    points.push(from_ms);
    points.retain(|point| *point >= from_ms);
    points.sort_unstable();
    points.dedup();
    let last = points.last().copied().unwrap_or(from_ms);
    points.push(last.saturating_add(DAYS_BEHIND.saturating_mul(DAY_MS)));
    points
}

fn duration_ms(term: &Term) -> Option<i64> {
    let TermValue::Number(count, unit) = &term.value else { return None };
    let unit_ms = match unit {
        TermUnit::Seconds => SECOND_MS,
        TermUnit::Minutes => 60 * SECOND_MS,
        TermUnit::Hours => 3600 * SECOND_MS,
        TermUnit::Days => DAY_MS,
        _ => return None,
    };
    i64::from(*count).checked_mul(unit_ms)
}
