//! The first call: what a change of plan would do.

use lambda::Invocation;
use lambda::http::{Problem, Request, Response};
use lambda::secrets::SecretSource;
use ledger::{SubscriptionId, Timestamp};
use payout_queue::PayoutQueue;
use serde::Deserialize;

use crate::answer::PreviewAnswer;
use crate::app::{PlanChanges, Store, reach};
use crate::standing::{recorded, standing};
use crate::terms::{Asked, terms};

/// A price, a quantity and a confirmation.
pub(crate) const BODY_BYTES_MAX: usize = 4096;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// Stripe's price of the new plan.
    price: String,
    /// How many of it; as many as of the plan that runs, where it is left out.
    quantity: Option<u64>,
}

/// `POST /v1/accounts/{account}/subscriptions/{subscription}/change/preview`
pub(crate) async fn preview<S: Store, Q: PayoutQueue, K: SecretSource>(
    app: &PlanChanges<S, Q, K>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, _) = reach(app, request, invocation)?;
    let id: SubscriptionId = request.path_id("subscription")?;
    lambda::log::cause(id.as_str());
    let body: Body = request.json(BODY_BYTES_MAX)?;
    let asked = Asked::check(&body.price, body.quantity)?;
    let recorded = recorded(app, &account, &id).await?;
    let standing = standing(app, invocation, recorded).await?;
    let now = whole_second(invocation.now());
    let terms = terms(&standing, asked, now, invocation.now()).await?;
    invocation.metrics().count("PlanChangesPreviewed", 1);
    Ok(Response::json(200, &PreviewAnswer::of(&standing, &terms)))
}

/// Stripe's instants have whole seconds.
pub(crate) fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_s(at.as_s()).unwrap_or(at)
}
