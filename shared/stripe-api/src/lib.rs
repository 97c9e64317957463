//! The few Stripe API calls that Makegood makes.
