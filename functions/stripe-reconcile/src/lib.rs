//! The events that never came: Stripe keeps every event for 30 days, and this function reads them with a key
//! that can only read. It hands each event to stripe-webhook, which applies it as a delivery of it. What had
//! come already is `repeated`; what is `applied` had been missed, by a lost delivery, a disabled endpoint or
//! a wrong secret, and is counted for an alarm.
//!
//! A schedule starts a run every five minutes. A run goes on where the last one ended and stops [`LAG_S`]
//! before its own instant, so that an ordinary delivery has come before. `{"since": …, "before": …}` reads a
//! time anew, and moves no mark.
//!
//! Events are applied oldest first. Those of one second have no order: what is parked because it came before
//! another event is applied again after it. One that waits for another event, or that the webhook fails on,
//! holds the mark back for at most an hour: by then the webhook parks an event that still lacks something.

mod status;

use lambda::secrets::{CachedSecret, SecretError, SecretSource};
use lambda::{EventError, Invocation, log};
use ledger::{TimeError, Timestamp};
use ledger_dynamodb::{StoreError, Tables};
use serde::Deserialize;
use stripe_api::{ListedEvent, SecretKey, StripeClient, StripeConfigError, StripeError};
use stripe_events::EVENT_TYPES;
use webhook_function::{ApplyEvents, EventAnswer, ReplayEvents, WebhookError};

pub use status::{MISSED_SHOWN_MAX, MissedEvent, Status};

/// How old an event is before it counts as missed: Stripe delivers within seconds.
pub const LAG_S: i64 = 180;
/// How far the first run of a deployment looks back.
pub const FIRST_LOOK_S: i64 = 3_600;
/// How long an event that cannot be applied yet holds the mark back.
pub const HELD_S: i64 = 3_600;
/// How long Stripe keeps events (<https://docs.stripe.com/api/events>).
pub const KEPT_BY_STRIPE_S: i64 = 30 * 86_400;
/// The longest time that is listed at once; halved where its list is too long for one call.
const WINDOW_S: i64 = 3_600;
/// What a run leaves of its time for its last event and its answer.
const DEADLINE_MARGIN_MS: u128 = 20_000;

/// What the function needs.
pub struct Reconcile<S, W> {
    pub tables: Tables,
    /// Stripe, without its key.
    pub stripe: StripeClient,
    /// The key that can read events.
    pub key: CachedSecret<S>,
    /// The webhook, which applies events.
    pub webhook: W,
}

/// Why a run failed. What it has applied stays, and the next run begins at the mark.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The request is not one of this function's.
    #[error("request is not readable; expected {{}} or {{\"since\": instant}} with or without \"before\"")]
    Request(#[from] EventError),
    /// The time asked for is not one whose events Stripe keeps.
    #[error("`since` has to lie before `before`, and within the 30 days for which Stripe keeps events")]
    Since,
    /// An end without a beginning: a run of the schedule reads as far as it can.
    #[error("`before` is expected only with `since`")]
    Before,
    /// An instant lies outside the years 2000 to 2099.
    #[error("an instant lies outside the known years")]
    Time(#[from] TimeError),
    /// The table did not answer.
    #[error("table failed")]
    Table(#[from] StoreError),
    /// The key cannot be fetched.
    #[error("Stripe key cannot be fetched")]
    Secret(#[from] SecretError),
    /// What is stored is no key of Stripe's.
    #[error("stored Stripe key is not one")]
    Key(#[from] StripeConfigError),
    /// Stripe did not answer, or has more events in one second than a list holds.
    #[error("Stripe failed")]
    Stripe(#[from] StripeError),
    /// The webhook cannot be asked.
    #[error("webhook failed")]
    Webhook(#[source] WebhookError),
}

/// A request: the schedule's is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconcileRequest {
    /// The first instant to read, RFC 3339.
    since: Option<String>,
    /// The first instant that is not read any more; the newest one that can be by default.
    before: Option<String>,
}

/// Applies the events that Stripe has made since the last run, or in the time that is asked for.
pub async fn handle<S: SecretSource, W: ApplyEvents + ReplayEvents>(
    reconcile: &Reconcile<S, W>,
    invocation: &Invocation,
) -> Result<Status, ReconcileError> {
    let request: ReconcileRequest = invocation.event()?;
    let (from, before) = asked_time(reconcile, &request, invocation.now()).await?;
    let moves_mark = request.since.is_none();
    let run = Run { reconcile, invocation, stripe: client(reconcile, invocation).await? };
    let status = run.reconcile(from, before, moves_mark).await?;
    status.count(invocation);
    Ok(status)
}

async fn client<S: SecretSource, W>(
    reconcile: &Reconcile<S, W>,
    invocation: &Invocation,
) -> Result<StripeClient, ReconcileError> {
    let fields = reconcile.key.fields(invocation.now()).await?;
    Ok(reconcile.stripe.with_key(SecretKey::new(fields.required("key")?.expose())?))
}

/// The time to read, in whole seconds since 1970: its first second, and the first one after it.
async fn asked_time<S, W>(
    reconcile: &Reconcile<S, W>,
    request: &ReconcileRequest,
    now: Timestamp,
) -> Result<(i64, i64), ReconcileError> {
    let newest = now.as_s().saturating_sub(LAG_S);
    let oldest = now.as_s().saturating_sub(KEPT_BY_STRIPE_S);
    let instant = |text: &String| Timestamp::parse(text).map(Timestamp::as_s);
    let before = request.before.as_ref().map(instant).transpose()?.unwrap_or(newest).min(newest);
    let Some(since) = request.since.as_ref().map(instant).transpose()? else {
        if request.before.is_some() {
            return Err(ReconcileError::Before);
        }
        let first = newest.saturating_sub(FIRST_LOOK_S);
        let until = reconcile.tables.reconciled_until().await?;
        return Ok((until.map_or(first, Timestamp::as_s).max(oldest), newest));
    };
    if since < oldest || since >= before { Err(ReconcileError::Since) } else { Ok((since, before)) }
}

struct Run<'a, S, W> {
    reconcile: &'a Reconcile<S, W>,
    invocation: &'a Invocation,
    stripe: StripeClient,
}

impl<S, W: ApplyEvents + ReplayEvents> Run<'_, S, W> {
    async fn reconcile(&self, from: i64, before: i64, moves_mark: bool) -> Result<Status, ReconcileError> {
        let mut status = Status::until(from);
        let (mut from, mut window_s) = (from, WINDOW_S);
        while from < before && self.has_time() {
            let to = before.min(from.saturating_add(window_s));
            let events = match self.stripe.events(&EVENT_TYPES, (from, to)).await {
                Ok(events) => events,
                Err(StripeError::TooManyPages { .. } | StripeError::Unreadable { .. }) if window_s > 1 => {
                    window_s = window_s.checked_div(2).unwrap_or(1);
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let reached = self.apply_all(&events, to, &mut status).await?;
            status.until = reached;
            if moves_mark {
                self.reconcile.tables.move_reconciled_until(Timestamp::from_s(reached)?).await?;
            }
            if reached < to {
                break;
            }
            from = to;
        }
        Ok(status)
    }

    /// Applies the events of a time that ends with `to`, and returns up to when nothing is left.
    async fn apply_all(
        &self,
        events: &[ListedEvent],
        to: i64,
        status: &mut Status,
    ) -> Result<i64, ReconcileError> {
        let (mut reached, mut parked) = (to, Vec::new());
        for event in events {
            if !self.has_time() {
                reached = reached.min(event.created_s);
                break;
            }
            log::cause(&event.id);
            let answer = answered(self.reconcile.webhook.apply(event.json.get()).await)?;
            let outcome = answer.outcome.as_str();
            if outcome == "parked" {
                parked.push(event);
                continue;
            }
            if status.add(event, outcome) && self.may_hold(event) {
                reached = reached.min(event.created_s);
            }
            log_outcome(event, &answer);
        }
        self.replay_all(parked, status).await?;
        Ok(reached)
    }

    /// Applies parked events again, as long as one of them is applied: another one may have waited for it.
    async fn replay_all(
        &self,
        mut parked: Vec<&ListedEvent>,
        status: &mut Status,
    ) -> Result<(), ReconcileError> {
        loop {
            let (mut left, before) = (Vec::new(), parked.len());
            for event in parked {
                // What is not asked for again stays parked, and counts so.
                if !self.has_time() {
                    left.push(event);
                    continue;
                }
                log::cause(&event.id);
                let answer = answered(self.reconcile.webhook.replay(&event.id).await)?;
                match answer.outcome.as_str() {
                    "applied" | "repeated" | "ignored" => {
                        status.add(event, &answer.outcome);
                        log_outcome(event, &answer);
                    }
                    _ => left.push(event),
                }
            }
            if left.is_empty() || left.len() == before {
                for event in left {
                    status.add(event, "parked");
                }
                return Ok(());
            }
            parked = left;
        }
    }

    fn has_time(&self) -> bool {
        self.invocation.deadline().remaining().as_millis() > DEADLINE_MARGIN_MS
    }

    fn may_hold(&self, event: &ListedEvent) -> bool {
        self.invocation.now().as_s().saturating_sub(event.created_s) < HELD_S
    }
}

/// An event that the webhook fails on is one of its outcomes; a webhook that cannot be asked ends the run.
fn answered(answer: Result<EventAnswer, WebhookError>) -> Result<EventAnswer, ReconcileError> {
    match answer {
        Err(WebhookError::Failed { .. }) => Ok(EventAnswer { outcome: "failed".to_owned(), reason: None }),
        answer => answer.map_err(ReconcileError::Webhook),
    }
}

/// What had not come is worth a line; the rest is not.
fn log_outcome(event: &ListedEvent, answer: &EventAnswer) {
    let (event_type, outcome) = (event.event_type.as_str(), answer.outcome.as_str());
    if matches!(outcome, "repeated" | "ignored") {
        tracing::debug!(event_type, outcome, "event");
    } else {
        tracing::warn!(event_type, outcome, reason = answer.reason, "event");
    }
}
