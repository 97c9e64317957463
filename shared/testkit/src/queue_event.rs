//! Batches of messages as the SQS trigger sends them.

#![expect(clippy::indexing_slicing, reason = "assigning to a member of a JSON object inserts it")]

use serde_json::{Value, json};

/// A batch in the making.
#[derive(Debug, Clone)]
pub struct QueueEvent {
    source: String,
    sent_ms: String,
    receive_count: u32,
    sender: Option<String>,
    records: Vec<Value>,
}

impl QueueEvent {
    /// A batch of `queue`, whose messages were sent at `sent_ms`, milliseconds since 1970.
    pub fn new(queue: &str, sent_ms: i64) -> Self {
        Self {
            source: format!("arn:aws:sqs:eu-central-1:111122223333:{queue}"),
            sent_ms: sent_ms.to_string(),
            receive_count: 1,
            sender: Some("AROAEXAMPLE:sender".to_owned()),
            records: Vec::new(),
        }
    }

    /// Sets how often SQS has handed out the messages that follow.
    #[must_use]
    pub fn receive_count(mut self, count: u32) -> Self {
        self.receive_count = count;
        self
    }

    /// Sets the `SenderId` of the messages that follow; `None` leaves the attribute out.
    #[must_use]
    pub fn sender(mut self, sender: Option<&str>) -> Self {
        self.sender = sender.map(str::to_owned);
        self
    }

    /// Adds a message.
    #[must_use]
    pub fn message(mut self, id: &str, body: &str) -> Self {
        let mut attributes = json!({
            "ApproximateReceiveCount": self.receive_count.to_string(),
            "SentTimestamp": self.sent_ms,
            "ApproximateFirstReceiveTimestamp": self.sent_ms,
        });
        if let Some(sender) = &self.sender {
            attributes["SenderId"] = sender.as_str().into();
        }
        self.records.push(json!({
            "messageId": id,
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": body,
            "attributes": attributes,
            "messageAttributes": {},
            "md5OfBody": "d41d8cd98f00b204e9800998ecf8427e",
            "eventSource": "aws:sqs",
            "eventSourceARN": self.source,
            "awsRegion": "eu-central-1",
        }));
        self
    }

    /// Adds these messages as `m0`, `m1` and so on.
    #[must_use]
    pub fn messages(self, bodies: &[String]) -> Self {
        bodies.iter().enumerate().fold(self, |event, (index, body)| event.message(&format!("m{index}"), body))
    }

    /// The event as Lambda gets it.
    pub fn text(&self) -> String {
        json!({ "Records": self.records }).to_string()
    }
}
