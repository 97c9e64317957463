//! What can go wrong with a call, what that says about its effect, and what comes before a repetition.
//!
//! Creem's errors are distinguished by status and by the word in `error`, never by their sentences. No error
//! holds the key, a request or an answer's body.

use std::io;

use creem_events::UnreadableObject;
use hyper::HeaderMap;
use hyper::header::RETRY_AFTER;
use provider_http::{ExchangeError, TookEffect};
use serde::Deserialize;
use serde_json::Value;

/// Creem's words are short and of this alphabet; anything else is not repeated in an error.
const CODE_BYTES_MAX: usize = 64;

/// What has to come before a failed call is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatCall {
    /// Nothing but time: the call took no effect.
    Again {
        /// Not sooner than this many seconds, where Creem says so.
        after_s: Option<u64>,
    },
    /// Reading the object that the call would change: no key guards against a second effect. A call that
    /// only reads is repeated as it is.
    AfterReading,
    /// Nothing: a repetition has the same outcome.
    Never,
}

/// Why a call gave no answer of use.
#[derive(Debug, thiserror::Error)]
pub enum CreemError {
    /// No connection, or no TLS, within its time: nothing was sent.
    #[error("cannot connect to creem")]
    Connect(#[source] io::Error),
    /// The request was sent and no complete answer came in time.
    #[error("creem did not answer in time")]
    Timeout,
    /// The connection broke after the request was sent, before the answer or in its middle.
    #[error("the connection to creem broke off")]
    ConnectionLost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// 429.
    #[error("creem is limiting the rate of calls")]
    RateLimited {
        /// The `Retry-After` header.
        retry_after_s: Option<u64>,
    },
    /// 409, or 400 that says so: something else changes the object at the same time.
    #[error("creem changes the object at the same time")]
    Concurrent,
    /// 5xx: a failure on Creem's side.
    #[error("creem failed with status {status}")]
    Server { status: u16 },
    /// 401 or 403: the key is wrong, missing or not allowed to make this call.
    #[error("creem does not accept the key: status {status}")]
    Authentication { status: u16 },
    /// 404, or 400 where an object is asked for by its id.
    #[error("creem does not know the object: status {status}")]
    Missing { status: u16 },
    /// Creem understood and refuses.
    #[error("creem refused with status {status} and error `{}`", .code.as_deref().unwrap_or("none"))]
    Refused {
        status: u16,
        /// Creem's word for it, where it gave one.
        code: Option<String>,
    },
    /// An answer that is too large, is not JSON or lacks what every such answer has.
    #[error("creem's answer cannot be read: {what}")]
    Unreadable {
        /// Which part, and what was expected.
        what: &'static str,
    },
    /// An object with a field that is not what it has to be.
    #[error("creem's answer cannot be read")]
    UnreadableObject(#[from] UnreadableObject),
    /// An object of another mode than the client's.
    #[error("creem's object is of the mode `{mode}`")]
    Mode { mode: String },
    /// A search that is longer than any of ours can be.
    #[error("creem's list has more than {pages_max} pages")]
    TooManyPages { pages_max: usize },
}

impl From<ExchangeError> for CreemError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Connect(error) => Self::Connect(error),
            ExchangeError::Timeout => Self::Timeout,
            ExchangeError::ConnectionLost(error) => Self::ConnectionLost(error),
            ExchangeError::TooLarge => Self::Unreadable { what: "expected at most 1 MiB" },
        }
    }
}

impl CreemError {
    /// Whether the call took effect although it failed.
    pub fn made(&self) -> TookEffect {
        match self {
            Self::Connect(_)
            | Self::RateLimited { .. }
            | Self::Authentication { .. }
            | Self::Missing { .. }
            | Self::Refused { .. } => TookEffect::No,
            Self::Timeout
            | Self::ConnectionLost(_)
            | Self::Concurrent
            | Self::Server { .. }
            | Self::Unreadable { .. }
            | Self::UnreadableObject(_)
            | Self::Mode { .. }
            | Self::TooManyPages { .. } => TookEffect::Unknown,
        }
    }

    /// What has to come before the call is made again.
    pub fn repeatable(&self) -> RepeatCall {
        match self {
            Self::Connect(_) => RepeatCall::Again { after_s: None },
            Self::RateLimited { retry_after_s } => RepeatCall::Again { after_s: *retry_after_s },
            Self::Timeout
            | Self::ConnectionLost(_)
            | Self::Concurrent
            | Self::Server { .. }
            | Self::Unreadable { .. }
            | Self::UnreadableObject(_) => RepeatCall::AfterReading,
            Self::Authentication { .. }
            | Self::Missing { .. }
            | Self::Refused { .. }
            | Self::Mode { .. }
            | Self::TooManyPages { .. } => RepeatCall::Never,
        }
    }

    /// Tells an answer with another status than 2xx apart.
    pub(crate) fn of_answer(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        match status {
            401 | 403 => Self::Authentication { status },
            404 => Self::Missing { status },
            409 => Self::Concurrent,
            429 => Self::RateLimited { retry_after_s: retry_after_s(headers) },
            500.. => Self::Server { status },
            _ => {
                let words = words(body);
                if words.iter().any(|word| word.ends_with("_concurrent_change")) {
                    return Self::Concurrent;
                }
                Self::Refused { status, code: words.into_iter().next() }
            }
        }
    }

    /// The same, of a call that asks for an object by its id: Creem answers 400 for one that it does not
    /// know.
    pub(crate) fn of_read(self) -> Self {
        match self {
            Self::Refused { status: 400, .. } => Self::Missing { status: 400 },
            other => other,
        }
    }
}

fn retry_after_s(headers: &HeaderMap) -> Option<u64> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()
}

/// The words of an error that are codes: `error`, `code`, and what `message` lists, in this order.
fn words(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Detail {
        #[serde(default)]
        error: Value,
        #[serde(default)]
        code: Value,
        #[serde(default)]
        message: Value,
    }
    let Ok(detail) = serde_json::from_slice::<Detail>(body) else { return Vec::new() };
    let mut values = vec![detail.code, detail.error];
    match detail.message {
        Value::Array(messages) => values.extend(messages),
        message => values.push(message),
    }
    let is_code = |word: &str| {
        (1..=CODE_BYTES_MAX).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    values.iter().filter_map(Value::as_str).filter(|word| is_code(word)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, expected: &str, made: TookEffect, repeat: RepeatCall) {
        let error = CreemError::of_answer(status, &HeaderMap::new(), body.as_bytes());
        assert_eq!(format!("{error:?}"), expected, "{status} {body}");
        assert_eq!((error.made(), error.repeatable()), (made, repeat), "{status} {body}");
    }

    #[test]
    fn every_status_and_word_has_its_variant() {
        let concurrent = r#"{"status":400,"error":"subscription_concurrent_change","message":["hidden"]}"#;
        let listed = r#"{"status":400,"error":"Bad Request","message":["subscription_concurrent_change"]}"#;
        let refused = r#"{"status":400,"error":"already_refunded","message":"Hidden Sentence"}"#;
        let (no, unknown) = (TookEffect::No, TookEffect::Unknown);
        let again = RepeatCall::Again { after_s: None };
        for (status, body, expected, made, repeat) in [
            (401, "", "Authentication { status: 401 }", no, RepeatCall::Never),
            (403, "{}", "Authentication { status: 403 }", no, RepeatCall::Never),
            (404, "{}", "Missing { status: 404 }", no, RepeatCall::Never),
            (409, "{}", "Concurrent", unknown, RepeatCall::AfterReading),
            (400, concurrent, "Concurrent", unknown, RepeatCall::AfterReading),
            (400, listed, "Concurrent", unknown, RepeatCall::AfterReading),
            (
                400,
                refused,
                "Refused { status: 400, code: Some(\"already_refunded\") }",
                no,
                RepeatCall::Never,
            ),
            (400, "<html>", "Refused { status: 400, code: None }", no, RepeatCall::Never),
            (422, "{}", "Refused { status: 422, code: None }", no, RepeatCall::Never),
            (302, "", "Refused { status: 302, code: None }", no, RepeatCall::Never),
            (429, "{}", "RateLimited { retry_after_s: None }", no, again),
            (500, "{}", "Server { status: 500 }", unknown, RepeatCall::AfterReading),
            (503, "", "Server { status: 503 }", unknown, RepeatCall::AfterReading),
        ] {
            check(status, body, expected, made, repeat);
        }
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        let limited = CreemError::of_answer(429, &headers, b"");
        assert_eq!(limited.repeatable(), RepeatCall::Again { after_s: Some(7) });
        let read = CreemError::of_answer(400, &HeaderMap::new(), refused.as_bytes()).of_read();
        assert!(matches!(read, CreemError::Missing { status: 400 }), "{read:?}");
    }
}
