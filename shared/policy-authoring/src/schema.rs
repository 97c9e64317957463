//! The JSON schema of policy documents, for editors.
//!
//! It is made from what the reader asks of a specimen in which every table and field stands, so that it
//! accepts what the reader reads and no other field. What only the reader knows (that a reference leads
//! somewhere, that a condition compares what can be compared) stays with `makegood policy check`. The
//! sentences that an editor shows are kept here; a field or a word without one is an error.

use serde_json::{Map, Value, json};

use policy::{Fact, FactType, Source, Unit};

use crate::document::grammar_of;
use crate::grammar::{Field, Grammar, Shape};
use crate::meanings;
use crate::mistake::Mistakes;

const SPECIMEN: &str = include_str!("specimen.toml");
/// The names that a document may choose.
const NAME: &str = "^[a-z0-9_-]+$";
/// A currency as Stripe writes it.
const CURRENCY: &str = "^[a-z]{3}$";

/// Why the schema cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("{0}")]
    Specimen(#[from] Mistakes),
    /// Nobody says what a field or a word means.
    #[error("no sentence says what `{0}` means")]
    NoMeaning(String),
    /// It is not encodable.
    #[error("the schema cannot be written as JSON")]
    Encoding(#[from] serde_json::Error),
}

/// The schema as JSON text.
pub fn schema() -> Result<String, SchemaError> {
    let grammar = grammar_of(SPECIMEN)?;
    let mut root = table(&grammar, "")?;
    root.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    root.insert("title".to_owned(), json!("A version of a written refund policy"));
    root.insert("description".to_owned(), json!(meanings::DOCUMENT));
    root.insert("definitions".to_owned(), json!({ "fact": facts() }));
    let mut text = serde_json::to_string_pretty(&root)?;
    text.push('\n');
    Ok(text)
}

fn table(grammar: &Grammar, place: &str) -> Result<Map<String, Value>, SchemaError> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, field) in grammar.fields_of(place) {
        let of = if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
        if grammar.is_required(&of) {
            required.push(json!(name));
        }
        let mut found = shape(grammar, &of, name, field)?;
        let meaning = meanings::of_field(&of).ok_or_else(|| SchemaError::NoMeaning(of.clone()))?;
        found.insert("description".to_owned(), json!(meaning));
        properties.insert(name.to_owned(), found.into());
    }
    let mut object = Map::new();
    object.insert("type".to_owned(), json!("object"));
    object.insert("additionalProperties".to_owned(), json!(false));
    object.insert("properties".to_owned(), properties.into());
    if !required.is_empty() {
        object.insert("required".to_owned(), required.into());
    }
    Ok(object)
}

fn shape(
    grammar: &Grammar,
    place: &str,
    name: &str,
    field: &Field,
) -> Result<Map<String, Value>, SchemaError> {
    let mut alternatives = Vec::new();
    for shape in &field.shapes {
        alternatives.push(match shape {
            Shape::Text if field.words.is_empty() => json!({ "type": "string", "minLength": 1 }),
            Shape::Text => words(name, &field.words)?,
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::Integer => json!({ "type": "integer", "minimum": 0 }),
            Shape::Day => json!({ "type": "string", "format": "date" }),
            Shape::Texts => {
                let items = if field.words.is_empty() {
                    json!({ "type": "string" })
                } else {
                    words(name, &field.words)?
                };
                json!({ "type": "array", "items": items, "uniqueItems": true })
            }
            Shape::Amounts => json!({
                "type": "object",
                "propertyNames": { "pattern": CURRENCY },
                "additionalProperties": { "type": "integer", "minimum": 0 },
                "minProperties": 1,
            }),
            Shape::Value => json!({ "type": ["string", "integer", "boolean"] }),
            Shape::Table => table(grammar, place)?.into(),
            Shape::Named => {
                let names = if field.words.is_empty() {
                    json!({ "pattern": NAME })
                } else {
                    words(name, &field.words)?
                };
                let each = table(grammar, &format!("{place}.*"))?;
                json!({ "type": "object", "propertyNames": names, "additionalProperties": each })
            }
            Shape::Tables => {
                let each = table(grammar, &format!("{place}[]"))?;
                json!({ "type": "array", "items": each })
            }
        });
    }
    let found = match alternatives.pop() {
        Some(only) if alternatives.is_empty() => only,
        last => {
            alternatives.extend(last);
            json!({ "anyOf": alternatives })
        }
    };
    match found {
        Value::Object(found) => Ok(found),
        _ => Err(SchemaError::NoMeaning(place.to_owned())),
    }
}

/// A closed list, each word with what it means.
fn words(field: &str, words: &[String]) -> Result<Value, SchemaError> {
    let each = |word: &String| {
        let meaning = meanings::of_word(field, word);
        let meaning = meaning.ok_or_else(|| SchemaError::NoMeaning(format!("{field} = {word}")))?;
        Ok(json!({ "const": word, "description": meaning }))
    };
    let words = words.iter().map(each).collect::<Result<Vec<Value>, SchemaError>>()?;
    Ok(json!({ "type": "string", "oneOf": words }))
}

/// Every fact that a condition may name.
fn facts() -> Value {
    let facts = Fact::ALL.iter().map(|fact| {
        let spec = fact.spec();
        let kind = match spec.kind {
            FactType::Boolean => "true or false".to_owned(),
            FactType::Quantity(Unit::Credits) => "credits".to_owned(),
            FactType::Quantity(Unit::Money) => "money, in the smallest unit".to_owned(),
            FactType::Quantity(Unit::Seconds) => "a duration".to_owned(),
            FactType::Quantity(Unit::Count) => "a count".to_owned(),
            FactType::Instant => "an instant".to_owned(),
            FactType::Text => "a text".to_owned(),
            FactType::Choice(words) => format!("one of {}", words.join(", ")),
        };
        let source = match spec.source {
            Source::Recorded => "recorded",
            Source::Claimed => "claimed by the customer",
        };
        json!({ "const": spec.id, "description": format!("{} ({kind}; {source})", spec.description) })
    });
    json!({
        "description": "What a condition may ask about.",
        "type": "string",
        "oneOf": facts.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_and_word_has_a_meaning() {
        schema().unwrap_or_else(|error| panic!("{error}"));
    }

    #[test]
    fn no_meaning_is_of_a_field_that_nobody_reads() {
        let grammar = grammar_of(SPECIMEN).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        for place in meanings::places() {
            let read =
                grammar.fields.keys().any(|each| each == place || each.ends_with(&format!(".{place}")));
            assert!(read, "{place}");
        }
        for (place, field) in &grammar.fields {
            assert!(!field.shapes.is_empty(), "the specimen does not hold `{place}`");
        }
    }
}
