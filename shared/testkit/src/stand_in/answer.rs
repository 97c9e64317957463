//! Answers of the Stripe API: objects and errors in Stripe's JSON shapes.

use serde_json::{Value, json};

/// One HTTP answer of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The JSON body.
    pub(crate) body: Value,
    /// The `Retry-After` header, in seconds.
    pub(crate) retry_after_s: Option<u64>,
}

impl Answer {
    /// A successful answer.
    pub(crate) fn ok(body: Value) -> Self {
        Self { status: 200, body, retry_after_s: None }
    }

    fn error(status: u16, error: &Value) -> Self {
        Self { status, body: json!({ "error": error }), retry_after_s: None }
    }

    /// A request that cannot be carried out, with Stripe's error code.
    pub(crate) fn declined(code: &str) -> Self {
        let message = format!("The request was declined with the code {code}.");
        let doc_url = format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"));
        Self::error(
            400,
            &json!({ "code": code, "doc_url": doc_url, "message": message, "type": "invalid_request_error" }),
        )
    }

    /// A payment that was asked for and failed.
    pub(crate) fn payment_failed(code: &str) -> Self {
        Self::error(402, &json!({ "code": code, "message": "Your card was declined.", "type": "card_error" }))
    }

    /// A request whose parameter `param` is wrong; `code` is absent for some of Stripe's checks.
    pub(crate) fn invalid(param: &str, code: Option<&str>, message: &str) -> Self {
        Self::error(
            400,
            &json!({ "code": code, "message": message, "param": param, "type": "invalid_request_error" }),
        )
    }

    /// An object that does not exist.
    pub(crate) fn missing(kind: &str, id: &str, param: &str) -> Self {
        let message = format!("No such {kind}: '{id}'");
        Self::error(
            404,
            &json!({
                "code": "resource_missing", "message": message, "param": param,
                "type": "invalid_request_error",
            }),
        )
    }

    /// A route that does not exist.
    pub(crate) fn unknown_route(method: &str, path: &str) -> Self {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        Self::error(404, &json!({ "message": message, "type": "invalid_request_error" }))
    }

    /// A key that is missing or wrong.
    pub(crate) fn unauthenticated() -> Self {
        Self::error(401, &json!({ "message": "Invalid API Key provided.", "type": "invalid_request_error" }))
    }

    /// An idempotency key that came with other parameters before.
    pub(crate) fn other_parameters() -> Self {
        let message = "Keys for idempotent requests can only be used with the same parameters they were \
                       first used with.";
        Self::error(400, &json!({ "message": message, "type": "idempotency_error" }))
    }

    /// An idempotency key whose first call still runs.
    pub(crate) fn key_in_use() -> Self {
        Self::error(
            409,
            &json!({
                "code": "idempotency_key_in_use",
                "message": "There is currently another in-progress request using this idempotency key.",
                "type": "invalid_request_error",
            }),
        )
    }

    /// Too many calls.
    pub(crate) fn rate_limited(retry_after_s: Option<u64>) -> Self {
        let error = json!({
            "code": "rate_limit", "message": "Request rate limit exceeded.",
            "type": "invalid_request_error",
        });
        Self { retry_after_s, ..Self::error(429, &error) }
    }

    /// A failure on Stripe's side.
    pub(crate) fn server_error(status: u16) -> Self {
        Self::error(
            status,
            &json!({ "message": "An unexpected error occurred on our side.", "type": "api_error" }),
        )
    }

    /// One page of a list.
    pub(crate) fn page(url: &str, data: &[Value], has_more: bool) -> Self {
        Self::ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
    }
}
