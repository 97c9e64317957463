//! Setting credits aside for a generation.

use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{
    AccountId, Actor, AmountError, Answer, Cause, Command, Credits, GenerationId, Hold, LedgerStore, Order,
    Pause, PlaceHold, ProductId, Rejection, ServiceId, Timestamp, execute_on,
};
use ledger_dynamodb::StoreError;
use serde::Deserialize;

use crate::lot_view::HoldView;
use crate::{BODY_BYTES_MAX, Context, failure};

/// An account with the most open holds has to wait until a generation ends.
const HOLDS_RETRY_AFTER_S: u32 = 30;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HoldRequest {
    generation_id: String,
    operation: String,
    credits: u64,
    product: Option<String>,
}

fn invalid(pointer: &str, detail: String) -> Problem {
    Problem::new(ProblemKind::InvalidRequest).detail("the body is not as documented").field(pointer, detail)
}

fn unprocessable(pointer: &str, detail: String) -> Problem {
    Problem::new(ProblemKind::Unprocessable).detail("the policy does not know this").field(pointer, detail)
}

/// What is to be held; the deadline is that of the policy document in force.
fn place_of<S, P>(
    context: &Context<S, P>,
    service: ServiceId,
    body: HoldRequest,
    now: Timestamp,
) -> Result<PlaceHold, Problem> {
    let generation = GenerationId::new(body.generation_id)
        .map_err(|error| invalid("#/generation_id", error.to_string()))?;
    let product = body.product.map(ProductId::new).transpose();
    let product = product.map_err(|error| invalid("#/product", error.to_string()))?;
    let product = match product {
        Some(named) => spent_by(context, &named)?,
        None => context.product.clone(),
    };
    let credits = Credits::new(body.credits).ok().filter(|credits| !credits.is_zero());
    let credits = credits.ok_or_else(|| invalid("#/credits", "expected 1 to 10^15 credits".to_owned()))?;
    let Some(document) = context.document(&product, now) else {
        return Err(unprocessable("#/product", "no policy document covers this product".to_owned()));
    };
    let Some(operation) = document.operation(&body.operation) else {
        let known: Vec<String> = document.operations.iter().map(|each| format!("`{}`", each.id)).collect();
        return Err(unprocessable("#/operation", format!("expected one of {}", known.join(", "))));
    };
    Ok(PlaceHold {
        generation,
        service,
        operation: operation.id.clone(),
        product,
        credits,
        deadline_s: operation.hold_deadline_s,
    })
}

/// The product whose credits operations of `named` spend: its own, or those of the product that it is managed
/// through.
fn spent_by<S, P>(context: &Context<S, P>, named: &ProductId) -> Result<ProductId, Problem> {
    let catalogue = (context.catalogue)();
    let Some(product) = catalogue.spent_by(named.as_str()) else {
        let known: Vec<String> = catalogue.services().map(|each| format!("`{each}`")).collect();
        return Err(unprocessable("#/product", format!("expected one of {}", known.join(", "))));
    };
    ProductId::new(product.id.as_str()).map_err(Problem::internal)
}

/// Answers `POST /v1/accounts/{account}/holds`.
pub(crate) async fn place<S: LedgerStore<Error = StoreError>, P: Pause>(
    context: &Context<S, P>,
    caller: &Caller,
    account: &AccountId,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    caller.may_reach(account, &[Role::Service])?;
    lambda::log::account(account);
    let service = caller.service().ok_or_else(|| Problem::new(ProblemKind::Forbidden))?;
    let place = place_of(context, service, request.json(BODY_BYTES_MAX)?, invocation.now())?;
    lambda::log::cause(place.generation.as_str());
    let head = context.store.head(account).await.map_err(failure::store)?;
    if head.is_none() {
        // A customer who has bought nothing yet. No journal begins with a refusal.
        let (available, needed) = (Credits::ZERO, place.credits);
        return refused(Rejection::NotEnough { available, needed }, invocation);
    }
    let generation = place.generation.clone();
    let order = Order {
        account,
        command: &Command::Hold(place),
        cause: Cause::Generation,
        actor: Actor::Service(caller.subject().to_owned()),
        policy: None,
        records: Vec::new(),
    };
    let answer = execute_on(&context.store, &context.pause, &order, head, invocation.now()).await;
    match answer.map_err(failure::execute)? {
        Answer::Written { entry, .. } => {
            invocation.metrics().count("HoldsPlaced", 1);
            shown(201, entry.after().hold(&generation))
        }
        Answer::Placed(hold) => {
            invocation.metrics().count("HoldsRepeated", 1);
            shown(200, Some(&hold))
        }
        Answer::Refused(rejection) => {
            let label = ("reason", reason(rejection));
            invocation.metrics().count_labelled("HoldsRefused", label, 1);
            refused(rejection, invocation)
        }
        Answer::Unchanged(_) | Answer::Exists(_) => Err(Problem::internal("a hold has no such answer")),
    }
}

fn shown(status: u16, hold: Option<&Hold>) -> Result<Response, Problem> {
    let hold = hold.ok_or_else(|| Problem::internal("the entry of a hold shows no hold"))?;
    let view = HoldView::of(hold).map_err(|error: AmountError| Problem::internal(error))?;
    Ok(Response::json(status, &view))
}

fn reason(rejection: Rejection) -> &'static str {
    match rejection {
        Rejection::NotEnough { .. } => "not_enough",
        Rejection::NoCredits => "no_credits",
        Rejection::HoldConflict => "conflict",
        Rejection::Suspended => "suspended",
        Rejection::TooManyHolds => "too_many_holds",
        Rejection::TooManyLots => "too_many_lots",
        Rejection::AccountInUse => "account_in_use",
        Rejection::NoSuchLot => "no_such_lot",
        Rejection::LessOwed { .. } => "less_owed",
        Rejection::OtherProduct => "other_product",
        Rejection::NeverExpires => "never_expires",
        Rejection::Expired => "expired",
        Rejection::NotAhead => "not_ahead",
        Rejection::OutOfRange => "out_of_range",
    }
}

fn refused(rejection: Rejection, invocation: &Invocation) -> Result<Response, Problem> {
    let problem = match rejection {
        Rejection::NotEnough { available, needed } => {
            return failure::not_enough(available, needed, invocation.request_id());
        }
        Rejection::HoldConflict => Problem::new(ProblemKind::HoldConflict),
        Rejection::Suspended => Problem::new(ProblemKind::StateConflict).detail(rejection.to_string()),
        Rejection::TooManyHolds => Problem::new(ProblemKind::TooManyRequests)
            .detail(rejection.to_string())
            .retry_after_s(HOLDS_RETRY_AFTER_S),
        Rejection::NoCredits
        | Rejection::TooManyLots
        | Rejection::AccountInUse
        | Rejection::NoSuchLot
        | Rejection::LessOwed { .. }
        | Rejection::OtherProduct
        | Rejection::NeverExpires
        | Rejection::Expired
        | Rejection::NotAhead
        | Rejection::OutOfRange => Problem::internal(rejection),
    };
    Err(problem)
}
