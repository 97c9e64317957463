//! Metadata: the pairs of text that the company's own code attaches to Stripe's objects.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::wire::{Fault, Scalar, visit_leaves_as};

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

/// Metadata as it came: `None` where it is not a map of text within the bounds.
pub(crate) struct MetadataField(Option<Metadata>);

impl Default for MetadataField {
    fn default() -> Self {
        Self(Some(Metadata::default()))
    }
}

impl MetadataField {
    pub(crate) fn read(self, field: &str) -> Result<Metadata, Fault> {
        let expected = "at most 50 pairs of text, keys of 40 characters and values of 500, each key once";
        self.0.ok_or_else(|| Fault::new(field, expected))
    }
}

impl<'de> Deserialize<'de> for MetadataField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MetadataVisitor).map(Self)
    }
}

struct MetadataVisitor;

impl<'de> Visitor<'de> for MetadataVisitor {
    type Value = Option<Metadata>;

    visit_leaves_as!(None);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Some(Metadata::default()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Some(BTreeMap::new());
        while let Some((key, value)) = map.next_entry::<String, Scalar<'de>>()? {
            pairs = pairs.and_then(|pairs| with_pair(pairs, key, &value));
        }
        Ok(pairs.map(Metadata))
    }
}

fn with_pair(
    mut pairs: BTreeMap<String, String>,
    key: String,
    value: &Scalar<'_>,
) -> Option<BTreeMap<String, String>> {
    let Scalar::Text(value) = value else { return None };
    let within_bounds =
        pairs.len() < PAIRS_MAX && key.len() <= KEY_BYTES_MAX && value.len() <= VALUE_BYTES_MAX;
    (within_bounds && pairs.insert(key, value.to_string()).is_none()).then_some(pairs)
}
