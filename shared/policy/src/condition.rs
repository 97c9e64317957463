//! Conditions of rules: three-valued logic over facts and terms.
//!
//! Unknown is a value of its own (Kleene's strong logic): `no and unknown` is no, `yes or unknown` is
//! yes, everything else that touches an unknown stays unknown. Every part of a condition is looked
//! at, so that the trace of facts does not depend on the order in which a condition is written.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::document::{Term, TermValue};
use crate::facts::{Fact, FactSet, FactType, Facts, Unit, Value};
use crate::statutory::{self, last_instant};

/// The result of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Truth {
    /// The condition holds.
    #[serde(rename = "met")]
    Yes,
    /// The condition does not hold.
    #[serde(rename = "not_met")]
    No,
    /// It depends on facts that are not known.
    #[serde(rename = "unknown")]
    Unknown,
}

impl Truth {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Unknown,
        }
    }

    /// At least one.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Unknown,
        }
    }

    fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}

/// A checked condition. The types of both sides of every comparison agree: authoring saw to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Condition {
    /// All hold; with no parts it always holds.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A boolean fact.
    Holds(Fact),
    /// A comparison of two operands of one type.
    Compare(Operand, Comparison, Operand),
    /// A text or choice fact is one of these words.
    OneOf(Fact, Words),
}

/// How two operands compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operand {
    /// A fact's value.
    Fact(Fact),
    /// A term's value, by its place in the document.
    Term(usize),
    /// The only number that a condition may write without a name.
    Zero,
    Word(String),
    /// A sum.
    Plus(Box<Operand>, Box<Operand>),
    /// A difference.
    Minus(Box<Operand>, Box<Operand>),
    /// A percentage (a term, by its place) of an operand.
    Share(usize, Box<Operand>),
    /// The last instant of a statutory period of days (a term, by its place) that begins with an operand, in
    /// the customer's country.
    LastInstant(usize, Box<Operand>),
}

/// The words of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Words {
    /// Written in the condition.
    Listed(Vec<String>),
    /// A term, by its place in the document.
    Term(usize),
}

/// Numbers are compared in hundredths, so that a percentage of a quantity stays exact. Durations are
/// milliseconds, as differences of instants are.
pub(crate) const SCALE: i128 = 100;

enum Scalar<'a> {
    Number(i128),
    Word(&'a str),
}

/// What a condition is evaluated over.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What is known.
    pub facts: &'a Facts,
    /// The terms of the document, by their places.
    pub terms: &'a [Term],
}

/// A term that the decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermUsed {
    pub term: String,
    /// Its value, such as `14 days`.
    pub value: String,
}

/// The facts and terms that conditions asked for.
#[derive(Debug, Default)]
pub struct Trace {
    pub facts: FactSet,
    /// The places of the terms.
    pub terms: BTreeSet<usize>,
}

impl Trace {
    /// The terms, as the decision shows them.
    pub(crate) fn terms_used(&self, terms: &[Term]) -> Vec<TermUsed> {
        self.terms
            .iter()
            .filter_map(|place| terms.get(*place))
            .map(|term| TermUsed { term: term.id.clone(), value: term.value_text() })
            .collect()
    }
}

/// The result of a condition and the unknown facts that keep it from being settled.
#[derive(Debug)]
pub struct Evaluation {
    /// Whether it holds.
    pub truth: Truth,
    /// The unknown facts that keep it from being settled; none where it is.
    pub unknown: FactSet,
}

impl Evaluation {
    /// Drops the unknowns that do not matter to the result.
    fn new(truth: Truth, unknown: FactSet) -> Self {
        Self { truth, unknown: if truth == Truth::Unknown { unknown } else { FactSet::EMPTY } }
    }

    fn fold(parts: impl Iterator<Item = Self>, start: Truth, join: fn(Truth, Truth) -> Truth) -> Self {
        let (truth, unknown) = parts.fold((start, FactSet::EMPTY), |(truth, unknown), part| {
            (join(truth, part.truth), unknown.union(part.unknown))
        });
        Self::new(truth, unknown)
    }
}

impl Condition {
    /// Every fact that the condition names.
    pub fn facts(&self) -> BTreeSet<Fact> {
        let facts = Facts::new();
        let mut trace = Trace::default();
        self.evaluate(Inputs { facts: &facts, terms: &[] }, &mut trace);
        trace.facts.iter().collect()
    }

    /// Holds the condition against the facts; `trace` gets every fact and term that it names.
    pub fn evaluate(&self, inputs: Inputs<'_>, trace: &mut Trace) -> Evaluation {
        let mut unknown = FactSet::EMPTY;
        let truth = match self {
            Self::All(parts) => {
                return Evaluation::fold(
                    parts.iter().map(|part| part.evaluate(inputs, trace)),
                    Truth::Yes,
                    Truth::and,
                );
            }
            Self::Any(parts) => {
                return Evaluation::fold(
                    parts.iter().map(|part| part.evaluate(inputs, trace)),
                    Truth::No,
                    Truth::or,
                );
            }
            Self::Not(part) => {
                let finding = part.evaluate(inputs, trace);
                return Evaluation { truth: finding.truth.negated(), ..finding };
            }
            Self::Holds(fact) => {
                trace.facts.insert(*fact);
                if let Some(value) = inputs.facts.boolean(*fact) {
                    value.into()
                } else {
                    unknown.insert(*fact);
                    Truth::Unknown
                }
            }
            Self::Compare(left, comparison, Operand::LastInstant(place, of)) => {
                let left = left.number(inputs, trace, &mut unknown);
                let start = of.number(inputs, trace, &mut unknown);
                trace.terms.insert(*place);
                trace.facts.insert(Fact::CustomerCountry);
                let country = inputs.facts.text(Fact::CustomerCountry);
                if country.is_none() {
                    unknown.insert(Fact::CustomerCountry);
                }
                let days = inputs.terms.get(*place).and_then(Term::base_value);
                let ends = left.zip(start).zip(days);
                comparison
                    .of_any(left, ends.and_then(|((left, start), days)| end(left, start, days, country)))
            }
            Self::Compare(left, comparison, right) => {
                let left = left.evaluate(inputs, trace, &mut unknown);
                let right = right.evaluate(inputs, trace, &mut unknown);
                match (left, right) {
                    (Some(Scalar::Number(left)), Some(Scalar::Number(right))) => comparison.of(&left, &right),
                    (Some(Scalar::Word(left)), Some(Scalar::Word(right))) => comparison.of(left, right),
                    _ => Truth::Unknown,
                }
            }
            Self::OneOf(fact, words) => match (word(*fact, inputs, trace, &mut unknown), words) {
                (Some(word), Words::Listed(words)) => words.iter().any(|each| each == word).into(),
                (Some(word), Words::Term(place)) => {
                    trace.terms.insert(*place);
                    match inputs.terms.get(*place).map(|term| &term.value) {
                        Some(TermValue::Words(words)) => words.iter().any(|each| each == word).into(),
                        _ => Truth::Unknown,
                    }
                }
                (None, Words::Term(place)) => {
                    trace.terms.insert(*place);
                    Truth::Unknown
                }
                (None, Words::Listed(_)) => Truth::Unknown,
            },
        };
        Evaluation::new(truth, unknown)
    }
}

/// The first and the last instant, in hundredths, at which a statutory period may end: one instant in a
/// country, and bounds where the country is unknown. Where `left` is outside of the wide bounds they do, and
/// no calendar is read.
fn end(left: i128, start: i128, days: i64, country: Option<&str>) -> Option<(i128, i128)> {
    let start = i64::try_from(start.checked_div(SCALE)?).ok()?;
    let days = u32::try_from(days).ok()?;
    let in_hundredths = |(first, last)| Some((scaled(i128::from(first))?, scaled(i128::from(last))?));
    let (first, last) = in_hundredths(statutory::outer_bounds(start, days)?)?;
    if !(first..=last).contains(&left) {
        return Some((first, last));
    }
    in_hundredths(match country {
        Some(country) => last_instant(start, days, country).map(|last| (last, last))?,
        None => statutory::bounds(start, days)?,
    })
}

impl Comparison {
    /// Compares a number with one that is known only by its bounds.
    fn of_any(self, left: Option<i128>, right: Option<(i128, i128)>) -> Truth {
        let (Some(left), Some((low, high))) = (left, right) else { return Truth::Unknown };
        // Between the bounds either may be true; outside of them each comparison says one thing.
        if low < high && (low..=high).contains(&left) { Truth::Unknown } else { self.of(&left, &low) }
    }

    fn of<T: PartialOrd + ?Sized>(self, left: &T, right: &T) -> Truth {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
        .into()
    }
}

impl Operand {
    /// The fact that a change of the operand moves: the first of a sum.
    pub fn first_fact(&self) -> Option<Fact> {
        match self {
            Self::Fact(fact) => Some(*fact),
            Self::Plus(left, _) | Self::Minus(left, _) => left.first_fact(),
            Self::Term(_) | Self::Zero | Self::Word(_) | Self::Share(..) | Self::LastInstant(..) => None,
        }
    }

    /// `None` when a fact is unknown, or when a sum leaves the range of 128 bits.
    fn evaluate<'a>(
        &'a self,
        inputs: Inputs<'a>,
        trace: &mut Trace,
        unknown: &mut FactSet,
    ) -> Option<Scalar<'a>> {
        match self {
            Self::Fact(fact) => {
                trace.facts.insert(*fact);
                match inputs.facts.get(*fact) {
                    Some(Value::Integer(integer)) => {
                        let unit =
                            if fact.spec().kind == FactType::Quantity(Unit::Seconds) { 1_000 } else { 1 };
                        i128::from(*integer).checked_mul(unit).and_then(scaled).map(Scalar::Number)
                    }
                    Some(Value::Text(text)) => Some(Scalar::Word(text)),
                    Some(Value::Boolean(_)) => None,
                    None => {
                        unknown.insert(*fact);
                        None
                    }
                }
            }
            Self::Term(place) => {
                trace.terms.insert(*place);
                inputs
                    .terms
                    .get(*place)?
                    .base_value()
                    .and_then(|value| scaled(i128::from(value)))
                    .map(Scalar::Number)
            }
            Self::Zero => Some(Scalar::Number(0)),
            Self::Word(word) => Some(Scalar::Word(word)),
            Self::Plus(left, right) => {
                let left = left.number(inputs, trace, unknown);
                let right = right.number(inputs, trace, unknown);
                left?.checked_add(right?).map(Scalar::Number)
            }
            Self::Minus(left, right) => {
                let left = left.number(inputs, trace, unknown);
                let right = right.number(inputs, trace, unknown);
                left?.checked_sub(right?).map(Scalar::Number)
            }
            Self::Share(place, of) => {
                trace.terms.insert(*place);
                let whole = of.number(inputs, trace, unknown)?;
                let percent = inputs.terms.get(*place)?.base_value()?;
                whole.checked_mul(i128::from(percent))?.checked_div(SCALE).map(Scalar::Number)
            }
            Self::LastInstant(place, of) => {
                trace.terms.insert(*place);
                trace.facts.insert(Fact::CustomerCountry);
                let start = of.number(inputs, trace, unknown)?.checked_div(SCALE)?;
                let days = u32::try_from(inputs.terms.get(*place)?.base_value()?).ok()?;
                let Some(country) = inputs.facts.text(Fact::CustomerCountry) else {
                    unknown.insert(Fact::CustomerCountry);
                    return None;
                };
                let last = last_instant(i64::try_from(start).ok()?, days, country)?;
                scaled(i128::from(last)).map(Scalar::Number)
            }
        }
    }

    /// The number in hundredths; `None` when a fact is unknown, or for a word.
    pub(crate) fn number(
        &self,
        inputs: Inputs<'_>,
        trace: &mut Trace,
        unknown: &mut FactSet,
    ) -> Option<i128> {
        match self.evaluate(inputs, trace, unknown)? {
            Scalar::Number(number) => Some(number),
            Scalar::Word(_) => None,
        }
    }
}

fn scaled(value: i128) -> Option<i128> {
    value.checked_mul(SCALE)
}

fn word<'a>(fact: Fact, inputs: Inputs<'a>, trace: &mut Trace, unknown: &mut FactSet) -> Option<&'a str> {
    trace.facts.insert(fact);
    let word = inputs.facts.text(fact);
    if word.is_none() {
        unknown.insert(fact);
    }
    word
}
