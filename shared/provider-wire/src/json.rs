//! What a provider's JSON is read into: leaves that accept any value, and nests that accept any shape.
//!
//! Nothing here fails on a value of another type than expected; it is remembered as such, and complained
//! about with its path when a fact is made of it. Only text that is not JSON, or that gives a key twice,
//! ends the reading itself. Text is borrowed from the payload unless it has escapes.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use primitives::{Currency, IdError, Money, Timestamp};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

/// Longest text of a field that is not an id, in bytes: the longest that is read is a reference of 200
/// characters.
const TEXT_BYTES_MAX: usize = 1_024;

pub(crate) const AN_ID: &str = "an id of 1 to 255 printable ASCII characters without spaces, `#` and `/`";
const AN_INTEGER: &str = "an integer between -2^63 and 2^63 - 1";
const A_MAP: &str = "an object";
const A_LIST: &str = "a list of objects";
const A_MOMENT: &str = "an instant in milliseconds or as RFC 3339, within the years 2000 to 2099";

/// A field that is not what it has to be. Never holds anything of the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field, below the object that is being read.
    pub field: String,
    pub expected: &'static str,
}

impl Fault {
    pub fn new(field: &str, expected: &'static str) -> Self {
        Self { field: field.to_owned(), expected }
    }

    /// The same fault, seen from the owner of `part`, like `items[0]`.
    #[must_use]
    pub fn within(self, part: &str) -> Self {
        Self { field: format!("{part}.{}", self.field), ..self }
    }
}

impl Fault {
    /// What the JSON reader's error at `field` means. Its text quotes the payload, so it goes no further.
    pub fn of_json(error: &serde_json::Error, field: &str) -> Self {
        match error.classify() {
            // Every shape is accepted, so that what is left is a field of one object that comes twice.
            Category::Data => Self::new(field, "an object with each key once"),
            Category::Syntax | Category::Eof | Category::Io => {
                Self::new(field, "JSON of at most 128 levels with Unicode text and numbers of 64 bits")
            }
        }
    }
}

/// The value of a field that has to be there.
pub fn required<T>(value: Option<T>, field: &str) -> Result<T, Fault> {
    value.ok_or_else(|| Fault::new(field, "a value"))
}

/// `minor` units of `currency`, unless negative.
pub fn money(minor: i64, currency: Currency, field: &str) -> Result<Money, Fault> {
    let minor = u64::try_from(minor).map_err(|_| Fault::new(field, "an amount of at least zero"))?;
    Ok(Money::new(minor, currency))
}

/// A leaf: a text, an integer, a flag, or an object that only matters for its id.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// The field is missing, or null.
    #[default]
    Absent,
    Flag(bool),
    Integer(i64),
    Text(Cow<'a, str>),
    /// An expanded (or deleted) object, by its `id`.
    Object(Option<Cow<'a, str>>),
    /// A list, a fraction, an exponent, or an integer beyond 64 bits.
    Other,
}

impl Scalar<'_> {
    pub fn text(&self, field: &str) -> Result<Option<&str>, Fault> {
        match self {
            Self::Absent => Ok(None),
            Self::Text(text) if text.len() <= TEXT_BYTES_MAX => Ok(Some(text)),
            _ => Err(Fault::new(field, "a text of at most 1024 bytes")),
        }
    }

    pub fn flag(&self, field: &str) -> Result<Option<bool>, Fault> {
        match self {
            Self::Absent => Ok(None),
            Self::Flag(flag) => Ok(Some(*flag)),
            _ => Err(Fault::new(field, "true or false")),
        }
    }

    pub fn integer(&self, field: &str) -> Result<Option<i64>, Fault> {
        match self {
            Self::Absent => Ok(None),
            Self::Integer(integer) => Ok(Some(*integer)),
            _ => Err(Fault::new(field, AN_INTEGER)),
        }
    }

    /// An instant in seconds, as in all objects of Stripe's API v1.
    pub fn instant(&self, field: &str) -> Result<Option<Timestamp>, Fault> {
        match self {
            Self::Absent => return Ok(None),
            Self::Integer(seconds) => Timestamp::from_s(*seconds).ok(),
            _ => None,
        }
        .map(Some)
        .ok_or_else(|| Fault::new(field, "an instant in seconds, within the years 2000 to 2099"))
    }

    /// An instant in milliseconds, or as RFC 3339: Creem writes both.
    pub fn moment(&self, field: &str) -> Result<Option<Timestamp>, Fault> {
        match self {
            Self::Absent => return Ok(None),
            Self::Integer(milliseconds) => Timestamp::from_ms(*milliseconds).ok(),
            Self::Text(text) => Timestamp::parse(text).ok(),
            _ => None,
        }
        .map(Some)
        .ok_or_else(|| Fault::new(field, A_MOMENT))
    }

    pub fn currency(&self, field: &str) -> Result<Option<Currency>, Fault> {
        match self {
            Self::Absent => return Ok(None),
            Self::Text(code) => Currency::new(code).ok(),
            _ => None,
        }
        .map(Some)
        .ok_or_else(|| Fault::new(field, "a currency of three letters"))
    }

    /// A value of an open enum.
    pub fn choice<T: for<'t> From<&'t str>>(&self, field: &str) -> Result<Option<T>, Fault> {
        Ok(self.text(field)?.map(T::from))
    }

    /// A reference: an id, or an object with one.
    pub fn id<T: FromStr<Err = IdError>>(&self, field: &str) -> Result<Option<T>, Fault> {
        match self {
            Self::Absent => return Ok(None),
            Self::Text(id) | Self::Object(Some(id)) => id.parse().ok(),
            _ => None,
        }
        .map(Some)
        .ok_or_else(|| Fault::new(field, AN_ID))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Absent)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(integer).map_or(Scalar::Other, Scalar::Integer))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let object = Identified::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Scalar::Object(match object.id {
            Scalar::Text(id) => Some(id),
            _ => None,
        }))
    }
}

/// An expanded object. The JSON reader's own limit of 128 levels bounds objects as ids of objects.
#[derive(Deserialize)]
struct Identified<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
}

/// The methods of a visitor for every value that is neither null, nor a list, nor an object.
macro_rules! visit_leaves_as {
    ($value:expr) => {
        fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}
pub(crate) use visit_leaves_as;

/// A part of a certain shape.
#[derive(Default)]
pub enum Nest<T> {
    /// The field is missing, or null.
    #[default]
    Absent,
    Is(T),
    /// Something of another shape.
    Wrong,
}

/// An object with fields of its own.
pub struct Object<T>(Nest<T>);

impl<T> Object<T> {
    pub fn read(self, field: &str) -> Result<Option<T>, Fault> {
        match self.0 {
            Nest::Absent => Ok(None),
            Nest::Is(object) => Ok(Some(object)),
            Nest::Wrong => Err(Fault::new(field, A_MAP)),
        }
    }

    /// The object, where there is one; anything else counts as none.
    pub fn get(&self) -> Option<&T> {
        match &self.0 {
            Nest::Is(object) => Some(object),
            Nest::Absent | Nest::Wrong => None,
        }
    }
}

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(Nest::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Nest<T>;

    visit_leaves_as!(Nest::Wrong);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Nest::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Nest::Wrong)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Nest::Is)
    }
}

/// A plain list of objects.
pub struct List<T>(Items<T>);

impl<T> List<T> {
    /// The items; none where there is no list, or one of another kind.
    pub fn items(&self) -> &[T] {
        match &self.0.0 {
            Nest::Is(items) => items,
            Nest::Absent | Nest::Wrong => &[],
        }
    }

    /// The items; `None` where there is no list, or one of another kind.
    pub fn into_items(self) -> Option<Vec<T>> {
        match self.0.0 {
            Nest::Is(items) => Some(items),
            Nest::Absent | Nest::Wrong => None,
        }
    }

    /// The items, each made into a fact by `fact`; none where there is no list.
    pub fn facts<F>(self, field: &str, fact: impl Fn(T) -> Result<F, Fault>) -> Result<Vec<F>, Fault> {
        let items = match self.0.0 {
            Nest::Absent => return Ok(Vec::new()),
            Nest::Is(items) => items,
            Nest::Wrong => return Err(Fault::new(field, A_LIST)),
        };
        let items = items.into_iter().enumerate();
        items
            .map(|(index, item)| fact(item).map_err(|fault| fault.within(&format!("{field}[{index}]"))))
            .collect()
    }

    /// Whether there is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.0.0, Nest::Is(_))
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Items::default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Items::deserialize(deserializer).map(Self)
    }
}

struct Items<T>(Nest<Vec<T>>);

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self(Nest::Absent)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Items<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemsVisitor(PhantomData)).map(Self)
    }
}

struct ItemsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemsVisitor<T> {
    type Value = Nest<Vec<T>>;

    visit_leaves_as!(Nest::Wrong);

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Nest::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Some(Vec::new());
        while let Some(Object(item)) = list.next_element()? {
            match (item, &mut items) {
                (Nest::Is(item), Some(items)) => items.push(item),
                _ => items = None,
            }
        }
        Ok(items.map_or(Nest::Wrong, Nest::Is))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Nest::Wrong)
    }
}
