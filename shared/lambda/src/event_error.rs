//! Why an event cannot be read.

/// Why an event cannot be read. It never quotes the event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The event is not of the form that the function is made for.
    #[error("the event is not of the expected form at line {line}, column {column}")]
    Json {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// A message of the batch has no id of its own.
    #[error("the batch has a message id that is empty or repeated")]
    MessageIds,
}

impl EventError {
    pub(crate) fn json(error: &serde_json::Error) -> Self {
        Self::Json { line: error.line(), column: error.column() }
    }
}
