//! The event of an HTTP API, as far as the functions look at it.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use primitives::AccountId;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::body;
use super::problem::{Problem, ProblemKind};
use crate::caller::UnverifiedClaims;
use crate::text::{Fields, Text};

/// The longest `Idempotency-Key`: ours to choose (draft-ietf-httpapi-idempotency-key-header-07, 2.2), the
/// length of Stripe's.
const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// One request. Header names are compared without regard to case; only what is asked for is read.
///
/// Forwarding headers, the client's address and method overrides are not part of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    #[serde(borrow)]
    route_key: Text<'a>,
    #[serde(borrow, default)]
    headers: Fields<'a, Text<'a>>,
    #[serde(borrow, default)]
    path_parameters: Fields<'a, Text<'a>>,
    #[serde(borrow, default)]
    query_string_parameters: Fields<'a, Text<'a>>,
    #[serde(borrow, default)]
    body: Option<Text<'a>>,
    #[serde(default)]
    is_base64_encoded: bool,
    #[serde(borrow, rename = "requestContext")]
    context: RequestContext<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    #[serde(borrow)]
    request_id: Text<'a>,
    #[serde(borrow, default)]
    authorizer: Option<Authorizer<'a>>,
}

#[derive(Debug, Deserialize)]
struct Authorizer<'a> {
    #[serde(borrow, default)]
    jwt: Option<UnverifiedClaims<'a>>,
}

impl Request<'_> {
    /// The route as the template writes it, like `POST /v1/accounts/{account}/holds`.
    pub fn route_key(&self) -> &str {
        &self.route_key
    }

    /// The gateway's id of this request.
    pub fn request_id(&self) -> &str {
        &self.context.request_id
    }

    /// A header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get_ignoring_case(name).map(|text| &**text)
    }

    /// A parameter of the query.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query_string_parameters.get(name).map(|text| &**text)
    }

    /// A parameter of the path as a checked id; what cannot be an id cannot exist.
    pub fn path_id<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        let text = self.path_parameters.get(name).map(|text| &**text).unwrap_or_default();
        text.parse().map_err(|_| Problem::new(ProblemKind::NotFound))
    }

    /// The `{account}` of the path.
    pub fn account(&self) -> Result<AccountId, Problem> {
        self.path_id("account")
    }

    /// The claims that the gateway took from the token, to be checked by [`crate::caller::Caller`].
    pub fn claims(&self) -> Option<&UnverifiedClaims<'_>> {
        self.context.authorizer.as_ref()?.jwt.as_ref()
    }

    /// The `Idempotency-Key`: 1 to 255 printable ASCII characters, with or without the quotes of a
    /// structured header.
    pub fn idempotency_key(&self) -> Result<&str, Problem> {
        let missing = || Problem::new(ProblemKind::MissingIdempotencyKey);
        let text = self.header("idempotency-key").map(str::trim).filter(|text| !text.is_empty());
        let text = text.ok_or_else(missing)?;
        let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        let printable = key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        if printable && (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&key.len()) {
            Ok(key)
        } else {
            Err(Problem::new(ProblemKind::InvalidRequest)
                .detail("`Idempotency-Key` must be 1 to 255 printable ASCII characters without spaces"))
        }
    }

    /// The bytes of the body as they were sent, at most `bytes_max` of them.
    pub fn body_bytes(&self, bytes_max: usize) -> Result<Cow<'_, [u8]>, Problem> {
        let text = self.body.as_deref().unwrap_or_default();
        let too_large = || {
            Problem::new(ProblemKind::BodyTooLarge)
                .detail(format!("the body must not be longer than {bytes_max} bytes"))
        };
        // Base64 has four characters for three bytes.
        let length_min =
            if self.is_base64_encoded { text.len().div_euclid(4).saturating_mul(3) } else { text.len() };
        if length_min > bytes_max.saturating_add(2) {
            return Err(too_large());
        }
        let bytes = if self.is_base64_encoded {
            let invalid = |_| Problem::new(ProblemKind::InvalidRequest).detail("the body is not readable");
            Cow::Owned(STANDARD.decode(text).map_err(invalid)?)
        } else {
            Cow::Borrowed(text.as_bytes())
        };
        if bytes.len() > bytes_max { Err(too_large()) } else { Ok(bytes) }
    }

    /// The body as a `T`: a JSON object of at most `bytes_max` bytes, sent as `application/json`.
    ///
    /// `T` should deny unknown fields. A refusal names the field and what is expected of it, never what
    /// was sent.
    pub fn json<T: DeserializeOwned>(&self, bytes_max: usize) -> Result<T, Problem> {
        let media_type = self.header("content-type").unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            return Err(Problem::new(ProblemKind::UnsupportedMediaType));
        }
        body::parse(&self.body_bytes(bytes_max)?)
    }
}

/// Requests of tests.
#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};
    use testkit::http_event::HttpEvent;

    use super::*;

    /// An event as API Gateway sends it, with what a test gives in place of its parts.
    pub(crate) fn event(parts: &Value) -> String {
        let event = HttpEvent::new("POST /v1/accounts/{account}/holds", 1_777_716_000)
            .header("content-type", "application/json; charset=utf-8")
            .header("x-user-id", "someone-else")
            .path("account", "acct-1")
            .request_id("JKJaXmPLvHcESHA=");
        let parts = parts.as_object().unwrap().iter();
        parts.fold(event, |event, (name, value)| event.member(name, value.clone())).text()
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Body {
        credits: u64,
    }

    fn json_of(parts: &Value) -> Result<Body, ProblemKind> {
        let event = event(parts);
        let request: Request<'_> = serde_json::from_str(&event).unwrap();
        request.json(64).map_err(|problem| problem.kind())
    }

    #[test]
    fn the_parts_of_a_request_are_read() {
        let event = event(&json!({"queryStringParameters": {"cursor": "c1"}}));
        let request: Request<'_> = serde_json::from_str(&event).unwrap();
        assert_eq!(request.route_key(), "POST /v1/accounts/{account}/holds");
        assert_eq!(request.request_id(), "JKJaXmPLvHcESHA=");
        assert_eq!(request.header("Content-Type"), Some("application/json; charset=utf-8"));
        assert_eq!(request.query("cursor"), Some("c1"));
        assert_eq!(request.account().unwrap().as_str(), "acct-1");
        assert!(request.path_id::<AccountId>("generation").is_err());
        assert!(request.claims().is_none());
    }

    #[test]
    fn a_body_is_json_of_bounded_size_and_declared_as_such() {
        let long = format!(r#"{{"credits":7{}}}"#, " ".repeat(100));
        for (parts, expected) in [
            (json!({"body": r#"{"credits":7}"#}), Ok(Body { credits: 7 })),
            (
                json!({"body": STANDARD.encode(r#"{"credits":7}"#), "isBase64Encoded": true}),
                Ok(Body { credits: 7 }),
            ),
            (json!({"body": "?", "isBase64Encoded": true}), Err(ProblemKind::InvalidRequest)),
            (json!({"body": long}), Err(ProblemKind::BodyTooLarge)),
            (json!({"body": STANDARD.encode(long), "isBase64Encoded": true}), Err(ProblemKind::BodyTooLarge)),
            (json!({"body": null}), Err(ProblemKind::InvalidRequest)),
            (json!({}), Err(ProblemKind::InvalidRequest)),
            (json!({"headers": {}, "body": "{}"}), Err(ProblemKind::UnsupportedMediaType)),
            (
                json!({"headers": {"content-type": "text/plain"}, "body": r#"{"credits":7}"#}),
                Err(ProblemKind::UnsupportedMediaType),
            ),
        ] {
            assert_eq!(json_of(&parts), expected, "{parts}");
        }
    }

    #[test]
    fn the_size_of_a_body_is_exact() {
        for encoded in [false, true] {
            for length in 60..70 {
                let plain = "x".repeat(length);
                let body = if encoded { STANDARD.encode(&plain) } else { plain };
                let event = event(&json!({"body": body, "isBase64Encoded": encoded}));
                let request: Request<'_> = serde_json::from_str(&event).unwrap();
                assert_eq!(request.body_bytes(64).is_ok(), length <= 64, "{encoded} {length}");
            }
        }
    }

    #[test]
    fn d7_an_idempotency_key_is_checked() {
        let long = "k".repeat(300);
        for (header, expected) in [
            (Some("8e03978e"), Ok("8e03978e")),
            (Some("\"8e03978e\""), Ok("8e03978e")),
            (None, Err(ProblemKind::MissingIdempotencyKey)),
            (Some(" "), Err(ProblemKind::MissingIdempotencyKey)),
            (Some("\"\""), Err(ProblemKind::InvalidRequest)),
            (Some(&long), Err(ProblemKind::InvalidRequest)),
            (Some("a\u{7}b"), Err(ProblemKind::InvalidRequest)),
            (Some("a b"), Err(ProblemKind::InvalidRequest)),
            (Some("ä"), Err(ProblemKind::InvalidRequest)),
        ] {
            let headers = header.map_or_else(|| json!({}), |key| json!({"idempotency-key": key}));
            let event = event(&json!({"headers": headers}));
            let request: Request<'_> = serde_json::from_str(&event).unwrap();
            let key = request.idempotency_key().map_err(|problem| problem.kind());
            assert_eq!(key, expected, "{header:?}");
        }
    }
}
