//! What a payment is called on a receipt, an invoice, a bank statement or in the Dashboard, so that customers
//! can name it by what they have in hand (`S2-30`).
//!
//! The names that a purchase's own event says are written with the purchase. Those that another event says
//! are noted by themselves, whether or not the purchase is known by then.

use intake::{EarlyExit, EventContext, EventOutcome, Ignored, payment_names};
use ledger::{Money, PaymentId, PaymentName};
use stripe_events::{
    ChargeId, ChargeObject, CheckoutSession, InvoicePaymentStatus, PaidInvoice, PaymentSource,
};

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

/// The charges that paid an invoice without a payment of their own, as in old integrations. The invoice's id
/// represents them.
pub(crate) async fn note_charges(context: &EventContext<'_>, invoice: &PaidInvoice) -> Result<(), EarlyExit> {
    let charges = charges_of(invoice).map(|(charge, _)| Some(charge.as_str()));
    let names: Vec<PaymentName> = charges.flat_map(|charge| payment_names([charge])).collect();
    if let (Ok(id), false) = (PaymentId::new(invoice.id.as_str()), names.is_empty()) {
        context.tables.name_payment(&id, &names).await?;
    }
    Ok(())
}

/// The charges that paid an invoice without a payment of their own, each with its part.
pub(crate) fn charges_of(invoice: &PaidInvoice) -> impl Iterator<Item = (&ChargeId, Money)> {
    invoice.payments.iter().flatten().filter_map(|payment| match &payment.source {
        PaymentSource::Charge(id) if payment.status == InvoicePaymentStatus::Paid => {
            Some((id, payment.amount))
        }
        _ => None,
    })
}

/// The payment that an event is about: the one that it names, whose charge is noted, or the one whose charge
/// it names. Older API versions, and charges without a PaymentIntent, name the charge alone.
pub(crate) async fn payment_of(
    context: &EventContext<'_>,
    payment: Option<&PaymentId>,
    charge: Option<&ChargeId>,
) -> Result<Option<PaymentId>, EarlyExit> {
    let charge = charge.and_then(|charge| PaymentName::new(charge.as_str()).ok());
    match (payment, charge) {
        (Some(payment), charge) => {
            context.tables.name_payment(payment, charge.as_slice()).await?;
            Ok(Some(payment.clone()))
        }
        (None, Some(charge)) => Ok(context.tables.payment_called(&charge).await?),
        (None, None) => Ok(None),
    }
}
