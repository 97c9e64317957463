//! Idempotency keys as Stripe keeps them.
//!
//! The first answer under a key is stored, a refusal and a 500 included, and comes again for the
//! same parameters; other parameters are an error, and so is a key whose first call still runs. A
//! call that fails validation leaves its key unused. Pruning forgets all keys, as Stripe does after
//! 24 hours at the earliest: the next call under such a key is a call of its own.

use std::collections::BTreeMap;

use super::answer::Answer;

/// What is known of a key when a call brings it.
#[derive(Debug)]
pub(crate) enum Seen {
    /// Never seen: the call runs and holds the key.
    First,
    /// The call was answered before.
    Answered(Answer),
    /// The key belongs to a call with other parameters.
    OtherParameters,
    /// The first call still runs.
    InUse,
}

#[derive(Debug)]
struct Entry {
    parameters: String,
    answer: Option<Answer>,
}

/// All keys that have been used.
#[derive(Debug, Default)]
pub(crate) struct Keys(BTreeMap<String, Entry>);

impl Keys {
    /// Looks `key` up and, where it is unused, holds it for the call.
    pub(crate) fn begin(&mut self, key: &str, parameters: &str) -> Seen {
        match self.0.get(key) {
            None => {
                let entry = Entry { parameters: parameters.to_owned(), answer: None };
                self.0.insert(key.to_owned(), entry);
                Seen::First
            }
            Some(entry) if entry.parameters != parameters => Seen::OtherParameters,
            Some(Entry { answer: Some(answer), .. }) => Seen::Answered(answer.clone()),
            Some(Entry { answer: None, .. }) => Seen::InUse,
        }
    }

    /// Stores the answer of the call that holds `key`.
    pub(crate) fn finish(&mut self, key: &str, answer: &Answer) {
        if let Some(entry) = self.0.get_mut(key) {
            entry.answer = Some(answer.clone());
        }
    }

    /// Gives back a key whose call did not start.
    pub(crate) fn forget(&mut self, key: &str) {
        self.0.remove(key);
    }

    /// Forgets every key, as Stripe does 25 hours later; returns how many there were.
    pub(crate) fn prune(&mut self) -> usize {
        std::mem::take(&mut self.0).len()
    }
}
