//! What a parked event of Stripe's is about, as far as it can be read.

use intake::ParkedPurchase;
use ledger::{AccountId, CustomerId, PaymentId};
use stripe_events::{CheckoutMode, CheckoutPaymentStatus, CheckoutSession, Event, EventKind, PaidInvoice};

use crate::top_up;

/// The customer that an event is about.
pub(crate) fn customer_of(kind: &EventKind) -> Option<&CustomerId> {
    match kind {
        EventKind::CheckoutCompleted(session) | EventKind::CheckoutAsyncPaymentSucceeded(session) => {
            session.customer.as_ref()
        }
        EventKind::InvoicePaid(invoice) => invoice.customer.as_ref(),
        EventKind::PaymentSucceeded(payment) => payment.customer.as_ref(),
        EventKind::SubscriptionCreated(subscription)
        | EventKind::SubscriptionUpdated(subscription)
        | EventKind::SubscriptionDeleted(subscription) => subscription.customer.as_ref(),
        _ => None,
    }
}

/// What an event is about, for an operator.
pub(crate) fn purchase_of(event: &Event) -> ParkedPurchase {
    ParkedPurchase { customer: customer_of(&event.kind).cloned(), ..purchase(&event.kind) }
}

fn purchase(kind: &EventKind) -> ParkedPurchase {
    match kind {
        EventKind::CheckoutCompleted(session) | EventKind::CheckoutAsyncPaymentSucceeded(session) => {
            of_session(session)
        }
        EventKind::InvoicePaid(invoice) => of_invoice(invoice),
        EventKind::PaymentSucceeded(payment) => ParkedPurchase {
            payment: Some(payment.id.clone()),
            paid: Some(payment.amount),
            prices: payment.named_price.iter().cloned().collect(),
            named: top_up::account_named(payment),
            ..ParkedPurchase::default()
        },
        EventKind::SubscriptionCreated(subscription)
        | EventKind::SubscriptionUpdated(subscription)
        | EventKind::SubscriptionDeleted(subscription) => {
            ParkedPurchase { prices: subscription.prices.clone(), ..ParkedPurchase::default() }
        }
        // Money that goes back: nobody waits for credits, and people have to look at whose it is.
        EventKind::RefundCreated(refund)
        | EventKind::RefundUpdated(refund)
        | EventKind::RefundFailed(refund) => {
            ParkedPurchase { payment: refund.payment.clone(), ..going_back() }
        }
        EventKind::DisputeUpdated(dispute) => {
            ParkedPurchase { payment: dispute.payment.clone(), due_by: dispute.due_by, ..going_back() }
        }
        EventKind::FraudWarningUpdated(warning) => {
            ParkedPurchase { payment: warning.payment.clone(), ..going_back() }
        }
        EventKind::CreditNoteUpdated(note) => {
            ParkedPurchase { payment: PaymentId::new(note.invoice.as_str()).ok(), ..going_back() }
        }
        _ => ParkedPurchase::default(),
    }
}

/// What takes money back, or may: a failed refund as well, since it may have been applied before.
fn going_back() -> ParkedPurchase {
    ParkedPurchase { goes_back: true, ..ParkedPurchase::default() }
}

fn of_session(session: &CheckoutSession) -> ParkedPurchase {
    let invoiced = || session.invoice.as_ref().and_then(|invoice| PaymentId::new(invoice.as_str()).ok());
    let payment = match session.mode {
        CheckoutMode::Subscription => invoiced(),
        _ => session.payment.clone(),
    };
    let lines = session.lines.iter().flatten().filter_map(|line| line.price.clone());
    let is_paid = session.payment_status == CheckoutPaymentStatus::Paid;
    ParkedPurchase {
        payment,
        paid: session.amount_total.filter(|_| is_paid),
        prices: lines.chain(session.named_price.clone()).collect(),
        named: session.client_reference_id.as_deref().and_then(|account| AccountId::new(account).ok()),
        ..ParkedPurchase::default()
    }
}

/// By the payment that its credits, and its case, go by.
fn of_invoice(invoice: &PaidInvoice) -> ParkedPurchase {
    ParkedPurchase {
        payment: crate::invoice::paid_amount(invoice).ok().map(|(payment, _)| payment),
        paid: Some(invoice.amount_paid),
        prices: invoice.lines.iter().flatten().filter_map(|line| line.price.clone()).collect(),
        ..ParkedPurchase::default()
    }
}
