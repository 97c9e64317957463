//! Until when a version is in force.

use policy::{Document, Documents};

/// The first millisecond at which a version is in force no more: that of the policy's next version.
pub(crate) fn in_force_until_ms(documents: &Documents, document: &Document) -> Option<i64> {
    let later = documents
        .iter()
        .filter(|other| other.id == document.id && other.in_force_from_ms > document.in_force_from_ms);
    later.map(|other| other.in_force_from_ms).min()
}
