//! Values that JSON writes as their text.

use std::fmt::Display;

use serde::{Serialize, Serializer};

/// A value that is written as its text: an id, an instant.
#[derive(Debug, Clone, Copy)]
pub struct JsonDisplay<T>(pub T);

impl<T: Display> Serialize for JsonDisplay<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
