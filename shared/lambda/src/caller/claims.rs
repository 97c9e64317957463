//! Claims as a gateway hands them over: texts, numbers or lists, which differ between gateways.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::CallerError;
use crate::text::{Fields, Text};

/// The claims of a token whose signature the gateway has checked, and nothing else.
///
/// API Gateway writes every claim as a text, a list as `[a b]`; emulators keep JSON's own types.
#[derive(Debug, Deserialize)]
pub struct UnverifiedClaims<'a> {
    #[serde(borrow, default)]
    claims: Fields<'a, Claim<'a>>,
}

#[derive(Debug)]
enum Claim<'a> {
    Text(Cow<'a, str>),
    Seconds(i64),
    List(Vec<Text<'a>>),
    Other,
}

impl UnverifiedClaims<'_> {
    /// Whether the claim is there, in any form.
    pub(super) fn has(&self, name: &'static str) -> bool {
        self.claims.get(name).is_some()
    }

    /// A claim that must be there, be a text and not be empty.
    pub(super) fn text(&self, name: &'static str) -> Result<&str, CallerError> {
        match self.claims.get(name) {
            None => Err(CallerError::MissingClaim(name)),
            Some(Claim::Text(text)) if !text.is_empty() => Ok(text),
            Some(_) => Err(CallerError::MalformedClaim(name)),
        }
    }

    /// An instant in whole seconds since 1970, a number or a text of digits.
    pub(super) fn seconds(&self, name: &'static str) -> Result<Option<i64>, CallerError> {
        match self.claims.get(name) {
            None => Ok(None),
            Some(Claim::Seconds(seconds)) => Ok(Some(*seconds)),
            Some(Claim::Text(text)) => text.parse().map(Some).map_err(|_| CallerError::MalformedClaim(name)),
            Some(_) => Err(CallerError::MalformedClaim(name)),
        }
    }

    /// One or more texts without spaces: a list, a text of one, or a text like `[a b]`.
    pub(super) fn list(&self, name: &'static str) -> Result<Option<Vec<&str>>, CallerError> {
        match self.claims.get(name) {
            None => Ok(None),
            Some(Claim::List(items)) => Ok(Some(items.iter().map(|item| &**item).collect())),
            Some(Claim::Text(text)) => match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                Some(items) => Ok(Some(items.split(' ').filter(|item| !item.is_empty()).collect())),
                None => Ok(Some(vec![text])),
            },
            Some(_) => Err(CallerError::MalformedClaim(name)),
        }
    }

    /// Whether `group` is in a list of groups, whose names may hold any character.
    ///
    /// A flattened list is taken to be one name, since its spaces may be part of a name: `group` must be all
    /// of it.
    pub(super) fn is_in(&self, name: &'static str, group: &str) -> Result<bool, CallerError> {
        match self.claims.get(name) {
            None => Ok(false),
            Some(Claim::List(groups)) => Ok(groups.iter().any(|one| &**one == group)),
            Some(Claim::Text(text)) => {
                let only = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
                Ok(only.unwrap_or(text) == group)
            }
            Some(_) => Err(CallerError::MalformedClaim(name)),
        }
    }

    /// The scopes that were granted: a text separated by spaces (RFC 9068, 2.2.3).
    pub(super) fn scopes(&self) -> Result<Vec<&str>, CallerError> {
        let lists = self.list("scope")?.unwrap_or_default();
        Ok(lists.into_iter().flat_map(|scopes| scopes.split(' ')).filter(|scope| !scope.is_empty()).collect())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Claim<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ClaimVisitor;

        impl<'de> Visitor<'de> for ClaimVisitor {
            type Value = Claim<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a claim")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Claim::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Claim::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                Ok(i64::try_from(number).map_or(Claim::Other, Claim::Seconds))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Claim::Seconds(number))
            }

            fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Claim::Other)
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Claim::Other)
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Claim::Other)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                let mut is_texts = true;
                while let Some(item) = seq.next_element::<Claim<'de>>()? {
                    match item {
                        Claim::Text(text) => items.push(Text(text)),
                        _ => is_texts = false,
                    }
                }
                Ok(if is_texts { Claim::List(items) } else { Claim::Other })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Claim::Other)
            }
        }

        deserializer.deserialize_any(ClaimVisitor)
    }
}
