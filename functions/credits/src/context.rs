//! What the routes need.

use lambda::caller::CallerRules;
use ledger::{ProductId, Timestamp};
use policy::{Catalogue, Document, Documents};

/// Two ids and an operation of 255 bytes each, with room for escapes.
pub const BODY_BYTES_MAX: usize = 4096;

/// What the routes need.
#[derive(Debug)]
pub struct Context<S, P> {
    /// The journals.
    pub store: S,
    /// The wait between two attempts on a busy account.
    pub pause: P,
    /// Which tokens are accepted.
    pub callers: CallerRules,
    /// The policy documents, decoded when they are first asked for.
    pub documents: fn() -> &'static Documents,
    /// The price catalogue, decoded when it is first asked for.
    pub catalogue: fn() -> &'static Catalogue,
    /// The product of a hold that names none.
    pub product: ProductId,
}

impl<S, P> Context<S, P> {
    /// The document that holds of `product` at `at` fall under.
    pub(crate) fn document(&self, product: &ProductId, at: Timestamp) -> Option<&'static Document> {
        (self.documents)().in_force(product.as_str(), at.as_ms()).document()
    }
}
