//! Cancelling a subscription in two steps: what would happen is shown, then it is confirmed.
//!
//! The confirmation is recorded before Stripe is asked, and holds from that instant: a later charge is one
//! after a confirmed cancellation (`S2-16`). The function that has Stripe's key repeats it to Stripe, by way
//! of the payout queue, until Stripe has confirmed it.
//!
//! The second step carries what the first one answered: a hash of the subscription as it was shown, and of
//! the time. It proves that the details were looked at, not who the caller is, which the token says; a
//! caller who may confirm may ask for the preview as well, so no secret is in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda::Invocation;
use lambda::caller::Role;
use lambda::http::{JsonDisplay, Problem, ProblemKind, Request, Response};
use ledger::{
    CancellationStore, Channel, Confirmation, PaymentStore, PlanChangeStore, Subscription, SubscriptionId,
    Timestamp,
};
use payout_queue::PayoutQueue;
use policy::Document;
use refunds::fingerprint;
use serde::{Deserialize, Serialize};

use crate::app::{RefundRequests, store_failed};
use crate::subscriptions::{SubscriptionRecords, SubscriptionView, reach, running_payment};
use crate::wording::minute;

/// Two ids and a hash.
const BODY_BYTES_MAX: usize = 4096;
/// A preview is valid until the end of the *next* 15-minute window: long enough to read it, short enough that
/// what it shows is still true.
const WINDOW_S: i64 = 900;
/// 144 bits of the hash: far beyond what somebody would send by chance.
const CONFIRMATION_BYTES: usize = 18;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// What the preview answered; without it, the preview is asked for.
    confirmation: Option<String>,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    subscription: SubscriptionView<'a>,
    takes_effect_at: Option<JsonDisplay<Timestamp>>,
    message: String,
    clauses: Vec<ClauseView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation_expires_at: Option<JsonDisplay<Timestamp>>,
}

#[derive(Debug, Serialize)]
struct ClauseView<'a> {
    document: &'a str,
    version: &'a str,
    clause: &'a str,
    text: &'a str,
}

/// `POST /v1/accounts/{account}/subscriptions/{subscription}/cancellation`
pub(crate) async fn cancel<S: CancellationStore + PaymentStore + PlanChangeStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, role) = reach(app, request, invocation)?;
    let id: SubscriptionId = request.path_id("subscription")?;
    lambda::log::cause(id.as_str());
    let body: Body = if request.body_bytes(BODY_BYTES_MAX)?.is_empty() {
        Body::default()
    } else {
        request.json(BODY_BYTES_MAX)?
    };
    let now = invocation.now();
    for attempt in 0..app.backoff.attempts_max() {
        let store = &app.store;
        let read = tokio::join!(
            store.subscription(&account, &id),
            store.head(&account),
            store.plan_change(&account, &id)
        );
        let stored = read.0.map_err(store_failed)?.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
        let head = read.1.map_err(store_failed)?;
        let change = read.2.map_err(store_failed)?;
        let running = running_payment(app, &stored, head.as_ref()).await?;
        let answered = |subscription: &Subscription, asked: bool| {
            let known = SubscriptionRecords::new(subscription, head.as_ref(), running.as_ref(), now);
            Response::json(200, &answer(known.with_change(change.as_ref()), asked))
        };
        if stored.ended_at.is_some() {
            return Err(Problem::new(ProblemKind::StateConflict).detail("the subscription has ended"));
        }
        if stored.cancellation_confirmed_at.is_some() && !stored.can_end_earlier(now) {
            return Ok(answered(&stored, false));
        }
        let Some(given) = &body.confirmation else {
            invocation.metrics().count("CancellationsPreviewed", 1);
            return Ok(answered(&stored, true));
        };
        let window = now.as_s().div_euclid(WINDOW_S);
        let valid = [window, window.saturating_sub(1)].map(|window| confirmation_of(&stored, window));
        if !valid.contains(given) {
            return Err(Problem::new(ProblemKind::StateConflict).detail(
                "the confirmation has expired or the subscription has changed; look at the details again",
            ));
        }
        let channel = if role == Role::Support { Channel::Support } else { Channel::Customer };
        let effective_at = stored.would_end_at(now);
        let confirmation = Confirmation { at: now, channel, effective_at, stripe_at: None, announced: 0 };
        if app.store.confirm_cancellation(&stored, &confirmation).await.map_err(store_failed)? {
            invocation.metrics().count_labelled("CancellationsConfirmed", ("channel", channel.as_str()), 1);
            tracing::info!(outcome = "confirmed", "cancellation is confirmed");
            announce(app, invocation, &stored).await;
            return Ok(answered(&stored.with(Some(confirmation)), false));
        }
        // Another call was first; its confirmation is the one.
        app.backoff.pause(attempt).await;
    }
    Err(Problem::new(ProblemKind::RequestInProgress).retry_after_s(1))
}

/// The confirmation is recorded: where the queue does not answer, the sweep announces it.
async fn announce<S, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    invocation: &Invocation,
    stored: &Subscription,
) {
    if let Err(error) = app.payouts.announce_cancellation(&stored.account, &stored.id).await {
        invocation.metrics().count("CancellationsNotAnnounced", 1);
        let error: &dyn std::error::Error = &error;
        tracing::warn!(
            outcome = "left_to_sweep",
            error,
            "cancellation is not announced; the sweep will do it"
        );
    }
}

fn answer(known: SubscriptionRecords<'_>, asked: bool) -> Answer<'_> {
    let takes_effect_at = ends_at(known, asked);
    let window = known.now.as_s().div_euclid(WINDOW_S);
    let expires_at = window.checked_add(2).and_then(|end| end.checked_mul(WINDOW_S));
    let expires_at = expires_at.and_then(|end| Timestamp::from_s(end).ok());
    Answer {
        subscription: known.view(),
        takes_effect_at: takes_effect_at.map(JsonDisplay),
        message: message(known, asked),
        clauses: clauses(known),
        confirmation: asked.then(|| confirmation_of(known.subscription, window)),
        confirmation_expires_at: expires_at.filter(|_| asked).map(JsonDisplay),
    }
}

/// When it ends, or would end if the cancellation that is shown were confirmed.
fn ends_at(known: SubscriptionRecords<'_>, asked: bool) -> Option<Timestamp> {
    let subscription = known.subscription;
    if asked { subscription.would_end_at(known.now) } else { subscription.takes_effect_at() }
}

/// The sentence that is shown; the clauses say the rest.
fn message(known: SubscriptionRecords<'_>, asked: bool) -> String {
    let ends_at = ends_at(known, asked);
    let until = ends_at.map_or_else(|| "the end of the period that is paid".to_owned(), minute);
    let plan = known.product_and_plan().1.map_or_else(String::new, |plan| format!(" to {plan}"));
    let owes = known.subscription.report.owes();
    let at_once = owes && ends_at.is_some_and(|ends_at| ends_at <= known.now);
    if at_once && asked {
        format!(
            "Your subscription{plan} would end at once. Its last invoice is not paid: it would be withdrawn \
             and not be collected any more. It is not cancelled yet: please confirm."
        )
    } else if at_once {
        format!(
            "Your subscription{plan} is cancelled and ended at {until}. Its last invoice was not paid: it is \
             withdrawn, and nothing more is charged."
        )
    } else if asked {
        format!(
            "Your subscription{plan} would end at {until} and not be charged again; until then nothing \
             changes. It is not cancelled yet: please confirm."
        )
    } else {
        format!(
            "Your subscription{plan} is cancelled. You can use it until {until}; it is not charged again."
        )
    }
}

fn clauses(known: SubscriptionRecords<'_>) -> Vec<ClauseView<'static>> {
    let product = known.product_and_plan().0;
    let view = |document: &'static Document| {
        let clauses = document.cancellation_clauses(product);
        clauses.map(|clause| ClauseView {
            document: &document.id,
            version: &document.version,
            clause: &clause.id,
            text: &clause.text,
        })
    };
    known.document().into_iter().flat_map(view).collect()
}

/// What proves that these details of the subscription were shown within this window.
fn confirmation_of(subscription: &Subscription, window: i64) -> String {
    let ends_at = subscription.would_end_at(subscription.as_of);
    let instant = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_ms).to_string();
    let digest = fingerprint(&[
        subscription.account.as_str(),
        subscription.id.as_str(),
        subscription.price.as_deref().unwrap_or_default(),
        &if subscription.report.owes() { "at once".to_owned() } else { instant(ends_at) },
        &instant(subscription.confirmation.map(|confirmation| confirmation.at)),
        &window.to_string(),
    ]);
    URL_SAFE_NO_PAD.encode(digest.get(..CONFIRMATION_BYTES).unwrap_or_default())
}
