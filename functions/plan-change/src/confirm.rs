//! The second call: exactly what the first one showed is confirmed.
//!
//! The confirmation is recorded in one conditional write before Stripe is asked, and is then announced. The
//! same call again is answered from the record. If Stripe would charge something else by now, nothing is
//! recorded, and the answer holds a new preview.

use lambda::Invocation;
use lambda::caller::Role;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::secrets::SecretSource;
use ledger::{Channel, PlanChange, PlanOrder, SubscriptionId};
use payout_queue::PayoutQueue;
use serde::Deserialize;

use crate::answer::{ChangeAnswer, PreviewAnswer, confirmation_of, previewed_at};
use crate::app::{PlanChanges, Store, reach, store_failed};
use crate::preview::{BODY_BYTES_MAX, whole_second};
use crate::standing::{Standing, recorded, standing};
use crate::terms::{Asked, Terms, terms};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// As in the preview.
    price: String,
    quantity: Option<u64>,
    /// What the preview answered.
    confirmation: String,
}

/// `POST /v1/accounts/{account}/subscriptions/{subscription}/change`
pub(crate) async fn confirm<S: Store, Q: PayoutQueue, K: SecretSource>(
    app: &PlanChanges<S, Q, K>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, role) = reach(app, request, invocation)?;
    let id: SubscriptionId = request.path_id("subscription")?;
    lambda::log::cause(id.as_str());
    let body: Body = request.json(BODY_BYTES_MAX)?;
    let asked = Asked::check(&body.price, body.quantity)?;
    let now = invocation.now();
    for attempt in 0..app.backoff.attempts_max() {
        let recorded = recorded(app, &account, &id).await?;
        let repeated =
            recorded.change.as_ref().filter(|change| change.order.confirmation == body.confirmation);
        if let Some(change) = repeated {
            if change.order.price != body.price {
                return Err(Problem::new(ProblemKind::StateConflict)
                    .detail("the confirmation is of a change to another price"));
            }
            let ahead = change.ahead(&recorded.subscription, now);
            return Ok(Response::json(200, &ChangeAnswer::of(change, ahead.as_ref())));
        }
        let standing = standing(app, invocation, recorded).await?;
        let Some(shown_at) = previewed_at(&body.confirmation, now) else {
            return Err(anew(&standing, asked, invocation).await);
        };
        let terms = terms(&standing, asked, shown_at, now).await?;
        if confirmation_of(&standing, &terms) != body.confirmation {
            return Err(anew(&standing, asked, invocation).await);
        }
        let change = change_of(&standing, &terms, &body.confirmation, (role, invocation));
        let seen = standing.recorded.change.as_ref();
        if app.store.confirm_plan_change(seen, &change).await.map_err(store_failed)? {
            let timing = change.order.timing.as_str();
            invocation.metrics().count_labelled("PlanChangesConfirmed", ("timing", timing), 1);
            tracing::info!(outcome = "confirmed", timing, "change of plan is confirmed");
            announce(app, invocation, &change).await;
            return Ok(Response::json(200, &ChangeAnswer::of(&change, None)));
        }
        // Another call was first; what it recorded decides.
        app.backoff.pause(attempt).await;
    }
    Err(Problem::new(ProblemKind::RequestInProgress).retry_after_s(1))
}

/// The refusal of what is not true any more, with what would be confirmed instead.
async fn anew(standing: &Standing, asked: Asked, invocation: &Invocation) -> Problem {
    let now = invocation.now();
    match terms(standing, asked, whole_second(now), now).await {
        Ok(terms) => {
            invocation.metrics().count("PlanChangesPreviewed", 1);
            let preview = PreviewAnswer::of(standing, &terms);
            Problem::new(ProblemKind::PreviewChanged).member("preview", &preview)
        }
        Err(problem) => problem,
    }
}

fn change_of(
    standing: &Standing,
    terms: &Terms,
    confirmation: &str,
    (role, invocation): (Role, &Invocation),
) -> PlanChange {
    let subscription = &standing.recorded.subscription;
    PlanChange {
        account: subscription.account.clone(),
        subscription: subscription.id.clone(),
        at: invocation.now(),
        channel: if role == Role::Support { Channel::Support } else { Channel::Customer },
        order: PlanOrder {
            item: standing.item.id.clone(),
            price: terms.plan.price.id.clone(),
            quantity: terms.quantity,
            months: terms.plan.months,
            timing: terms.timing,
            prorated_at: terms.prorated_at,
            charged: terms.charged,
            period_ends_at: standing.period_ends_at,
            confirmation: confirmation.to_owned(),
        },
        replaces: standing.recorded.ahead(invocation.now()),
        stripe_at: None,
        declined: None,
        announced: 0,
    }
}

/// The change is recorded: where the queue does not answer, the sweep announces it.
async fn announce<S: Store, Q: PayoutQueue, K: SecretSource>(
    app: &PlanChanges<S, Q, K>,
    invocation: &Invocation,
    change: &PlanChange,
) {
    if let Err(error) = app.payouts.announce_plan_change(&change.account, &change.subscription).await {
        invocation.metrics().count("PlanChangesNotAnnounced", 1);
        let error: &dyn std::error::Error = &error;
        tracing::warn!(
            outcome = "left_to_sweep",
            error,
            "change of plan is not announced; the sweep will do it"
        );
    }
}
