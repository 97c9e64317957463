//! What the rules of a document make of each other: contradictions, gaps, and numbers that no term backs.
//!
//! Two rules that can be met together and say different things are a contradiction of the text, which
//! the document declares, or a mistake. So is a gap: facts under which a reason has rules and none of
//! them is met. A declaration that nothing bears out is a mistake as well.

use policy::{
    Clause, ClauseKind, Comparison, Condition, Document, Effect, Fact, FactType, Facts, Operand, Reason,
    Rule, TermUnit, TermValue, Value,
};

use crate::mistake::{Mistake, Mistakes};
use crate::witness::{Wanted, witness};
use crate::wording::instant_text;

/// Checks a parsed document as a whole. `text` is what it was parsed from: mistakes name its lines.
pub fn check_outcomes(file: &str, text: &str, document: &Document) -> Result<(), Mistakes> {
    let mut mistakes = Vec::new();
    let mut mistake = |header: &str, problem: String| {
        // A mistake of all rules stands where they begin.
        let begins = |line: &str| match header {
            "rules" => line.starts_with("[rules."),
            header => line == format!("[{header}]"),
        };
        let line = text.lines().position(|line| begins(line.trim()));
        mistakes.push(Mistake {
            file: file.to_owned(),
            line: line.map_or(1, |line| line.saturating_add(1)),
            field: header.to_owned(),
            problem,
        });
    };
    contradictions(document, &mut mistake);
    gaps(document, &mut mistake);
    for clause in &document.clauses {
        for number in unbacked(clause, document) {
            let problem =
                format!("says `{number}`, which is no term of the document; expected a term for it");
            mistake(&format!("clauses.{}", clause.id), problem);
        }
    }
    mistakes.sort_by_key(|mistake| mistake.line);
    if mistakes.is_empty() { Ok(()) } else { Err(Mistakes(mistakes)) }
}

fn contradictions(document: &Document, mistake: &mut impl FnMut(&str, String)) {
    for (place, first) in document.rules.iter().enumerate() {
        for second in document.rules.iter().skip(place).skip(1) {
            let declared = document
                .conflicts
                .iter()
                .find(|conflict| conflict.rules.contains(&first.id) && conflict.rules.contains(&second.id));
            let both = [
                Wanted { condition: &first.condition, holds: true },
                Wanted { condition: &second.condition, holds: true },
            ];
            let found = if contradict(first, second) { witness(document, &both) } else { Ok(None) };
            match (declared, found) {
                (_, Err(error)) => {
                    mistake(&format!("rules.{}", second.id), format!("held against `{}`: {error}", first.id));
                }
                (None, Ok(Some(facts))) => mistake(
                    &format!("rules.{}", second.id),
                    format!(
                        "says otherwise than `{}` when {}; expected `overrides`, conditions that exclude \
                         each other, or an entry under `conflicts`",
                        first.id,
                        described(&facts)
                    ),
                ),
                (Some(conflict), Ok(None)) => mistake(
                    &format!("conflicts.{}", conflict.id),
                    "the rules are never met together with different outcomes; expected no entry".to_owned(),
                ),
                _ => {}
            }
        }
    }
}

/// Whether two rules say different things for a common reason and neither sets the other aside. A rule
/// that only sends to a person, or only asks, contradicts nobody.
fn contradict(first: &Rule, second: &Rule) -> bool {
    let says = |rule: &Rule| matches!(rule.effect, Effect::Grant(..) | Effect::Refuse(_));
    let common = first.reasons.is_empty()
        || second.reasons.is_empty()
        || first.reasons.iter().any(|reason| second.reasons.contains(reason));
    let same = match (&first.effect, &second.effect) {
        (Effect::Grant(one, _), Effect::Grant(other, _)) => one == other,
        (Effect::Refuse(_), Effect::Refuse(_)) => true,
        _ => false,
    };
    says(first)
        && says(second)
        && common
        && !same
        && !first.overrides.contains(&second.id)
        && !second.overrides.contains(&first.id)
}

/// Gaps are looked for per reason, among requests about a payment, and beside those that are declared.
fn gaps(document: &Document, mistake: &mut impl FnMut(&str, String)) {
    let named = Condition::Holds(Fact::PaymentNamed);
    let holds = |condition, holds| Wanted { condition, holds };
    for reason in Reason::ALL {
        let about = |reasons: &[Reason]| reasons.is_empty() || reasons.contains(reason);
        let decisive: Vec<&Rule> = document
            .rules
            .iter()
            .filter(|rule| about(&rule.reasons) && !matches!(rule.effect, Effect::NeedsInformation(_)))
            .collect();
        let declared: Vec<_> = document.gaps.iter().filter(|gap| about(&gap.reasons)).collect();
        let unmet: Vec<Wanted<'_>> =
            decisive.iter().map(|rule| holds(&rule.condition, false)).chain([holds(&named, true)]).collect();
        for gap in &declared {
            let wanted: Vec<Wanted<'_>> =
                unmet.iter().copied().chain([holds(&gap.condition, true)]).collect();
            if witness(document, &wanted) == Ok(None) {
                let problem = format!("the rules leave no such gap for `{}`; expected none", reason.as_str());
                mistake(&format!("gaps.{}", gap.id), problem);
            }
        }
        if !decisive.iter().any(|rule| rule.reasons.contains(reason)) {
            continue;
        }
        let wanted: Vec<Wanted<'_>> =
            unmet.iter().copied().chain(declared.iter().map(|gap| holds(&gap.condition, false))).collect();
        match witness(document, &wanted) {
            Ok(None) => {}
            Err(error) => mistake("rules", format!("those for `{}`: {error}", reason.as_str())),
            Ok(Some(facts)) => mistake(
                "rules",
                format!(
                    "none is met for `{}` when {}; expected a rule, or an entry under `gaps` that says why a \
                     person decides",
                    reason.as_str(),
                    described(&facts)
                ),
            ),
        }
    }
}

/// The facts as an author reads them.
pub(crate) fn described(facts: &Facts) -> String {
    let values: Vec<String> = facts
        .iter()
        .map(|(fact, value)| match value {
            Value::Boolean(true) => fact.as_str().to_owned(),
            Value::Boolean(false) => format!("not {}", fact.as_str()),
            Value::Integer(instant) if fact.spec().kind == FactType::Instant => {
                format!("{} = {}", fact.as_str(), instant_text(*instant))
            }
            Value::Integer(integer) => format!("{} = {integer}", fact.as_str()),
            Value::Text(text) => format!("{} = {text}", fact.as_str()),
        })
        .collect();
    if values.is_empty() { "any facts hold".to_owned() } else { values.join(" and ") }
}

/// Numbers with a unit in a clause that something acts on or measures, and that no term of the document
/// says.
fn unbacked(clause: &Clause, document: &Document) -> Vec<String> {
    if matches!(clause.kind, ClauseKind::Invariant | ClauseKind::Information) {
        return Vec::new();
    }
    let words: Vec<&str> = clause.text.split_whitespace().collect();
    let mut unbacked = Vec::new();
    for (place, word) in words.iter().enumerate() {
        let Ok(number) = word.parse::<u32>() else { continue };
        let after = |steps: usize| {
            let word = words.get(place.saturating_add(steps)).copied().unwrap_or_default();
            word.trim_end_matches([',', '.', ';', ':'])
        };
        let unit = match (after(1), after(2)) {
            ("business", "day" | "days") => TermUnit::BusinessDays,
            ("business", "hour" | "hours") => TermUnit::BusinessHours,
            ("day" | "days", _) => TermUnit::Days,
            ("hour" | "hours", _) => TermUnit::Hours,
            ("minute" | "minutes", _) => TermUnit::Minutes,
            ("%" | "percent", _) => TermUnit::Percent,
            ("credits", _) => TermUnit::Credits,
            _ => continue,
        };
        let says = |unit| document.terms.iter().any(|term| term.value == TermValue::Number(number, unit));
        let statutory = unit == TermUnit::Days && says(TermUnit::CalendarDays);
        if !says(unit) && !statutory {
            unbacked.push(format!("{number} {}", unit.as_str().replace('_', " ")));
        }
    }
    unbacked
}

/// A comparison of a rule's condition with a term: a threshold of the written text.
#[derive(Debug, Clone)]
pub struct Threshold<'d> {
    pub rule: &'d Rule,
    pub comparison: &'d Condition,
    /// The same comparison for equality: it holds at the threshold and nowhere else.
    pub exactly: Condition,
    /// The rule's condition with the comparison taken as given.
    pub given: Condition,
    /// The rule's condition with the comparison taken as not given.
    pub denied: Condition,
}

/// Every threshold of a document, in the order of its rules.
pub fn thresholds(document: &Document) -> Vec<Threshold<'_>> {
    let mut found = Vec::new();
    for rule in &document.rules {
        let mut comparisons = Vec::new();
        collect(&rule.condition, &mut comparisons);
        for comparison in comparisons {
            let Condition::Compare(left, _, right) = comparison else { continue };
            found.push(Threshold {
                rule,
                comparison,
                exactly: Condition::Compare(left.clone(), Comparison::Equal, right.clone()),
                given: replaced(&rule.condition, comparison, true),
                denied: replaced(&rule.condition, comparison, false),
            });
        }
    }
    found
}

fn collect<'c>(condition: &'c Condition, found: &mut Vec<&'c Condition>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                collect(part, found);
            }
        }
        Condition::Not(part) => collect(part, found),
        Condition::Compare(left, _, right) => {
            if (has_term(left) || has_term(right)) && !found.contains(&condition) {
                found.push(condition);
            }
        }
        Condition::Holds(_) | Condition::OneOf(..) => {}
    }
}

fn has_term(operand: &Operand) -> bool {
    match operand {
        Operand::Term(_) | Operand::Share(..) | Operand::LastInstant(..) => true,
        Operand::Plus(left, right) | Operand::Minus(left, right) => has_term(left) || has_term(right),
        Operand::Fact(_) | Operand::Zero | Operand::Word(_) => false,
    }
}

/// The condition with one of its parts replaced by a truth.
fn replaced(condition: &Condition, part: &Condition, truth: bool) -> Condition {
    if condition == part {
        return if truth { Condition::All(Vec::new()) } else { Condition::Any(Vec::new()) };
    }
    let parts = |parts: &[Condition]| parts.iter().map(|each| replaced(each, part, truth)).collect();
    match condition {
        Condition::All(each) => Condition::All(parts(each)),
        Condition::Any(each) => Condition::Any(parts(each)),
        Condition::Not(each) => Condition::Not(Box::new(replaced(each, part, truth))),
        other => other.clone(),
    }
}
