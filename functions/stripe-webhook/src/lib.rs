//! The stripe-webhook function.
