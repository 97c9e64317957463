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
//! holds the mark back for at most an hour: by then the webhook parks an event that still lacks something. An
//! event that fails after its hour holds nothing back. Its second is kept, and each later run reads that
//! second again, until the webhook takes the event or Stripe keeps it no more.

mod compare;
mod context;
mod discrepancy;
mod records;
mod status;

use lambda::secrets::SecretSource;
use lambda::{Invocation, log};
use ledger::Timestamp;
use serde::{Deserialize, Serialize};
use stripe_api::{ListedEvent, StripeClient, StripeError};
use stripe_events::EVENT_TYPES;
use webhook_function::{ApplyEvents, EventAnswer, ReplayEvents};

use crate::compare::CompareRequest;
use crate::context::{DEADLINE_MARGIN_MS, answered, client};

pub use context::{HELD_S, KEPT_BY_STRIPE_S, Reconcile, ReconcileError};
pub use discrepancy::{Comparison, DISCREPANCIES_SHOWN_MAX, Discrepancy, DiscrepancyKind};
pub use status::{MISSED_SHOWN_MAX, MissedEvent, Status};

/// How old an event is before it counts as missed: Stripe delivers within seconds.
pub const LAG_S: i64 = 180;
/// How far the first run of a deployment looks back.
pub const FIRST_LOOK_S: i64 = 3_600;
/// How many seconds with a failed event are kept; with more of them the mark waits.
pub const FAILED_SECONDS_MAX: usize = 200;
/// The longest time that is listed at once; halved where its list is too long for one call.
const WINDOW_S: i64 = 3_600;

/// A request: the schedule's is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconcileRequest {
    /// The first instant to read, RFC 3339.
    since: Option<String>,
    /// The first instant that is not read any more; the newest one that can be by default.
    before: Option<String>,
}

/// A request of this function: the lists are compared, or the events read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListsRequest {
    /// The comparison that is asked for.
    compare: CompareRequest,
}

/// What a run found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum RunOutcome {
    /// Of Stripe's events.
    Events(Status),
    /// Of Stripe's lists.
    Lists(Comparison),
}

/// Compares Stripe's lists where `{"compare": …}` asks for it, and else applies its events.
pub async fn handle_any<S: SecretSource, W: ApplyEvents + ReplayEvents>(
    reconcile: &Reconcile<S, W>,
    invocation: &Invocation,
) -> Result<RunOutcome, ReconcileError> {
    if let Ok(ListsRequest { compare: request }) = invocation.event() {
        return Ok(RunOutcome::Lists(Box::pin(compare::compare(reconcile, &request, invocation)).await?));
    }
    Ok(RunOutcome::Events(Box::pin(handle(reconcile, invocation)).await?))
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
        let mut failed = if moves_mark { self.retry_failed(&mut status).await? } else { Vec::new() };
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
            let known = failed.clone();
            let reached = self.apply_all(&events, to, &mut failed, &mut status).await?;
            status.until = reached;
            if moves_mark {
                if failed != known {
                    self.reconcile.tables.keep_failed_seconds(&failed).await?;
                }
                self.reconcile.tables.move_reconciled_until(Timestamp::from_s(reached)?).await?;
            }
            if reached < to {
                break;
            }
            from = to;
        }
        Ok(status)
    }

    /// Reads the seconds again that have an event which failed, and returns those that still do.
    async fn retry_failed(&self, status: &mut Status) -> Result<Vec<i64>, ReconcileError> {
        let seconds = self.reconcile.tables.failed_seconds().await?;
        let oldest = self.invocation.now().as_s().saturating_sub(KEPT_BY_STRIPE_S);
        let mut failed = Vec::new();
        for second in seconds.iter().copied().filter(|second| *second >= oldest) {
            if !self.has_time() {
                failed.push(second);
                continue;
            }
            let after = second.saturating_add(1);
            let events = self.stripe.events(&EVENT_TYPES, (second, after)).await?;
            let reached = self.apply_all(&events, after, &mut failed, status).await?;
            if reached < after && failed.last() != Some(&second) {
                failed.push(second);
            }
        }
        if failed != seconds {
            self.reconcile.tables.keep_failed_seconds(&failed).await?;
        }
        Ok(failed)
    }

    /// Applies the events of a time that ends with `to`, and returns up to when nothing is left but the
    /// `failed` seconds.
    async fn apply_all(
        &self,
        events: &[ListedEvent],
        to: i64,
        failed: &mut Vec<i64>,
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
            if status.add(event, outcome) {
                if self.may_hold(event) || failed.len() >= FAILED_SECONDS_MAX {
                    reached = reached.min(event.created_s);
                } else if failed.last() != Some(&event.created_s) {
                    failed.push(event.created_s);
                }
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

/// What had not come is worth a line; the rest is not.
fn log_outcome(event: &ListedEvent, answer: &EventAnswer) {
    let (event_type, outcome) = (event.event_type.as_str(), answer.outcome.as_str());
    if matches!(outcome, "repeated" | "ignored") {
        tracing::debug!(event_type, outcome, "event");
    } else {
        tracing::warn!(event_type, outcome, reason = answer.reason, "event");
    }
}
