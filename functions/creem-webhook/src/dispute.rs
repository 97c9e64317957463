//! Disputes: one event says that a payment is disputed, and none how it ends.
//!
//! While it is open the credits that are left of the payment are frozen, as with a formal dispute at Stripe.
//! How it ended is read from the transaction's status by creem-reconcile, or decided by a person.

use creem_events::CreemDispute;
use intake::{DisputeSighting, EarlyExit, EventContext, EventOutcome, ParkReason};

/// Where a dispute stands while the bank decides, in the word that the ledger has for it.
const OPEN: &str = "needs_response";

/// A dispute was opened.
pub(crate) async fn apply_dispute(
    context: &EventContext<'_>,
    dispute: &CreemDispute,
) -> Result<EventOutcome, EarlyExit> {
    let lacking = || context.lacking(ParkReason::PaymentUnknown);
    let transaction = dispute.transaction.as_ref().ok_or_else(lacking)?;
    let sighting = DisputeSighting {
        id: dispute.id.clone(),
        payment: transaction.id.clone(),
        status: OPEN.to_owned(),
        refundable: false,
        opened_at: dispute.created.unwrap_or(context.happened_at),
        amount: dispute.amount,
        reason: None,
        due_by: None,
        movements_minor: Vec::new(),
    };
    intake::apply_dispute(context, &sighting).await
}
