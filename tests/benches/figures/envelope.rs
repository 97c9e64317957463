//! Events in the form in which AWS hands them to functions, and the environment that the template gives them.

use ledger::Timestamp;
use serde_json::Value;
use testkit::creem::creem_signature;
use testkit::http_event::{
    CUSTOMER_AUDIENCE, CUSTOMER_SCOPE, HttpEvent, ISSUER, SERVICE_AUDIENCE, SERVICE_SCOPE, SUPPORT_GROUP,
};
use testkit::queue_event::QueueEvent;
use testkit::stand_in::signature_header;

use crate::endpoint::WEBHOOK_SECRET;
use crate::story::ACCOUNT;

/// The generation service: the subject of its token, and the name in its messages.
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
    let event = HttpEvent::new(route, now.as_s())
        .request_id(&format!("acc-{number}"))
        .header("idempotency-key", &format!("key-{number}"));
    let mut event = match caller {
        Caller::Service => event.path("account", ACCOUNT).as_service(GENERATOR),
        Caller::Customer(account) => event.path("account", account).as_customer(account),
    };
    if let Some(generation) = generation {
        event = event.path("generation", generation);
    }
    if let Some(body) = body {
        event = event.body(body);
    }
    event.text()
}

/// A batch of one message.
pub(crate) fn batch(number: u64, queue: &str, message: &Value, now: Timestamp) -> String {
    let id = format!("19dd0b57-b21e-4ac1-bd88-{number:012}");
    QueueEvent::new(queue, now.as_ms()).message(&id, &message.to_string()).text()
}

/// A signed webhook as an HTTP API sends it.
pub(crate) fn webhook(body: &str, now: Timestamp) -> String {
    let signature = signature_header(&[WEBHOOK_SECRET], now.as_s(), body.as_bytes());
    HttpEvent::new("POST /v1/webhooks/stripe", now.as_s())
        .request_id("stripe")
        .header("content-type", "application/json; charset=utf-8")
        .header("stripe-signature", &signature)
        .body_text(body)
        .text()
}

/// The same of Creem's.
pub(crate) fn creem_webhook(body: &str, now: Timestamp) -> String {
    HttpEvent::new("POST /v1/webhooks/creem", now.as_s())
        .request_id("creem")
        .header("content-type", "application/json")
        .header("creem-signature", &creem_signature(WEBHOOK_SECRET, body.as_bytes()))
        .body_text(body)
        .text()
}

/// The environment that the template gives to all functions.
pub(crate) const ENVIRONMENT: [(&str, &str); 24] = [
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLEEXAMPLE00"),
    ("AWS_SECRET_ACCESS_KEY", "0123456789012345678901234567890123456789"),
    ("LEDGER_TABLE", "ledger"),
    ("REQUESTS_TABLE", "requests"),
    ("POLICIES_TABLE", "policies"),
    ("LOG_LEVEL", "info"),
    ("METRICS_NAMESPACE", "makegood"),
    ("TOKEN_ISSUER", ISSUER),
    ("CUSTOMER_AUDIENCES", CUSTOMER_AUDIENCE),
    ("SERVICE_AUDIENCES", SERVICE_AUDIENCE),
    ("CUSTOMER_SCOPE", CUSTOMER_SCOPE),
    ("SERVICE_SCOPE", SERVICE_SCOPE),
    ("SUPPORT_GROUP", SUPPORT_GROUP),
    ("PRODUCT", "music-studio"),
    ("WEBHOOK_SECRET_ID", "makegood/webhook"),
    ("STRIPE_KEY_SECRET_ID", "makegood/stripe"),
    ("STRIPE_LIVEMODE", "false"),
    ("STRIPE_API_BASE", "http://127.0.0.1:1"),
    ("CREEM_LIVEMODE", "false"),
    ("CREEM_API_BASE", "http://127.0.0.1:1"),
    ("CREEM_KEY_SECRET_ID", "makegood/creem"),
    ("CREEM_WEBHOOK_FUNCTION", "makegood-creem-webhook"),
    ("PAYOUT_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/000000000000/makegood-payout"),
];
