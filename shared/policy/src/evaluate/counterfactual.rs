//! The nearest change of facts under which a refusal would have been a grant.
//!
//! For every rule that grants, the parts of its condition that do not hold are turned round, the cheapest
//! ones where there is a choice: a quantity or an instant is moved to the threshold, a truth is negated.
//! A word stays: another plan, product or country is another case. Whether the change is enough is not
//! argued here: the caller decides again with it.

use crate::condition::{Comparison, Condition, Inputs, Operand, SCALE, Trace, Truth};
use crate::decision::FactChange;
use crate::document::Term;
use crate::facts::{Fact, FactSet, FactType, Facts, Unit, Value};

/// What moving a quantity or an instant costs: it is a matter of degree.
const DEGREE: u32 = 1;
/// What turning a truth round costs.
const TRUTH: u32 = 3;

/// Changes and what they cost together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) cost: u32,
    pub(crate) changes: Vec<FactChange>,
}

/// The cheapest changes that make the condition hold; `None` where it rests on unknown facts, or on
/// something that has no single value to move to.
pub(crate) fn changes(condition: &Condition, facts: &Facts, terms: &[Term]) -> Option<Changes> {
    turn(condition, true, Inputs { facts, terms })
}

fn turn(condition: &Condition, wanted: bool, inputs: Inputs<'_>) -> Option<Changes> {
    match (condition.evaluate(inputs, &mut Trace::default()).truth, wanted) {
        (Truth::Yes, true) | (Truth::No, false) => return Some(Changes::default()),
        (Truth::Unknown, _) => return None,
        (Truth::Yes, false) | (Truth::No, true) => {}
    }
    match (condition, wanted) {
        (Condition::All(parts), true) | (Condition::Any(parts), false) => {
            parts.iter().try_fold(Changes::default(), |mut sum, part| {
                let part = turn(part, wanted, inputs)?;
                sum.cost = sum.cost.saturating_add(part.cost);
                // Two parts may move one fact, as `recently` and `promptly` do: the last word counts.
                sum.changes.retain(|change| part.changes.iter().all(|other| other.fact != change.fact));
                sum.changes.extend(part.changes);
                Some(sum)
            })
        }
        (Condition::All(parts), false) | (Condition::Any(parts), true) => {
            parts.iter().filter_map(|part| turn(part, wanted, inputs)).min_by_key(|changes| changes.cost)
        }
        (Condition::Not(part), _) => turn(part, !wanted, inputs),
        (Condition::Holds(fact), _) => change(*fact, Value::Boolean(wanted), TRUTH, inputs),
        (Condition::OneOf(..), _) => None,
        (Condition::Compare(left, comparison, right), _) => {
            let comparison = if wanted { *comparison } else { opposite(*comparison) };
            compare(left, comparison, right, inputs)
        }
    }
}

fn compare(left: &Operand, comparison: Comparison, right: &Operand, inputs: Inputs<'_>) -> Option<Changes> {
    let number = |operand: &Operand| operand.number(inputs, &mut Trace::default(), &mut FactSet::default());
    let (moved, comparison, other) = match left.first_fact() {
        Some(_) => (left, comparison, right),
        None => (right, mirrored(comparison), left),
    };
    let fact = moved.first_fact()?;
    // What stands beside the fact on its own side stays, so that the threshold moves by it.
    let beside = number(moved)?.checked_sub(number(&Operand::Fact(fact))?)?;
    let threshold = number(other)?.checked_sub(beside)?;
    // Numbers are compared in hundredths, and seconds in milliseconds.
    let unit = match fact.spec().kind {
        FactType::Quantity(Unit::Seconds) => SCALE.checked_mul(1_000)?,
        FactType::Quantity(_) | FactType::Instant => SCALE,
        FactType::Boolean | FactType::Text | FactType::Choice(_) => return None,
    };
    let below = threshold.checked_div_euclid(unit)?;
    let exact = below.checked_mul(unit)? == threshold;
    let to = match comparison {
        Comparison::Equal => exact.then_some(below)?,
        Comparison::Less if exact => below.checked_sub(1)?,
        Comparison::Less | Comparison::LessOrEqual => below,
        Comparison::GreaterOrEqual if exact => below,
        Comparison::GreaterOrEqual | Comparison::Greater | Comparison::NotEqual => below.checked_add(1)?,
    };
    change(fact, Value::Integer(i64::try_from(to).ok()?), DEGREE, inputs)
}

fn change(fact: Fact, to: Value, cost: u32, inputs: Inputs<'_>) -> Option<Changes> {
    // The instant of the decision and what its own clock says cannot be otherwise.
    if fact == Fact::DecidedAt {
        return None;
    }
    let from = inputs.facts.get(fact)?.clone();
    Some(Changes { cost, changes: vec![FactChange { fact, from, to }] })
}

fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterOrEqual,
        Comparison::LessOrEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessOrEqual,
        Comparison::GreaterOrEqual => Comparison::Less,
    }
}

/// The comparison with its sides exchanged.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        Comparison::Equal | Comparison::NotEqual => comparison,
    }
}
