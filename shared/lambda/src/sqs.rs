//! Batches of SQS messages with partial answers.
//!
//! A batch of messages goes in, the messages that stay in the queue come out. An answer can only name
//! messages of the batch, because only [`Batch::parse`] makes a [`QueueMessage`] and an answer is made of
//! records: SQS takes a wrong, empty or missing id for a failure of the whole batch, and some emulators
//! for a success.
//!
//! Messages of one group (an account) are handled together, group after group. No group is begun when the
//! time is short, one that is under way is left at its end, and what was not handled stays in the queue.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::Instrument;

use crate::deadline::Deadline;
use crate::event_error::EventError;
use crate::text::{Fields, Text};

/// A group takes two round trips and a few repetitions at most: less time than this is not worth a start.
const START_RESERVE: Duration = Duration::from_millis(1_500);
/// Time to write the answer, the metrics and the log.
const ANSWER_RESERVE: Duration = Duration::from_millis(500);

/// The messages of one invocation.
#[derive(Debug)]
pub struct Batch<'a> {
    records: Vec<QueueMessage<'a>>,
}

/// One message. Only a batch makes one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueMessage<'a> {
    #[serde(borrow)]
    message_id: Text<'a>,
    #[serde(borrow)]
    body: Text<'a>,
    #[serde(borrow, default)]
    attributes: Fields<'a, Text<'a>>,
    #[serde(borrow, rename = "eventSourceARN", default)]
    source_arn: Option<Text<'a>>,
}

impl QueueMessage<'_> {
    /// SQS's id of the message.
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// What the sender wrote.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The queue it came from.
    pub fn source_arn(&self) -> Option<&str> {
        self.source_arn.as_deref()
    }

    /// SQS's unique id of the sender: of a user, or of a role and its session.
    pub fn sender_id(&self) -> Option<&str> {
        Some(self.attributes.get("SenderId")?)
    }

    /// How often it has been received, this time included.
    pub fn receive_count(&self) -> Option<u32> {
        self.attributes.get("ApproximateReceiveCount")?.parse().ok()
    }

    /// When it was sent, in milliseconds since 1970.
    pub fn sent_at_ms(&self) -> Option<i64> {
        self.attributes.get("SentTimestamp")?.parse().ok()
    }
}

impl<'a> Batch<'a> {
    /// Reads the event of an SQS trigger. An id that is empty or appears twice fails the whole batch: an
    /// answer could not name the message.
    pub fn parse(event: &'a str) -> Result<Self, EventError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Event<'a> {
            #[serde(borrow)]
            records: Vec<QueueMessage<'a>>,
        }
        let Event { records } = serde_json::from_str(event).map_err(|error| EventError::json(&error))?;
        let mut ids: Vec<&str> = records.iter().map(QueueMessage::message_id).collect();
        ids.sort_unstable();
        if ids.iter().any(|id| id.is_empty()) || ids.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(EventError::MessageIds);
        }
        Ok(Self { records })
    }

    /// The messages, in the order of the event.
    pub fn records(&self) -> &[QueueMessage<'a>] {
        &self.records
    }
}

/// A message of a group: as it came, and as it was understood.
#[derive(Debug)]
pub struct Item<'b, 'a, M> {
    /// The message as it came, to name it in the answer.
    pub record: &'b QueueMessage<'a>,
    /// The message as it was understood.
    pub message: M,
}

/// The messages that stay in the queue, in SQS's format (`ReportBatchItemFailures`).
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl BatchResponse {
    /// The answer to a batch: the `failed` records stay in the queue, and each is named once.
    pub fn of<'b, 'a: 'b>(failed: impl IntoIterator<Item = &'b QueueMessage<'a>>) -> Self {
        let mut batch_item_failures: Vec<BatchItemFailure> = failed
            .into_iter()
            .map(|record| BatchItemFailure { item_identifier: record.message_id().to_owned() })
            .collect();
        batch_item_failures.sort_unstable();
        batch_item_failures.dedup();
        Self { batch_item_failures }
    }

    /// How many messages stay in the queue.
    pub fn failed(&self) -> usize {
        self.batch_item_failures.len()
    }
}

/// Handles a batch, group by group, in the order in which the groups first appear.
///
/// `understand` reads a message and says which group it belongs to; a message that it refuses stays in the
/// queue and is the only one to. `handle` works on one group and returns the messages that stay in the
/// queue. Both log what they refuse.
pub async fn process<'b, 'a, K, M, E>(
    batch: &'b Batch<'a>,
    deadline: Deadline,
    understand: impl Fn(&'b QueueMessage<'a>) -> Result<(K, M), E>,
    handle: impl AsyncFn(K, Vec<Item<'b, 'a, M>>) -> Vec<&'b QueueMessage<'a>>,
) -> BatchResponse
where
    K: Ord + Clone,
    E: std::error::Error + 'static,
{
    let mut failed: Vec<&'b QueueMessage<'a>> = Vec::new();
    let mut order: BTreeMap<K, usize> = BTreeMap::new();
    let mut groups: Vec<(K, Vec<Item<'b, 'a, M>>)> = Vec::new();
    for record in &batch.records {
        match understand(record) {
            Ok((key, message)) => {
                let next = groups.len();
                let index = *order.entry(key.clone()).or_insert(next);
                if index == next {
                    groups.push((key, Vec::new()));
                }
                if let Some((_, items)) = groups.get_mut(index) {
                    items.push(Item { record, message });
                }
            }
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                let message_id = record.message_id();
                let receive_count = record.receive_count();
                tracing::warn!(
                    error,
                    message_id,
                    receive_count,
                    outcome = "refused",
                    "message is not understood"
                );
                failed.push(record);
            }
        }
    }
    for (key, items) in groups {
        let records: Vec<&'b QueueMessage<'a>> = items.iter().map(|item| item.record).collect();
        if deadline.remaining() < START_RESERVE {
            tracing::warn!(messages = records.len(), outcome = "no_time", "left for another invocation");
            failed.extend(records);
            continue;
        }
        // A span of its own, so that the account of one group is not on the lines of the next.
        let span =
            tracing::error_span!("group", account = tracing::field::Empty, cause = tracing::field::Empty);
        let time = deadline.remaining().saturating_sub(ANSWER_RESERVE);
        if let Ok(left) = tokio::time::timeout(time, handle(key, items).instrument(span)).await {
            failed.extend(left);
        } else {
            tracing::warn!(messages = records.len(), outcome = "out_of_time", "left within a group");
            failed.extend(records);
        }
    }
    BatchResponse::of(failed)
}

#[cfg(test)]
mod tests;
