//! What Creem's events do not carry, and what they should have said and never did.
//!
//! **Lookups.** An event that does not name its payment, or not what was paid, is kept with a mark. The
//! table's stream brings its id here. The transaction is read with a key, stored beside the event, and
//! creem-webhook is asked to apply the event again. One that Creem does not know yet is looked for again,
//! for a day.
//!
//! **Watches.** Creem keeps no list of its events. What is open is therefore read again by a schedule,
//! every five minutes, as far as it is due: a subscription an hour after its period's end, unless a renewal
//! or the end has moved its watch; a disputed payment, and one whose refund is on its way. What Creem
//! answers is handed to creem-webhook as a reading, which applies what is new of it, so that a lost event
//! has no effect but its delay. Each look that finds nothing makes the next one later.
//!
//! Payouts are not watched: the sweep announces each until it is confirmed, and refund-payout reads its
//! transaction.
//!
//! **Bounds.** A run takes [`WATCHES_MAX`] watches, oldest first, and ends when its time is over or Creem
//! asks to wait. What is left is due still. A watch ends after [`SUBSCRIPTION_WATCHED_S`] or
//! [`PAYMENT_WATCHED_S`].
//!
//! **What cannot be seen**, since Creem's API has no list of events, no refunds, no disputes and no order
//! by its id: a first purchase whose event is lost, because no transaction says whose it is; a refund or a
//! dispute whose event is lost, of a payment that nothing else makes worth reading; the refunds that a
//! total consists of; how a dispute ends before its transaction's status changes; and of several renewals
//! that were all missed within one look, any but the newest.

mod context;
mod kept_members;
mod lookup;
mod poll;
mod reader;
mod status;

use lambda::Invocation;
use serde::Serialize;
use webhook_function::{ApplyReadings, ReplayEvents};

pub use context::{Reconcile, ReconcileError};
pub use lookup::{LookupSummary, SOUGHT_S};
pub use poll::{PAYMENT_WATCHED_S, REFUND_WATCHED_S, SUBSCRIPTION_WATCHED_S, WATCHES_MAX};
pub use reader::{CreemReader, ReadCreem, ReadError};
pub use status::{FOUND_SHOWN_MAX, PollStatus, RepairedObject};

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum RunOutcome {
    /// With the events of a batch.
    Lookups(LookupSummary),
    /// With what was due.
    Watches(PollStatus),
}

/// Looks up what the events of a batch lack, or else reads what is due.
pub async fn handle<C: ReadCreem, W: ReplayEvents + ApplyReadings>(
    reconcile: &Reconcile<C, W>,
    invocation: &Invocation,
) -> Result<RunOutcome, ReconcileError> {
    if let Ok(ids) = lambda::stream::sort_keys(invocation.event_text()) {
        let summary = lookup::look_up_all(reconcile, &ids, invocation).await?;
        return Ok(RunOutcome::Lookups(summary));
    }
    Ok(RunOutcome::Watches(Box::pin(poll::poll(reconcile, invocation)).await?))
}
