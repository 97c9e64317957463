//! Builders, the Stripe stand-in and the Runtime API stub: for tests only.
