//! What only people can find out, recorded so that later decisions rest on it: `PUT
//! /v1/accounts/{account}/findings` and `PUT /v1/outages/{id}`.
//!
//! A finding replaces the one before; an outage is recorded once under its name. Neither decides anything
//! by itself.

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{Abuse, AccountId, Finding, Outage, ProductId, Timestamp};
use refunds::Stores;
use serde::{Deserialize, Serialize};

use crate::body::{id, read, unprocessable, words};
use crate::{RefundRequests, store_failed, support};

/// Accounts that one finding relates: each is one more query for every request of the account.
const RELATED_MAX: usize = 5;
/// Longest name of an outage, in bytes.
const NAME_BYTES_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingBody {
    abuse: String,
    #[serde(default)]
    related_accounts: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutageBody {
    product: String,
    began_at: String,
    ended_at: String,
}

#[derive(Serialize)]
struct Recorded {
    recorded_at: String,
}

/// `PUT /v1/accounts/{account}/findings`
pub(crate) async fn finding<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = support(app, request, invocation)?;
    let account = request.account()?;
    lambda::log::account(&account);
    if caller.subject() == account.as_str() {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    let body: FindingBody = read(request)?;
    words("/reason", &body.reason)?;
    let abuse = Abuse::from_name(&body.abuse);
    let abuse = abuse.ok_or_else(|| unprocessable("/abuse", "expected none, indicated or confirmed"))?;
    if body.related_accounts.len() > RELATED_MAX {
        let problem = format!("expected at most {RELATED_MAX} accounts");
        return Err(unprocessable("/related_accounts", problem));
    }
    let mut related: Vec<AccountId> = Vec::new();
    for named in &body.related_accounts {
        // An account is not related to itself, and counts once.
        related.extend(
            id("/related_accounts", Some(named))?
                .filter(|named| *named != account && !related.contains(named)),
        );
    }
    let by = caller.subject().to_owned();
    let finding = Finding { abuse, related, reason: body.reason, by, at: now };
    app.store.save_finding(&account, &finding).await.map_err(store_failed)?;
    tracing::info!(outcome = abuse.as_str(), "finding is recorded");
    Ok(recorded(now))
}

/// `PUT /v1/outages/{id}`
pub(crate) async fn outage<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    support(app, request, invocation)?;
    let name: ledger::RefundRequestId = request.path_id("id")?;
    if name.as_str().len() > NAME_BYTES_MAX {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    let body: OutageBody = read(request)?;
    let product: Option<ProductId> = id("/product", Some(&body.product))?;
    let product = product.filter(|product| policy_documents::catalogue().product(product.as_str()).is_some());
    let product = product.ok_or_else(|| unprocessable("/product", "expected a product of the catalogue"))?;
    let instant = |field: &str, text: &str| {
        Timestamp::parse(text)
            .map_err(|_| unprocessable(field, "expected an instant such as 2026-11-01T00:00:00Z"))
    };
    let (began_at, ended_at) = (instant("/began_at", &body.began_at)?, instant("/ended_at", &body.ended_at)?);
    if ended_at <= began_at || ended_at > now {
        return Err(unprocessable("/ended_at", "expected an instant behind `began_at` that has passed"));
    }
    let outage = Outage { id: name.as_str().to_owned(), product, began_at, ended_at };
    app.store.save_outage(&outage).await.map_err(store_failed)?;
    tracing::info!(outcome = "recorded", "outage is recorded");
    Ok(recorded(now))
}

fn recorded(now: Timestamp) -> Response {
    Response::json(200, &Recorded { recorded_at: now.to_string() })
}
