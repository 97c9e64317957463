//! How a generation ended, when its service says so by HTTP: capture or release.

use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{
    AccountId, Actor, Answer, Cause, Command, Credits, Ending, Entry, GenerationId, LedgerStore, Order,
    Pause, PolicyRef, ReleaseReason, ServiceId, Settlement, SettlementOutcome, execute_on, find_hold,
};
use ledger_dynamodb::StoreError;
use policy::{Document, LateSuccess};
use serde::{Deserialize, Serialize};

use crate::{BODY_BYTES_MAX, Context, failure};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptureRequest {
    /// How many of the held credits were used; all of them where it is not said.
    #[serde(default)]
    credits: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseRequest {
    #[serde(default)]
    reason: Reason,
}

/// Why a hold is released. An answer that holds nothing is classified from the queue's messages, which
/// carry it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    #[default]
    Failed,
}

#[derive(Debug, Serialize)]
struct OutcomeView<'a> {
    generation_id: &'a str,
    outcome: &'static str,
}

/// A body that need not be there.
fn optional_body<T: Default + serde::de::DeserializeOwned>(request: &Request<'_>) -> Result<T, Problem> {
    if request.body_bytes(BODY_BYTES_MAX)?.is_empty() {
        Ok(T::default())
    } else {
        request.json(BODY_BYTES_MAX)
    }
}

/// Answers `POST /v1/accounts/{account}/holds/{generation}/capture`.
pub(crate) async fn capture<S: LedgerStore<Error = StoreError>, P: Pause>(
    context: &Context<S, P>,
    caller: &Caller,
    account: &AccountId,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    caller.may_reach(account, &[Role::Service])?;
    lambda::log::account(account);
    let CaptureRequest { credits } = optional_body(request)?;
    let ending = match credits.map(Credits::new) {
        None => Ending::Succeeded,
        Some(Ok(credits)) if !credits.is_zero() => Ending::SucceededUsing(credits),
        Some(_) => {
            let fault = "expected a whole number from 1 on; a generation that used nothing is released";
            return Err(unusable_count(ProblemKind::InvalidRequest, fault));
        }
    };
    settle(context, caller, account, request.path_id("generation")?, ending, invocation).await
}

fn unusable_count(kind: ProblemKind, fault: &str) -> Problem {
    Problem::new(kind).detail("the hold cannot be captured like this").field("/credits", fault.to_owned())
}

/// Answers `POST /v1/accounts/{account}/holds/{generation}/release`.
pub(crate) async fn release<S: LedgerStore<Error = StoreError>, P: Pause>(
    context: &Context<S, P>,
    caller: &Caller,
    account: &AccountId,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    caller.may_reach(account, &[Role::Service])?;
    lambda::log::account(account);
    let ReleaseRequest { reason } = optional_body(request)?;
    let ending = Ending::Failed(match reason {
        Reason::Failed => ReleaseReason::Failed,
    });
    settle(context, caller, account, request.path_id("generation")?, ending, invocation).await
}

/// The document that a generation's hold falls under: that of its own product which was in force when it was
/// placed. A hold that is closed is looked up, unless it ended like this before.
async fn document_of<S: LedgerStore<Error = StoreError>, P: Pause>(
    context: &Context<S, P>,
    newest: &Entry,
    (service, generation): (&ServiceId, &GenerationId),
    ending: Ending,
) -> Result<Option<&'static Document>, Problem> {
    let account = newest.after();
    if let Some(hold) = account.hold(generation) {
        return Ok(context.document(&hold.product, hold.held_at));
    }
    let last = account.recent.iter().rfind(|recent| recent.is_of(generation));
    if last.is_some_and(|last| last.settled() == ending.settles() && last.is_by(service)) {
        return Ok(None);
    }
    let found = find_hold(&context.store, newest.account(), generation).await.map_err(failure::execute)?;
    Ok(found.past.and_then(|past| context.document(&past.hold.product, past.hold.held_at)))
}

async fn settle<S: LedgerStore<Error = StoreError>, P: Pause>(
    context: &Context<S, P>,
    caller: &Caller,
    account: &AccountId,
    generation: GenerationId,
    ending: Ending,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    lambda::log::cause(generation.as_str());
    let service = caller.service().ok_or_else(|| Problem::new(ProblemKind::Forbidden))?;
    let now = invocation.now();
    let head = context.store.head(account).await.map_err(failure::store)?;
    let Some(newest) = &head else { return Err(Problem::new(ProblemKind::NotFound)) };
    if let (Ending::SucceededUsing(used), Some(hold)) = (ending, newest.after().hold(&generation))
        && used > hold.credits().map_err(Problem::internal)?
    {
        return Err(unusable_count(ProblemKind::Unprocessable, "the hold has fewer credits"));
    }
    let document = document_of(context, newest, (&service, &generation), ending).await?;
    let settlement = Settlement {
        generation: generation.clone(),
        ending,
        grace_s: document.map_or(0, Document::grace_s),
        charges_late: document.is_none_or(|document| document.late_success.then == LateSuccess::Charge),
    };
    let command = Command::Settle { by: Some(service), settlements: vec![settlement] };
    // A capture is the service's word alone.
    let released_by = document.filter(|_| matches!(ending, Ending::Failed(_)));
    let order = Order {
        account,
        command: &command,
        cause: Cause::Generation,
        actor: Actor::Service(caller.subject().to_owned()),
        policy: released_by
            .map(|each| PolicyRef { document: each.id.clone(), version: each.version.clone() }),
        records: Vec::new(),
    };
    let answer = execute_on(&context.store, &context.pause, &order, head, now).await;
    let outcome = match answer.map_err(failure::execute)? {
        Answer::Written { outcomes, .. } | Answer::Unchanged(outcomes) => outcomes.first().copied(),
        Answer::Refused(rejection) => return Err(Problem::internal(rejection)),
        Answer::Placed(_) | Answer::Exists(_) => None,
    };
    let outcome = outcome.ok_or_else(|| Problem::internal("a settlement has no such answer"))?;
    let name = outcome.as_str();
    invocation.metrics().count_labelled("GenerationsEnded", ("outcome", name), 1);
    match outcome {
        SettlementOutcome::Unknown => Err(Problem::new(ProblemKind::NotFound)),
        SettlementOutcome::AnotherService => Err(Problem::new(ProblemKind::AnotherService)),
        SettlementOutcome::TooLate => Err(Problem::new(ProblemKind::StateConflict)
            .detail("the lots that the credits came from have left the account; a person has to look")),
        _ => Ok(Response::json(200, &OutcomeView { generation_id: generation.as_str(), outcome: name })),
    }
}
