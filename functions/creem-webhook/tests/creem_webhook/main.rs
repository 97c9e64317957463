//! The webhook from outside: signed events of Creem's against tables in this process.

#![expect(clippy::arithmetic_side_effects, reason = "the numbers of a story are small")]

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod authenticity;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod events;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod parked;
#[cfg(test)]
mod purchases;
#[cfg(test)]
mod readings;
#[cfg(test)]
mod refunds;
#[cfg(test)]
mod scene;
#[cfg(test)]
#[path = "../../../stripe-webhook/tests/stripe_webhook/orders/state.rs"]
#[expect(dead_code, reason = "Stripe's walk uses all of it")]
mod state;
#[cfg(test)]
#[path = "../../../stripe-webhook/tests/stripe_webhook/stories.rs"]
mod stories;
#[cfg(test)]
mod subscriptions;
#[cfg(test)]
mod told;
