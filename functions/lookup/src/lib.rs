//! `GET /v1/lookups/{id}`: what an id leads to that a person has in hand, for support people alone.
//!
//! The id may be of any kind, and the answer says of which it is. Several things may have one id, like the
//! same number on the invoices of two businesses: all of them are answered. An answer holds ids and paths of
//! this API, and nothing personal but the account.

mod answer;

use lambda::Invocation;
use lambda::caller::{Caller, CallerRules, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{AccountId, PaymentName};
use ledger_dynamodb::{GivenId, Tables};

use crate::answer::{Matches, kind_name};

/// The kinds of ids, for a caller whose id is not known.
const UNKNOWN: &str = "nothing here has this id; expected that of an account, a payment, a charge, a \
     receipt, an invoice or its number, a checkout, an order, a subscription, a customer, a refund request, \
     a refund or a dispute, or that of a generation together with `?account=`";

/// What the route needs.
#[derive(Debug)]
pub struct Lookups {
    pub tables: Tables,
    /// Who may call.
    pub rules: CallerRules,
}

/// Answers one call.
pub async fn handle(
    app: &Lookups,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    match request.route_key() {
        "GET /v1/lookups/{id}" => look_up(app, request, invocation).await,
        _ => Err(Problem::new(ProblemKind::NotFound)),
    }
}

async fn look_up(app: &Lookups, request: &Request<'_>, invocation: &Invocation) -> Result<Response, Problem> {
    let caller = Caller::check(request.claims(), &app.rules, invocation.now())?;
    caller.must_be(&[Role::Support])?;
    let unknown = || {
        invocation.metrics().count_labelled("IdsLookedUp", ("kind", "unknown"), 1);
        Problem::new(ProblemKind::NotFound).detail(UNKNOWN)
    };
    let account = match request.query("account").map(str::parse::<AccountId>) {
        Some(Ok(account)) => Some(account),
        // What cannot be an account has nothing.
        Some(Err(_)) => return Err(unknown()),
        None => None,
    };
    let given: String = request.path_id("id")?;
    // Receipts write `#1234-5678`.
    let id = given.trim().trim_start_matches('#');
    let Ok(name) = PaymentName::new(as_recorded(id)) else { return Err(unknown()) };
    let given = GivenId { id, name: name.as_str() };
    // What is read at once makes a large future.
    let matches = Box::pin(app.tables.matches(given, account.as_ref())).await;
    let matches = matches.map_err(Problem::unavailable)?;
    let Some(first) = matches.first() else { return Err(unknown()) };
    lambda::log::account(&first.account);
    invocation.metrics().count_labelled("IdsLookedUp", ("kind", kind_name(first.kind)), 1);
    tracing::info!(outcome = kind_name(first.kind), matches = matches.len(), "an id is looked up");
    Ok(Response::json(200, &Matches::of(&matches)))
}

/// The name of a payment as it is recorded: numbers of invoices are in capitals, unlike the providers' ids.
fn as_recorded(id: &str) -> String {
    if id.contains('_') { id.to_owned() } else { id.to_ascii_uppercase() }
}
