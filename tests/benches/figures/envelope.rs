//! Events in the form in which AWS hands them to functions, and the environment that the template gives them.

#![expect(clippy::indexing_slicing, reason = "assigning to a field of a JSON object adds it")]

use ledger::Timestamp;
use serde_json::{Value, json};
use testkit::stand_in::signature_header;

use crate::endpoint::WEBHOOK_SECRET;
use crate::story::ACCOUNT;

const ISSUER: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_figures";

/// The generation service: the client and the subject of its token, and the name in its messages.
pub(crate) const GENERATOR: &str = "generator";

/// Whose token a request carries.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller<'a> {
    Service,
    /// This account's own customer, about that account.
    Customer(&'a str),
}

/// A request as an HTTP API sends it.
pub(crate) fn request(
    number: u64,
    route: &str,
    caller: Caller<'_>,
    generation: Option<&str>,
    body: Option<&Value>,
    now: Timestamp,
) -> String {
    let (client, scope, subject, account) = match caller {
        Caller::Service => (GENERATOR, "makegood/service", GENERATOR, ACCOUNT),
        Caller::Customer(account) => ("web", "openid makegood/customer", account, account),
    };
    let now_s = now.as_ms().div_euclid(1000);
    let mut parameters = json!({ "account": account });
    if let Some(generation) = generation {
        parameters["generation"] = json!(generation);
    }
    let claims = json!({
        "auth_time": now_s.to_string(), "client_id": client, "exp": now_s.saturating_add(3600).to_string(),
        "iat": now_s.saturating_sub(60).to_string(), "iss": ISSUER, "scope": scope, "sub": subject,
        "jti": "f2b1c6a0-5f3b-4a77-a3a6-0c0c3c3f8a55", "token_use": "access", "version": "2", "username": subject,
    });
    let mut event = http_event(route, &format!("acc-{number}"), now);
    event["pathParameters"] = parameters;
    event["requestContext"]["authorizer"] = json!({ "jwt": { "claims": claims, "scopes": null } });
    event["headers"]["content-type"] = json!("application/json");
    event["headers"]["idempotency-key"] = json!(format!("key-{number}"));
    if let Some(body) = body {
        event["body"] = json!(body.to_string());
    }
    event.to_string()
}

/// A batch of one message.
pub(crate) fn batch(number: u64, queue: &str, message: &Value, now: Timestamp) -> String {
    let sent = now.as_ms().to_string();
    json!({ "Records": [{
        "messageId": format!("19dd0b57-b21e-4ac1-bd88-{number:012}"),
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": message.to_string(),
        "attributes": {
            "ApproximateReceiveCount": "1", "SentTimestamp": sent, "ApproximateFirstReceiveTimestamp": sent,
            "SenderId": "AROAEXAMPLE:generator",
        },
        "messageAttributes": {},
        "md5OfBody": "d41d8cd98f00b204e9800998ecf8427e",
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:eu-central-1:000000000000:{queue}"),
        "awsRegion": "eu-central-1",
    }]})
    .to_string()
}

/// A signed webhook as an HTTP API sends it.
pub(crate) fn webhook(body: &str, now: Timestamp) -> String {
    let signed_at = now.as_ms().div_euclid(1000);
    let mut event = http_event("POST /v1/webhooks/stripe", "stripe", now);
    event["headers"]["content-type"] = json!("application/json; charset=utf-8");
    event["headers"]["stripe-signature"] =
        json!(signature_header(&[WEBHOOK_SECRET], signed_at, body.as_bytes()));
    event["body"] = json!(body);
    event.to_string()
}

fn http_event(route: &str, request_id: &str, now: Timestamp) -> Value {
    let (method, path) = route.split_once(' ').unwrap_or_default();
    json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": "",
        "headers": {
            "accept": "*/*", "host": "abcdefghij.execute-api.eu-central-1.amazonaws.com",
            "user-agent": "figures/1.0", "x-amzn-trace-id": "Root=1-00000000-000000000000000000000000",
            "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443", "x-forwarded-proto": "https",
        },
        "requestContext": {
            "accountId": "000000000000", "apiId": "abcdefghij",
            "domainName": "abcdefghij.execute-api.eu-central-1.amazonaws.com", "domainPrefix": "abcdefghij",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                "userAgent": "figures/1.0",
            },
            "requestId": request_id, "routeKey": route, "stage": "$default", "time": now.to_string(),
            "timeEpoch": now.as_ms(),
        },
        "isBase64Encoded": false,
    })
}

/// The environment that the template gives to all functions.
pub(crate) const ENVIRONMENT: [(&str, &str); 19] = [
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE00"),
    ("AWS_SECRET_ACCESS_KEY", "0123456789012345678901234567890123456789"),
    ("LEDGER_TABLE", "ledger"),
    ("REQUESTS_TABLE", "requests"),
    ("LOG_LEVEL", "info"),
    ("METRICS_NAMESPACE", "makegood"),
    ("TOKEN_ISSUER", ISSUER),
    ("CUSTOMER_AUDIENCES", "web"),
    ("SERVICE_AUDIENCES", "generator"),
    ("CUSTOMER_SCOPE", "makegood/customer"),
    ("SERVICE_SCOPE", "makegood/service"),
    ("SUPPORT_GROUP", "support"),
    ("PRODUCT", "music-studio"),
    ("WEBHOOK_SECRET_ID", "makegood/webhook"),
    ("STRIPE_KEY_SECRET_ID", "makegood/stripe"),
    ("STRIPE_LIVEMODE", "false"),
    ("STRIPE_API_BASE", "http://127.0.0.1:1"),
    ("PAYOUT_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/000000000000/makegood-payout"),
];
