//! Metadata: the pairs of text that the company's own code attaches to a provider's objects.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::json::{Fault, Scalar, visit_leaves_as};

/// Most pairs of one object (<https://docs.stripe.com/api/metadata>).
const PAIRS_MAX: usize = 50;
/// Stripe's 40 characters of a key, in bytes of UTF-8.
const KEY_BYTES_MAX: usize = 160;
/// Stripe's 500 characters of a value, in bytes of UTF-8.
const VALUE_BYTES_MAX: usize = 2_000;

/// Up to 50 pairs of text. Values may be personal, so `Debug` shows the keys only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All pairs, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// Metadata as it came.
pub struct MetadataField {
    /// The pairs whose value is a text; `None` where it is no map, or one beyond the bounds.
    texts: Option<Metadata>,
    /// Whether a value is something else.
    has_others: bool,
}

impl Default for MetadataField {
    fn default() -> Self {
        Self { texts: Some(Metadata::default()), has_others: false }
    }
}

impl MetadataField {
    /// The pairs, which have to be texts.
    pub fn read(self, field: &str) -> Result<Metadata, Fault> {
        let texts = self.texts.filter(|_| !self.has_others);
        texts.ok_or_else(|| {
            Fault::new(
                field,
                "at most 50 pairs of text, keys of 40 characters and values of 500, each key once",
            )
        })
    }

    /// The pairs whose value is a text, for a provider that takes any value.
    pub fn read_texts(self, field: &str) -> Result<Metadata, Fault> {
        self.texts.ok_or_else(|| {
            Fault::new(field, "at most 50 pairs, keys of 40 characters and texts of 500, each key once")
        })
    }
}

impl<'de> Deserialize<'de> for MetadataField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MetadataVisitor)
    }
}

/// What is no map.
const NO_MAP: MetadataField = MetadataField { texts: None, has_others: true };

struct MetadataVisitor;

impl<'de> Visitor<'de> for MetadataVisitor {
    type Value = MetadataField;

    visit_leaves_as!(NO_MAP);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(MetadataField::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(NO_MAP)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Some(BTreeMap::new());
        let mut has_others = false;
        while let Some((key, value)) = map.next_entry::<String, Scalar<'de>>()? {
            let text = match value {
                Scalar::Text(text) => Some(text.into_owned()),
                _ => None,
            };
            has_others |= text.is_none();
            pairs = pairs.and_then(|pairs| with_pair(pairs, key, text));
        }
        // A key without a text only matters as one that must not come twice.
        let texts = |pairs: BTreeMap<String, Option<String>>| {
            Metadata(pairs.into_iter().filter_map(|(key, text)| Some((key, text?))).collect())
        };
        Ok(MetadataField { texts: pairs.map(texts), has_others })
    }
}

fn with_pair(
    mut pairs: BTreeMap<String, Option<String>>,
    key: String,
    text: Option<String>,
) -> Option<BTreeMap<String, Option<String>>> {
    let value_bytes = text.as_ref().map_or(0, String::len);
    let within_bounds =
        pairs.len() < PAIRS_MAX && key.len() <= KEY_BYTES_MAX && value_bytes <= VALUE_BYTES_MAX;
    (within_bounds && pairs.insert(key, text).is_none()).then_some(pairs)
}
