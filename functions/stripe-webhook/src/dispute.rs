//! Disputes of Stripe's: whether a payment is or was taken back by the cardholder's bank.

use intake::{DisputeSighting, EarlyExit, EventContext, EventOutcome, ParkReason};
use stripe_events::DisputeObject;

use crate::payment_names;

/// A dispute as of the event.
pub(crate) async fn apply_dispute(
    context: &EventContext<'_>,
    dispute: &DisputeObject,
) -> Result<EventOutcome, EarlyExit> {
    let (named, charge) = (dispute.payment.as_ref(), dispute.charge.as_ref());
    let Some(payment) = payment_names::payment_of(context, named, charge).await? else {
        return Ok(context.defer_or_park(ParkReason::PaymentUnknown));
    };
    let sighting = DisputeSighting {
        id: dispute.id.clone(),
        payment,
        status: dispute.status.as_str().to_owned(),
        refundable: dispute.charge_refundable,
        opened_at: dispute.created,
        amount: dispute.amount,
        reason: dispute.reason.clone(),
        due_by: dispute.due_by,
        movements_minor: dispute.movements.iter().map(|movement| movement.minor).collect(),
    };
    intake::apply_dispute(context, &sighting).await
}
