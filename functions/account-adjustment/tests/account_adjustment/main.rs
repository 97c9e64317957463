//! Adjustments through their events: the tables are in this process, the clock is fixed.

#[cfg(test)]
mod acts;
#[cfg(test)]
mod bodies;
#[cfg(test)]
mod four_eyes;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod stored;
#[cfg(test)]
mod world;
