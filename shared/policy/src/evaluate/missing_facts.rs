//! The smallest set of missing facts that would settle a decision.
//!
//! A condition that is unknown can be settled by several sets of facts: `a and b` by `a` alone, if it
//! turns out not to hold. The sets of every unsettled rule are joined, smallest first, where one value of
//! each fact can serve both: a word that one rule needs and another excludes serves neither. Numbers are
//! taken to be free. The number of sets that are followed is bounded, so that the answer may be larger than
//! the smallest for conditions with very many alternatives.

use super::rule::RuleEvaluation;
use crate::condition::{Comparison, Condition, Inputs, Operand, Trace, Truth, Words};
use crate::document::Term;
use crate::facts::{Fact, FactSet, FactType, Facts};

/// Bound on the alternatives that are followed at once: rules have a handful of parts.
const ALTERNATIVES_MAX: usize = 16;

/// Facts whose values can be enough, and what their values then make of the parts of conditions.
#[derive(Clone, Default, PartialEq)]
struct Way<'c> {
    facts: FactSet,
    parts: Vec<(&'c Condition, bool)>,
}

/// Ways, smallest first. Each alone is enough.
type Alternatives<'c> = Vec<Way<'c>>;

/// The smallest set of unknown facts whose values can settle these rules. `needed` are facts without
/// which no amount can be computed.
pub(crate) fn settled_by(
    evaluations: &[RuleEvaluation<'_>],
    needed: FactSet,
    facts: &Facts,
    terms: &[Term],
) -> Vec<Fact> {
    let inputs = Inputs { facts, terms };
    let unsettled = |each: &&RuleEvaluation<'_>| each.finding.truth == Truth::Unknown;
    let mut sets = vec![Way { facts: needed, parts: Vec::new() }];
    let mut all = needed;
    for each in evaluations.iter().filter(|each| each.stands()).filter(unsettled) {
        all = all.union(each.finding.unknown);
        let mut ways = ways(&each.rule.condition, true, inputs);
        ways.extend(self::ways(&each.rule.condition, false, inputs));
        // An exception that turns out to be met sets the rule aside.
        for exception in evaluations.iter().filter(unsettled) {
            if exception.rule.overrides.contains(&each.rule.id) {
                ways.extend(self::ways(&exception.rule.condition, true, inputs));
            }
        }
        sets = joined(&sets, &ways);
    }
    sets.first().map_or(all, |way| way.facts).iter().collect()
}

/// What can make a condition hold, or not hold. A part that is settled otherwise leaves no way.
fn ways<'c>(condition: &'c Condition, wanted: bool, inputs: Inputs<'_>) -> Alternatives<'c> {
    let finding = condition.evaluate(inputs, &mut Trace::default());
    match (finding.truth, wanted) {
        (Truth::Yes, true) | (Truth::No, false) => return vec![Way::default()],
        (Truth::Yes, false) | (Truth::No, true) => return Vec::new(),
        (Truth::Unknown, _) => {}
    }
    match (condition, wanted) {
        (Condition::All(parts), true) | (Condition::Any(parts), false) => {
            parts.iter().fold(vec![Way::default()], |sets, part| joined(&sets, &ways(part, wanted, inputs)))
        }
        (Condition::All(parts), false) | (Condition::Any(parts), true) => {
            smallest(parts.iter().flat_map(|part| ways(part, wanted, inputs)).collect())
        }
        (Condition::Not(part), _) => ways(part, !wanted, inputs),
        (Condition::Holds(_) | Condition::Compare(..) | Condition::OneOf(..), _) => {
            vec![Way { facts: finding.unknown, parts: vec![(condition, wanted)] }]
        }
    }
}

/// One of each, where both can be had.
fn joined<'c>(first: &[Way<'c>], second: &[Way<'c>]) -> Alternatives<'c> {
    let pairs = first.iter().flat_map(|one| second.iter().map(move |other| (one, other)));
    smallest(pairs.filter_map(|(one, other)| one.with(other)).collect())
}

fn smallest(mut sets: Alternatives<'_>) -> Alternatives<'_> {
    sets.sort_by_key(|way| way.facts.len());
    sets.dedup();
    sets.truncate(ALTERNATIVES_MAX);
    sets
}

impl Way<'_> {
    fn with(&self, other: &Self) -> Option<Self> {
        let mut parts = self.parts.clone();
        for part in &other.parts {
            if !self.parts.iter().all(|each| agree(*each, *part)) {
                return None;
            }
            if !parts.contains(part) {
                parts.push(*part);
            }
        }
        Some(Self { facts: self.facts.union(other.facts), parts })
    }
}

/// Whether one value of their facts can make both parts what is wanted of them.
fn agree((one, wanted_one): (&Condition, bool), (other, wanted_other): (&Condition, bool)) -> bool {
    if one == other {
        return wanted_one == wanted_other;
    }
    let (Some((fact, words)), Some((of, others))) = (words(one), words(other)) else { return true };
    let FactType::Choice(choices) = fact.spec().kind else { return true };
    let is = |words: &(bool, Vec<&str>), word: &str| words.1.contains(&word) == words.0;
    fact != of
        || choices.iter().any(|word| is(&words, word) == wanted_one && is(&others, word) == wanted_other)
}

/// The words that a part holds a fact against, and whether it holds for these or for all others.
fn words(part: &Condition) -> Option<(Fact, (bool, Vec<&str>))> {
    match part {
        Condition::Compare(Operand::Fact(fact), Comparison::Equal, Operand::Word(word)) => {
            Some((*fact, (true, vec![word])))
        }
        Condition::Compare(Operand::Fact(fact), Comparison::NotEqual, Operand::Word(word)) => {
            Some((*fact, (false, vec![word])))
        }
        Condition::OneOf(fact, Words::Listed(words)) => {
            Some((*fact, (true, words.iter().map(String::as_str).collect())))
        }
        _ => None,
    }
}
