//! What the objects of Creem's have in common.

use std::str::FromStr;

use primitives::{Currency, IdError, Money};
use provider_wire::{Fault, Metadata, MetadataField, Object, Scalar, money, open_enum, required};
use serde::Deserialize;

open_enum! {
    /// Whether an object is about real money. Keys, endpoints and objects of one mode know nothing of the
    /// others.
    pub enum CreemMode {
        /// Real money.
        Prod = "prod" | "live" | "production",
        Test = "test",
        /// Another word for test, in Creem's own types.
        Sandbox = "sandbox",
        /// In the samples of Creem's documentation.
        Local = "local",
    }
}

impl CreemMode {
    /// Whether it is about real money; `None` for a mode that nobody knows.
    pub fn is_live(&self) -> Option<bool> {
        match self {
            Self::Prod => Some(true),
            Self::Test | Self::Sandbox | Self::Local => Some(false),
            Self::Other(_) => None,
        }
    }
}

/// An object of the API that cannot be read. Says where, and holds nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("object cannot be read: expected {expected} at `{field}`")]
pub struct UnreadableObject {
    /// The path of the field, like `items[0].units`; `object` means the whole.
    pub field: String,
    /// What should have been there.
    pub expected: &'static str,
}

impl From<Fault> for UnreadableObject {
    fn from(fault: Fault) -> Self {
        Self { field: fault.field, expected: fault.expected }
    }
}

/// Reads the object in `text` as the wire struct `W`, and makes a fact of it.
pub(crate) fn read_object<'a, W: Deserialize<'a>, F>(
    text: &'a str,
    fact: impl FnOnce(W) -> Result<F, Fault>,
) -> Result<F, Fault> {
    const WHOLE: &str = "object";
    let wire: Object<W> = serde_json::from_str(text).map_err(|error| Fault::of_json(&error, WHOLE))?;
    fact(required(wire.read(WHOLE)?, WHOLE)?)
}

/// An amount in minor units; `None` where the object names none, or no currency.
pub(crate) fn amount(
    minor: &Scalar<'_>,
    currency: Option<Currency>,
    field: &str,
) -> Result<Option<Money>, Fault> {
    match (minor.integer(field)?, currency) {
        (Some(minor), Some(currency)) => money(minor, currency, field).map(Some),
        _ => Ok(None),
    }
}

/// How many units were bought.
pub(crate) fn units(count: &Scalar<'_>, field: &str) -> Result<Option<u64>, Fault> {
    let Some(count) = count.integer(field)? else { return Ok(None) };
    let count = u64::try_from(count).ok().filter(|count| *count > 0);
    count.map(Some).ok_or_else(|| Fault::new(field, "a count of at least one"))
}

/// An object that is linked, and of which only the id and the metadata matter.
#[derive(Deserialize)]
pub(crate) struct LinkedWire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    request_id: Scalar<'a>,
    #[serde(default)]
    metadata: MetadataField,
}

/// Its id, its `request_id` and its metadata.
pub(crate) type LinkedParts<I> = (I, Option<String>, Metadata);

impl LinkedWire<'_> {
    pub(crate) fn parts<I: FromStr<Err = IdError>>(self) -> Result<LinkedParts<I>, Fault> {
        let request_id = self.request_id.text("request_id")?.map(str::to_owned);
        Ok((required(self.id.id("id")?, "id")?, request_id, self.metadata.read_texts("metadata")?))
    }
}

/// Of a link by id alone nothing else is known.
pub(crate) fn bare_parts<I>(id: I) -> LinkedParts<I> {
    (id, None, Metadata::default())
}
