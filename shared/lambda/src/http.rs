//! HTTP: a request of an API Gateway HTTP API (payload format 2.0) goes in, a response comes out.
//!
//! [`Request`] borrows from the event; a handler matches on [`Request::route_key`], reads what it needs
//! with typed, bounded accessors, and answers with a [`Response`] or a [`Problem`]. Nothing that the
//! caller sent is repeated in a problem.

mod body;
pub mod cursor;
mod display;
mod problem;
mod request;
mod response;

pub use display::JsonDisplay;
pub use problem::{FieldError, Problem, ProblemKind};
pub use request::Request;
pub use response::Response;

/// Events for the tests of other modules.
#[cfg(test)]
pub(crate) use request::tests::event as tests_event;
