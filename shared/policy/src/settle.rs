//! The smallest set of missing facts that would settle a decision.
//!
//! A condition that is unknown can be settled by several sets of facts: `a and b` by `a` alone, if it
//! turns out not to hold. The sets of every unsettled rule are joined, smallest first; the number of
//! sets that are followed is bounded, so that the answer may be larger than the smallest for conditions
//! with very many alternatives, and never fails to settle.

use crate::condition::{Condition, Inputs, Trace, Truth};
use crate::document::Term;
use crate::fact::Fact;
use crate::fact_set::FactSet;
use crate::facts::Facts;
use crate::verdict::Looked;

/// Bound on the alternatives that are followed at once: rules have a handful of parts.
const ALTERNATIVES_MAX: usize = 32;

/// Sets of facts, each of which is enough, smallest first.
type Alternatives = Vec<FactSet>;

/// The smallest set of unknown facts whose values can settle these rules. `needed` are facts without
/// which no amount can be computed.
pub(crate) fn settled_by(looked: &[Looked<'_>], needed: FactSet, facts: &Facts, terms: &[Term]) -> Vec<Fact> {
    let inputs = Inputs { facts, terms };
    let unsettled = |each: &&Looked<'_>| each.finding.truth == Truth::Unknown;
    let mut sets = vec![needed];
    for each in looked.iter().filter(|each| each.stands()).filter(unsettled) {
        let mut ways = ways(&each.rule.condition, true, inputs);
        ways.extend(self::ways(&each.rule.condition, false, inputs));
        // An exception that turns out to be met sets the rule aside.
        for exception in looked.iter().filter(unsettled) {
            if exception.rule.overrides.contains(&each.rule.id) {
                ways.extend(self::ways(&exception.rule.condition, true, inputs));
            }
        }
        sets = joined(&sets, &ways);
    }
    sets.first().copied().unwrap_or(needed).iter().collect()
}

/// What can make a condition hold, or not hold. A part that is settled otherwise leaves no way.
fn ways(condition: &Condition, wanted: bool, inputs: Inputs<'_>) -> Alternatives {
    let finding = condition.evaluate(inputs, &mut Trace::default());
    match (finding.truth, wanted) {
        (Truth::Yes, true) | (Truth::No, false) => return vec![FactSet::EMPTY],
        (Truth::Yes, false) | (Truth::No, true) => return Vec::new(),
        (Truth::Unknown, _) => {}
    }
    match (condition, wanted) {
        (Condition::All(parts), true) | (Condition::Any(parts), false) => {
            parts.iter().fold(vec![FactSet::EMPTY], |sets, part| joined(&sets, &ways(part, wanted, inputs)))
        }
        (Condition::All(parts), false) | (Condition::Any(parts), true) => {
            smallest(parts.iter().flat_map(|part| ways(part, wanted, inputs)).collect())
        }
        (Condition::Not(part), _) => ways(part, !wanted, inputs),
        (Condition::Holds(_) | Condition::Compare(..) | Condition::OneOf(..), _) => vec![finding.unknown],
    }
}

/// One of each.
fn joined(first: &[FactSet], second: &[FactSet]) -> Alternatives {
    smallest(first.iter().flat_map(|one| second.iter().map(|other| one.union(*other))).collect())
}

fn smallest(mut sets: Alternatives) -> Alternatives {
    sets.sort_by_key(|set| set.len());
    sets.dedup();
    sets.truncate(ALTERNATIVES_MAX);
    sets
}
