//! Events of the HTTP API as API Gateway sends them, with the claims of a token that it has verified.

#![expect(clippy::indexing_slicing, reason = "assigning to a member of a JSON object inserts it")]

use serde_json::{Value, json};

/// The issuer of [`HttpEvent`]'s tokens.
pub const ISSUER: &str = "https://issuer.test/pool";
/// The audience of customers and support people.
pub const CUSTOMER_AUDIENCE: &str = "customers";
/// The audience of generation services.
pub const SERVICE_AUDIENCE: &str = "services";
/// The scope of customers and support people.
pub const CUSTOMER_SCOPE: &str = "account";
pub const SERVICE_SCOPE: &str = "makegood/generations";
/// The group of support people.
pub const SUPPORT_GROUP: &str = "support";

/// The variables of a function that accepts these tokens.
pub const CALLER_VARIABLES: [(&str, &str); 6] = [
    ("TOKEN_ISSUER", ISSUER),
    ("CUSTOMER_AUDIENCES", CUSTOMER_AUDIENCE),
    ("SERVICE_AUDIENCES", SERVICE_AUDIENCE),
    ("CUSTOMER_SCOPE", CUSTOMER_SCOPE),
    ("SERVICE_SCOPE", SERVICE_SCOPE),
    ("SUPPORT_GROUP", SUPPORT_GROUP),
];

/// An event in the making.
#[derive(Debug, Clone)]
pub struct HttpEvent {
    event: Value,
    now_s: i64,
}

impl HttpEvent {
    /// A call of `route` (as the template writes it) at `now_s`, seconds since 1970.
    pub fn new(route: &str, now_s: i64) -> Self {
        let (method, path) = route.split_once(' ').unwrap_or_default();
        let host = "abcdefghij.execute-api.eu-central-1.amazonaws.com";
        let event = json!({
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": "",
            "headers": {
                "accept": "*/*",
                "content-type": "application/json",
                "host": host,
                "user-agent": "testkit/1.0",
                "x-amzn-trace-id": "Root=1-00000000-000000000000000000000000",
                "x-forwarded-for": "192.0.2.1",
                "x-forwarded-port": "443",
                "x-forwarded-proto": "https",
            },
            "pathParameters": {},
            "queryStringParameters": {},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "abcdefghij",
                "domainName": host,
                "domainPrefix": "abcdefghij",
                "http": {
                    "method": method, "path": path, "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1", "userAgent": "testkit/1.0",
                },
                "requestId": "request-1",
                "routeKey": route,
                "stage": "$default",
                "timeEpoch": now_s.saturating_mul(1000),
            },
            "isBase64Encoded": false,
        });
        Self { event, now_s }
    }

    /// Sets the gateway's id of the request.
    #[must_use]
    pub fn request_id(mut self, id: &str) -> Self {
        self.event["requestContext"]["requestId"] = id.into();
        self
    }

    /// Sets a parameter of the path.
    #[must_use]
    pub fn path(mut self, name: &str, value: &str) -> Self {
        self.event["pathParameters"][name] = value.into();
        self
    }

    /// Sets a parameter of the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.event["queryStringParameters"][name] = value.into();
        self
    }

    /// Sets a header; its name in lower case, as API Gateway gives it.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.event["headers"][name] = value.into();
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(self, body: &Value) -> Self {
        self.body_text(&body.to_string())
    }

    /// Sets the body, which need not be JSON.
    #[must_use]
    pub fn body_text(mut self, body: &str) -> Self {
        self.event["body"] = body.into();
        self
    }

    /// Replaces a top-level member of the event, also one that the gateway always sends.
    #[must_use]
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.event[name] = value;
        self
    }

    /// Makes the token expire at this second. It has to have a token.
    #[must_use]
    pub fn expires_at(mut self, second: i64) -> Self {
        self.event["requestContext"]["authorizer"]["jwt"]["claims"]["exp"] = second.to_string().into();
        self
    }

    /// Calls as a customer.
    #[must_use]
    pub fn as_customer(self, sub: &str) -> Self {
        self.claims(sub, CUSTOMER_AUDIENCE, CUSTOMER_SCOPE, None)
    }

    /// Calls as a support person.
    #[must_use]
    pub fn as_support(self, sub: &str) -> Self {
        self.claims(sub, CUSTOMER_AUDIENCE, CUSTOMER_SCOPE, Some(SUPPORT_GROUP))
    }

    /// Calls as a generation service.
    #[must_use]
    pub fn as_service(self, client: &str) -> Self {
        self.claims(client, SERVICE_AUDIENCE, SERVICE_SCOPE, None)
    }

    /// The event as Lambda gets it.
    pub fn text(&self) -> String {
        self.event.to_string()
    }

    fn claims(mut self, sub: &str, audience: &str, scope: &str, group: Option<&str>) -> Self {
        let mut claims = json!({
            "sub": sub,
            "iss": ISSUER,
            "client_id": audience,
            "token_use": "access",
            "scope": scope,
            "version": "2",
            "jti": "f2b1c6a0-5f3b-4a77-a3a6-0c0c3c3f8a55",
            "username": sub,
            "auth_time": self.now_s.to_string(),
            "iat": self.now_s.to_string(),
            "exp": self.now_s.saturating_add(3600).to_string(),
        });
        if let Some(group) = group {
            claims["cognito:groups"] = format!("[{group}]").into();
        }
        self.event["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
        self
    }
}
