//! The way from an event to the handler of its kind.

use intake::{EarlyExit, EventContext, EventOutcome, Failure, Ignored};
use purchase_lines::UpgradeTermAt;
use stripe_events::EventKind;

use crate::{
    checkout, credit_note, dispute, fraud_warning, invoice, payment_names, refund, subscription, top_up,
};

/// Applies the event.
pub(crate) async fn apply_event(
    context: &EventContext<'_>,
    kind: &EventKind,
    on_upgrade: UpgradeTermAt,
) -> Result<EventOutcome, Failure> {
    let result = match kind {
        EventKind::CheckoutCompleted(session) | EventKind::CheckoutAsyncPaymentSucceeded(session) => {
            checkout::apply_checkout(context, session).await
        }
        EventKind::InvoicePaid(invoice) => invoice::apply_invoice(context, invoice, on_upgrade).await,
        EventKind::InvoicePaymentPaid(paid) => invoice::apply_invoice_payment(context, paid).await,
        EventKind::ChargeUpdated(charge) => payment_names::apply_charge(context, charge).await,
        EventKind::PaymentSucceeded(payment) => top_up::apply_payment_intent(context, payment).await,
        EventKind::DisputeUpdated(dispute) => dispute::apply_dispute(context, dispute).await,
        EventKind::SubscriptionCreated(subscription) | EventKind::SubscriptionUpdated(subscription) => {
            let is_new = matches!(kind, EventKind::SubscriptionCreated(_));
            subscription::apply_subscription(context, subscription, (is_new, subscription.ended_at)).await
        }
        EventKind::SubscriptionDeleted(subscription) => {
            let ended_at = subscription.ended_at.unwrap_or(context.happened_at);
            subscription::apply_subscription(context, subscription, (false, Some(ended_at))).await
        }
        EventKind::RefundCreated(refund) | EventKind::RefundUpdated(refund) => {
            refund::apply_refund(context, refund, false).await
        }
        EventKind::RefundFailed(refund) => refund::apply_refund(context, refund, true).await,
        EventKind::FraudWarningUpdated(warning) => fraud_warning::apply_fraud_warning(context, warning).await,
        EventKind::CreditNoteUpdated(note) => credit_note::apply_credit_note(context, note).await,
        EventKind::Thin { .. } => Ok(EventOutcome::Ignored(Ignored::Thin)),
        EventKind::Other => Ok(EventOutcome::Ignored(Ignored::UnknownType)),
    };
    EarlyExit::settle(result)
}
