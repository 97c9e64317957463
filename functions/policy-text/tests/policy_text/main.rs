//! The written policies in public, through the events of the HTTP API.

#[cfg(test)]
mod bodies;
#[cfg(test)]
mod caching;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod world;
