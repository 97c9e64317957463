//! The stripe-webhook function, asked to apply a parked event again.

use std::future::Future;
use std::time::Duration;

use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;

/// The function's own time of 10 s, a cold start before it, and a little more.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(15);

/// Applies parked events.
pub trait Replays: Sync {
    /// Applies the event again that is parked under `id`.
    fn replay(&self, id: &str) -> impl Future<Output = Result<(), WebhookError>> + Send;
}

/// Why an event was not applied.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The function could not be invoked.
    #[error("function could not be invoked")]
    Invocation(#[source] Box<aws_sdk_lambda::Error>),
    /// The function failed.
    #[error("function failed")]
    Failed,
}

/// The function on Lambda.
#[derive(Debug)]
pub struct WebhookFunction {
    client: aws_sdk_lambda::Client,
    name: String,
}

impl WebhookFunction {
    /// The function of this name; nothing is connected yet.
    pub fn new(sdk: &aws_types::SdkConfig, name: impl Into<String>) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(INVOCATION_TIMEOUT).build();
        let config = aws_sdk_lambda::config::Builder::from(sdk).timeout_config(timeouts).build();
        Self { client: aws_sdk_lambda::Client::from_conf(config), name: name.into() }
    }
}

impl Replays for WebhookFunction {
    async fn replay(&self, id: &str) -> Result<(), WebhookError> {
        let asked = serde_json::json!({"replay": {"event": id}}).to_string();
        let invoked = self.client.invoke().function_name(&self.name).payload(Blob::new(asked)).send().await;
        let answer = invoked.map_err(|error| WebhookError::Invocation(Box::new(error.into())))?;
        if answer.function_error.is_some() { Err(WebhookError::Failed) } else { Ok(()) }
    }
}
