//! Conditions, effects and instants as an author reads them: the form in which documents are compared.

use policy::{Comparison, Condition, Effect, Mode, Operand, Term, Words};

/// The condition as it is written in a document. `terms` are the document's own.
pub(crate) fn condition_text(condition: &Condition, terms: &[Term]) -> String {
    let joined = |parts: &[Condition], word: &str| {
        let parts: Vec<String> = parts.iter().map(|part| bracketed(part, terms)).collect();
        parts.join(word)
    };
    match condition {
        Condition::All(parts) if parts.is_empty() => "always".to_owned(),
        Condition::Any(parts) if parts.is_empty() => "never".to_owned(),
        Condition::All(parts) => joined(parts, " and "),
        Condition::Any(parts) => joined(parts, " or "),
        Condition::Not(part) => format!("not {}", bracketed(part, terms)),
        Condition::Holds(fact) => fact.as_str().to_owned(),
        Condition::Compare(left, comparison, right) => {
            let comparison = match comparison {
                Comparison::Equal => "=",
                Comparison::NotEqual => "!=",
                Comparison::Less => "<",
                Comparison::LessOrEqual => "<=",
                Comparison::Greater => ">",
                Comparison::GreaterOrEqual => ">=",
            };
            format!("{} {comparison} {}", operand_text(left, terms), operand_text(right, terms))
        }
        Condition::OneOf(fact, Words::Listed(words)) => {
            format!("{} in [{}]", fact.as_str(), words.join(", "))
        }
        Condition::OneOf(fact, Words::Term(place)) => format!("{} in {}", fact.as_str(), name(terms, *place)),
    }
}

fn bracketed(condition: &Condition, terms: &[Term]) -> String {
    let text = condition_text(condition, terms);
    match condition {
        Condition::All(parts) | Condition::Any(parts) if parts.len() > 1 => format!("({text})"),
        _ => text,
    }
}

fn operand_text(operand: &Operand, terms: &[Term]) -> String {
    let of = |operand: &Operand| operand_text(operand, terms);
    match operand {
        Operand::Fact(fact) => fact.as_str().to_owned(),
        Operand::Term(place) => name(terms, *place).to_owned(),
        Operand::Zero => "0".to_owned(),
        Operand::Word(word) => word.clone(),
        Operand::Plus(left, right) => format!("{} + {}", of(left), of(right)),
        Operand::Minus(left, right) => format!("{} - {}", of(left), of(right)),
        Operand::LastInstant(place, start) => {
            format!("the end of {} from {}", name(terms, *place), of(start))
        }
        Operand::Share(place, whole) => format!("{} of {}", name(terms, *place), of(whole)),
    }
}

/// What follows, in a few words.
pub(crate) fn effect_text(effect: &Effect) -> String {
    let mode = |mode: &Mode| match mode {
        Mode::Auto => "by the machine",
        Mode::Recommend => "recommended to a person",
    };
    match effect {
        Effect::Grant(remedy, by) => format!("grant {}, {}", remedy.as_str(), mode(by)),
        Effect::Refuse(by) => format!("refuse, {}", mode(by)),
        Effect::Person => "a person decides".to_owned(),
        Effect::NeedsInformation(facts) => {
            let facts = facts.iter().map(|fact| format!(" {}", fact.as_str()));
            format!("ask for{}", facts.collect::<String>())
        }
    }
}

fn name(terms: &[Term], place: usize) -> &str {
    terms.get(place).map_or("?", |term| &term.id)
}

/// An instant as an author writes it.
pub(crate) fn instant_text(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| milliseconds.to_string(), |instant| instant.to_string())
}

/// The day of an instant, in UTC.
pub(crate) fn day_text(milliseconds: i64) -> String {
    instant_text(milliseconds).chars().take_while(|character| *character != 'T').collect()
}
