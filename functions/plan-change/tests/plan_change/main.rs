//! Changes of plan through their events: the tables and Stripe's stand-in are in this process, the clock is
//! fixed.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod confirming;
#[cfg(test)]
mod previews;
#[cfg(test)]
mod world;
