//! The only crate that knows the DynamoDB tables.
