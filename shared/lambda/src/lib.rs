//! What every function's main needs: configuration, logs, metrics, problems, SQS batches.
//!
//! [`start`] sets up the log and reads the environment; the [`Function`] that it hands over is wired
//! and then serves one kind of event: [`Function::serve`] any JSON event, [`Function::serve_http`]
//! requests of an HTTP API, [`Function::serve_sqs`] batches of messages. An invocation's event goes in,
//! one answer, one metrics line and the log lines come out; nothing is kept between invocations here
//! except the clients and caches that the function itself holds.
//!
//! Only this crate reads the wall clock and the environment. Nothing is read, parsed or connected at
//! start-up that the first invocation does not need: no provider chains, no system certificates.

pub mod aws;
pub mod backoff;
pub mod caller;
pub mod clock;
pub mod config;
pub mod http;
pub mod log;
pub mod metrics;
pub mod secrets;
pub mod sqs;
pub mod stream;

mod deadline;
mod event_error;
mod run;
mod text;

pub use deadline::Deadline;
pub use event_error::EventError;
pub use run::{BeforeEach, Error, Function, Invocation, start};
