//! How a body is read, and the problem of a field that is not possible.

use lambda::http::{Problem, ProblemKind, Request};
use refunds::fingerprint;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A note of the longest length in four-byte characters, with the other members and JSON's escapes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Reads the body as `T`.
pub(crate) fn read<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, Problem> {
    request.json(BODY_BYTES_MAX)
}

/// Distinguishes a repeat from another act: the bytes that were sent.
pub(crate) fn sent(request: &Request<'_>) -> Result<[u8; 32], Problem> {
    let bytes = request.body_bytes(BODY_BYTES_MAX)?;
    Ok(fingerprint(&[request.route_key(), &String::from_utf8_lossy(&bytes)]))
}

/// A field that is not possible with this value.
pub(crate) fn unprocessable(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unprocessable).field(field, detail)
}

/// An id within the body.
pub(crate) fn id<T>(field: &str, text: Option<&str>) -> Result<Option<T>, Problem>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.map(str::parse).transpose().map_err(|error: T::Err| unprocessable(field, error.to_string()))
}

/// Nothing has to be sent, and nothing else can be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

/// A body that need not be there.
pub(crate) fn require_empty_body(request: &Request<'_>) -> Result<(), Problem> {
    if request.body_bytes(BODY_BYTES_MAX)?.is_empty() {
        return Ok(());
    }
    let Empty {} = read(request)?;
    Ok(())
}
