//! The policy that a purchase pinned, word for word.

use std::fmt::Write as _;

use policy::{Clause, Document};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// One version of a written policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PolicyText {
    pub(crate) document: String,
    pub(crate) version: String,
    /// What customers call it.
    pub(crate) title: String,
    /// Where it was published.
    pub(crate) source: String,
    pub(crate) announced_at: Option<String>,
    pub(crate) in_force_from: Option<String>,
    /// SHA-256 of all clauses' texts, each with a line feed behind it, in their order; lower-case
    /// hexadecimal.
    pub(crate) sha256: String,
    pub(crate) clauses: Vec<ClauseText>,
    /// Those about cancelling a plan of the product, in the order in which customers are shown them.
    pub(crate) cancellation_clauses: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ClauseText {
    pub(crate) clause: String,
    pub(crate) text: String,
    pub(crate) sha256: String,
}

impl PolicyText {
    /// The text of `document`, for a purchase of `product`.
    pub(crate) fn of(document: &Document, product: &str) -> Self {
        let whole = document
            .clauses
            .iter()
            .fold(Sha256::new(), |hasher, clause| hasher.chain_update(&clause.text).chain_update("\n"));
        let instant = |ms| ledger::Timestamp::from_ms(ms).ok().map(|at| at.to_string());
        let clause = |clause: &Clause| ClauseText {
            clause: clause.id.clone(),
            text: clause.text.clone(),
            sha256: clause.sha256(),
        };
        Self {
            document: document.id.clone(),
            version: document.version.clone(),
            title: document.title.clone(),
            source: document.source.clone(),
            announced_at: instant(document.announced_at_ms),
            in_force_from: instant(document.in_force_from_ms),
            sha256: hex(&whole.finalize()),
            clauses: document.clauses.iter().map(clause).collect(),
            cancellation_clauses: document
                .cancellation_clauses(product)
                .map(|clause| clause.id.clone())
                .collect(),
        }
    }

    /// A clause's text, by its id.
    pub(crate) fn clause(&self, id: &str) -> Option<&str> {
        self.clauses.iter().find(|clause| clause.clause == id).map(|clause| clause.text.as_str())
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
