//! Announcing an intent to pay: one SQS message that names a refund request, and nothing else.
//!
//! The intent itself is stored before; the message only says that there is work. Losing it costs time, as
//! the sweep announces again what is not paid, and repeating it costs nothing.

use std::future::Future;

use ledger::RefundRequestId;
use serde::{Deserialize, Serialize};

/// The version of the message.
pub const MESSAGE_VERSION: u8 = 1;

/// The message of the payout queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayoutMessage {
    /// [`MESSAGE_VERSION`].
    pub version: u8,
    /// The refund request whose payout is to be made.
    pub refund_request: String,
}

impl PayoutMessage {
    /// The message for a request.
    pub fn of(id: &RefundRequestId) -> Self {
        Self { version: MESSAGE_VERSION, refund_request: id.as_str().to_owned() }
    }
}

/// Takes announcements.
pub trait PayoutQueue: Sync {
    /// What may fail.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Announces the payout of a request.
    fn announce(&self, id: &RefundRequestId) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// The queue on SQS.
#[derive(Debug, Clone)]
pub struct SqsPayoutQueue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl SqsPayoutQueue {
    /// The queue of this URL.
    pub fn new(config: &aws_types::SdkConfig, url: impl Into<String>) -> Self {
        Self { client: aws_sdk_sqs::Client::new(config), url: url.into() }
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
        let body = serde_json::to_string(&PayoutMessage::of(id))?;
        let sent = self.client.send_message().queue_url(&self.url).message_body(body).send().await;
        sent.map(drop).map_err(|error| PayoutQueueError::Send(Box::new(error.into())))
    }
}
