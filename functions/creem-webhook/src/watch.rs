//! What an event leaves open is watched: creem-reconcile reads it again where the next event may never come.
//!
//! A renewal moves the watch of its subscription to the next period's end, so that one whose events come is
//! never read. A watch that nothing needs any more costs one read.

use creem_events::{CreemEvent, CreemEventKind, CreemRefundStatus, SubscriptionMove};
use intake::EventOutcome;
use ledger::{Provider, Timestamp};
use ledger_dynamodb::{StoreError, Tables, Watch, WatchSubject};

/// Watches what an event that was applied, or is known, leaves open.
pub(crate) async fn watch_what_is_open(
    tables: &Tables,
    event: &CreemEvent,
    outcome: EventOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !matches!(outcome, EventOutcome::Applied | EventOutcome::Repeated) {
        return Ok(());
    }
    match left_open(event, now) {
        Some((subject, since)) => tables.watch(&Watch::expecting(Provider::Creem, subject, since)?).await,
        None => Ok(()),
    }
}

/// What is expected of which object, and since when.
fn left_open(event: &CreemEvent, now: Timestamp) -> Option<(WatchSubject, Timestamp)> {
    match &event.kind {
        CreemEventKind::Subscription(moved, subscription) if *moved != SubscriptionMove::Canceled => {
            let subject = WatchSubject::Subscription(subscription.id.clone());
            // Of one whose period is over already, a renewal or its end is expected from here on.
            subscription.current_period_end.map(|ends_at| (subject, ends_at))
        }
        CreemEventKind::RefundCreated(refund) => {
            let is_settled = refund.status == Some(CreemRefundStatus::Succeeded);
            let transaction = refund.transaction.as_ref().filter(|_| !is_settled)?;
            Some((WatchSubject::Payment(transaction.id.clone()), now))
        }
        CreemEventKind::DisputeCreated(dispute) => {
            Some((WatchSubject::Payment(dispute.transaction.as_ref()?.id.clone()), now))
        }
        CreemEventKind::Subscription(..) | CreemEventKind::CheckoutCompleted(_) | CreemEventKind::Other => {
            None
        }
    }
}
