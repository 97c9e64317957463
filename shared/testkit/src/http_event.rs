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
        let event = json!({
            "version": "2.0",
            "routeKey": route,
            "headers": {"content-type": "application/json"},
            "pathParameters": {},
            "queryStringParameters": {},
            "requestContext": {"requestId": "request-1"},
            "isBase64Encoded": false,
        });
        Self { event, now_s }
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
    pub fn body(mut self, body: &Value) -> Self {
        self.event["body"] = body.to_string().into();
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
