//! The evidence of a dispute through its events: the tables are in this process, Stripe is the stand-in, and
//! the clock is fixed.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod submissions;
#[cfg(test)]
mod world;
