//! Problems: every answer that is not a success, as RFC 9457 describes them.

use serde::Serialize;

use super::response::Response;

/// Declares the kinds of problems once: for the code, for the documentation and for its tests.
macro_rules! problem_kinds {
    ($($variant:ident $status:literal $slug:literal $title:literal $meaning:literal,)*) => {
        /// What can be wrong. The set is closed: `infra/openapi.yaml` and the documentation list it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ProblemKind {
            $(#[doc = $meaning] $variant,)*
        }

        impl ProblemKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)* }
            }

            /// The last part of the problem's `type`.
            pub fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug,)* }
            }

            /// The problem's `title`.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// When it is answered, and what the caller can do.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

problem_kinds! {
    InvalidRequest 400 "invalid-request" "The request is not valid"
        "A parameter, a header or a field of the body is missing, unknown or of the wrong form; `errors` names the fields.",
    MissingIdempotencyKey 400 "missing-idempotency-key" "The idempotency key is missing"
        "The route needs an `Idempotency-Key` header; send one that is unique to what you want to happen once.",
    InvalidCursor 400 "invalid-cursor" "The cursor is not valid"
        "The cursor was altered, belongs to another list or has expired; start the list from its beginning.",
    InvalidSignature 400 "invalid-signature" "The signature is not valid"
        "The webhook's signature is missing, wrong or outside its time window.",
    Unauthenticated 401 "unauthenticated" "The token is not valid"
        "The access token is missing, expired, not yet valid, or made for someone or something else; get another one.",
    NotEnoughCredits 402 "not-enough-credits" "There are not enough credits"
        "The account has fewer available credits than the operation needs.",
    Forbidden 403 "forbidden" "The token does not allow this"
        "The token is valid, but lacks the scope or the role that the route needs.",
    AnotherService 403 "another-service" "The hold is another service's"
        "Another service placed the generation's hold, and it alone can capture or release it; nothing was changed.",
    NotFound 404 "not-found" "There is no such thing"
        "What the path names does not exist, or is not the caller's; the two are not told apart.",
    HoldConflict 409 "hold-conflict" "The generation has another hold"
        "The generation's credits are already held with other content, or by another service.",
    RequestInProgress 409 "request-in-progress" "The same request is being worked on"
        "A request with the same idempotency key has not ended; repeat it after a moment.",
    StateConflict 409 "state-conflict" "The state does not allow this"
        "What the path names is in a state from which this step is not possible; read it again.",
    CaseOpen 409 "case-open" "There is a request about this already"
        "An open request of the account is about the same payment or generation for the same reason; `request` is its id.",
    QuoteChanged 409 "quote-changed" "Something else would happen than was quoted"
        "What the caller was shown is not what would happen any more; `quote` is what would, and nothing was done.",
    PlanChangeOpen 409 "plan-change-open" "Another change of the plan is open"
        "A change of the subscription's plan is being carried out or waits for something; look again in a moment.",
    PreviewChanged 409 "preview-changed" "Something else would happen than was shown"
        "The change of plan that was confirmed would do something else by now; `preview` is what it would do, and nothing was done.",
    BodyTooLarge 413 "body-too-large" "The body is too large"
        "The body is longer than the route takes.",
    UnsupportedMediaType 415 "unsupported-media-type" "The body is not JSON"
        "The body must be sent as `application/json`.",
    IdempotencyKeyReused 422 "idempotency-key-reused" "The idempotency key was used before"
        "The idempotency key belongs to another request with other content; use another key.",
    Unprocessable 422 "unprocessable" "The request cannot be carried out"
        "The request has the right form, but what it asks for is not possible with these values.",
    TooManyRequests 429 "too-many-requests" "There are too many requests"
        "The caller or the account is over its rate; repeat the request after `Retry-After` seconds.",
    Internal 500 "internal" "Something is wrong on our side"
        "The request failed for a reason that is ours; it is logged under `instance`.",
    NoPolicy 503 "no-policy" "No policy is published"
        "The stack has no policy to decide by; an operator publishes one with `makegood policy publish`, and then the request may be repeated.",
    Unavailable 503 "unavailable" "The service cannot answer"
        "Something that the service needs does not answer; repeat the request after `Retry-After` seconds.",
}

impl ProblemKind {
    /// The problem's `type`: a name, not an address.
    pub fn type_uri(self) -> String {
        format!("urn:makegood:problem:{}", self.slug())
    }
}

/// What is wrong with one field of the body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field, as a JSON pointer (RFC 6901) in a fragment: `#/credits`.
    pub pointer: String,
    /// What is expected of it.
    pub detail: String,
}

/// One problem. What it serializes to is public; its cause is only logged.
#[derive(Debug)]
pub struct Problem {
    kind: ProblemKind,
    detail: Option<String>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
    member: Option<Box<(&'static str, serde_json::Value)>>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// How long to wait when nothing else is known: long enough for a throttled table to recover.
const RETRY_AFTER_S: u32 = 2;

/// A person has to publish something first.
const PUBLISHED_AFTER_S: u32 = 60;

impl Problem {
    /// A problem of the kind, with nothing particular to say.
    pub fn new(kind: ProblemKind) -> Self {
        let retry_after_s = match kind {
            ProblemKind::TooManyRequests | ProblemKind::Unavailable | ProblemKind::RequestInProgress => {
                Some(RETRY_AFTER_S)
            }
            ProblemKind::NoPolicy => Some(PUBLISHED_AFTER_S),
            _ => None,
        };
        Self { kind, detail: None, errors: Vec::new(), retry_after_s, member: None, cause: None }
    }

    /// Something is wrong on our side; `cause` is logged and not shown.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ProblemKind::Internal).caused_by(cause)
    }

    /// Something that we need does not answer; `cause` is logged and not shown.
    pub fn unavailable(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ProblemKind::Unavailable).caused_by(cause)
    }

    /// Says in public what is wrong this time; never with what the caller sent.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds a field that is wrong.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
        self
    }

    /// Says after how many seconds a repetition may succeed.
    #[must_use]
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Adds a member of the kind's own (RFC 9457, 3.2), in the published form of what it holds.
    ///
    /// # Panics
    ///
    /// When `value` cannot be written as JSON: a map whose keys are not texts.
    #[must_use]
    pub fn member<T: Serialize>(mut self, name: &'static str, value: &T) -> Self {
        let value = serde_json::to_value(value).expect("members are structs of texts and numbers");
        self.member = Some(Box::new((name, value)));
        self
    }

    /// Keeps the private cause for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What it says in public: what is wrong this time, or else the kind's title.
    pub fn public_text(&self) -> &str {
        self.detail.as_deref().unwrap_or(self.kind.title())
    }

    /// The fields that are wrong.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The private cause.
    pub fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Some(cause) => Some(cause.as_ref()),
            None => None,
        }
    }

    /// The answer; `instance` is the id under which the log has it.
    pub fn into_response(self, instance: &str) -> Response {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            #[serde(skip_serializing_if = "Option::is_none")]
            detail: Option<String>,
            instance: String,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            errors: Vec<FieldError>,
            #[serde(flatten)]
            member: std::collections::BTreeMap<&'a str, serde_json::Value>,
        }
        let body = Body {
            r#type: self.kind.type_uri(),
            title: self.kind.title(),
            status: self.kind.status(),
            detail: self.detail,
            instance: format!("urn:makegood:request:{instance}"),
            errors: self.errors,
            member: self.member.into_iter().map(|member| *member).collect(),
        };
        let mut response =
            Response::json(self.kind.status(), &body).header("content-type", "application/problem+json");
        if self.kind == ProblemKind::Unauthenticated {
            response = response.header("www-authenticate", "Bearer");
        }
        if let Some(seconds) = self.retry_after_s {
            response = response.header("retry-after", seconds.to_string());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_an_error_status() {
        for (index, kind) in ProblemKind::ALL.iter().enumerate() {
            assert!((400..600).contains(&kind.status()), "{kind:?}");
            assert!(ProblemKind::ALL[..index].iter().all(|other| other.slug() != kind.slug()), "{kind:?}");
            assert!(kind.slug().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{kind:?}");
            assert!(kind.meaning().ends_with('.') && !kind.title().ends_with('.'), "{kind:?}");
        }
    }

    #[test]
    fn a_problem_is_an_rfc_9457_document() {
        let problem = Problem::new(ProblemKind::InvalidRequest)
            .detail("the body is not as documented")
            .field("#/credits", "expected a whole number");
        insta::assert_json_snapshot!(problem.into_response("r-1"), @r##"
    {
      "statusCode": 400,
      "headers": {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-type": "application/problem+json"
      },
      "body": "{\"type\":\"urn:makegood:problem:invalid-request\",\"title\":\"The request is not valid\",\"status\":400,\"detail\":\"the body is not as documented\",\"instance\":\"urn:makegood:request:r-1\",\"errors\":[{\"pointer\":\"#/credits\",\"detail\":\"expected a whole number\"}]}",
      "isBase64Encoded": false
    }
    "##);
    }

    #[test]
    fn a_private_cause_is_not_shown() {
        let response = Problem::unavailable("table `ledger` is throttled").into_response("r-1");
        insta::assert_json_snapshot!(response, @r#"
    {
      "statusCode": 503,
      "headers": {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-type": "application/problem+json",
        "retry-after": "2"
      },
      "body": "{\"type\":\"urn:makegood:problem:unavailable\",\"title\":\"The service cannot answer\",\"status\":503,\"instance\":\"urn:makegood:request:r-1\"}",
      "isBase64Encoded": false
    }
    "#);
    }

    #[test]
    fn a_missing_thing_is_answered_with_nothing_particular() {
        let response = Problem::new(ProblemKind::NotFound).into_response("r-1");
        insta::assert_snapshot!(response.body(), @r#"{"type":"urn:makegood:problem:not-found","title":"There is no such thing","status":404,"instance":"urn:makegood:request:r-1"}"#);
    }
}
