//! The webhook from outside: signed events of the Stripe stand-in against tables in this process.

#![expect(clippy::arithmetic_side_effects, reason = "the numbers of a story are small")]

#[cfg(test)]
mod authenticity;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod bought;
#[cfg(test)]
mod charges;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod disputed_credits;
#[cfg(test)]
mod disputes;
#[cfg(test)]
mod guests;
#[cfg(test)]
mod leads;
#[cfg(test)]
mod names;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod order;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod other_products;
#[cfg(test)]
mod outside_refunds;
#[cfg(test)]
mod plan_changes;
#[cfg(test)]
mod purchases;
#[cfg(test)]
mod refunds;
#[cfg(test)]
mod replays;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod returns;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod subscriptions;
#[cfg(test)]
mod told;
#[cfg(test)]
mod upgrade_terms;
#[cfg(test)]
mod yearly_plans;
