//! Batches of accounts against the tables in memory.

#[cfg(test)]
mod cuts;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod world;
