//! Conditions and effects as an author reads them: the form in which documents are compared and explained.

use std::fmt::Write as _;

use crate::condition::{Comparison, Condition, Operand, Words};
use crate::document::{Effect, Mode, Term};

impl Condition {
    /// The condition as it is written in a document. `terms` are the document's own.
    pub fn text(&self, terms: &[Term]) -> String {
        let joined = |parts: &[Self], word: &str| {
            let parts: Vec<String> = parts.iter().map(|part| part.bracketed(terms)).collect();
            parts.join(word)
        };
        match self {
            Self::All(parts) if parts.is_empty() => "always".to_owned(),
            Self::Any(parts) if parts.is_empty() => "never".to_owned(),
            Self::All(parts) => joined(parts, " and "),
            Self::Any(parts) => joined(parts, " or "),
            Self::Not(part) => format!("not {}", part.bracketed(terms)),
            Self::Holds(fact) => fact.as_str().to_owned(),
            Self::Compare(left, comparison, right) => {
                let comparison = match comparison {
                    Comparison::Equal => "=",
                    Comparison::NotEqual => "!=",
                    Comparison::Less => "<",
                    Comparison::LessOrEqual => "<=",
                    Comparison::Greater => ">",
                    Comparison::GreaterOrEqual => ">=",
                };
                format!("{} {comparison} {}", left.text(terms), right.text(terms))
            }
            Self::OneOf(fact, Words::Listed(words)) => format!("{} in [{}]", fact.as_str(), words.join(", ")),
            Self::OneOf(fact, Words::Term(place)) => format!("{} in {}", fact.as_str(), name(terms, *place)),
        }
    }

    fn bracketed(&self, terms: &[Term]) -> String {
        match self {
            Self::All(parts) | Self::Any(parts) if parts.len() > 1 => format!("({})", self.text(terms)),
            _ => self.text(terms),
        }
    }
}

impl Operand {
    fn text(&self, terms: &[Term]) -> String {
        match self {
            Self::Fact(fact) => fact.as_str().to_owned(),
            Self::Term(place) => name(terms, *place).to_owned(),
            Self::Zero => "0".to_owned(),
            Self::Word(word) => word.clone(),
            Self::Plus(left, right) => format!("{} + {}", left.text(terms), right.text(terms)),
            Self::Minus(left, right) => format!("{} - {}", left.text(terms), right.text(terms)),
            Self::LastInstant(place, of) => {
                format!("the end of {} from {}", name(terms, *place), of.text(terms))
            }
            Self::Share(place, of) => format!("{} of {}", name(terms, *place), of.text(terms)),
        }
    }
}

impl Effect {
    /// What follows, in a few words.
    pub fn text(&self) -> String {
        let mode = |mode: &Mode| match mode {
            Mode::Auto => "by the machine",
            Mode::Recommend => "recommended to a person",
        };
        match self {
            Self::Grant(remedy, by) => format!("grant {}, {}", remedy.as_str(), mode(by)),
            Self::Refuse(by) => format!("refuse, {}", mode(by)),
            Self::Person => "a person decides".to_owned(),
            Self::NeedsInformation(facts) => {
                let mut text = "ask for".to_owned();
                for fact in facts {
                    // Formatting into a string cannot fail.
                    let _ = write!(text, " {}", fact.as_str());
                }
                text
            }
        }
    }
}

fn name(terms: &[Term], place: usize) -> &str {
    terms.get(place).map_or("?", |term| &term.id)
}
