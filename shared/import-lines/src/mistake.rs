//! What does not fit in a line.

use serde::{Deserialize, Serialize};

/// Most mistakes of one account that are named: the first ones show what the export does wrong.
pub const MISTAKES_MAX: usize = 20;

/// A field that does not fit, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldMistake {
    /// A JSON pointer into the account's line: `#/lots/0/left`.
    pub pointer: String,
    pub expected: String,
}

/// The mistakes of one account, and where the next one is.
#[derive(Debug, Default)]
pub(crate) struct Mistakes {
    found: Vec<FieldMistake>,
}

impl Mistakes {
    pub(crate) fn add(&mut self, pointer: &str, expected: impl Into<String>) {
        if self.found.len() < MISTAKES_MAX {
            self.found.push(FieldMistake { pointer: format!("#{pointer}"), expected: expected.into() });
        }
    }

    /// The value, or a mistake and nothing.
    pub(crate) fn take<T, E>(&mut self, pointer: &str, read: Result<T, E>, expected: &str) -> Option<T> {
        if read.is_err() {
            self.add(pointer, expected);
        }
        read.ok()
    }

    pub(crate) fn into_found(self) -> Vec<FieldMistake> {
        self.found
    }
}
