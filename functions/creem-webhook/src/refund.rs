//! Refunds: what counts is the running total that the transaction has.
//!
//! A refund of Creem's carries nothing of ours, and its event comes once. `refund_amount` is what this refund
//! gives back; the transaction's `refunded_amount` is the sum of all of them, and only grows.

use creem_events::{CreemRefund, CreemRefundStatus};
use intake::{EarlyExit, EventContext, EventOutcome, ParkReason, report_refunded_total};
use refunds::{RefundStatus, TotalSighting};

/// A refund was made, or is on its way.
pub(crate) async fn apply_refund(
    context: &EventContext<'_>,
    refund: &CreemRefund,
) -> Result<EventOutcome, EarlyExit> {
    let lacking = || context.lacking(ParkReason::PaymentUnknown);
    let transaction = refund.transaction.as_ref().ok_or_else(lacking)?;
    let seen = TotalSighting {
        payment: transaction.id.clone(),
        total: transaction.refunded_amount.ok_or_else(lacking)?,
        status: status(refund)?,
        amount: refund.amount,
    };
    report_refunded_total(context, &seen, refund.created.unwrap_or(context.happened_at)).await
}

/// How the refund stands. Without a status it is made, as the event's name says.
fn status(refund: &CreemRefund) -> Result<RefundStatus, EarlyExit> {
    match &refund.status {
        Some(CreemRefundStatus::Succeeded) | None => Ok(RefundStatus::Succeeded),
        Some(CreemRefundStatus::Pending) => Ok(RefundStatus::Pending),
        Some(CreemRefundStatus::RequiresAction) => Ok(RefundStatus::RequiresAction),
        Some(CreemRefundStatus::Failed | CreemRefundStatus::Canceled) => Ok(RefundStatus::Failed),
        Some(CreemRefundStatus::Other(_)) => Err(ParkReason::ValueUnknown.into()),
    }
}
