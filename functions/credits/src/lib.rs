//! The credits function.
