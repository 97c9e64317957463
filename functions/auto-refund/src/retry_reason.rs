//! Why a message stays in the queue: it is tried again, and after five times it is put aside with an alarm.

use std::error::Error;

use ledger::ExecuteError;

/// Why a message stays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RetryReason<E: Error + 'static> {
    /// The hold may come yet, and a person looks when it does not.
    #[error("the account knows no hold of the generation")]
    UnknownGeneration,
    /// Somebody sent it in the name of a service that they do not speak for.
    #[error("the sender does not speak for the service that the message names")]
    Sender,
    /// Another service placed the hold.
    #[error("the hold is another service's than the message names")]
    AnotherService,
    /// A person has to look.
    #[error("the lots that the credits came from have left the account")]
    TooLate,
    /// The documents are not those that the hold was placed by.
    #[error("no policy document covers the hold's product")]
    NoDocument,
    /// The order is not carried out.
    #[error("the account's journal could not be read or written")]
    Ledger(#[from] ExecuteError<E>),
    /// The ledger gave an answer that a settlement does not have.
    #[error("the ledger refused")]
    Refused,
    /// The lead is not noted.
    #[error("what a person decides could not be noted")]
    Lead(#[source] E),
}

impl<E: Error + 'static> RetryReason<E> {
    /// The label of metrics and the outcome in the log.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::UnknownGeneration => "unknown_generation",
            Self::Sender => "sender",
            Self::AnotherService => "another_service",
            Self::TooLate => "too_late",
            Self::NoDocument => "no_document",
            Self::Ledger(ExecuteError::Busy) => "busy",
            Self::Ledger(_) => "store",
            Self::Refused => "refused",
            Self::Lead(_) => "lead",
        }
    }
}
