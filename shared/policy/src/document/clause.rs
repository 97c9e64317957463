//! The clauses that customers read.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::named::named;

/// One clause of the written text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// Its name within the document.
    pub id: String,
    /// The ids of the written rules that it covers, such as `S2-16`.
    pub covers: Vec<String>,
    /// What kind of promise it is.
    pub kind: ClauseKind,
    /// The day since which it reads so.
    pub date: String,
    /// What customers read.
    pub text: String,
}

impl Clause {
    /// SHA-256 of the text, in lower-case hexadecimal. A citation carries it. Documents do not: 149 digests
    /// are a third of what a function's zip spends on its policies.
    pub fn sha256(&self) -> String {
        Sha256::digest(self.text.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
            use std::fmt::Write as _;
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

named! {
    /// What kind of promise a clause is.
    ClauseKind {
        /// Something of the document acts on it: a rule, an operation, a signature, an expiry.
        Rule "rule",
        /// A clock of the document measures it.
        Clock "clock",
        /// It always holds, and a test would notice a breach.
        Invariant "invariant",
        /// It is shown to people.
        Information "information",
    }
}

/// The clauses that a customer sees before and after cancelling a subscription, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub clauses: Vec<String>,
    /// The products that they are for; none means every product of the document.
    pub products: Vec<String>,
}

/// The clauses that a customer sees before and after changing the plan of a subscription, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanChangeClauses {
    /// About a change that takes effect when it is paid for.
    pub at_once: Vec<String>,
    /// About a change that takes effect with the end of the period that is running.
    pub at_period_end: Vec<String>,
}
