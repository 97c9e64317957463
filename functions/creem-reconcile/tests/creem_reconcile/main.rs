//! Lookups and watches against the tables in this process and a Creem that answers what a test says.

#[cfg(test)]
mod lookups;
#[cfg(test)]
mod watches;
#[cfg(test)]
mod world;
