//! Paid invoices: the credits of each period of a subscription.
//!
//! An invoice brings its credits once, guarded by its own id and by the payment's. Its payment is the one
//! that refunds go to: the largest that was made through Stripe. Where there is none, because nothing was
//! charged or the money came out of band, the invoice's id stands for it and nothing can be refunded (C10).
//! Where the event does not name the payments, which API versions since 2025-03-31 do not, the invoice's id
//! stands for them with all that was paid: the payout asks Stripe which payment it was, and refunds no
//! more than that payment's part.

use ledger::{
    AccountId, Grant, LotId, Money, Payment, PaymentId, PaymentKind, PaymentStore, Record, SubscriptionId,
};
use policy::{OnRenewal, OnResubscribe};
use stripe_events::{
    BillingReason, InvoiceLine, InvoicePaid, InvoicePaymentStatus, PaidInvoice, PaymentSource, Period,
};

use crate::apply::{Apply, Stop, in_force, pinned};
use crate::leads::Told;
use crate::names;
use crate::outcome::{Ignored, Outcome, Unapplied};
use crate::purchase::{Purchase, Sold, purchase};

/// An invoice was paid.
pub(crate) async fn paid(apply: &Apply<'_>, invoice: &PaidInvoice) -> Result<Outcome, Stop> {
    let Purchase { product, price, sold, credits } = bought(invoice)?;
    let billing_reason = billing_reason(invoice)?;
    let kind = match (sold, &invoice.subscription) {
        (Sold::Subscription, Some(subscription)) => PaymentKind::Subscription {
            subscription: subscription.clone(),
            billing_reason: billing_reason.as_str().to_owned(),
        },
        (Sold::Subscription, None) => return Err(Unapplied::PriceKind.into()),
        // A checkout session may have been paid by this very invoice: only its payment tells them apart.
        (Sold::Pack, _) if invoice.payments.is_none() => return Err(Unapplied::PaymentUnknown.into()),
        (Sold::Pack, _) => PaymentKind::Pack,
    };
    let (payment, paid) = money(apply, invoice)?;
    let account = apply.account_of(invoice.customer.as_ref()).await?;
    let in_force = in_force(product.as_str(), invoice.paid_at);
    let document = in_force.document();
    let leftover = document.and_then(|document| document.leftover.as_ref());
    let stops = leftover.is_some_and(|leftover| leftover.on_resubscribe == OnResubscribe::StopClock);
    let replaces = document.is_some_and(|document| document.on_renewal == OnRenewal::Replace);
    let starts_at = periods(invoice).map(|period| period.start).min();
    let period = replaces.then(|| ledger::Period {
        starts_at: starts_at.unwrap_or(invoice.paid_at),
        replaces: billing_reason == BillingReason::SubscriptionCycle,
    });
    let records = vec![Record::Invoice(invoice.id.clone(), payment.clone())];
    let payment = Payment {
        id: payment,
        account: account.clone(),
        kind,
        product,
        price,
        paid,
        refunded_minor: 0,
        charged_at: invoice.paid_at,
        period_starts_at: starts_at,
        period_ends_at: periods(invoice).map(|period| period.end).max(),
        lot: LotId(0),
        credits,
        landed_at: apply.now,
        policy: pinned(in_force),
        buyer: invoice.buyer,
        names: names::of_invoice(invoice),
        disputes: Vec::new(),
        downloads: 0,
    };
    let grant = Grant {
        payment: Box::new(payment),
        stops_clocks: stops && billing_reason == BillingReason::SubscriptionCreate,
        period,
        leftover_s: leftover.map(|leftover| leftover.after_end_s),
    };
    let told = told(apply, &account, invoice.subscription.as_ref(), &billing_reason);
    apply.grant(grant, records, told).await
}

/// What is on record of the subscription: of a renewal whether it was cancelled, of a first charge what was
/// ordered.
async fn told(
    apply: &Apply<'_>,
    account: &AccountId,
    subscription: Option<&SubscriptionId>,
    billing_reason: &BillingReason,
) -> Result<Told, Stop> {
    let mut told = Told::default();
    match (billing_reason, subscription) {
        (BillingReason::SubscriptionCycle, Some(subscription)) => {
            told.subscription = apply.tables.subscription(account, subscription).await?;
        }
        (BillingReason::SubscriptionCreate, Some(subscription)) => {
            let subscriber = apply.tables.subscriber(subscription).await?;
            told.ordered = subscriber.and_then(|subscriber| subscriber.price);
        }
        _ => {}
    }
    Ok(told)
}

/// Lines that are charged for a whole period. A line of nothing is a trial, which brings no credits; a
/// negative line is credit within the invoice (C11); a proration's credits are not the period's.
fn bought(invoice: &PaidInvoice) -> Result<Purchase, Stop> {
    let lines = invoice.lines.as_ref().ok_or(Unapplied::LinesUnknown)?;
    let charged = || lines.iter().filter(|line| line.amount_minor > 0);
    let priced = |line: &'_ InvoiceLine| line.price.clone().map(|price| (price, line.quantity));
    let whole: Vec<_> = charged().filter(|line| !line.proration).filter_map(priced).collect();
    match purchase(whole.iter().map(|(price, quantity)| (price, *quantity)))? {
        Some(purchase) => Ok(purchase),
        None if !invoice.amount_paid.is_zero() && charged().any(|line| line.proration) => {
            Err(Unapplied::ProrationOnly.into())
        }
        None => Err(Ignored::NoCredits.into()),
    }
}

/// The reason decides about clocks and about refunds, so that one of Stripe's making must not pass unseen.
fn billing_reason(invoice: &PaidInvoice) -> Result<BillingReason, Stop> {
    match &invoice.billing_reason {
        Some(BillingReason::Other(_)) => Err(Unapplied::ValueUnknown.into()),
        Some(reason) => Ok(reason.clone()),
        // Invoices have had a reason since 2018; one without it was made by hand.
        None => Ok(BillingReason::Manual),
    }
}

fn money(apply: &Apply<'_>, invoice: &PaidInvoice) -> Result<(PaymentId, Money), Stop> {
    let others = invoice.refundable_payments().count().saturating_sub(1);
    if others > 0 {
        apply.metrics.count("PaymentsUntracked", u64::try_from(others).unwrap_or(u64::MAX));
        tracing::warn!(others, "only the largest payment of the invoice can be refunded by itself");
    }
    // Of equal ones the first: the same in every delivery of the event.
    let largest = invoice
        .refundable_payments()
        .reduce(|largest, payment| if payment.1.minor() > largest.1.minor() { payment } else { largest });
    if let Some((payment, paid)) = largest {
        return Ok((payment.clone(), paid));
    }
    let id = PaymentId::new(invoice.id.as_str()).map_err(|_| Unapplied::PaymentUnknown)?;
    let unnamed = invoice.payments.is_none();
    let paid = if unnamed { invoice.amount_paid } else { Money::new(0, invoice.amount_paid.currency()) };
    Ok((id, paid))
}

/// The periods that are charged: together they last from the earliest beginning to the latest end.
fn periods(invoice: &PaidInvoice) -> impl Iterator<Item = Period> {
    let lines = invoice.lines.iter().flatten().filter(|line| line.amount_minor > 0 && !line.proration);
    lines.filter_map(|line| line.period)
}

/// A payment of an invoice by itself: from here on what is told of the payment finds the invoice that may
/// stand for it.
pub(crate) async fn payment_paid(apply: &Apply<'_>, paid: &InvoicePaid) -> Result<Outcome, Stop> {
    match (&paid.payment.source, &paid.payment.status) {
        (PaymentSource::Payment(payment), InvoicePaymentStatus::Paid) => {
            apply.tables.link_payment(payment, &paid.invoice).await?;
            Ok(Outcome::Applied)
        }
        // Nothing but a payment through Stripe is refunded or disputed there.
        _ => Ok(Outcome::Ignored(Ignored::NoPurchase)),
    }
}
