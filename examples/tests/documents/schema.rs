//! The JSON schema for editors: in step with the reader, and true of every document.

use std::fs;
use std::path::Path;

use policy::Fact;
use serde_json::{Map, Value};

/// Where the schema is kept, and the line that leads an editor to it.
const SCHEMA: &str = "../infra/schemas/policy-document.json";
const LINE: &str = "#:schema ../../../infra/schemas/policy-document.json\n";

fn file(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn schema() -> Value {
    serde_json::from_str(&file(SCHEMA)).unwrap()
}

/// Every document's path and text.
fn documents() -> Vec<(String, String)> {
    examples::documents()
        .iter()
        .map(|document| {
            let path = format!("policies/{}/{}.toml", document.id, document.version);
            let text = file(&path);
            (path, text)
        })
        .collect()
}

/// A TOML value as an editor hands it to the schema: days are texts.
fn json(value: &toml::Value) -> Value {
    match value {
        toml::Value::Datetime(day) => day.to_string().into(),
        toml::Value::Array(values) => values.iter().map(json).collect(),
        toml::Value::Table(table) => {
            Value::Object(table.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
        other => serde_json::to_value(other).unwrap(),
    }
}

/// The keywords that the schema uses, of draft 7.
fn check(schema: &Value, value: &Value, place: &str, wrong: &mut Vec<String>) {
    let schema = schema.as_object().unwrap_or_else(|| panic!("{place}: {schema}"));
    let fits = |type_name: &str| match type_name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("{other}"),
    };
    for (keyword, says) in schema {
        let holds = match keyword.as_str() {
            "type" => match says {
                Value::Array(types) => types.iter().any(|each| fits(each.as_str().unwrap())),
                single => fits(single.as_str().unwrap()),
            },
            "oneOf" | "anyOf" => says.as_array().unwrap().iter().any(|each| {
                let mut inside = Vec::new();
                check(each, value, place, &mut inside);
                inside.is_empty()
            }),
            "const" => says == value,
            "minimum" => value.as_i64() >= says.as_i64(),
            "minLength" => value.as_str().is_some_and(|text| !text.is_empty()),
            // Like every keyword of arrays, it holds for what is none.
            "uniqueItems" => value
                .as_array()
                .is_none_or(|items| items.iter().enumerate().all(|(at, item)| !items[..at].contains(item))),
            "minProperties" => value.as_object().is_none_or(|members| {
                says.as_u64().is_some_and(|min| u64::try_from(members.len()).is_ok_and(|count| count >= min))
            }),
            "items" => {
                for (at, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(says, item, &format!("{place}[{at}]"), wrong);
                }
                true
            }
            "pattern" => value.as_str().is_some_and(|name| {
                name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_')
            }),
            "propertyNames" => {
                for name in members(value).keys() {
                    check(says, &name.as_str().into(), &format!("{place}.{name}"), wrong);
                }
                true
            }
            "properties" => {
                for (name, schema) in says.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        check(schema, member, &format!("{place}.{name}"), wrong);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").map(members).unwrap_or_default();
                for (name, member) in members(value).iter().filter(|(name, _)| !known.contains_key(*name)) {
                    match says {
                        Value::Bool(false) => wrong.push(format!("{place}.{name}: unknown")),
                        schema => check(schema, member, &format!("{place}.{name}"), wrong),
                    }
                }
                true
            }
            "required" => {
                let names = says.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                let missing: Vec<&str> = names.filter(|name| value.get(name).is_none()).collect();
                wrong.extend(missing.iter().map(|name| format!("{place}.{name}: missing")));
                true
            }
            "description" | "title" | "format" | "$schema" | "definitions" => true,
            other => panic!("{other}"),
        };
        if !holds {
            wrong.push(format!("{place}: {keyword}"));
        }
    }
}

fn members(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn mistakes(text: &str) -> Vec<String> {
    let document: toml::Value = toml::Value::Table(text.parse().unwrap());
    let mut wrong = Vec::new();
    check(&schema(), &json(&document), "", &mut wrong);
    wrong
}

#[test]
fn the_schema_is_what_the_reader_asks_for() {
    let made = policy_authoring::schema().unwrap();
    assert!(
        file(SCHEMA) == made,
        "infra/schemas/policy-document.json is out of step; expected what `makegood policy schema` prints"
    );
}

#[test]
fn every_document_fits_the_schema_and_names_it() {
    for (path, text) in documents() {
        assert_eq!(mistakes(&text), [""; 0], "{path}");
        assert!(text.starts_with(LINE), "{path} does not begin with `{LINE}`");
    }
}

#[test]
fn the_schema_refuses_what_the_reader_refuses() {
    let (_, text) = documents().pop().unwrap();
    for (from, to, expected) in [
        ("\ntitle = ", "\ntittle = ", ".document.title: missing"),
        ("material = false", "material = \"no\"", ".document.material: type"),
        ("unit = \"days\"", "unit = \"fortnights\"", ": oneOf"),
        ("outcome = \"refuse\"", "outcome = \"deny\"", ": oneOf"),
        ("reasons = [\"result_not_liked\"]", "reasons = [\"whim\"]", ": oneOf"),
        ("[law.eu-withdrawal]", "[law.us-withdrawal]", ".law.us-withdrawal: oneOf"),
        ("[offers.", "[offerings.", ".offerings: unknown"),
    ] {
        assert!(text.contains(from), "{from}");
        let found = mistakes(&text.replacen(from, to, 1));
        assert!(found.iter().any(|each| each.contains(expected)), "{to}: {found:?}");
        assert!(
            policy_authoring::parse_document("changed.toml", &text.replacen(from, to, 1)).is_err(),
            "{to}"
        );
    }
}

#[test]
fn facts_are_described_with_their_type_and_source() {
    let schema = schema();
    let facts = schema["definitions"]["fact"]["oneOf"].as_array().unwrap();
    assert_eq!(facts.len(), Fact::ALL.len());
    let spent = facts.iter().find(|fact| fact["const"] == "credits_spent").unwrap();
    assert_eq!(spent["description"], "The captured credits of the payment's lots. (credits; recorded)");
}
