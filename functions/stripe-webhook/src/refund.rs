//! Refunds of Stripe's: the request of ours that their metadata names, and how they stand.

use intake::{EarlyExit, EventContext, EventOutcome, ParkReason, ReportedRefund};
use ledger::RefundRequestId;
use refunds::{RefundSighting, RefundStatus as Status};
use stripe_events::{RefundObject, RefundStatus};

use crate::payment_names;

/// The key of a refund's metadata under which refund-payout names the request.
const REQUEST_KEY: &str = "refund_request";

/// A refund as of the event. `has_failed` is what the event's type says.
pub(crate) async fn apply_refund(
    context: &EventContext<'_>,
    refund: &RefundObject,
    has_failed: bool,
) -> Result<EventOutcome, EarlyExit> {
    let (named, charge) = (refund.payment.as_ref(), refund.charge.as_ref());
    let Some(payment) = payment_names::payment_of(context, named, charge).await? else {
        return Ok(context.defer_or_park(ParkReason::PaymentUnknown));
    };
    let seen = RefundSighting {
        id: refund.id.clone(),
        payment,
        amount: refund.amount,
        status: status(refund, has_failed)?,
        failure: refund.failure_reason.as_ref().map(|reason| reason.as_str().to_owned()),
    };
    let request = refund.metadata.get(REQUEST_KEY).and_then(|id| RefundRequestId::new(id).ok());
    let made_at = refund.created.unwrap_or(context.happened_at);
    intake::apply_refund(context, ReportedRefund { seen, request, made_at }).await
}

/// Some payment methods do not say how a refund stands; the event's type does.
fn status(refund: &RefundObject, has_failed: bool) -> Result<Status, EarlyExit> {
    match &refund.status {
        Some(RefundStatus::Succeeded) => Ok(Status::Succeeded),
        Some(RefundStatus::Failed | RefundStatus::Canceled) => Ok(Status::Failed),
        Some(RefundStatus::Other(_)) => Err(ParkReason::ValueUnknown.into()),
        None if has_failed => Ok(Status::Failed),
        Some(RefundStatus::RequiresAction) => Ok(Status::RequiresAction),
        Some(RefundStatus::Pending) | None => Ok(Status::Pending),
    }
}
