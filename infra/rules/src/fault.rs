//! What is wrong with the inputs, or with what the tests showed.

use std::fmt;

/// What is wrong, a line each.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) Vec<String>);

impl Fault {
    /// Something wrong with one file.
    pub(crate) fn file(path: &str, wrong: impl fmt::Display) -> Self {
        Self(vec![format!("{path}: {wrong}")])
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}
