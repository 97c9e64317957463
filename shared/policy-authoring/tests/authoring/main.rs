//! Small documents with mistakes, contradictions and changes.

#[cfg(test)]
mod differences;
#[cfg(test)]
mod ignored_prices;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod outcomes;
#[cfg(test)]
mod publication;
#[cfg(test)]
mod sold_through;

/// The document of the engine's own tests; these replace parts of it.
#[cfg(test)]
pub(crate) const SMALL: &str = include_str!("../../../policy/tests/policy/small.toml");
