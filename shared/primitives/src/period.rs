//! What a charge covers.

use crate::time::Timestamp;

/// From when until when something counts that is charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BillingPeriod {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant behind it.
    pub end: Timestamp,
}
