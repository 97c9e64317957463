//! From the bytes of a body to a typed value, with refusals that say what is expected, never what was sent.
//!
//! The bytes become a small tree (`serde_json` bounds its depth at 128, a repeated key is refused), and the
//! tree becomes the typed value. The second step has an error type of its own: `serde_json`'s own messages
//! repeat the value that was wrong.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{
    self, DeserializeOwned, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};
use serde_path_to_error::{Path, Segment};

use super::problem::{Problem, ProblemKind};

/// Reads a JSON object as a `T`.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let invalid = || Problem::new(ProblemKind::InvalidRequest);
    let tree: Tree = serde_json::from_slice(bytes)
        .map_err(|_| invalid().detail("the body must be one JSON value in UTF-8 without repeated keys"))?;
    if !matches!(tree, Tree::Object(_)) {
        return Err(invalid().detail("the body must be a JSON object"));
    }
    serde_path_to_error::deserialize(tree).map_err(|error| {
        // The name of an unknown field is the caller's own: one that is too long or has other characters than
        // names have is not repeated.
        let parent_only = matches!(error.inner(), Mismatch::UnknownField(_))
            && !error.path().iter().next_back().is_some_and(is_named);
        let pointer = pointer(error.path(), parent_only);
        invalid().detail("the body is not as documented").field(pointer, error.inner().to_string())
    })
}

/// Longest name of an unknown field that a refusal repeats: no known field has a longer one.
const NAME_BYTES_MAX: usize = 32;

fn is_named(segment: &Segment) -> bool {
    let of_a_name = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    match segment {
        Segment::Map { key } => key.len() <= NAME_BYTES_MAX && key.chars().all(of_a_name),
        Segment::Seq { .. } | Segment::Enum { .. } | Segment::Unknown => false,
    }
}

/// A JSON pointer to the field, or to its object.
fn pointer(path: &Path, parent_only: bool) -> String {
    let mut segments: Vec<&Segment> = path.iter().collect();
    if parent_only {
        segments.pop();
    }
    let mut pointer = "#".to_owned();
    for segment in segments {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A JSON value.
enum Tree {
    Null,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    Array(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TreeVisitor;

        impl<'de> Visitor<'de> for TreeVisitor {
            type Value = Tree;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON value")
            }

            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
                Ok(Tree::Boolean(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
                Ok(Tree::Unsigned(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
                Ok(Tree::Signed(value))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
                Ok(Tree::Float(value))
            }

            fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
                Ok(Tree::Text(value.to_owned()))
            }

            fn visit_string<E>(self, value: String) -> Result<Tree, E> {
                Ok(Tree::Text(value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Tree::Array(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut fields: Vec<(String, Tree)> = Vec::new();
                while let Some((name, value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
                names.sort_unstable();
                if names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
                    return Err(de::Error::custom("a key is repeated"));
                }
                Ok(Tree::Object(fields))
            }
        }

        deserializer.deserialize_any(TreeVisitor)
    }
}

impl IntoDeserializer<'_, Mismatch> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Boolean(value) => visitor.visit_bool(value),
            Self::Unsigned(value) => visitor.visit_u64(value),
            Self::Signed(value) => visitor.visit_i64(value),
            Self::Float(value) => visitor.visit_f64(value),
            Self::Text(value) => visitor.visit_string(value),
            Self::Array(items) => {
                let mut seq = SeqDeserializer::new(items.into_iter());
                let value = visitor.visit_seq(&mut seq)?;
                seq.end().map(|()| value)
            }
            Self::Object(fields) => visitor.visit_map(MapDeserializer::new(fields.into_iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        // A field that may be left out may not be `null`: null is a value, and no schema lists it.
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match self {
            Self::Text(variant) => {
                let variant: StringDeserializer<Mismatch> = variant.into_deserializer();
                visitor.visit_enum(variant)
            }
            Self::Object(fields) => {
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(fields.into_iter())))
            }
            _ => Err(de::Error::invalid_type(Unexpected::Other("value"), &visitor)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// What is expected where something else was found. It holds nothing of what was found.
#[derive(Debug)]
enum Mismatch {
    Expected(String),
    UnknownField(&'static [&'static str]),
    UnknownVariant(&'static [&'static str]),
    MissingField(&'static str),
    Repeated(&'static str),
    /// The message of a type's own check, such as an id's.
    Refused(String),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &[&str]| {
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            quoted.join(", ")
        };
        match self {
            Self::Expected(expected) => write!(formatter, "expected {expected}"),
            Self::UnknownField([]) => formatter.write_str("unknown field; expected none"),
            Self::UnknownField(fields) => write!(formatter, "unknown field; expected only {}", names(fields)),
            Self::UnknownVariant(variants) => write!(formatter, "expected one of {}", names(variants)),
            Self::MissingField(field) => write!(formatter, "`{field}` is missing"),
            Self::Repeated(field) => write!(formatter, "`{field}` is repeated"),
            Self::Refused(words) => formatter.write_str(words),
        }
    }
}

impl std::error::Error for Mismatch {}

/// What serde calls a type, in the words of JSON.
fn plain(expected: &str) -> String {
    let words = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of at least 0",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a map" => "an object",
        "a sequence" => "an array",
        record if record.starts_with("struct ") => "an object",
        other => other,
    };
    words.to_owned()
}

impl de::Error for Mismatch {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self::Refused(words.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Expected(plain(&expected.to_string()))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Expected(plain(&expected.to_string()))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::Expected(plain(&expected.to_string()))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownVariant(expected)
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownField(expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingField(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::Repeated(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the shape matters")]
    struct Body {
        credits: u64,
        operation: Operation,
        note: Option<String>,
        #[serde(default)]
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Operation {
        Song,
        Stems,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the shape matters")]
    struct Item {
        id: String,
    }

    #[test]
    fn a_body_of_no_fields_expects_none() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Empty {}
        assert!(parse::<Empty>(b"{}").is_ok());
        let problem = parse::<Empty>(br#"{"note": "x"}"#).map(drop).unwrap_err();
        let field = problem.errors().first().unwrap();
        let said = (field.pointer.as_str(), field.detail.as_str());
        assert_eq!(said, ("#/note", "unknown field; expected none"));
    }

    fn refusal(text: &str) -> (String, String) {
        let problem = parse::<Body>(text.as_bytes()).map(drop).unwrap_err();
        assert_eq!(problem.kind(), ProblemKind::InvalidRequest);
        let field = problem.errors().first().cloned();
        let body = problem.into_response("r").body().to_owned();
        assert!(!body.contains("canary"), "{body}");
        match field {
            Some(field) => (field.pointer, field.detail),
            None => (
                String::new(),
                serde_json::from_str::<serde_json::Value>(&body).unwrap()["detail"].to_string(),
            ),
        }
    }

    #[test]
    fn a_body_as_documented_is_read() {
        let text = r#"{"credits":7,"operation":"song","items":[{"id":"a"}]}"#;
        let body: Body = parse(text.as_bytes()).unwrap();
        assert!(matches!(body, Body { credits: 7, operation: Operation::Song, note: None, .. }));
        let text = r#"{"credits":7,"operation":"stems","note":"x"}"#;
        assert!(matches!(
            parse(text.as_bytes()),
            Ok(Body { operation: Operation::Stems, note: Some(_), .. })
        ));
    }

    #[test]
    fn i6_d5_a_refusal_names_the_field_and_never_what_was_sent() {
        for (text, pointer, detail) in [
            (
                r#"{"credits":"canary","operation":"song"}"#,
                "#/credits",
                "expected a whole number of at least 0",
            ),
            (r#"{"credits":-1,"operation":"song"}"#, "#/credits", "expected a whole number of at least 0"),
            (r#"{"credits":1.5,"operation":"song"}"#, "#/credits", "expected a whole number of at least 0"),
            (r#"{"credits":7,"operation":"canary"}"#, "#/operation", "expected one of `song`, `stems`"),
            (r#"{"credits":7,"operation":7}"#, "#/operation", "expected enum Operation"),
            (r#"{"operation":"song"}"#, "#", "`credits` is missing"),
            (r#"{"credits":7,"operation":"song","note":["canary"]}"#, "#/note", "expected a string"),
            (r#"{"credits":7,"operation":"song","note":null}"#, "#/note", "expected a string"),
            (r#"{"credits":7,"operation":"song","items":null}"#, "#/items", "expected an array"),
            (
                r#"{"credits":7,"operation":"song","oops":1}"#,
                "#/oops",
                "unknown field; expected only `credits`, `operation`, `note`, `items`",
            ),
            (
                r#"{"credits":7,"operation":"song","items":[{"id":"a"},{"oops":1}]}"#,
                "#/items/1/oops",
                "unknown field; expected only `id`",
            ),
            // What no field is called like may be anything, such as an address.
            (
                r#"{"credits":7,"operation":"song","canary@example.com":1}"#,
                "#",
                "unknown field; expected only `credits`, `operation`, `note`, `items`",
            ),
            (
                r#"{"credits":7,"operation":"song","canary_canary_canary_canary_canary":1}"#,
                "#",
                "unknown field; expected only `credits`, `operation`, `note`, `items`",
            ),
            (
                r#"{"credits":7,"operation":"song","items":[{"id":["canary"]}]}"#,
                "#/items/0/id",
                "expected a string",
            ),
        ] {
            assert_eq!(refusal(text), (pointer.to_owned(), detail.to_owned()), "{text}");
        }
    }

    #[test]
    fn a15_hostile_json_is_refused_in_bounded_work() {
        let deep = format!("{}{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
        let digits = format!(r#"{{"credits":{}}}"#, "9".repeat(1_000_000));
        for text in [
            "",
            "canary",
            "[1]",
            "null",
            "\"canary\"",
            r#"{"credits":7,"credits":8,"operation":"song"}"#,
            r#"{"credits":7} {"credits":7}"#,
            "\u{feff}{}",
            &deep,
            &digits,
        ] {
            refusal(text);
        }
        assert!(parse::<Body>(b"{\"credits\":\xff}").is_err());
    }
}
