//! The known facts of one request. A fact that is not here is unknown, which is not the same as no.

mod fact;
mod fact_set;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use fact::{Fact, FactSpec, FactType, Source, Unit};
pub use fact_set::FactSet;

/// Bound on a text fact: Stripe's own bound on its ids; the request's free text is never a fact.
const TEXT_BYTES_MAX: usize = 255;

/// A known value. Its unit is in the registry: see [`Fact::spec`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Of a boolean fact.
    Boolean(bool),
    /// Of a quantity, or an instant in milliseconds since 1970.
    Integer(i64),
    /// Of a text or a choice.
    Text(String),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

/// Why a value is not a value of its fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("fact `{fact}` has a wrong value; expected {expected}")]
pub struct FactError {
    /// The name of the fact.
    pub fact: &'static str,
    /// What its values look like.
    pub expected: &'static str,
}

/// The known facts of one request, each of its registered type.
///
/// The JSON form is an object of fact names and values, in the order of the registry; `null` reads as
/// unknown. It is the form in which facts are frozen with a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Fact, Option<Value>>")]
pub struct Facts(BTreeMap<Fact, Value>);

impl Facts {
    /// No fact is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records a value; refuses one that is not of the fact's type and leaves the fact as it was.
    pub fn set(&mut self, fact: Fact, value: impl Into<Value>) -> Result<(), FactError> {
        let value = value.into();
        let (fits, expected) = match (fact.spec().kind, &value) {
            (FactType::Boolean, value) => (matches!(value, Value::Boolean(_)), "true or false"),
            (FactType::Quantity(_), value) => {
                (matches!(value, Value::Integer(0..)), "an integer from zero up")
            }
            (FactType::Instant, value) => (matches!(value, Value::Integer(_)), "milliseconds since 1970"),
            (FactType::Text, Value::Text(text)) => {
                (text.len() <= TEXT_BYTES_MAX, "a text of at most 255 bytes")
            }
            (FactType::Choice(words), Value::Text(text)) => {
                (words.contains(&text.as_str()), "one of the words that the registry lists")
            }
            (FactType::Text | FactType::Choice(_), _) => (false, "a text"),
        };
        if fits {
            self.0.insert(fact, value);
            Ok(())
        } else {
            Err(FactError { fact: fact.as_str(), expected })
        }
    }

    /// Records a quantity.
    pub fn set_quantity(&mut self, fact: Fact, quantity: u64) -> Result<(), FactError> {
        let integer = i64::try_from(quantity)
            .map_err(|_| FactError { fact: fact.as_str(), expected: "an integer below 2^63" })?;
        self.set(fact, integer)
    }

    /// The value, when it is known.
    pub fn get(&self, fact: Fact) -> Option<&Value> {
        self.0.get(&fact)
    }

    /// Makes the fact unknown.
    pub fn forget(&mut self, fact: Fact) {
        self.0.remove(&fact);
    }

    /// The known facts in the order of the registry.
    pub fn iter(&self) -> impl Iterator<Item = (Fact, &Value)> {
        self.0.iter().map(|(fact, value)| (*fact, value))
    }

    pub(crate) fn boolean(&self, fact: Fact) -> Option<bool> {
        match self.get(fact) {
            Some(Value::Boolean(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, fact: Fact) -> Option<i64> {
        match self.get(fact) {
            Some(Value::Integer(value)) => Some(*value),
            _ => None,
        }
    }

    pub(crate) fn quantity(&self, fact: Fact) -> Option<u64> {
        self.integer(fact).and_then(|value| u64::try_from(value).ok())
    }

    pub(crate) fn text(&self, fact: Fact) -> Option<&str> {
        match self.get(fact) {
            Some(Value::Text(value)) => Some(value),
            _ => None,
        }
    }
}

impl TryFrom<BTreeMap<Fact, Option<Value>>> for Facts {
    type Error = FactError;

    fn try_from(values: BTreeMap<Fact, Option<Value>>) -> Result<Self, FactError> {
        let mut facts = Self::new();
        for (fact, value) in values {
            if let Some(value) = value {
                facts.set(fact, value)?;
            }
        }
        Ok(facts)
    }
}
