//! Where a page ended, as an opaque text.
//!
//! A cursor is a place with a check over it and what it belongs to, so that a changed one, or one of
//! something else, is refused (D12). It is no secret: it only leads through what the caller may see anyway.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{Context, SHA256};

use super::problem::{Problem, ProblemKind};

/// Bytes of the check: nobody guesses 72 bits, and the cursor stays short.
const CHECK_BYTES: usize = 9;

/// The cursor of `place` in the list that `of` names.
pub fn write(of: &str, place: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{place}", check(of, place)))
}

/// The place that [`write()`] was given for the same `of`.
pub fn read(of: &str, cursor: &str) -> Result<String, Problem> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (found, place) = text.split_once('.')?;
        (found == check(of, place)).then(|| place.to_owned())
    };
    read().ok_or_else(refused)
}

/// What a text gets that is not a cursor of this place.
pub fn refused() -> Problem {
    Problem::new(ProblemKind::InvalidCursor)
}

fn check(of: &str, place: &str) -> String {
    let mut digest = Context::new(&SHA256);
    for part in [of, place] {
        digest.update(&part.len().to_le_bytes());
        digest.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(digest.finish().as_ref().get(..CHECK_BYTES).unwrap_or_default())
}
