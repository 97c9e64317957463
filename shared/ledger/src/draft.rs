//! What an entry says before it is sealed: who made it, why, and what happened.

use sha2::{Digest, Sha256};

use crate::{Account, AccountId, AdjustmentId, Change, ImportId, Provider, Timestamp};

/// SHA-256 of an entry's encoded body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The hash of a text.
    pub(crate) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// What the first entry of `account` names as the entry before it: it binds the whole chain to the
    /// account, so that an entry of another account has no place in it.
    pub fn genesis(account: &AccountId) -> Self {
        Self::of(account.as_str())
    }
}

/// What made an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A signed event of a payment provider's, by its id.
    ProviderEvent(Provider, String),
    /// Generations: a hold, or how one or several ended; each change names its generation.
    Generation,
    /// The sweep of this instant.
    Sweep(Timestamp),
    /// A refund request, by its id.
    RefundRequest(String),
    /// An adjustment by a person, under the clause of the policy that it names.
    Adjustment { id: AdjustmentId, clause: String },
    /// An import, by its id.
    Import(ImportId),
    /// An operator's act, with the reason given.
    Operator(String),
}

/// Who made an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A payment provider, by a signed event or by its answer.
    Provider(Provider),
    /// A generation service, by the client id of its token or the name in its message.
    Service(String),
    /// Makegood itself, on its schedule.
    Schedule,
    /// Makegood itself, by a rule of the policy.
    Policy,
    /// A support person, by the `sub` of the token.
    Support(String),
    /// A customer, by the account.
    Customer,
    /// An operator on the command line.
    Operator,
}

/// A policy document and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRef {
    /// The document's id.
    pub document: String,
    pub version: String,
}

/// An entry before it is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub account: AccountId,
    /// When; never before the entry that precedes it.
    pub at: Timestamp,
    /// What made it.
    pub cause: Cause,
    /// Who made it.
    pub actor: Actor,
    /// The policy that decided it, where one did.
    pub policy: Option<PolicyRef>,
    /// What happened, in order.
    pub changes: Vec<Change>,
    /// The account afterwards.
    pub after: Account,
}
