//! Searching for facts that make conditions hold: how rules that overlap, or leave a gap, are found.
//!
//! The search is complete for what documents say and not for arithmetic at large. Facts take values from
//! around every threshold that the document's terms draw; a branch is left as soon as three-valued
//! evaluation shows that no value of the remaining facts can save it.

use std::collections::{BTreeMap, BTreeSet};

use policy::{
    Comparison, Condition, Document, Fact, FactSet, FactType, Facts, Inputs, Operand, Term, TermUnit,
    TermValue, Trace, Truth, Unit, Value, Words, last_instant,
};

/// A week after the document comes into force: every payment of the search is charged around it.
const BASE_AFTER_MS: i64 = 7 * 86_400_000;
/// Percentages are taken of this whole: a multiple of 100, so that every threshold is exact.
const WHOLE: i64 = 1_000;
/// Bound on the assignments that are looked at, so that no document can make the search endless.
const STEPS_MAX: u32 = 200_000;

/// What holds in every possible world: the sum of some facts is at most another.
const POSSIBLE: [(&[Fact], Fact); 6] = [
    (&[Fact::PaymentChargedAt], Fact::RequestedAt),
    (&[Fact::PaymentChargedAt], Fact::PeriodEndsAt),
    (&[Fact::PaymentChargedAt], Fact::CreditsLastUsedAt),
    (&[Fact::GenerationsUsed], Fact::GenerationsAllotted),
    (&[Fact::CreditsSpent, Fact::CreditsHeld], Fact::CreditsGranted),
    (&[Fact::GenerationCreditsReturned], Fact::GenerationCreditsCharged),
];

/// What a condition is wanted to be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'c> {
    pub condition: &'c Condition,
    /// Whether it is to hold.
    pub holds: bool,
}

/// The search looked at as many cases as it may and settled nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many cases; expected conditions over fewer facts")]
pub struct TooManyCases;

/// Facts under which every condition is as wanted, if there are any.
pub fn witness(document: &Document, wanted: &[Wanted<'_>]) -> Result<Option<Facts>, TooManyCases> {
    let mut named = BTreeSet::new();
    let mut words = BTreeSet::new();
    let mut trace = Trace::default();
    for each in wanted {
        let nothing = Facts::new();
        each.condition.evaluate(Inputs { facts: &nothing, terms: &document.terms }, &mut trace);
        named.extend(trace.facts.iter());
        collect_words(each.condition, &document.terms, &mut words);
    }
    let drawn: Vec<&Term> = trace.terms.iter().filter_map(|place| document.terms.get(*place)).collect();
    let possible: Vec<Condition> = POSSIBLE
        .iter()
        .filter(|(smaller, greater)| smaller.iter().chain([greater]).all(|fact| named.contains(fact)))
        .filter_map(|(smaller, greater)| {
            let sum = smaller
                .iter()
                .map(|fact| Operand::Fact(*fact))
                .reduce(|sum, fact| Operand::Plus(Box::new(sum), Box::new(fact)))?;
            Some(Condition::Compare(sum, Comparison::LessOrEqual, Operand::Fact(*greater)))
        })
        .collect();
    let wanted: Vec<Wanted<'_>> = wanted
        .iter()
        .copied()
        .chain(possible.iter().map(|condition| Wanted { condition, holds: true }))
        .collect();
    let domains = named.into_iter().map(|fact| (fact, domain(fact, document, &drawn, &words))).collect();
    let mut search = Search { wanted: &wanted, terms: &document.terms, domains, steps: 0 };
    let found = search.assign(&Facts::new());
    if found.is_none() && search.steps > STEPS_MAX { Err(TooManyCases) } else { Ok(found) }
}

struct Search<'s> {
    wanted: &'s [Wanted<'s>],
    terms: &'s [Term],
    domains: BTreeMap<Fact, Vec<Value>>,
    steps: u32,
}

impl Search<'_> {
    fn assign(&mut self, facts: &Facts) -> Option<Facts> {
        self.steps = self.steps.saturating_add(1);
        let mut unsettled: Option<FactSet> = None;
        for each in self.wanted {
            let finding = each.condition.evaluate(Inputs { facts, terms: self.terms }, &mut Trace::default());
            match (finding.truth, each.holds) {
                (Truth::Yes, true) | (Truth::No, false) => {}
                (Truth::Unknown, _) => unsettled = unsettled.or(Some(finding.unknown)),
                (Truth::Yes, false) | (Truth::No, true) => return None,
            }
        }
        let Some(unsettled) = unsettled else { return Some(facts.clone()) };
        // Of the facts that keep a condition open, the one with the fewest values cuts soonest.
        let fact = unsettled.iter().min_by_key(|fact| self.domains.get(fact).map_or(0, Vec::len))?;
        for value in self.domains.get(&fact).cloned()? {
            if self.steps > STEPS_MAX {
                return None;
            }
            let mut with = facts.clone();
            if with.set(fact, value).is_ok()
                && let Some(found) = self.assign(&with)
            {
                return Some(found);
            }
        }
        None
    }
}

/// The values that a fact takes in the search.
fn domain(fact: Fact, document: &Document, drawn: &[&Term], words: &BTreeSet<(Fact, String)>) -> Vec<Value> {
    // Conditions compare differences and shares: one fact of each stays where it is, and the other moves
    // around it. Of a sum, one part moves and the other adds a little.
    match fact {
        Fact::PaymentChargedAt => return vec![base_ms(document).into()],
        Fact::CreditsGranted | Fact::GenerationsAllotted | Fact::AmountPaid => {
            return vec![WHOLE.into(), 0.into()];
        }
        Fact::CreditsHeld | Fact::RelatedRequests => return vec![0.into(), 1.into()],
        _ => {}
    }
    match fact.spec().kind {
        FactType::Boolean => vec![true.into(), false.into()],
        FactType::Choice(choices) => choices.iter().map(|word| (*word).into()).collect(),
        FactType::Text if fact == Fact::Product => {
            document.products.iter().map(|product| product.as_str().into()).collect()
        }
        FactType::Text => {
            let listed = words.iter().filter(|(of, _)| *of == fact).map(|(_, word)| word.as_str());
            listed.chain(["another word"]).map(Value::from).collect()
        }
        FactType::Instant => instants(document, drawn, words).into_iter().map(Value::from).collect(),
        FactType::Quantity(unit) => quantities(unit, drawn).into_iter().map(Value::from).collect(),
    }
}

pub(crate) fn base_ms(document: &Document) -> i64 {
    document.in_force_from_ms.saturating_add(BASE_AFTER_MS)
}

/// The base, and one millisecond around each duration before and after it.
fn instants(document: &Document, drawn: &[&Term], words: &BTreeSet<(Fact, String)>) -> Vec<i64> {
    let base = base_ms(document);
    let mut instants = vec![base, base.saturating_add(1), base.saturating_sub(1)];
    for term in drawn.iter().filter(|term| term.seconds().is_some()) {
        let Some(length) = term.base_value() else { continue };
        for around in [-1, 0, 1] {
            let length = length.saturating_add(around);
            instants.push(base.saturating_add(length));
            instants.push(base.saturating_sub(length));
        }
    }
    for term in drawn {
        let TermValue::Number(days, TermUnit::CalendarDays) = term.value else { continue };
        let listed = words.iter().filter(|(fact, _)| *fact == Fact::CustomerCountry);
        for country in listed.map(|(_, word)| word.as_str()) {
            let Some(last) = last_instant(base, days, country) else { continue };
            instants.extend([-1, 0, 1].map(|around| last.saturating_add(around)));
        }
    }
    distinct(instants)
}

fn quantities(unit: Unit, drawn: &[&Term]) -> Vec<i64> {
    let mut quantities = vec![0, 1, WHOLE];
    let around = |quantities: &mut Vec<i64>, value: i64| {
        quantities
            .extend([-1, 0, 1].map(|around| value.saturating_add(around)).into_iter().filter(|q| *q >= 0));
    };
    for term in drawn {
        match (&term.value, unit) {
            (TermValue::Number(percent, TermUnit::Percent), Unit::Credits | Unit::Count | Unit::Money) => {
                let share = i64::from(*percent).saturating_mul(WHOLE).checked_div(100).unwrap_or_default();
                around(&mut quantities, share);
            }
            (TermValue::Number(number, TermUnit::Count), Unit::Count)
            | (TermValue::Number(number, TermUnit::Credits), Unit::Credits)
            | (TermValue::Number(number, TermUnit::Minor), Unit::Money) => {
                around(&mut quantities, i64::from(*number));
            }
            (_, Unit::Seconds) => {
                if let Some(seconds) = term.seconds().and_then(|seconds| i64::try_from(seconds).ok()) {
                    around(&mut quantities, seconds);
                }
            }
            _ => {}
        }
    }
    distinct(quantities)
}

/// Each once, in their order: what is likely stands first.
fn distinct(values: Vec<i64>) -> Vec<i64> {
    let mut seen = BTreeSet::new();
    values.into_iter().filter(|value| seen.insert(*value)).collect()
}

/// The words that a condition holds a text fact against.
fn collect_words(condition: &Condition, terms: &[Term], words: &mut BTreeSet<(Fact, String)>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                collect_words(part, terms, words);
            }
        }
        Condition::Not(part) => collect_words(part, terms, words),
        Condition::OneOf(fact, Words::Listed(listed)) => {
            words.extend(listed.iter().map(|word| (*fact, word.clone())));
        }
        Condition::OneOf(fact, Words::Term(place)) => {
            // One word of a list represents all of them.
            if let Some(TermValue::Words(listed)) = terms.get(*place).map(|term| &term.value) {
                words.extend(listed.first().map(|word| (*fact, word.clone())));
            }
        }
        Condition::Compare(
            Operand::Fact(fact),
            Comparison::Equal | Comparison::NotEqual,
            Operand::Word(word),
        ) => {
            words.insert((*fact, word.clone()));
        }
        Condition::Compare(..) | Condition::Holds(_) => {}
    }
}
