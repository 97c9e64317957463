//! Answers that anybody may keep: with an entity tag, and 304 for a caller who has them (RFC 9110, 13.1.2).

use lambda::http::{Request, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// `body` as a public answer that is fresh as `cache_control` says.
pub(crate) fn cached<T: Serialize>(request: &Request<'_>, cache_control: String, body: &T) -> Response {
    let response = Response::json(200, body);
    let tag = format!("\"{}\"", sha256(&[response.body()]));
    let has_it = request.header("if-none-match").is_some_and(|known| names(known, &tag));
    let response = if has_it { Response::empty(304) } else { response };
    response.header("cache-control", cache_control).header("etag", tag)
}

/// Whether a list of entity tags names `tag`. The comparison is weak: a cache on the way may have made it so.
fn names(known: &str, tag: &str) -> bool {
    known.split(',').map(str::trim).any(|each| each == "*" || each.strip_prefix("W/").unwrap_or(each) == tag)
}

/// SHA-256 of texts one after another, in lower-case hexadecimal.
pub(crate) fn sha256(texts: &[&str]) -> String {
    let digest = texts.iter().fold(Sha256::new(), Digest::chain_update).finalize();
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
