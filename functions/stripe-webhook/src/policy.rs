//! The policy that a purchase falls under: the version in force when it was made (`S2-35`).

use ledger::{PolicyRef, Timestamp};
use policy::{Document, InForce};
use policy_documents::documents;

/// The version in force for `product` at `at`.
pub(crate) fn policy_at(product: &str, at: Timestamp) -> InForce<'static> {
    documents().in_force(product, at.as_ms())
}

/// What a purchase pins: `None` before the first version.
pub(crate) fn reference_of(in_force: InForce<'_>) -> Option<PolicyRef> {
    match in_force {
        InForce::Version(document) => Some(reference(document)),
        InForce::BeforeFirstVersion(_) | InForce::NoDocument => None,
    }
}

/// A document as entries name it.
pub(crate) fn reference(document: &Document) -> PolicyRef {
    PolicyRef { document: document.id.clone(), version: document.version.clone() }
}
