//! Whether an account may place holds: `PUT /v1/accounts/{account}/standing`.
//!
//! A person suspends an account, or lets it go on, with a reason and the clause that allows it (`S3-28`). The
//! entry of the journal names the person and the policy. A suspension takes nothing: the credits stay, open
//! holds end as ever, and no new hold is accepted.

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{Actor, Answer, Cause, Command, Order, ProductId, execute};
use policy_documents::documents;
use refunds::{RefundStore, policy_ref};
use serde::{Deserialize, Serialize};

use crate::app::{RefundRequests, not_carried_out, support};
use crate::input::{id, read, unprocessable};

/// Longest reason, in characters: it stands in the entry, which is read with every hold.
const REASON_CHARACTERS_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StandingBody {
    state: String,
    product: String,
    clause: String,
    reason: String,
}

#[derive(Serialize)]
struct StandingAnswer<'a> {
    state: &'a str,
    /// Whether it was so before.
    repeated: bool,
}

pub(crate) async fn put<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = support(app, request, invocation)?;
    let account = request.account()?;
    lambda::log::account(&account);
    if caller.subject() == account.as_str() {
        return Err(Problem::new(ProblemKind::Forbidden).detail("the account is your own"));
    }
    let body: StandingBody = read(request)?;
    let command = match body.state.as_str() {
        "suspended" => Command::Suspend,
        "active" => Command::Resume,
        _ => return Err(unprocessable("#/state", "expected suspended or active")),
    };
    let product: Option<ProductId> = id("#/product", Some(&body.product))?;
    let document = product.as_ref().and_then(|product| {
        let in_force = documents().in_force(product.as_str(), now.as_ms());
        in_force.document()
    });
    let document = document
        .ok_or_else(|| unprocessable("#/product", "expected a product that a policy in force covers"))?;
    if document.clauses.iter().all(|clause| clause.id != body.clause) {
        return Err(unprocessable("#/clause", format!("expected a clause of `{}`", document.id)));
    }
    let characters = body.reason.chars().count();
    if body.reason.trim().is_empty() || characters > REASON_CHARACTERS_MAX {
        let expected = format!("expected 1 to {REASON_CHARACTERS_MAX} characters that say why");
        return Err(unprocessable("#/reason", expected));
    }
    let order = Order {
        account: &account,
        command: &command,
        cause: Cause::Operator(format!("{}: {}", body.clause, body.reason)),
        actor: Actor::Support(caller.subject().to_owned()),
        policy: Some(policy_ref(document)),
        records: Vec::new(),
    };
    let answer = execute(&app.store, &app.backoff, &order, now).await.map_err(not_carried_out::<S>)?;
    let repeated = match answer {
        Answer::Written { .. } => false,
        Answer::Unchanged(_) => true,
        Answer::Placed(_) | Answer::Refused(_) | Answer::Exists(_) => {
            return Err(Problem::new(ProblemKind::StateConflict).detail("the standing cannot be changed"));
        }
    };
    if !repeated {
        invocation.metrics().count_labelled("StandingsChanged", ("state", state_of(&command)), 1);
    }
    tracing::info!(outcome = state_of(&command), repeated, "standing of an account");
    Ok(Response::json(200, &StandingAnswer { state: state_of(&command), repeated }))
}

fn state_of(command: &Command) -> &'static str {
    if matches!(command, Command::Suspend) { "suspended" } else { "active" }
}
