//! The expiry-sweep function.
