//! Requests that come by an invocation of the function itself, which IAM has to allow: an operator's, with
//! the name that the operator gives. What comes through the HTTP API has another form. The answer is that of
//! the route that does the same.

use adjustments::Person;
use lambda::Invocation;
use lambda::http::{Problem, Response};
use ledger::{AccountId, AdjustmentId};
use serde::Deserialize;

use crate::app::{AccountAdjustments, AdjustingStore};
use crate::body::{AdjustmentBody, unprocessable};
use crate::decide::{approve_by, refuse_by};
use crate::list::queue_from;
use crate::submit::submit_by;

/// Longest name of an operator and longest key, as that of a header.
const NAME_BYTES_MAX: usize = 255;

/// What an operator asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DirectRequest {
    /// Submit an adjustment.
    Submit(SubmitRequest),
    /// Approve one that waits.
    Approve(DecideRequest),
    /// Refuse one that waits.
    Refuse(RefuseRequest),
    /// List those that wait.
    Waiting(WaitingRequest),
}

/// An adjustment in an operator's name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmitRequest {
    account: String,
    operator: String,
    /// What names the adjustment: the same again is the same adjustment.
    key: String,
    adjustment: AdjustmentBody,
}

/// Which adjustment an operator decides about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecideRequest {
    account: String,
    id: String,
    operator: String,
}

/// As [`DecideRequest`], with why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefuseRequest {
    account: String,
    id: String,
    operator: String,
    reason: String,
}

/// From where on the adjustments that wait are listed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingRequest {
    #[serde(default)]
    cursor: Option<String>,
}

/// Answers an invocation of the function itself; what is refused is an answer, too.
pub async fn handle_direct<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    request: DirectRequest,
    invocation: &Invocation,
) -> Result<Response, std::convert::Infallible> {
    let answered = match request {
        DirectRequest::Submit(request) => submit(app, request, invocation).await,
        DirectRequest::Approve(DecideRequest { account, id, operator }) => {
            approve(app, (&account, &id, &operator), invocation).await
        }
        DirectRequest::Refuse(RefuseRequest { account, id, operator, reason }) => {
            refuse(app, (&account, &id, &operator), &reason, invocation).await
        }
        DirectRequest::Waiting(WaitingRequest { cursor }) => {
            queue_from(app, cursor.as_deref(), invocation).await
        }
    };
    Ok(answered.unwrap_or_else(|problem| {
        let (outcome, error) = (problem.kind().slug(), problem.cause());
        if problem.kind().status() >= 500 {
            tracing::error!(outcome, error, "an operator's request");
        } else {
            tracing::info!(outcome, error, "an operator's request");
        }
        problem.into_response(invocation.request_id())
    }))
}

async fn submit<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    request: SubmitRequest,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let person = operator(&request.operator)?;
    let account = account(&request.account)?;
    if !is_printable(&request.key) {
        return Err(unprocessable("#/key", printable()));
    }
    submit_by(app, (person, account, &request.key), request.adjustment, invocation).await
}

async fn approve<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    (account_named, id_named, by): (&str, &str, &str),
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let named = (&account(account_named)?, &id(id_named)?);
    approve_by(app, &operator(by)?, named, invocation).await
}

async fn refuse<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    (account_named, id_named, by): (&str, &str, &str),
    reason: &str,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let named = (&account(account_named)?, &id(id_named)?);
    refuse_by(app, (&operator(by)?, reason), named, invocation).await
}

fn operator(name: &str) -> Result<Person, Problem> {
    if is_printable(name) {
        Ok(Person::Operator(name.to_owned()))
    } else {
        Err(unprocessable("#/operator", printable()))
    }
}

fn account(text: &str) -> Result<AccountId, Problem> {
    let account: AccountId = text.parse().map_err(|error| unprocessable("#/account", format!("{error}")))?;
    lambda::log::account(&account);
    Ok(account)
}

fn id(text: &str) -> Result<AdjustmentId, Problem> {
    text.parse().map_err(|error| unprocessable("#/id", format!("{error}")))
}

fn is_printable(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn printable() -> String {
    format!("expected 1 to {NAME_BYTES_MAX} printable ASCII characters without spaces")
}
