//! The queue's messages: the envelope of `infra/schemas/generation-event.v1.json` and nothing else.
//!
//! A message says which generation ended and how, or which one had a result downloaded. It cannot say how
//! many credits that is: there is no field for an amount, and a field that the envelope does not have makes
//! the message poison. What SNS or EventBridge wrap around a body is such a field. No refusal quotes the
//! message.

use lambda::sqs::QueueMessage;
use ledger::{AccountId, GenerationId, IdError, ServiceId, TimeError, Timestamp};
use policy::FailureKind;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What SQS took at most before August 2025; ten such messages stay below Lambda's 6 MB.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Names of operations, and providers' codes: longer ones are sentences.
const NAME_BYTES_MAX: usize = 64;
/// The one version of the envelope.
const VERSION: u64 = 1;

/// What a generation service reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub generation: GenerationId,
    /// Its operation, as the service names it; the hold's own operation counts.
    pub operation: String,
    /// The service: the one that placed the hold, or else the message changes nothing.
    pub service: ServiceId,
    /// Whether its sender may speak for the service.
    pub is_spoken_for: bool,
    /// When that was, as the service says.
    pub occurred_at: Timestamp,
    /// How it ended; `None` if one of its results was downloaded or exported.
    pub ending: Option<ReportedEnding>,
}

/// How a generation ended, as reported.
#[derive(Debug, Clone, PartialEq)]
pub enum ReportedEnding {
    Failed {
        kind: FailureKind,
        /// The provider's or the service's own code.
        code: Option<String>,
    },
    /// The provider claims success with this answer.
    Completed(Value),
}

/// Why a message is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The body is longer than [`BODY_BYTES_MAX`].
    #[error("the body has {0} bytes; expected at most {BODY_BYTES_MAX}")]
    TooLong(usize),
    /// The body is not the envelope.
    #[error("the body is not the documented envelope at line {line}, column {column}")]
    Envelope {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// Another version of the envelope.
    #[error("the envelope has version {0}; expected {VERSION}")]
    Version(u64),
    /// A type that is not known.
    #[error(
        "the type is not known; expected `generation.failed`, `generation.completed` or `generation.downloaded`"
    )]
    Type,
    /// The account, the generation or the service cannot be an id.
    #[error("an id is not valid")]
    Id(#[from] IdError),
    /// `occurred_at` is not an instant.
    #[error("`occurred_at` is not valid")]
    OccurredAt(#[from] TimeError),
    /// A name or a code has other characters than it may have.
    #[error("`{0}` is not valid; expected 1 to {NAME_BYTES_MAX} letters, digits, `.`, `_`, `:` and `-`")]
    Name(&'static str),
    /// A failure without `failure`, a completion without `answer`, or one of the two where it does not
    /// belong.
    #[error("a failure has `failure` alone, a completion `answer` alone, and a download neither")]
    Payload,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    version: u64,
    r#type: String,
    account: String,
    generation_id: String,
    operation: String,
    service: String,
    occurred_at: String,
    #[serde(default, deserialize_with = "present")]
    failure: Option<FailureForm>,
    #[serde(default, deserialize_with = "present")]
    answer: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureForm {
    kind: KindForm,
    #[serde(default, deserialize_with = "present")]
    code: Option<String>,
}

/// A field that may be left out and may not be null.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The failures that a service can know of; the others are found here.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindForm {
    ProviderError,
    OwnError,
    ModerationBlock,
    PartialResult,
}

impl From<KindForm> for FailureKind {
    fn from(kind: KindForm) -> Self {
        match kind {
            KindForm::ProviderError => Self::ProviderError,
            KindForm::OwnError => Self::OwnError,
            KindForm::ModerationBlock => Self::ModerationBlock,
            KindForm::PartialResult => Self::PartialResult,
        }
    }
}

fn name(field: &'static str, text: String) -> Result<String, MessageError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text)
    } else {
        Err(MessageError::Name(field))
    }
}

/// Reads a message; the account is its group.
pub fn understand(record: &QueueMessage<'_>) -> Result<(AccountId, Message), MessageError> {
    read(record.body())
}

fn read(body: &str) -> Result<(AccountId, Message), MessageError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(MessageError::TooLong(body.len()));
    }
    // An array would be taken for the fields in their order.
    if !body.trim_start().starts_with('{') {
        return Err(MessageError::Envelope { line: 1, column: 1 });
    }
    let envelope: Envelope = serde_json::from_str(body)
        .map_err(|error| MessageError::Envelope { line: error.line(), column: error.column() })?;
    if envelope.version != VERSION {
        return Err(MessageError::Version(envelope.version));
    }
    let ending = match (envelope.r#type.as_str(), envelope.failure, envelope.answer) {
        ("generation.failed", Some(FailureForm { kind, code }), None) => {
            let code = code.map(|code| name("code", code)).transpose()?;
            Some(ReportedEnding::Failed { kind: kind.into(), code })
        }
        ("generation.completed", None, Some(answer)) => {
            Some(ReportedEnding::Completed(Value::Object(answer)))
        }
        ("generation.downloaded", None, None) => None,
        ("generation.failed" | "generation.completed" | "generation.downloaded", _, _) => {
            return Err(MessageError::Payload);
        }
        _ => return Err(MessageError::Type),
    };
    let occurred_at = Timestamp::parse(&envelope.occurred_at)?;
    let message = Message {
        generation: GenerationId::new(envelope.generation_id)?,
        operation: name("operation", envelope.operation)?,
        service: ServiceId::new(envelope.service)?,
        is_spoken_for: true,
        occurred_at,
        ending,
    };
    Ok((AccountId::new(envelope.account)?, message))
}
