//! Announcing work at Stripe: one SQS message that names a refund request to be paid, or a subscription whose
//! cancellation or change of plan is confirmed, and nothing else.
//!
//! The intent itself is stored before; the message only says that there is work. Losing it costs time, as
//! the sweep announces again what is not done, and repeating it costs nothing.

#[cfg(feature = "in-memory")]
mod in_memory;

use std::future::Future;
use std::sync::OnceLock;

use primitives::{AccountId, RefundRequestId, SubscriptionId};
use serde::{Deserialize, Serialize};

#[cfg(feature = "in-memory")]
pub use in_memory::{InMemoryPayoutQueue, QueueRefuses};

pub const MESSAGE_VERSION: u8 = 1;

/// The message of the payout queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayoutMessage {
    /// [`MESSAGE_VERSION`].
    pub version: u8,
    /// The refund request whose payout is to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_request: Option<String>,
    /// The cancellation that is to be sent to Stripe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation: Option<SubscriptionMessage>,
    /// The change of plan that is to be carried out at Stripe.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_change: Option<SubscriptionMessage>,
}

/// A subscription that something was confirmed of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionMessage {
    pub account: String,
    pub subscription: String,
}

impl SubscriptionMessage {
    fn of(account: &AccountId, subscription: &SubscriptionId) -> Self {
        Self { account: account.as_str().to_owned(), subscription: subscription.as_str().to_owned() }
    }
}

impl PayoutMessage {
    const EMPTY: Self =
        Self { version: MESSAGE_VERSION, refund_request: None, cancellation: None, plan_change: None };

    /// The message for a request.
    pub fn of(id: &RefundRequestId) -> Self {
        Self { refund_request: Some(id.as_str().to_owned()), ..Self::EMPTY }
    }

    /// The message for a confirmed cancellation.
    pub fn cancelling(account: &AccountId, subscription: &SubscriptionId) -> Self {
        Self { cancellation: Some(SubscriptionMessage::of(account, subscription)), ..Self::EMPTY }
    }

    /// The message for a confirmed change of plan.
    pub fn changing(account: &AccountId, subscription: &SubscriptionId) -> Self {
        Self { plan_change: Some(SubscriptionMessage::of(account, subscription)), ..Self::EMPTY }
    }
}

/// Takes announcements.
pub trait PayoutQueue: Sync {
    /// What may fail.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Announces the payout of a request.
    fn announce(&self, id: &RefundRequestId) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Announces a confirmed cancellation, which is to be sent to Stripe.
    fn announce_cancellation(
        &self,
        account: &AccountId,
        subscription: &SubscriptionId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Announces a confirmed change of plan, which is to be carried out at Stripe.
    fn announce_plan_change(
        &self,
        account: &AccountId,
        subscription: &SubscriptionId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// The queue on SQS. Its client is built for the first announcement: most processes make none.
#[derive(Debug, Clone)]
pub struct SqsPayoutQueue {
    config: aws_types::SdkConfig,
    client: OnceLock<aws_sdk_sqs::Client>,
    url: String,
}

impl SqsPayoutQueue {
    /// The queue of this URL.
    pub fn new(config: &aws_types::SdkConfig, url: impl Into<String>) -> Self {
        Self { config: config.clone(), client: OnceLock::new(), url: url.into() }
    }
}

/// Why an announcement was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PayoutQueueError {
    /// The message could not be written.
    #[error("message could not be encoded")]
    Encode(#[from] serde_json::Error),
    /// SQS did not take it.
    #[error("queue did not take the message")]
    Send(#[source] Box<aws_sdk_sqs::Error>),
}

impl PayoutQueue for SqsPayoutQueue {
    type Error = PayoutQueueError;

    async fn announce(&self, id: &RefundRequestId) -> Result<(), PayoutQueueError> {
        self.send(&PayoutMessage::of(id)).await
    }

    async fn announce_cancellation(
        &self,
        account: &AccountId,
        subscription: &SubscriptionId,
    ) -> Result<(), PayoutQueueError> {
        self.send(&PayoutMessage::cancelling(account, subscription)).await
    }

    async fn announce_plan_change(
        &self,
        account: &AccountId,
        subscription: &SubscriptionId,
    ) -> Result<(), PayoutQueueError> {
        self.send(&PayoutMessage::changing(account, subscription)).await
    }
}

impl SqsPayoutQueue {
    async fn send(&self, message: &PayoutMessage) -> Result<(), PayoutQueueError> {
        let body = serde_json::to_string(message)?;
        let client = self.client.get_or_init(|| aws_sdk_sqs::Client::new(&self.config));
        let sent = client.send_message().queue_url(&self.url).message_body(body).send().await;
        sent.map(drop).map_err(|error| PayoutQueueError::Send(Box::new(error.into())))
    }
}
