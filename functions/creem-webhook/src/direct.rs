//! Requests that come by an invocation of the function itself, which IAM has to allow; what comes through the
//! HTTP API has another form.

use intake::{DirectAnswer, Failure, ParkedRequest, handle_parked};
use lambda::Invocation;
use serde::Deserialize;

use crate::handler::Webhook;
use crate::reading::{ReadRequest, apply_reading};

/// What invokes the function itself.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum DirectRequest {
    /// What another function or an operator asks about a parked event.
    Parked(ParkedRequest),
    /// An object that another function has read.
    Read(ReadRequest),
}

/// Answers an invocation of the function itself.
pub async fn handle_direct<S>(
    webhook: &Webhook<S>,
    request: DirectRequest,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    match request {
        DirectRequest::Parked(request) => Box::pin(handle_parked(webhook, request, invocation)).await,
        DirectRequest::Read(ReadRequest::Read(object)) => apply_reading(webhook, &object, invocation).await,
    }
}
