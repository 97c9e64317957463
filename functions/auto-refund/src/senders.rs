//! Who may speak for which service: the sender that SQS names is compared with the service in the message.
//!
//! SQS names a sender by a unique id that nobody can choose: `AIDA…` for a user, `AROA…:session` for a role's
//! session (`SenderId`, SQS API reference). The service becomes the actor of the ledger's entry, so it has to
//! be one that the sender speaks for. A message from any other sender changes nothing.

use lambda::config::{ConfigError, Env};
use lambda::sqs::QueueMessage;
use ledger::AccountId;

use crate::message::{Message, MessageError, understand};

/// The variable.
const NAME: &str = "GENERATION_SENDER_SERVICES";
/// In the place of a service: any of them, for people who send dead letters again.
const ANY: &str = "*";

/// Pairs of a sender's unique id and a service that it speaks for. Without any, the queue's policy alone says
/// who may send.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Senders(Vec<(String, String)>);

impl Senders {
    /// Reads `GENERATION_SENDER_SERVICES`, such as `AROAEXAMPLE=song-generator,AIDAEXAMPLE=*`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        if env.optional(NAME)?.is_none() {
            return Ok(Self::default());
        }
        let pairs = env.list(NAME)?.into_iter().map(|pair| {
            let (sender, service) = pair.split_once('=')?;
            (!sender.is_empty() && !service.is_empty()).then(|| (sender.to_owned(), service.to_owned()))
        });
        let invalid = ConfigError::Invalid {
            name: NAME,
            expected: "pairs like `AROAEXAMPLE=service`, separated by commas",
        };
        pairs.collect::<Option<_>>().map(Self).ok_or(invalid)
    }

    /// Reads a message, and whether its sender speaks for its service; the account is its group.
    pub fn understand(&self, record: &QueueMessage<'_>) -> Result<(AccountId, Message), MessageError> {
        let (account, mut message) = understand(record)?;
        message.is_spoken_for =
            self.0.is_empty() || self.speaks_for(record.sender_id(), message.service.as_str());
        Ok((account, message))
    }

    fn speaks_for(&self, sender: Option<&str>, service: &str) -> bool {
        let Some(sender) = sender else { return false };
        let id = sender.split_once(':').map_or(sender, |(id, _)| id);
        self.0.iter().any(|(known, of)| known == id && (of == service || of == ANY))
    }
}
