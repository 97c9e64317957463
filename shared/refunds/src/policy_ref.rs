//! A document as the ledger names it: neither crate sees the other.

use ledger::PolicyRef;
use policy::Document;

/// The id and the version of a document.
pub fn policy_ref(document: &Document) -> PolicyRef {
    PolicyRef { document: document.id.clone(), version: document.version.clone() }
}
