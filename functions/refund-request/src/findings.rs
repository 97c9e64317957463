//! What only people can find out, recorded so that later decisions rest on it: `PUT
//! /v1/accounts/{account}/findings` and `PUT /v1/outages/{id}`; and `GET /v1/outages`, so that a second
//! person finds what waits for a confirmation.
//!
//! A finding replaces the one before; an outage is recorded once under its name, and counts once another
//! person has confirmed it. Neither decides anything by itself.

use futures_util::future::try_join_all;
use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{Abuse, AccountId, Finding, Outage, ProductId, Timestamp, Witness};
use refunds::RefundStore;
use serde::{Deserialize, Serialize};

use crate::app::{RefundRequests, store_failed, support};
use crate::input::{id, read, unprocessable};
use crate::text_bounds::check_text;

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

#[derive(Serialize)]
struct OutageList<'outages> {
    outages: Vec<OutageAnswer<'outages>>,
}

#[derive(Serialize)]
struct OutageAnswer<'outage> {
    id: &'outage str,
    product: &'outage str,
    began_at: String,
    ended_at: String,
    state: &'static str,
    recorded_by: &'outage str,
    recorded_at: String,
    confirmed_by: Option<&'outage str>,
    confirmed_at: Option<String>,
}

/// `PUT /v1/accounts/{account}/findings`
pub(crate) async fn finding<S: RefundStore, Q>(
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
    check_text("#/reason", &body.reason)?;
    let abuse = Abuse::parse(&body.abuse);
    let abuse = abuse.ok_or_else(|| unprocessable("#/abuse", "expected none, indicated or confirmed"))?;
    if body.related_accounts.len() > RELATED_MAX {
        let problem = format!("expected at most {RELATED_MAX} accounts");
        return Err(unprocessable("#/related_accounts", problem));
    }
    let mut related: Vec<AccountId> = Vec::new();
    for named in &body.related_accounts {
        // An account is not related to itself, and counts once.
        related.extend(
            id("#/related_accounts", Some(named))?
                .filter(|named| *named != account && !related.contains(named)),
        );
    }
    let by = caller.subject().to_owned();
    let finding = Finding { abuse, related, reason: body.reason, by, at: now };
    app.store.save_finding(&account, &finding).await.map_err(store_failed)?;
    tracing::info!(outcome = abuse.as_str(), "finding is recorded");
    Ok(Response::json(200, &Recorded { recorded_at: now.to_string() }))
}

/// `GET /v1/outages`: of one product, or of all, the newest first; as many of each as decisions look at.
pub(crate) async fn outages<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    support(app, request, invocation)?;
    let products = &policy_documents::catalogue().products;
    let known = products.iter().map(|product| product.id.as_str());
    let asked: Vec<&str> = match request.query("product") {
        None => known.collect(),
        Some(named) => known.filter(|known| *known == named).collect(),
    };
    if asked.is_empty() {
        return Err(
            Problem::new(ProblemKind::InvalidRequest).detail("the query's `product` is not in the catalogue")
        );
    }
    let of = asked.into_iter().map(async |product| {
        let product = ProductId::new(product).map_err(Problem::internal)?;
        app.store.outages(&product, invocation.now()).await.map_err(store_failed)
    });
    let mut outages = try_join_all(of).await?.concat();
    outages.sort_by(|one, other| (other.began_at, &other.name).cmp(&(one.began_at, &one.name)));
    Ok(Response::json(200, &OutageList { outages: outages.iter().map(view).collect() }))
}

/// `PUT /v1/outages/{id}`: the first person records it, and another person who sends the same confirms it.
pub(crate) async fn outage<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = support(app, request, invocation)?;
    let name: ledger::OutageName = request.path_id("id")?;
    if name.as_str().len() > NAME_BYTES_MAX {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    let body: OutageBody = read(request)?;
    let product: Option<ProductId> = id("#/product", Some(&body.product))?;
    let product = product.filter(|product| policy_documents::catalogue().product(product.as_str()).is_some());
    let product = product.ok_or_else(|| unprocessable("#/product", "expected a product of the catalogue"))?;
    let instant = |field: &str, text: &str| {
        Timestamp::parse(text)
            .map_err(|_| unprocessable(field, "expected an instant such as 2026-11-01T00:00:00Z"))
    };
    let (began_at, ended_at) =
        (instant("#/began_at", &body.began_at)?, instant("#/ended_at", &body.ended_at)?);
    if ended_at <= began_at || ended_at > now {
        return Err(unprocessable("#/ended_at", "expected an instant behind `began_at` that has passed"));
    }
    let known = app.store.outages(&product, now).await.map_err(store_failed)?;
    let witness = Witness { by: caller.subject().to_owned(), at: now };
    let outage = match known.into_iter().find(|known| known.name == name) {
        None => {
            let recorded = witness;
            Outage { name, product, began_at, ended_at, recorded, confirmed: None }
        }
        Some(known) if (known.began_at, known.ended_at) != (began_at, ended_at) => {
            let detail =
                "an outage of this name began or ended at other instants; record this one under another";
            return Err(Problem::new(ProblemKind::StateConflict).detail(detail));
        }
        // The same again, by the person who recorded it or after both have.
        Some(known) if known.confirmed.is_some() || known.recorded.by == witness.by => {
            return Ok(shown(&known));
        }
        Some(known) => Outage { confirmed: Some(witness), ..known },
    };
    if !app.store.save_outage(&outage).await.map_err(store_failed)? {
        return Err(Problem::new(ProblemKind::RequestInProgress).retry_after_s(1));
    }
    let state = state_of(&outage);
    invocation.metrics().count_labelled("Outages", ("state", state), 1);
    tracing::info!(outcome = state, "outage is put on record");
    Ok(shown(&outage))
}

fn state_of(outage: &Outage) -> &'static str {
    if outage.confirmed.is_some() { "confirmed" } else { "recorded" }
}

fn shown(outage: &Outage) -> Response {
    Response::json(200, &view(outage))
}

fn view(outage: &Outage) -> OutageAnswer<'_> {
    let confirmed = outage.confirmed.as_ref();
    OutageAnswer {
        id: outage.name.as_str(),
        product: outage.product.as_str(),
        began_at: outage.began_at.to_string(),
        ended_at: outage.ended_at.to_string(),
        state: state_of(outage),
        recorded_by: &outage.recorded.by,
        recorded_at: outage.recorded.at.to_string(),
        confirmed_by: confirmed.map(|witness| witness.by.as_str()),
        confirmed_at: confirmed.map(|witness| witness.at.to_string()),
    }
}
