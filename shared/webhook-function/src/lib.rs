//! A provider's webhook function as others ask for it: an event that is parked is applied again, and an event
//! that was read from Stripe is applied as a delivery of it would be.
//!
//! Each request is one invocation, which IAM has to allow. An event may be applied any number of times: the
//! function answers `repeated` where there is nothing left to do.

use std::future::Future;
use std::time::Duration;

use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use serde::Deserialize;

/// The function's own time of 10 s, a cold start before it, and a little more.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(15);
/// The first try and two more.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(50);

/// The outcome of an event, in the function's words.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EventAnswer {
    /// `applied`, `repeated`, `ignored`, `parked`, `lookup` or `deferred`; for a parked event also
    /// `not_parked`, `not_kept`, `dropped` and `refused`.
    pub outcome: String,
    /// Why the event has no effect, or stays parked.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Why an event was not applied.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The function could not be invoked.
    #[error("the webhook function could not be invoked")]
    Invocation(#[source] Box<aws_sdk_lambda::Error>),
    /// The function failed; `message` is what it says.
    #[error("the webhook function failed")]
    Failed { message: Option<String> },
    /// The function's answer is not an outcome.
    #[error("the answer of the webhook function cannot be read")]
    Answer(#[source] serde_json::Error),
}

/// Applies parked events.
pub trait ReplayEvents: Sync {
    /// Applies the event again that is parked under `id`.
    fn replay(&self, id: &str) -> impl Future<Output = Result<EventAnswer, WebhookError>> + Send;
}

/// Decides about parked events in an operator's name.
pub trait DecideEvents: Sync {
    /// Links the customer of the event that is parked under `id` to an account, and applies it again.
    fn link(
        &self,
        id: &str,
        account: &str,
        operator: &str,
    ) -> impl Future<Output = Result<EventAnswer, WebhookError>> + Send;

    /// Drops the event that is parked under `id`, for a reason.
    fn drop_event(
        &self,
        id: &str,
        reason: &str,
        operator: &str,
    ) -> impl Future<Output = Result<EventAnswer, WebhookError>> + Send;
}

/// Decides in an operator's name whose a customer is.
pub trait LinkCustomers: Sync {
    /// Links a customer to an account: `linked`, or `refused` if it has another one.
    fn link_customer(
        &self,
        customer: &str,
        account: &str,
        operator: &str,
    ) -> impl Future<Output = Result<EventAnswer, WebhookError>> + Send;

    /// Takes a customer from its account: `unlinked`, or `refused` if it is not that one's.
    fn unlink_customer(
        &self,
        customer: &str,
        account: &str,
        operator: &str,
    ) -> impl Future<Output = Result<EventAnswer, WebhookError>> + Send;
}

/// Applies events that Stripe's API has listed.
pub trait ApplyEvents: Sync {
    /// Applies an event, given as the JSON text that Stripe answered.
    fn apply(&self, event: &str) -> impl Future<Output = Result<EventAnswer, WebhookError>> + Send;
}

/// An object as a provider's API answers it: JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    Transaction(String),
    Subscription(String),
}

/// Applies objects that a provider's API has answered, where it keeps no list of its events.
pub trait ApplyReadings: Sync {
    /// Applies what is new in a reading.
    fn apply_reading(
        &self,
        reading: &Reading,
    ) -> impl Future<Output = Result<EventAnswer, WebhookError>> + Send;
}

/// The function on Lambda.
#[derive(Debug, Clone)]
pub struct WebhookFunction {
    client: aws_sdk_lambda::Client,
    name: String,
}

/// What a failed invocation says.
#[derive(Deserialize)]
struct FailureWire {
    #[serde(rename = "errorMessage")]
    message: String,
}

impl WebhookFunction {
    /// The function of this name; nothing is connected yet.
    pub fn new(sdk: &aws_types::SdkConfig, name: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_attempt_timeout(INVOCATION_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let config = aws_sdk_lambda::config::Builder::from(sdk).timeout_config(timeouts).build();
        Self { client: aws_sdk_lambda::Client::from_conf(config), name: name.into() }
    }

    async fn ask(&self, request: &serde_json::Value) -> Result<EventAnswer, WebhookError> {
        let payload = Blob::new(request.to_string());
        let invoked = self.client.invoke().function_name(&self.name).payload(payload).send().await;
        let answer = invoked.map_err(|error| WebhookError::Invocation(Box::new(error.into())))?;
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        if answer.function_error.is_some() {
            let message = serde_json::from_slice(&payload).ok().map(|FailureWire { message }| message);
            return Err(WebhookError::Failed { message });
        }
        serde_json::from_slice(&payload).map_err(WebhookError::Answer)
    }
}

impl ReplayEvents for WebhookFunction {
    async fn replay(&self, id: &str) -> Result<EventAnswer, WebhookError> {
        self.ask(&serde_json::json!({"replay": {"event": id}})).await
    }
}

impl DecideEvents for WebhookFunction {
    async fn link(&self, id: &str, account: &str, operator: &str) -> Result<EventAnswer, WebhookError> {
        self.ask(&serde_json::json!({"link": {"event": id, "account": account, "operator": operator}})).await
    }

    async fn drop_event(&self, id: &str, reason: &str, operator: &str) -> Result<EventAnswer, WebhookError> {
        self.ask(&serde_json::json!({"drop": {"event": id, "reason": reason, "operator": operator}})).await
    }
}

impl LinkCustomers for WebhookFunction {
    async fn link_customer(
        &self,
        customer: &str,
        account: &str,
        operator: &str,
    ) -> Result<EventAnswer, WebhookError> {
        let link = serde_json::json!({"customer": customer, "account": account, "operator": operator});
        self.ask(&serde_json::json!({"link_customer": link})).await
    }

    async fn unlink_customer(
        &self,
        customer: &str,
        account: &str,
        operator: &str,
    ) -> Result<EventAnswer, WebhookError> {
        let link = serde_json::json!({"customer": customer, "account": account, "operator": operator});
        self.ask(&serde_json::json!({"unlink_customer": link})).await
    }
}

impl ApplyEvents for WebhookFunction {
    async fn apply(&self, event: &str) -> Result<EventAnswer, WebhookError> {
        self.ask(&serde_json::json!({"apply": {"event": event}})).await
    }
}

impl ApplyReadings for WebhookFunction {
    async fn apply_reading(&self, reading: &Reading) -> Result<EventAnswer, WebhookError> {
        let (kind, object) = match reading {
            Reading::Transaction(object) => ("transaction", object),
            Reading::Subscription(object) => ("subscription", object),
        };
        self.ask(&serde_json::json!({"read": {kind: object}})).await
    }
}
