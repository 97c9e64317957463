//! The rules of this repository: which crate may know which, how long files and lines are, which words
//! are left out, which fault cases have tests, what is installed, and that the interfaces and the list of
//! metrics say what the code does.
//!
//! Every message names the file, the line where there is one, what is wrong and what is expected.

#[cfg(test)]
mod arrows;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod circles;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod files;
#[cfg(test)]
mod glossary;
#[cfg(test)]
mod installed;
#[cfg(test)]
mod interfaces;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod text;
