//! References that are an id in one event and the object in the next.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use primitives::IdError;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::json::{AN_ID, Fault};

const AN_ID_OR_A_MAP: &str = "an id or an object";

/// A reference whose object may be there as a whole.
#[derive(Default)]
pub enum Link<'a, T> {
    /// The field is missing, or null.
    #[default]
    Absent,
    Id(Cow<'a, str>),
    Is(T),
    /// Something of another shape.
    Wrong,
}

impl<T> Link<'_, T> {
    /// The fact that `fact` makes of the object, or `bare` of the id alone.
    pub fn fact<I: FromStr<Err = IdError>, F>(
        self,
        field: &str,
        bare: impl FnOnce(I) -> F,
        fact: impl FnOnce(T) -> Result<F, Fault>,
    ) -> Result<Option<F>, Fault> {
        match self {
            Self::Absent => Ok(None),
            Self::Id(id) => id.parse().map(|id| Some(bare(id))).map_err(|_| Fault::new(field, AN_ID)),
            Self::Is(object) => fact(object).map(Some).map_err(|fault| fault.within(field)),
            Self::Wrong => Err(Fault::new(field, AN_ID_OR_A_MAP)),
        }
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Link<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LinkVisitor(PhantomData))
    }
}

struct LinkVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LinkVisitor<T> {
    type Value = Link<'de, T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Link::Absent)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Link::Wrong)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Link::Wrong)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Link::Wrong)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Link::Wrong)
    }

    fn visit_borrowed_str<E: Error>(self, id: &'de str) -> Result<Self::Value, E> {
        Ok(Link::Id(Cow::Borrowed(id)))
    }

    fn visit_str<E: Error>(self, id: &str) -> Result<Self::Value, E> {
        Ok(Link::Id(Cow::Owned(id.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Link::Wrong)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Link::Is)
    }
}
