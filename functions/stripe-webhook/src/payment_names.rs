//! What a payment is called on a receipt, an invoice, a bank statement or in the Dashboard, so that customers
//! can name it by what they have in hand (`S2-30`).
//!
//! The names that a purchase's own event says are written with the purchase. Those that another event says
//! are noted by themselves, whether or not the purchase is known by then.

use intake::{EarlyExit, EventContext, EventOutcome, Ignored, payment_names};
use ledger::{PaymentId, PaymentName};
use stripe_events::{ChargeId, ChargeObject, CheckoutSession, PaidInvoice};

/// The names of a checkout session's payment: the session, and the invoice that it made.
pub(crate) fn names_of_session(session: &CheckoutSession) -> Vec<PaymentName> {
    let invoice = session.invoice.as_ref().map(ledger::InvoiceId::as_str);
    payment_names([Some(session.id.as_str()), invoice])
}

/// The names of an invoice's payment: the invoice, its number and the number of its receipt.
pub(crate) fn names_of_invoice(invoice: &PaidInvoice) -> Vec<PaymentName> {
    payment_names([Some(invoice.id.as_str()), invoice.number.as_deref(), invoice.receipt_number.as_deref()])
}

/// A charge, with the number of its receipt once there is one.
pub(crate) async fn apply_charge(
    context: &EventContext<'_>,
    charge: &ChargeObject,
) -> Result<EventOutcome, EarlyExit> {
    let Some(payment) = &charge.payment else { return Ok(EventOutcome::Ignored(Ignored::NoPurchase)) };
    let names = payment_names([Some(charge.id.as_str()), charge.receipt_number.as_deref()]);
    Ok(EventOutcome::of_news(context.tables.name_payment(payment, &names).await?))
}

/// The charge that an event about a payment names.
pub(crate) async fn note_charge(
    context: &EventContext<'_>,
    payment: &PaymentId,
    charge: Option<&ChargeId>,
) -> Result<(), EarlyExit> {
    context.tables.name_payment(payment, &payment_names([charge.map(ChargeId::as_str)])).await?;
    Ok(())
}
