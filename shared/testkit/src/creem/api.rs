//! The calls of Creem's API that Makegood makes.
//!
//! Order of the checks: key, planned fault, the call itself. No call is guarded by an idempotency key.

use std::sync::Arc;
use std::time::Duration;

use hyper::{HeaderMap, Method};
use serde_json::{Value, json};

use super::answer::{CreemAnswer, CreemOperation, Refusal};
use super::command::MoveTo;
use super::record::{CreemCall, CreemSale};
use super::shared::Shared;
use super::world::World;
use crate::stand_in::Fault;

/// Creem's default page.
const PAGE_DEFAULT: usize = 10;
const PAGE_MAX: usize = 100;

/// What the server does with the connection.
pub(super) enum Outcome {
    Answer(CreemAnswer),
    /// Breaks the connection in the middle of the answer's body.
    CutAnswer(CreemAnswer),
    /// Sends 200 and a body that is not JSON.
    Garbage,
    /// Breaks the connection without an answer.
    Reset,
    /// Lets the caller wait until it gives up.
    Silence,
}

/// A request of the API, read completely.
pub(super) struct ApiRequest {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Option<Value>,
}

impl ApiRequest {
    fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.body.as_ref()?.get(name)?.as_str()
    }

    fn operation(&self) -> Option<CreemOperation> {
        let segments: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        match (&self.method, segments.as_slice()) {
            (&Method::POST, ["v1", "refunds"]) => Some(CreemOperation::CreateRefund),
            (&Method::GET, ["v1", "transactions"]) => Some(CreemOperation::RetrieveTransaction),
            (&Method::GET, ["v1", "transactions", "search"]) => Some(CreemOperation::SearchTransactions),
            (&Method::GET, ["v1", "subscriptions"]) => Some(CreemOperation::RetrieveSubscription),
            (&Method::POST, ["v1", "subscriptions", _, "cancel"]) => Some(CreemOperation::CancelSubscription),
            _ => None,
        }
    }
}

pub(super) async fn answer(shared: &Arc<Shared>, request: ApiRequest) -> Outcome {
    let refuse = |refusal| Outcome::Answer(CreemAnswer::from(Err(refusal)));
    let key = request.headers.get("x-api-key").and_then(|key| key.to_str().ok());
    match key {
        None => return refuse(Refusal::of(401, "unauthorized")),
        Some(key) if key != shared.api_key => return refuse(Refusal::of(403, "forbidden")),
        Some(_) => {}
    }
    let Some(operation) = request.operation() else {
        return refuse(Refusal::of(404, "not_found"));
    };
    let fault = {
        let mut world = shared.world();
        let fault = world.faults.take(operation);
        let (method, path) = (request.method.to_string(), request.path.clone());
        world.calls.push(CreemCall { method, path, body: request.body.clone(), fault: fault.clone() });
        fault
    };
    let act = || CreemAnswer::from(run(&mut shared.world(), &request, operation));
    match fault {
        None => Outcome::Answer(act()),
        Some(Fault::TimeoutBeforeActing) => Outcome::Silence,
        Some(Fault::TimeoutAfterActing) => {
            act();
            Outcome::Silence
        }
        Some(Fault::ResetBeforeActing) => Outcome::Reset,
        Some(Fault::ResetAfterActing) => Outcome::CutAnswer(act()),
        Some(Fault::Slow { delay_ms }) => {
            // Carried out even if its caller has left by then.
            let shared = Arc::clone(shared);
            let later = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(delay_ms)).await;
                CreemAnswer::from(run(&mut shared.world(), &request, operation))
            });
            later.await.map_or(Outcome::Reset, Outcome::Answer)
        }
        Some(Fault::InUse) => refuse(Refusal::of(409, "subscription_concurrent_change")),
        Some(Fault::RateLimited { retry_after_s }) => {
            refuse(Refusal { retry_after_s, ..Refusal::of(429, "too_many_requests") })
        }
        Some(Fault::Unavailable) => refuse(Refusal::of(503, "unavailable")),
        Some(Fault::ServerError { acts }) => {
            if acts {
                act();
            }
            refuse(Refusal::of(500, "internal_server_error"))
        }
        Some(Fault::Decline { code }) => refuse(Refusal::bad(&code)),
        Some(Fault::Garbage) => Outcome::Garbage,
    }
}

fn run(world: &mut World, request: &ApiRequest, operation: CreemOperation) -> Result<Value, Refusal> {
    let missing = Refusal::missing(world.settings.missing_status);
    match operation {
        CreemOperation::CreateRefund => {
            let others = request.body.as_ref().and_then(Value::as_object).map_or(0, serde_json::Map::len);
            let id = request.member("transaction_id").filter(|_| others == 1);
            let refund = world.refund_rest(id.ok_or_else(|| Refusal::bad("bad_request"))?)?;
            Ok(json!({ "id": refund.id, "status": refund.status }))
        }
        CreemOperation::RetrieveTransaction => {
            let id = request.parameter("transaction_id").ok_or_else(|| Refusal::bad("bad_request"))?;
            world.sales.get(id).map(|sale| world.transaction_object(sale)).ok_or(missing)
        }
        CreemOperation::SearchTransactions => search(world, request),
        CreemOperation::RetrieveSubscription => {
            let id = request.parameter("subscription_id").ok_or_else(|| Refusal::bad("bad_request"))?;
            world.plans.get(id).map(|plan| world.plan_object(plan)).ok_or(missing)
        }
        CreemOperation::CancelSubscription => {
            let id = request.path.trim_matches('/').split('/').nth(2).unwrap_or_default();
            let to = match (request.member("mode"), request.member("onExecute")) {
                (Some("immediate"), None) => MoveTo::Canceled,
                (Some("scheduled"), Some("cancel")) => MoveTo::ScheduledCancel,
                // Creem would follow a setting of the store: nobody here wants that.
                _ => return Err(Refusal::bad("bad_request")),
            };
            world.cancel(id, to)?;
            world.plans.get(id).map(|plan| world.plan_object(plan)).ok_or(missing)
        }
    }
}

/// Newest first, in pages.
fn search(world: &World, request: &ApiRequest) -> Result<Value, Refusal> {
    let known = ["customer_id", "order_id", "product_id", "page_number", "page_size"];
    if request.query.iter().any(|(name, _)| !known.contains(&name.as_str())) {
        return Err(Refusal::bad("bad_request"));
    }
    let number = |name: &str, default: usize| match request.parameter(name) {
        None => Ok(default),
        Some(text) => text.parse().ok().filter(|n| *n > 0).ok_or_else(|| Refusal::bad("bad_request")),
    };
    let (page, size) = (number("page_number", 1)?, number("page_size", PAGE_DEFAULT)?.min(PAGE_MAX));
    let fits = |name: &str, value: &str| request.parameter(name).is_none_or(|wanted| wanted == value);
    let mut found: Vec<&CreemSale> = world
        .sales
        .values()
        .filter(|sale| fits("customer_id", &sale.customer))
        .filter(|sale| fits("order_id", &sale.order) && fits("product_id", &sale.product))
        .collect();
    found.sort_by(|one, other| (other.created, &other.id).cmp(&(one.created, &one.id)));
    let pages = found.len().div_ceil(size).max(1);
    let before = page.saturating_sub(1).saturating_mul(size);
    let items: Vec<Value> =
        found.iter().skip(before).take(size).map(|sale| world.transaction_object(sale)).collect();
    let next = page.checked_add(1).filter(|next| *next <= pages);
    Ok(json!({
        "items": items,
        "pagination": {
            "total_records": found.len(), "total_pages": pages, "current_page": page,
            "next_page": next, "prev_page": (page > 1).then(|| page.saturating_sub(1)),
        },
    }))
}
