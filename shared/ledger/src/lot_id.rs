//! What a lot is called.

/// A lot within its account, counted from 1 in the order of the grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LotId(pub u32);

impl LotId {
    /// No lot: of a payment that is refunded before its credits landed.
    pub const NONE: Self = Self(0);
}
