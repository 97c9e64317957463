//! What the forms share: their schema, their error, and the numbers in them.

use crate::{Credits, IdError, Timestamp};

/// The form that entries are written in.
pub const SCHEMA: u8 = 1;

/// Why an entry cannot be encoded or decoded.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The text is not an entry of a known schema.
    #[error("entry is not readable as schema {SCHEMA}")]
    Json(#[from] serde_json::Error),
    /// An identifier in it is not valid.
    #[error("entry has an identifier that is not valid")]
    Id(#[from] IdError),
    /// A number or an instant in it is out of range.
    #[error("entry has a number that is out of range")]
    Number,
    /// It speaks of a hold or a lot that the account afterwards does not have.
    #[error("entry names a hold or a lot that its account does not have")]
    Missing,
    /// The schema is a later one.
    #[error("entry is of schema {0}; this build reads schema {SCHEMA}")]
    Schema(u8),
}

pub(super) fn instant(milliseconds: i64) -> Result<Timestamp, CodecError> {
    Timestamp::from_ms(milliseconds).map_err(|_| CodecError::Number)
}

/// A flag that is stored as 0 or 1.
pub(super) fn flag(digit: u8) -> Result<bool, CodecError> {
    match digit {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(CodecError::Number),
    }
}

pub(super) fn credits(count: u64) -> Result<Credits, CodecError> {
    Credits::new(count).map_err(|_| CodecError::Number)
}
