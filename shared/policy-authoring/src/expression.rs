//! The language of conditions: a small parser that checks names and types as it goes.
//!
//! ```text
//! condition = all { "or" all }
//! all       = each { "and" each }
//! each      = "not" each | "(" condition ")" | boolean fact | sum comparison sum
//!           | sum "within" sum "of" sum | fact "in" ( term | "[" word { "," word } "]" )
//! sum       = part { ( "+" | "-" ) part }
//! part      = fact | term | percent term "of" part | "0" | word | "'" text "'"
//! ```
//!
//! `a within b of c` means `c <= a` and `a <= c + b`: the last instant is inside. Of calendar days, `c + b`
//! is the end of the last day. The only number that stands without a name is 0; every other one is a term of
//! the document.

use policy::{Comparison, Condition, Fact, FactType, Operand, Term, TermUnit, TermValue, Unit, Words};

use crate::reader::any_of;

/// Bound on nesting: a condition that people can read needs three levels.
const DEPTH_MAX: usize = 16;

/// A mistake in a condition: the offset in its text and what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) at: usize,
    pub(crate) problem: String,
}

/// Parses and checks one condition.
pub(crate) fn parse(text: &str, terms: &[Term]) -> Result<Condition, Wrong> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, end: text.len(), terms, depth: 0 };
    let condition = parser.condition()?;
    match parser.peek() {
        Some(token) => Err(parser.wrong(format!("unexpected `{token}`; expected `and`, `or` or the end"))),
        None => Ok(condition),
    }
}

type Token<'t> = (usize, &'t str);

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Wrong> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text.len().saturating_sub(rest.len());
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let length = if first == '\'' {
            match rest.get(1..).and_then(|inner| inner.find('\'')) {
                Some(inner) => inner.saturating_add(2),
                None => {
                    return Err(Wrong { at, problem: "unclosed `'`; expected a text in quotes".to_owned() });
                }
            }
        } else if first.is_ascii_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if ["!=", "<=", ">="].iter().any(|each| rest.starts_with(each)) {
            2
        } else if "=<>+-()[],".contains(first) {
            1
        } else {
            let problem =
                format!("unexpected `{first}`; expected a name, a comparison, `+`, `-` or brackets");
            return Err(Wrong { at, problem });
        };
        let (token, remainder) = rest.split_at(length);
        tokens.push((at, token));
        rest = remainder;
    }
}

/// The type of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Boolean,
    Quantity(Unit),
    Duration,
    CalendarDays,
    Instant,
    Text,
    Choice(&'static [&'static str]),
    Zero,
    /// A bare name that is neither a fact nor a term: a word of a choice.
    Bare,
    /// A term that is a list.
    List,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Boolean => "true or false",
            Self::Quantity(Unit::Credits) => "credits",
            Self::Quantity(Unit::Money) => "money",
            Self::Quantity(Unit::Count) => "a count",
            Self::Quantity(Unit::Seconds) | Self::Duration => "a duration",
            Self::CalendarDays => "calendar days",
            Self::Instant => "an instant",
            Self::Text => "a text",
            Self::Choice(_) | Self::Bare => "a word",
            Self::Zero => "zero",
            Self::List => "a list",
        }
    }
}

struct Typed {
    operand: Operand,
    kind: Kind,
    at: usize,
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    next: usize,
    end: usize,
    terms: &'t [Term],
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.tokens.get(self.next).map(|(_, token)| *token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn wrong(&self, problem: impl Into<String>) -> Wrong {
        Wrong { at: self.at(), problem: problem.into() }
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.peek() == Some(token);
        if found {
            self.next = self.next.saturating_add(1);
        }
        found
    }

    fn expect(&mut self, token: &str) -> Result<(), Wrong> {
        if self.take(token) {
            return Ok(());
        }
        let found = self.peek().unwrap_or("the end");
        Err(self.wrong(format!("unexpected `{found}`; expected `{token}`")))
    }

    fn condition(&mut self) -> Result<Condition, Wrong> {
        self.depth = self.depth.saturating_add(1);
        if self.depth > DEPTH_MAX {
            return Err(self.wrong(format!("nested too deeply; expected at most {DEPTH_MAX} levels")));
        }
        let mut parts = vec![self.all()?];
        while self.take("or") {
            parts.push(self.all()?);
        }
        self.depth = self.depth.saturating_sub(1);
        Ok(joined(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Wrong> {
        let mut parts = vec![self.each()?];
        while self.take("and") {
            parts.push(self.each()?);
        }
        Ok(joined(parts, Condition::All))
    }

    fn each(&mut self) -> Result<Condition, Wrong> {
        if self.take("not") {
            self.depth = self.depth.saturating_add(1);
            if self.depth > DEPTH_MAX {
                return Err(self.wrong(format!("nested too deeply; expected at most {DEPTH_MAX} levels")));
            }
            let part = self.each()?;
            self.depth = self.depth.saturating_sub(1);
            return Ok(Condition::Not(Box::new(part)));
        }
        if self.take("(") {
            let condition = self.condition()?;
            self.expect(")")?;
            return Ok(condition);
        }
        let left = self.sum()?;
        if self.take("within") {
            return self.within(left);
        }
        if self.take("in") {
            return self.one_of(&left);
        }
        let comparison = match self.peek() {
            Some("=") => Comparison::Equal,
            Some("!=") => Comparison::NotEqual,
            Some("<") => Comparison::Less,
            Some("<=") => Comparison::LessOrEqual,
            Some(">") => Comparison::Greater,
            Some(">=") => Comparison::GreaterOrEqual,
            _ => return self.holds(&left),
        };
        self.next = self.next.saturating_add(1);
        let right = self.sum()?;
        compare(left, comparison, right)
    }

    fn holds(&self, typed: &Typed) -> Result<Condition, Wrong> {
        match (&typed.operand, typed.kind) {
            (Operand::Fact(fact), Kind::Boolean) => Ok(Condition::Holds(*fact)),
            (Operand::Word(name), Kind::Bare) => Err(unknown(typed.at, name)),
            _ => {
                let found = self.peek().unwrap_or("the end");
                Err(self.wrong(format!("unexpected `{found}`; expected a comparison, `within` or `in`")))
            }
        }
    }

    fn within(&mut self, instant: Typed) -> Result<Condition, Wrong> {
        let span = self.sum()?;
        self.expect("of")?;
        let start = self.sum()?;
        for typed in [&instant, &start] {
            if typed.kind != Kind::Instant {
                return Err(mismatch(typed, Kind::Instant.name()));
            }
        }
        let from = Box::new(start.operand.clone());
        let end = match (span.kind, span.operand) {
            (Kind::Duration, operand) => Operand::Plus(from, Box::new(operand)),
            (Kind::CalendarDays, Operand::Term(place)) => Operand::LastInstant(place, from),
            (kind, operand) => {
                return Err(mismatch(&Typed { operand, kind, at: span.at }, Kind::Duration.name()));
            }
        };
        Ok(Condition::All(vec![
            Condition::Compare(instant.operand.clone(), Comparison::GreaterOrEqual, start.operand),
            Condition::Compare(instant.operand, Comparison::LessOrEqual, end),
        ]))
    }

    fn one_of(&mut self, left: &Typed) -> Result<Condition, Wrong> {
        let (Operand::Fact(fact), Kind::Text | Kind::Choice(_)) = (&left.operand, left.kind) else {
            return Err(mismatch(left, "a fact whose values are words"));
        };
        if !self.take("[") {
            let list = self.part()?;
            return match list {
                Typed { operand: Operand::Term(place), kind: Kind::List, .. } => {
                    Ok(Condition::OneOf(*fact, Words::Term(place)))
                }
                Typed { operand: Operand::Word(name), kind: Kind::Bare, at } => Err(unknown(at, &name)),
                _ => Err(mismatch(&list, "a term that is a list, or words in `[` and `]`")),
            };
        }
        let mut words = Vec::new();
        loop {
            let part = self.part()?;
            words.push(word_of(left, &part)?);
            if !self.take(",") {
                break;
            }
        }
        self.expect("]")?;
        Ok(Condition::OneOf(*fact, Words::Listed(words)))
    }

    fn sum(&mut self) -> Result<Typed, Wrong> {
        let mut left = self.part()?;
        loop {
            let plus = match self.peek() {
                Some("+") => true,
                Some("-") => false,
                _ => return Ok(left),
            };
            self.next = self.next.saturating_add(1);
            let right = self.part()?;
            let kind = match (left.kind, right.kind, plus) {
                (Kind::Instant, Kind::Duration, _) | (Kind::Duration, Kind::Instant, true) => Kind::Instant,
                (Kind::Instant, Kind::Instant, false) | (Kind::Duration, Kind::Duration, _) => Kind::Duration,
                (Kind::Quantity(unit), Kind::Quantity(other), _) if unit == other => left.kind,
                _ => {
                    let problem = format!(
                        "{} and {} cannot be added or subtracted; expected two of one unit",
                        left.kind.name(),
                        right.kind.name()
                    );
                    return Err(Wrong { at: right.at, problem });
                }
            };
            let operands = (Box::new(left.operand), Box::new(right.operand));
            let operand = if plus {
                Operand::Plus(operands.0, operands.1)
            } else {
                Operand::Minus(operands.0, operands.1)
            };
            left = Typed { operand, kind, at: left.at };
        }
    }

    fn part(&mut self) -> Result<Typed, Wrong> {
        let at = self.at();
        let Some(token) = self.peek() else {
            return Err(self.wrong("unexpected end; expected a fact, a term or a word"));
        };
        let is_name = token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if ["and", "or", "not", "in", "of", "within"].contains(&token) || !is_name && !is_literal(token) {
            return Err(self.wrong(format!("unexpected `{token}`; expected a fact, a term or a word")));
        }
        self.next = self.next.saturating_add(1);
        if let Some(text) = token.strip_prefix('\'') {
            let word = text.trim_end_matches('\'').to_owned();
            return Ok(Typed { operand: Operand::Word(word), kind: Kind::Text, at });
        }
        if token == "0" {
            return Ok(Typed { operand: Operand::Zero, kind: Kind::Zero, at });
        }
        if !is_name {
            return Err(Wrong {
                at,
                problem: format!("number `{token}` has no name; expected a term of the document"),
            });
        }
        if let Some(fact) = Fact::parse(token) {
            let kind = match fact.spec().kind {
                FactType::Boolean => Kind::Boolean,
                FactType::Quantity(Unit::Seconds) => Kind::Duration,
                FactType::Quantity(unit) => Kind::Quantity(unit),
                FactType::Instant => Kind::Instant,
                FactType::Text => Kind::Text,
                FactType::Choice(words) => Kind::Choice(words),
            };
            return Ok(Typed { operand: Operand::Fact(fact), kind, at });
        }
        match self.terms.iter().enumerate().find(|(_, term)| term.id == token) {
            Some((place, term)) => self.term(place, term, at),
            None => Ok(Typed { operand: Operand::Word(token.to_owned()), kind: Kind::Bare, at }),
        }
    }

    fn term(&mut self, place: usize, term: &Term, at: usize) -> Result<Typed, Wrong> {
        let kind = match term.value {
            TermValue::Words(_) => Kind::List,
            TermValue::Amounts(_) => {
                let problem = format!("term `{}` is money by currency; expected a number or a list", term.id);
                return Err(Wrong { at, problem });
            }
            TermValue::Number(_, unit) => match unit {
                TermUnit::Seconds | TermUnit::Minutes | TermUnit::Hours | TermUnit::Days => Kind::Duration,
                TermUnit::CalendarDays => Kind::CalendarDays,
                TermUnit::Credits => Kind::Quantity(Unit::Credits),
                TermUnit::Count => Kind::Quantity(Unit::Count),
                TermUnit::Minor => Kind::Quantity(Unit::Money),
                TermUnit::Percent => {
                    self.expect("of")?;
                    let of = self.part()?;
                    return match (of.kind, of.operand) {
                        (
                            Kind::Quantity(_) | Kind::Duration,
                            operand @ (Operand::Fact(_) | Operand::Term(_)),
                        ) => {
                            Ok(Typed { operand: Operand::Share(place, Box::new(operand)), kind: of.kind, at })
                        }
                        _ => Err(Wrong {
                            at: of.at,
                            problem: "no percentage of it; expected a quantity or a duration".to_owned(),
                        }),
                    };
                }
                TermUnit::BusinessHours | TermUnit::BusinessDays | TermUnit::BusinessDayEnds => {
                    let problem = format!(
                        "`{}` counts business time, which only clocks know; expected plain time",
                        term.id
                    );
                    return Err(Wrong { at, problem });
                }
            },
        };
        Ok(Typed { operand: Operand::Term(place), kind, at })
    }
}

fn is_literal(token: &str) -> bool {
    token.starts_with(|c: char| c == '\'' || c.is_ascii_digit())
}

fn joined(mut parts: Vec<Condition>, join: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn unknown(at: usize, name: &str) -> Wrong {
    Wrong {
        at,
        problem: format!("unknown name `{name}`; expected a fact of the registry or a term of the document"),
    }
}

fn mismatch(typed: &Typed, expected: &str) -> Wrong {
    match (&typed.operand, typed.kind) {
        (Operand::Word(name), Kind::Bare) => unknown(typed.at, name),
        _ => Wrong {
            at: typed.at,
            problem: format!("{} cannot stand here; expected {expected}", typed.kind.name()),
        },
    }
}

fn word_of(fact: &Typed, word: &Typed) -> Result<String, Wrong> {
    match (fact.kind, &word.operand, word.kind) {
        (Kind::Choice(words), Operand::Word(word_text), Kind::Bare | Kind::Text) => {
            if words.contains(&word_text.as_str()) {
                return Ok(word_text.clone());
            }
            let problem = format!("`{word_text}` is not a value of this fact; expected {}", any_of(words));
            Err(Wrong { at: word.at, problem })
        }
        (Kind::Text, Operand::Word(word), Kind::Text) => Ok(word.clone()),
        (Kind::Text, Operand::Word(name), Kind::Bare) => Err(Wrong {
            at: word.at,
            problem: format!("unknown name `{name}`; expected a text in quotes: `'{name}'`"),
        }),
        _ => Err(mismatch(word, "a word")),
    }
}

fn compare(left: Typed, comparison: Comparison, right: Typed) -> Result<Condition, Wrong> {
    let words = |kind| matches!(kind, Kind::Text | Kind::Choice(_) | Kind::Bare);
    if words(left.kind) && words(right.kind) {
        if !matches!(comparison, Comparison::Equal | Comparison::NotEqual) {
            let problem = "words have no order; expected `=` or `!=`".to_owned();
            return Err(Wrong { at: right.at, problem });
        }
        return match (&left.operand, &right.operand) {
            (Operand::Fact(_), Operand::Fact(_)) if left.kind == right.kind => {
                Ok(Condition::Compare(left.operand, comparison, right.operand))
            }
            (Operand::Fact(_), _) => {
                let word = word_of(&left, &right)?;
                Ok(Condition::Compare(left.operand, comparison, Operand::Word(word)))
            }
            _ => Err(mismatch(&left, "a fact on the left")),
        };
    }
    match (left.kind, right.kind) {
        (Kind::Boolean, _) | (_, Kind::Boolean) => {
            let at = if left.kind == Kind::Boolean { left.at } else { right.at };
            Err(Wrong {
                at,
                problem: "true or false is not compared; expected the fact alone or after `not`".to_owned(),
            })
        }
        (Kind::Quantity(_) | Kind::Duration, Kind::Zero)
        | (Kind::Zero, Kind::Quantity(_) | Kind::Duration) => {
            Ok(Condition::Compare(left.operand, comparison, right.operand))
        }
        (Kind::Quantity(_) | Kind::Duration | Kind::Instant, kind) if kind == left.kind => {
            Ok(Condition::Compare(left.operand, comparison, right.operand))
        }
        (Kind::Bare | Kind::List, _) => Err(mismatch(&left, "a fact or a number")),
        _ => Err(mismatch(&right, left.kind.name())),
    }
}
