//! The policy that a purchase falls under: the version in force when it was made (`S2-35`).

use ledger::{PolicyRef, Timestamp};
use policy::InForce;
use policy_documents::documents;
use refunds::policy_ref;

/// The version in force for `product` at `at`.
pub fn policy_at(product: &str, at: Timestamp) -> InForce<'static> {
    documents().in_force(product, at.as_ms())
}

/// What a purchase pins: `None` before the first version.
pub fn reference_of(in_force: InForce<'_>) -> Option<PolicyRef> {
    match in_force {
        InForce::Version(document) => Some(policy_ref(document)),
        InForce::BeforeFirstVersion(_) | InForce::NoDocument => None,
    }
}
