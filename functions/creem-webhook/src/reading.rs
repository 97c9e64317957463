//! Readings: objects as Creem's API answered them, because an event about them may never have come.
//!
//! `{"read": {"transaction": "<JSON>"}}` and `{"read": {"subscription": "<JSON>"}}` come from creem-reconcile, by
//! an invocation of the function itself, which IAM has to allow. No signature vouches for a reading: the
//! connection to Creem and the caller's role do.
//!
//! A reading goes the way of the events that it stands in for, so that it, its repeat and an event that comes
//! late have one effect together. Its outcome is `applied` only where it changed something.

use creem_events::{
    CreemEvent, CreemEventId, CreemEventKind, CreemSubscription, CreemSubscriptionStatus, CreemTransaction,
    SubscriptionMove, TransactionStatus,
};
use intake::{
    Beside, DirectAnswer, DisputeSighting, EarlyExit, EventContext, EventOutcome, Failure, Ignored,
    ParkReason, apply_dispute, report_refunded_total,
};
use lambda::{Invocation, log};
use ledger::{
    CustomerStore as _, Dispute, ExecuteError, Money, PaymentStore as _, Provider, Subscription,
    SubscriptionId, SubscriptionStore as _, Timestamp,
};
use ledger_dynamodb::Tables;
use refunds::TotalSighting;
use serde::Deserialize;

use crate::account::link_of;
use crate::handler::{Webhook, apply_unwatched, is_of_other_mode};

/// A reading counts as of this long before it was made, in milliseconds: an event of that time is as new as
/// the reading, and wins.
const AS_OF_MS: i64 = 60_000;

/// What creem-reconcile has read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReadRequest {
    /// Apply what is new in an object.
    Read(ReadObject),
}

/// An object of Creem's: JSON text.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ReadObject {
    Transaction(String),
    Subscription(String),
}

/// Applies what is new in a reading.
pub(crate) async fn apply_reading<S>(
    webhook: &Webhook<S>,
    reading: &ReadObject,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    let now = invocation.now();
    let as_of = Timestamp::from_ms(now.as_ms().saturating_sub(AS_OF_MS)).unwrap_or(now);
    let outcome = match reading {
        ReadObject::Transaction(text) => match CreemTransaction::from_json(text) {
            Ok(transaction) => apply_transaction(webhook, &transaction, as_of, invocation).await?,
            Err(_) => EventOutcome::Parked(ParkReason::Unreadable),
        },
        ReadObject::Subscription(text) => match CreemSubscription::from_json(text) {
            Ok(subscription) => apply_subscription(webhook, &subscription, as_of, invocation).await?,
            Err(_) => EventOutcome::Parked(ParkReason::Unreadable),
        },
    };
    tracing::info!(outcome = outcome.as_str(), reason = outcome.reason(), "reading");
    Ok(DirectAnswer { outcome: outcome.as_str(), reason: outcome.reason() })
}

/// A subscription's newest payment, where the reading has it, and its state.
async fn apply_subscription<S>(
    webhook: &Webhook<S>,
    subscription: &CreemSubscription,
    as_of: Timestamp,
    invocation: &Invocation,
) -> Result<EventOutcome, Failure> {
    let before = recorded(&webhook.tables, &subscription.id).await?;
    let mut outcome = EventOutcome::Repeated;
    let last = subscription.last_transaction.as_ref();
    if let Some(paid) = last.filter(|last| last.status == Some(TransactionStatus::Paid)) {
        let named = format!("read_{}", paid.id);
        let created = paid.created.unwrap_or(as_of);
        let event = event((named, created), SubscriptionMove::Paid, subscription);
        outcome = stand_in(webhook, event, invocation).await?;
    }
    if let Some(moved) = subscription.status.as_ref().and_then(move_of) {
        let named = format!("read_{}_{}", subscription.id, as_of.as_ms());
        let event = event((named, as_of), moved, subscription);
        // Of a state an event says something new whenever it is newer: the record says whether it differs.
        match stand_in(webhook, event, invocation).await? {
            EventOutcome::Applied | EventOutcome::Repeated => {}
            other => outcome = open_first(outcome, other),
        }
    }
    let after = recorded(&webhook.tables, &subscription.id).await?;
    let is_known = says_the_same(before, after.as_ref());
    Ok(if is_known { outcome } else { open_first(outcome, EventOutcome::Applied) })
}

fn event(
    (named, created): (String, Timestamp),
    moved: SubscriptionMove,
    subscription: &CreemSubscription,
) -> Option<CreemEvent> {
    Some(CreemEvent {
        id: CreemEventId::new(named).ok()?,
        event_type: "reading".to_owned(),
        created,
        mode: subscription.mode.clone(),
        kind: CreemEventKind::Subscription(moved, subscription.clone()),
    })
}

/// Applies an event that a reading stands in for.
async fn stand_in<S>(
    webhook: &Webhook<S>,
    event: Option<CreemEvent>,
    invocation: &Invocation,
) -> Result<EventOutcome, Failure> {
    let Some(event) = event else { return Ok(EventOutcome::Parked(ParkReason::Unreadable)) };
    // What the API has answered is not fetched once more.
    let beside = Beside { now: invocation.now(), looked_up: true, linked: None };
    apply_unwatched(webhook, &event, beside, invocation.metrics()).await
}

/// What a state says happened. `None` of one that says nothing.
fn move_of(status: &CreemSubscriptionStatus) -> Option<SubscriptionMove> {
    Some(match status {
        CreemSubscriptionStatus::Active => SubscriptionMove::Updated,
        CreemSubscriptionStatus::Trialing => SubscriptionMove::Trialing,
        CreemSubscriptionStatus::ScheduledCancel => SubscriptionMove::ScheduledCancel,
        CreemSubscriptionStatus::PastDue => SubscriptionMove::PastDue,
        CreemSubscriptionStatus::Unpaid => SubscriptionMove::Unpaid,
        CreemSubscriptionStatus::Paused => SubscriptionMove::Paused,
        CreemSubscriptionStatus::Canceled => SubscriptionMove::Canceled,
        CreemSubscriptionStatus::Expired => SubscriptionMove::Expired,
        CreemSubscriptionStatus::Incomplete | CreemSubscriptionStatus::Other(_) => return None,
    })
}

async fn recorded(tables: &Tables, id: &SubscriptionId) -> Result<Option<Subscription>, Failure> {
    let Ok(link) = link_of(id) else { return Ok(None) };
    let Some(account) = tables.account_of(&link).await.map_err(ExecuteError::Store)? else { return Ok(None) };
    tables.subscription(&account, id).await.map_err(ExecuteError::Store)
}

/// Whether two records say the same, apart from as of when.
fn says_the_same(before: Option<Subscription>, after: Option<&Subscription>) -> bool {
    let as_of_after = |mut before: Subscription, after: &Subscription| {
        before.as_of = after.as_of;
        before.report.rank = after.report.rank;
        before
    };
    match (before, after) {
        (Some(before), Some(after)) => as_of_after(before, after) == *after,
        (before, after) => before.is_none() && after.is_none(),
    }
}

/// An outcome that leaves something to do counts before one that does not, and news before what was known.
fn open_first(one: EventOutcome, other: EventOutcome) -> EventOutcome {
    let rank = |outcome: &EventOutcome| match outcome {
        EventOutcome::Parked(_) | EventOutcome::Lookup(_) | EventOutcome::Deferred(_) => 0,
        EventOutcome::Applied => 1,
        EventOutcome::Repeated | EventOutcome::Ignored(_) => 2,
    };
    if rank(&other) < rank(&one) { other } else { one }
}

/// A payment's running total of refunds, and how its disputes ended.
async fn apply_transaction<S>(
    webhook: &Webhook<S>,
    transaction: &CreemTransaction,
    as_of: Timestamp,
    invocation: &Invocation,
) -> Result<EventOutcome, Failure> {
    if is_of_other_mode(webhook, transaction.mode.as_ref()) {
        return Ok(EventOutcome::Ignored(Ignored::OtherMode));
    }
    let named = format!("read_{}_{}", transaction.id, as_of.as_ms());
    log::cause(&named);
    let context = EventContext {
        tables: &webhook.tables,
        backoff: &webhook.backoff,
        link_wait: &webhook.link_wait,
        provider: Provider::Creem,
        event_id: &named,
        happened_at: as_of,
        now: invocation.now(),
        metrics: invocation.metrics(),
        looked_up: true,
        linked: None,
    };
    match Box::pin(settle(&context, transaction)).await {
        Ok(outcome) | Err(EarlyExit::Known(outcome)) => Ok(outcome),
        Err(EarlyExit::Failed(failure)) => Err(failure),
    }
}

async fn settle(
    context: &EventContext<'_>,
    transaction: &CreemTransaction,
) -> Result<EventOutcome, EarlyExit> {
    let mut outcome = EventOutcome::Repeated;
    if let Some(total) = transaction.refunded_amount.filter(|total| !total.is_zero()) {
        let seen = TotalSighting::looked(transaction.id.clone(), total);
        outcome = Box::pin(report_refunded_total(context, &seen, context.happened_at)).await?;
    }
    let Some(payment) = context.tables.payment(&transaction.id).await? else {
        return Err(ParkReason::PaymentUnknown.into());
    };
    let is_charged_back = transaction.status == Some(TransactionStatus::ChargedBack);
    if is_charged_back && payment.disputes.is_empty() {
        // Its event has the dispute's id, without which nothing can be on record.
        return Err(ParkReason::ValueUnknown.into());
    }
    for dispute in &payment.disputes {
        if let Some(sighting) = ending(dispute, transaction) {
            outcome = open_first(outcome, Box::pin(apply_dispute(context, &sighting)).await?);
        }
    }
    Ok(outcome)
}

/// How a dispute ended, if its transaction says so and the record does not: it is lost where the bank or
/// Creem has given the money back, and won where the money is there again after that.
fn ending(dispute: &Dispute, transaction: &CreemTransaction) -> Option<DisputeSighting> {
    let status = match transaction.status.as_ref()? {
        TransactionStatus::ChargedBack if !dispute.is_lost() => "lost",
        TransactionStatus::Refunded if dispute.is_undecided() => "lost",
        TransactionStatus::Paid if dispute.is_lost() => "won",
        _ => return None,
    };
    let refunded_minor = transaction.refunded_amount.map_or(0, Money::minor);
    let paid_minor = transaction.amount_paid.map(Money::minor);
    // What the total of refunds has is no movement of the bank's: the same money is counted once.
    let is_counted = paid_minor.is_some_and(|paid_minor| refunded_minor >= paid_minor);
    let movements_minor = if status == "lost" && !is_counted { vec![-1] } else { Vec::new() };
    Some(DisputeSighting {
        id: dispute.id.clone(),
        payment: transaction.id.clone(),
        status: status.to_owned(),
        refundable: status == "won",
        opened_at: dispute.opened_at,
        amount: dispute.amount,
        reason: dispute.reason.clone(),
        due_by: None,
        movements_minor,
    })
}
