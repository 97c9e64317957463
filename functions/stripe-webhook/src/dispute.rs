//! Disputes of Stripe's: whether a payment is or was taken back by the cardholder's bank.

use intake::{DisputeSighting, EarlyExit, EventContext, EventOutcome, ParkReason};
use stripe_events::DisputeObject;

use crate::payment_names;

/// A dispute as of the event.
pub(crate) async fn apply_dispute(
    context: &EventContext<'_>,
    dispute: &DisputeObject,
) -> Result<EventOutcome, EarlyExit> {
    let payment = dispute.payment.clone().ok_or(ParkReason::PaymentUnknown)?;
    payment_names::note_charge(context, &payment, dispute.charge.as_ref()).await?;
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
