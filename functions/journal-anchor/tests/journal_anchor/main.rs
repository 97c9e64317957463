//! The anchor from outside: batches of the stream against a table in this process.

#[cfg(test)]
mod anchors;
