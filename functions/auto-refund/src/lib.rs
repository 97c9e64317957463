//! The auto-refund function.
