//! The journal's immutable lines: what happened, and the account as it is afterwards.

use crate::codec::{self, CodecError};
use crate::{
    Account, AccountId, Actor, AmountError, Cause, Change, Draft, Hash, PolicyRef, Posting, Timestamp,
};

/// A sealed entry: numbered, chained and hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    draft: Draft,
    number: u64,
    previous: Hash,
    hash: Hash,
    body: String,
}

impl Entry {
    /// Seals `draft` as the entry after `previous`.
    pub fn seal(draft: Draft, previous: Option<&Self>) -> Result<Self, CodecError> {
        let number = previous.map_or(Some(1), |entry| entry.number.checked_add(1));
        let number = number.ok_or(CodecError::Number)?;
        let previous = previous.map_or_else(|| Hash::genesis(&draft.account), |entry| entry.hash);
        let body = codec::encode(&draft, number, previous)?;
        let hash = Hash::of(&body);
        Ok(Self { draft, number, previous, hash, body })
    }

    /// Reads a stored entry of `account`. The hash is taken as stored; [`Entry::is_intact`] checks it.
    pub fn read(account: AccountId, body: String, hash: Hash) -> Result<Self, CodecError> {
        let (draft, number, previous) = codec::decode(account, &body)?;
        Ok(Self { draft, number, previous, hash, body })
    }

    /// Whether the stored hash is that of the body (invariant 7).
    pub fn is_intact(&self) -> bool {
        Hash::of(&self.body) == self.hash
    }

    /// Its number within the account, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The hash of the entry before it.
    pub fn previous(&self) -> Hash {
        self.previous
    }

    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The encoded body, as stored and hashed.
    pub fn body(&self) -> &str {
        &self.body
    }

    pub fn account(&self) -> &AccountId {
        &self.draft.account
    }

    pub fn at(&self) -> Timestamp {
        self.draft.at
    }

    /// What made it.
    pub fn cause(&self) -> &Cause {
        &self.draft.cause
    }

    /// Who made it.
    pub fn actor(&self) -> &Actor {
        &self.draft.actor
    }

    /// The policy that decided it.
    pub fn policy(&self) -> Option<&PolicyRef> {
        self.draft.policy.as_ref()
    }

    /// What happened.
    pub fn changes(&self) -> &[Change] {
        &self.draft.changes
    }

    /// The account afterwards.
    pub fn after(&self) -> &Account {
        &self.draft.after
    }

    /// The postings of all its changes; they sum to zero (invariant 1).
    pub fn postings(&self) -> Result<Vec<Posting>, AmountError> {
        let mut postings = Vec::new();
        for change in self.changes() {
            change.post(&mut postings)?;
        }
        Ok(postings)
    }
}
