//! Lookups through the events of the HTTP API: the tables are in this process, the clock is fixed.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod world;
