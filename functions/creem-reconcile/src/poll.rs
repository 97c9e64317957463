//! What is watched and due: read, handed to the webhook, and looked at again later while it is open.

use creem_events::{CreemSubscription, CreemSubscriptionStatus, CreemTransaction, TransactionStatus};
use lambda::{EventError, Invocation, log};
use ledger::{PaymentId, PaymentStore, Provider, SubscriptionId, TimeError, Timestamp};
use ledger_dynamodb::{EVENT_LAG_S, Watch, WatchSubject};
use serde::Deserialize;
use serde_json::Value;
use webhook_function::{ApplyReadings, EventAnswer, Reading, ReplayEvents, WebhookError};

use crate::context::{DEADLINE_MARGIN_MS, Reconcile, ReconcileError};
use crate::lookup::{LookupOutcome, give_up_after, look_up, was_paid};
use crate::reader::{ReadCreem, ReadError};
use crate::status::PollStatus;

/// Watches of one run. Creem has named a limit of 100 calls in a minute once and publishes none: a run
/// makes at most two for each watch, over minutes, and leaves room for payouts.
pub const WATCHES_MAX: u16 = 60;
/// How long a subscription is read after its period's end, in seconds, if neither a renewal nor its end
/// comes: longer than any provider goes on trying to collect.
pub const SUBSCRIPTION_WATCHED_S: i64 = 60 * 86_400;
/// How long a disputed payment is read, in seconds: card networks decide within four months, and once more
/// within two.
pub const PAYMENT_WATCHED_S: i64 = 180 * 86_400;
/// How long the payment of a refund that is on its way is read, in seconds. Creem names ten days.
pub const REFUND_WATCHED_S: i64 = 14 * 86_400;

/// The waits between two looks, in seconds: as long as it has been looked for, within these bounds.
const OBJECT_WAITS_S: (i64, i64) = (3_600, 86_400);
const EVENT_WAITS_S: (i64, i64) = (60, 3_600);

/// A request: the schedule's is empty.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PollRequest {
    /// Watches that are due before this instant are read now, RFC 3339; an operator may name one to come.
    due_before: Option<String>,
}

/// How a watch goes on after a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Nothing is open.
    End,
    /// Something is open since this instant, and is looked at later.
    Later(Timestamp),
    /// Something is expected at this instant.
    At(Timestamp),
    /// It has been looked at for long enough.
    GiveUp,
}

/// Reads what is watched and due.
pub(crate) async fn poll<C: ReadCreem, W: ReplayEvents + ApplyReadings>(
    reconcile: &Reconcile<C, W>,
    invocation: &Invocation,
) -> Result<PollStatus, ReconcileError> {
    let request: Result<PollRequest, EventError> = invocation.event();
    let due_before = request?.due_before.map(|text| Timestamp::parse(&text)).transpose()?;
    let due_before = due_before.unwrap_or(invocation.now());
    let due = reconcile.tables.due_watches(Provider::Creem, due_before, WATCHES_MAX).await?;
    let mut run = Run { reconcile, invocation, status: PollStatus::default() };
    run.status.is_complete = due.len() < usize::from(WATCHES_MAX);
    for watch in due {
        if invocation.deadline().remaining().as_millis() <= DEADLINE_MARGIN_MS {
            run.status.is_complete = false;
            break;
        }
        log::cause(watch.subject.id());
        match run.look(&watch).await {
            Ok(next) => run.settle(&watch, next).await?,
            Err(ReconcileError::Creem(ReadError::Busy)) => {
                tracing::warn!("Creem asks to wait; what is left is the next run's");
                run.status.is_complete = false;
                break;
            }
            Err(ReconcileError::Creem(error)) => run.fail(&watch, &error).await?,
            Err(ReconcileError::Webhook(error @ WebhookError::Failed { .. })) => {
                run.fail(&watch, &error).await?;
            }
            Err(error) => return Err(error),
        }
    }
    run.status.count(invocation);
    Ok(run.status)
}

struct Run<'a, C, W> {
    reconcile: &'a Reconcile<C, W>,
    invocation: &'a Invocation,
    status: PollStatus,
}

impl<C: ReadCreem, W: ReplayEvents + ApplyReadings> Run<'_, C, W> {
    async fn look(&mut self, watch: &Watch) -> Result<Next, ReconcileError> {
        self.status.read = self.status.read.saturating_add(1);
        match &watch.subject {
            WatchSubject::Subscription(id) => self.look_at_subscription(watch, id).await,
            WatchSubject::Payment(id) => self.look_at_payment(watch, id).await,
            WatchSubject::ParkedEvent(id) => self.look_up_again(watch, id).await,
        }
    }

    async fn look_at_subscription(
        &mut self,
        watch: &Watch,
        id: &SubscriptionId,
    ) -> Result<Next, ReconcileError> {
        let Some(mut found) = self.reconcile.creem.subscription(id, self.invocation.now()).await? else {
            return Ok(Next::GiveUp);
        };
        let Ok(subscription) = CreemSubscription::from_json(&found.to_string()) else {
            return Ok(self.unreadable(watch, SUBSCRIPTION_WATCHED_S));
        };
        let paid = match &subscription.last_transaction {
            Some(last) => self.unrecorded_transaction(&last.id).await?,
            None => None,
        };
        // Without its transaction the reading says nothing of a payment.
        if let Some(members) = found.as_object_mut() {
            members.remove("last_transaction");
            members.extend(paid.map(|paid| ("last_transaction".to_owned(), paid)));
        }
        let answer = self.apply(Reading::Subscription, watch, &found).await?;
        if is_open(&answer) {
            return Ok(self.later(watch, SUBSCRIPTION_WATCHED_S));
        }
        if subscription.status == Some(CreemSubscriptionStatus::Canceled) {
            return Ok(Next::End);
        }
        let now = self.invocation.now();
        match subscription.current_period_end {
            Some(ends_at) if ends_at > now => Ok(Next::At(ends_at)),
            // Nothing is expected of it until it goes on, and then its payment has an event.
            _ if subscription.status == Some(CreemSubscriptionStatus::Paused) => Ok(Next::End),
            _ => Ok(self.later(watch, SUBSCRIPTION_WATCHED_S)),
        }
    }

    /// The transaction as Creem has it, if the payment is not on record.
    async fn unrecorded_transaction(&self, id: &PaymentId) -> Result<Option<Value>, ReconcileError> {
        if self.reconcile.tables.payment(id).await?.is_some() {
            return Ok(None);
        }
        let Some(found) = self.reconcile.creem.transaction(id, self.invocation.now()).await? else {
            return Ok(None);
        };
        let status = CreemTransaction::from_json(&found.to_string()).ok().and_then(|found| found.status);
        Ok(status.is_some_and(|status| was_paid(&status)).then_some(found))
    }

    async fn look_at_payment(&mut self, watch: &Watch, id: &PaymentId) -> Result<Next, ReconcileError> {
        let Some(found) = self.reconcile.creem.transaction(id, self.invocation.now()).await? else {
            return Ok(Next::GiveUp);
        };
        let Ok(transaction) = CreemTransaction::from_json(&found.to_string()) else {
            return Ok(self.unreadable(watch, REFUND_WATCHED_S));
        };
        let answer = self.apply(Reading::Transaction, watch, &found).await?;
        if is_open(&answer) {
            return Ok(self.later(watch, REFUND_WATCHED_S));
        }
        let disputes =
            self.reconcile.tables.payment(id).await?.map_or(Vec::new(), |payment| payment.disputes);
        // One that is lost may still be won: its money came back.
        if disputes.iter().any(|dispute| dispute.status != "won") {
            return Ok(self.later(watch, PAYMENT_WATCHED_S));
        }
        match transaction.status {
            Some(TransactionStatus::Paid | TransactionStatus::PartialRefund | TransactionStatus::Pending)
                if disputes.is_empty() =>
            {
                // A refund that was on its way may not be in the total yet. Nothing is missed if it never is.
                let is_over = self.watched_s(watch) >= REFUND_WATCHED_S;
                Ok(if is_over { Next::End } else { Next::Later(watch.since) })
            }
            _ => Ok(Next::End),
        }
    }

    async fn look_up_again(&mut self, watch: &Watch, id: &str) -> Result<Next, ReconcileError> {
        match look_up(self.reconcile, id, self.invocation).await? {
            LookupOutcome::Fetched | LookupOutcome::Settled => Ok(Next::End),
            LookupOutcome::Failed => Ok(Next::GiveUp),
            LookupOutcome::Waiting => {
                let is_over = give_up_after(self.reconcile, id, (watch.since, self.invocation.now())).await?;
                if is_over {
                    self.invocation.metrics().count("LookupsFailed", 1);
                }
                Ok(if is_over { Next::GiveUp } else { Next::Later(watch.since) })
            }
        }
    }

    /// Hands a reading to the webhook.
    async fn apply(
        &mut self,
        of: fn(String) -> Reading,
        watch: &Watch,
        found: &Value,
    ) -> Result<EventAnswer, ReconcileError> {
        let answer = self.reconcile.webhook.apply_reading(&of(found.to_string())).await?;
        let (kind, outcome) = (watch.subject.kind(), answer.outcome.as_str());
        self.status.add(watch, outcome);
        if matches!(outcome, "repeated" | "ignored") {
            tracing::debug!(kind, outcome, "reading");
        } else {
            tracing::warn!(kind, outcome, reason = answer.reason, "reading");
        }
        Ok(answer)
    }

    fn watched_s(&self, watch: &Watch) -> i64 {
        self.invocation.now().seconds_since(watch.since)
    }

    /// Looked at again later, for `watched_s` in all.
    fn later(&self, watch: &Watch, watched_s: i64) -> Next {
        if self.watched_s(watch) >= watched_s { Next::GiveUp } else { Next::Later(watch.since) }
    }

    fn unreadable(&mut self, watch: &Watch, watched_s: i64) -> Next {
        self.status.failed = self.status.failed.saturating_add(1);
        tracing::error!(kind = watch.subject.kind(), "an object of Creem's cannot be read");
        self.later(watch, watched_s)
    }

    /// A watch whose look failed is looked at later, so that it keeps nothing else from its look.
    async fn fail(
        &mut self,
        watch: &Watch,
        error: &(dyn std::error::Error + 'static),
    ) -> Result<(), ReconcileError> {
        self.status.failed = self.status.failed.saturating_add(1);
        tracing::error!(error, kind = watch.subject.kind(), "a look failed");
        self.settle(watch, Next::Later(watch.since)).await
    }

    async fn settle(&mut self, watch: &Watch, next: Next) -> Result<(), ReconcileError> {
        let (tables, now) = (&self.reconcile.tables, self.invocation.now());
        match next {
            Next::End => tables.end_watch(watch).await?,
            Next::GiveUp => {
                self.status.given_up = self.status.given_up.saturating_add(1);
                tracing::error!(kind = watch.subject.kind(), outcome = "given_up", "watch");
                tables.end_watch(watch).await?;
            }
            Next::At(at) => tables.move_watch(watch, at, at.plus_s(EVENT_LAG_S)?).await?,
            Next::Later(since) => {
                self.status.waiting = self.status.waiting.saturating_add(1);
                tables.move_watch(watch, since, again_at(watch, now)?).await?;
            }
        }
        Ok(())
    }
}

/// Whether the webhook could not apply it yet.
fn is_open(answer: &EventAnswer) -> bool {
    !matches!(answer.outcome.as_str(), "applied" | "repeated" | "ignored")
}

/// When to look again after a look at `now`.
fn again_at(watch: &Watch, now: Timestamp) -> Result<Timestamp, TimeError> {
    let (least_s, most_s) = match watch.subject {
        WatchSubject::ParkedEvent(_) => EVENT_WAITS_S,
        WatchSubject::Payment(_) | WatchSubject::Subscription(_) => OBJECT_WAITS_S,
    };
    let wait_s = now.seconds_since(watch.since).clamp(least_s, most_s);
    now.plus_s(u64::try_from(wait_s).unwrap_or(u64::MAX))
}
