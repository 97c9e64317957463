//! Where a page ended, as an opaque text.
//!
//! A cursor is a place with a check over it and what it belongs to, so that a changed one, or one of
//! something else, is refused (D12). It is no secret: it only leads through what the caller may see anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda::http::{Problem, ProblemKind};
use refunds::fingerprint;

/// Bytes of the check: nobody guesses 72 bits, and the cursor stays short.
const CHECK_BYTES: usize = 9;

/// The cursor of `place` in the list that `of` names.
pub(crate) fn write(of: &str, place: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{place}", check(of, place)))
}

/// The place that [`write()`] was given for the same `of`.
pub(crate) fn read(of: &str, cursor: &str) -> Result<String, Problem> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (found, place) = text.split_once('.')?;
        (found == check(of, place)).then(|| place.to_owned())
    };
    read().ok_or_else(refused)
}

/// What a text gets that is not a cursor of this place.
pub(crate) fn refused() -> Problem {
    Problem::new(ProblemKind::InvalidCursor)
}

fn check(of: &str, place: &str) -> String {
    let digest = fingerprint(&[of, place]);
    URL_SAFE_NO_PAD.encode(digest.get(..CHECK_BYTES).unwrap_or_default())
}
