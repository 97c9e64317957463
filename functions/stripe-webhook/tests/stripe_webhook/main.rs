//! The webhook from outside: signed events of the Stripe stand-in against tables in this process.

mod authenticity;
mod delivery;
mod order;
mod purchases;
mod refunds;
mod scene;
mod subscriptions;
