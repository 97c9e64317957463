//! Reconciliation against the stand-in's list of events, with a webhook that keeps what it was handed.

#[cfg(test)]
mod lists;
#[cfg(test)]
mod runs;
