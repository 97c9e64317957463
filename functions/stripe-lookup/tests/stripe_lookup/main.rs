//! Lookups against the stand-in and the tables, both in this process.

#[cfg(test)]
mod lookups;
