//! Stripe webhooks: signature over raw bytes and minimal event structs.
