//! Paid invoices: the credits of each period of a subscription, and packs that are sold by invoice.
//!
//! An invoice brings its credits once, guarded by its own id and by the payment's. Its payment is the one
//! that was made through Stripe, to which refunds go. If there is none, because nothing was charged or the
//! money came out of band, the invoice's id takes its place and nothing can be refunded (C10). The invoice's
//! id represents its payments as well where there are several, and where its event does not name them, as in
//! API versions since 2025-03-31: the payout asks Stripe which they are, and refunds no more of each than
//! its part.
//!
//! An invoice without a subscription may belong to a checkout session or to a payment that brings the same
//! credits. Only its payment shows which, so the payment is waited for, and fetched if its event is missing.

use intake::{
    EarlyExit, EventContext, EventOutcome, Ignored, PaidPurchase, ParkReason, PurchaseCharge,
    WaitingPurchase, build_grants, leads, uncredited, without_credits, write_grants,
};
use ledger::{CustomerStore, Entry, LedgerStore, Money, PaymentId, PlanChangeStore, Record, Timestamp};
use purchase_lines::{
    Bought, Extent, LineFault, LinePurchase, RetiredPlan, SettledInvoice, Sold, UpgradeTermAt,
    bought_by_lines, credits_of_change, is_ignored, is_settled,
};
use stripe_events::{
    BillingReason, InvoiceLine, InvoicePaid, InvoicePaymentStatus, PaidInvoice, PaymentSource,
};

use crate::{payment_names, returns};

/// An invoice was paid.
pub(crate) async fn apply_invoice(
    context: &EventContext<'_>,
    invoice: &PaidInvoice,
    on_upgrade: UpgradeTermAt,
) -> Result<EventOutcome, EarlyExit> {
    payment_names::note_charges(context, invoice).await?;
    let granted = Box::pin(grant_invoice(context, invoice, on_upgrade)).await;
    if uncredited::is_waiting(&granted) {
        note_promise(context, invoice, on_upgrade).await?;
    }
    if context.looked_up && without_credits::brings_none(&granted) {
        forget_promise(context, invoice).await?;
    }
    let mut payments: Vec<PaymentId> = invoice.refundable_payments().map(|(id, _)| id.clone()).collect();
    if !invoice.amount_paid.is_zero() {
        payments.extend(PaymentId::new(invoice.id.as_str()));
    }
    without_credits::note_payments(context, &granted, payments).await?;
    granted
}

/// The purchase as it waits, where its customer has an account.
async fn note_promise(
    context: &EventContext<'_>,
    invoice: &PaidInvoice,
    on_upgrade: UpgradeTermAt,
) -> Result<(), EarlyExit> {
    let Some(customer) = &invoice.customer else { return Ok(()) };
    let Some(account) = context.tables.account_of(customer).await? else { return Ok(()) };
    let Ok((payment, paid)) = paid_amount(invoice) else { return Ok(()) };
    let bought = bought_by(invoice, &returns::retired_plans(context, invoice).await?, on_upgrade).ok();
    let period = bought.iter().flat_map(|bought| &bought.purchases).find_map(|purchase| purchase.period);
    let reason = invoice.billing_reason.as_ref().unwrap_or(&BillingReason::Manual);
    let charge = invoice.subscription.clone().map(|subscription| refunds::Charge {
        subscription,
        billing_reason: reason.as_str().to_owned(),
        period: period.map(|period| (period.start, period.end)),
    });
    let (charged_at, buyer) = (invoice.paid_at, invoice.buyer);
    let waiting = WaitingPurchase { account, payment, paid, charged_at, buyer, charge };
    uncredited::note_promise(context, waiting, bought.as_ref()).await
}

/// Takes the note of a purchase away whose lines turned out to bring no credits.
async fn forget_promise(context: &EventContext<'_>, invoice: &PaidInvoice) -> Result<(), EarlyExit> {
    let Some(customer) = &invoice.customer else { return Ok(()) };
    let Some(account) = context.tables.account_of(customer).await? else { return Ok(()) };
    // It was noted before its payment was known, or after.
    let noted = [paid_amount(invoice), unnamed(invoice)];
    let payments = noted.into_iter().flatten().map(|(payment, _)| payment);
    uncredited::forget_promise(context, &account, payments).await
}

async fn grant_invoice(
    context: &EventContext<'_>,
    invoice: &PaidInvoice,
    on_upgrade: UpgradeTermAt,
) -> Result<EventOutcome, EarlyExit> {
    if invoice.lines.is_none() {
        return Err(context.lacking(ParkReason::LinesUnknown));
    }
    let mut bought = bought_by(invoice, &returns::retired_plans(context, invoice).await?, on_upgrade)?;
    if bought.purchases.is_empty() {
        return without_purchases(context, invoice, &bought).await;
    }
    let granted = grant_purchases(context, invoice, &mut bought).await?;
    let is_there = matches!(granted, EventOutcome::Applied | EventOutcome::Repeated);
    if bought.returns.is_empty() || !is_there {
        return Ok(granted);
    }
    // Another product's plan was given up for it.
    let returned = returns::count_returns(context, invoice, &bought).await?;
    Ok(match returned {
        None | Some(EventOutcome::Repeated) => granted,
        Some(outcome) => outcome,
    })
}

async fn grant_purchases(
    context: &EventContext<'_>,
    invoice: &PaidInvoice,
    bought: &mut Bought,
) -> Result<EventOutcome, EarlyExit> {
    let is_plan = |purchase: &LinePurchase| purchase.sold == Sold::Subscription;
    if invoice.subscription.is_none() && bought.purchases.iter().any(is_plan) {
        return Err(ParkReason::PriceKind.into());
    }
    let reason = billing_reason(invoice)?;
    let billing_reason = reason.as_str();
    let (payment, amount) = if named_by_session(invoice) {
        match linked_payment(context, invoice).await? {
            Linked::Payment(payment, paid) => (payment, paid),
            Linked::Credited => {
                let (noted, _) = unnamed(invoice)?;
                let account = context.account_of(invoice.customer.as_ref()).await?;
                uncredited::settle_promise(context, (&account, &noted), invoice.paid_at).await?;
                return Ok(EventOutcome::Repeated);
            }
        }
    } else {
        link_payments(context, invoice).await?;
        paid_amount(invoice)?
    };
    let account = context.account_of(invoice.customer.as_ref()).await?;
    let charge = invoice.subscription.as_ref();
    let charge = charge.map(|subscription| PurchaseCharge { subscription, billing_reason });
    let (charged_at, buyer) = (invoice.paid_at, invoice.buyer);
    let names = payment_names::names_of_invoice(invoice);
    let paid = PaidPurchase { payment, amount, account, charged_at, buyer, charge, names };
    bought.from_balance_minor = from_balance_minor(invoice, bought);
    let widened = widen_first_change(context, invoice, &paid, bought).await?;
    let (grants, division) = build_grants(context, &paid, bought)?;
    let mut records = vec![Record::Invoice(invoice.id.clone(), paid.payment.clone())];
    records.extend(division.into_iter().chain(widened));
    // The price that a checkout's metadata names says nothing of the other plans in the order.
    let one_plan = bought.purchases.iter().filter(|purchase| is_plan(purchase)).count() == 1;
    let evidence = async {
        let evidence = leads::subscription_evidence(context, &paid).await?;
        Ok(if one_plan { evidence } else { leads::SubscriptionEvidence { ordered: None, ..evidence } })
    };
    let granted = write_grants(context, grants, records, evidence).await?;
    if matches!(granted, EventOutcome::Applied | EventOutcome::Repeated) {
        // It was noted by the invoice's id, while the payment was not known.
        let (noted, _) = unnamed(invoice)?;
        uncredited::settle_promise(context, (&paid.account, &noted), paid.charged_at).await?;
    }
    Ok(granted)
}

/// What the customer's balance at Stripe pays of a subscription's invoice, and what the lines of another
/// product give back within it.
fn from_balance_minor(invoice: &PaidInvoice, bought: &Bought) -> u64 {
    let total = invoice.total_minor.filter(|_| invoice.subscription.is_some());
    let returned = bought.returns.iter().try_fold(0_i64, |sum, part| sum.checked_add_unsigned(part.minor));
    let charged = total.zip(returned).and_then(|(total, returned)| total.checked_add(returned));
    let charged = charged.and_then(|charged| u64::try_from(charged).ok()).unwrap_or_default();
    charged.saturating_sub(invoice.amount_paid.minor())
}

/// No line brings credits. Money for the prices of a company's other products is not ours, as long as
/// nothing says that its customer is one of ours; what a session ordered says so when it is completed.
/// What a change of plans returns is counted.
async fn without_purchases(
    context: &EventContext<'_>,
    invoice: &PaidInvoice,
    bought: &Bought,
) -> Result<EventOutcome, EarlyExit> {
    if let Some(fault) = bought.fault {
        let is_other = fault == LineFault::PriceUnknown && !bought.is_ours;
        if is_other && !is_linked(context, invoice).await? {
            return Err(Ignored::OtherProduct.into());
        }
        return Err(fault.into());
    }
    let is_foreign = |line: &InvoiceLine| is_ignored(line.price.as_ref());
    let mut lines = invoice.lines.iter().flatten();
    if lines.clone().next().is_some() && lines.all(is_foreign) {
        return Err(Ignored::OtherProduct.into());
    }
    let is_change = invoice.lines.iter().flatten().any(|line| is_settled(line) && !is_foreign(line));
    if is_change && !invoice.amount_paid.is_zero() {
        return Err(ParkReason::ProrationOnly.into());
    }
    if !bought.returns.is_empty() || (is_change && is_linked(context, invoice).await?) {
        let counted = returns::count_returns(context, invoice, bought).await?;
        // Later changes give back of this invoice too: it is noted also where it returns nothing.
        if let Some(counted) = counted.filter(|_| !bought.returns.is_empty()) {
            return Ok(counted);
        }
    }
    Err(Ignored::NoCredits.into())
}

async fn is_linked(context: &EventContext<'_>, invoice: &PaidInvoice) -> Result<bool, EarlyExit> {
    match &invoice.customer {
        Some(customer) => Ok(context.tables.account_of(customer).await?.is_some()),
        None => Ok(false),
    }
}

/// What the lines buy that are charged for a whole period, or once, and what changes within a period come to
/// (C11).
fn bought_by(
    invoice: &PaidInvoice,
    retired: &[RetiredPlan],
    on_upgrade: UpgradeTermAt,
) -> Result<Bought, LineFault> {
    let settled = SettledInvoice { retired, ..invoice.into() };
    bought_by_lines(settled, &|product| on_upgrade(product, invoice.paid_at))
}

/// Gives the first change of an account's plans its whole difference, where the policy does, and answers the
/// records that it was had. The charges of its period before it are waited for, as far as Stripe names them:
/// which one is the first must not depend on the order of events.
async fn widen_first_change(
    context: &EventContext<'_>,
    invoice: &PaidInvoice,
    paid: &PaidPurchase<'_>,
    bought: &mut Bought,
) -> Result<Vec<Record>, EarlyExit> {
    let is_widened =
        |purchase: &LinePurchase| matches!(purchase.extent, Extent::Difference { full: Some(_) });
    let Some(charge) = paid.charge.filter(|_| bought.purchases.iter().any(is_widened)) else {
        return Ok(Vec::new());
    };
    if !context.tables.are_recorded(&invoice.id, &returns::credited(invoice)).await? {
        return Err(EarlyExit::Known(context.defer_or_park(ParkReason::PaymentUnknown)));
    }
    let head = context.tables.head(&paid.account).await?;
    let account = head.as_ref().map(Entry::after);
    let lots =
        account.into_iter().flat_map(|account| account.lots.iter().filter(|lot| !account.is_further(lot)));
    let own = lots.filter(|lot| lot.subscription() == Some(charge.subscription));
    let charges: Vec<Timestamp> = own.map(|lot| lot.granted_at).collect();
    let mut records = Vec::new();
    // One purchase of each product at most: what all changes of a product come to.
    for purchase in bought.purchases.iter_mut().filter(|purchase| is_widened(purchase)) {
        let earlier = context.tables.whole_difference(&paid.account, &purchase.product).await?;
        let had_whole = earlier.is_some_and(|payment| payment != paid.payment);
        let credits = credits_of_change(purchase, &charges, had_whole);
        if credits > purchase.credits {
            purchase.credits = credits;
            records.push(Record::WholeDifferenceOnce(purchase.product.clone(), paid.payment.clone()));
        }
    }
    Ok(records)
}

/// The reason decides about clocks and about refunds, so that one of Stripe's making must not pass unseen.
fn billing_reason(invoice: &PaidInvoice) -> Result<BillingReason, EarlyExit> {
    match &invoice.billing_reason {
        Some(BillingReason::Other(_)) => Err(ParkReason::ValueUnknown.into()),
        Some(reason) => Ok(reason.clone()),
        // Invoices have had a reason since 2018; one without it was made by hand.
        None => Ok(BillingReason::Manual),
    }
}

/// Whether a checkout session or a payment may bring the same credits under an id that the event lacks.
fn named_by_session(invoice: &PaidInvoice) -> bool {
    invoice.subscription.is_none() && invoice.payments.is_none()
}

/// The payment of an invoice whose event names none.
enum Linked {
    /// It paid the invoice.
    Payment(PaymentId, Money),
    /// The invoice has brought its credits, by its session.
    Credited,
}

/// Looks for the payment that the invoice's other events name, for a moment; then Stripe is asked.
async fn linked_payment(context: &EventContext<'_>, invoice: &PaidInvoice) -> Result<Linked, EarlyExit> {
    for attempt in 0..context.link_wait.attempts_max() {
        let (credited, payments) = tokio::join!(
            context.tables.credited_invoice(&invoice.id),
            context.tables.payments_of_invoice(&invoice.id)
        );
        if credited?.is_some() {
            return Ok(Linked::Credited);
        }
        let payments = payments?;
        let sum = payments.iter().try_fold(0_u64, |sum, (_, part)| sum.checked_add(part.minor()));
        // With a part missing, it is not known yet whether it was one payment.
        if sum.is_some_and(|sum| sum >= invoice.amount_paid.minor()) {
            match payments.as_slice() {
                [] => {}
                [(payment, paid)] => return Ok(Linked::Payment(payment.clone(), *paid)),
                // The invoice's id represents all of them, and each of them finds the invoice.
                _ => {
                    let (id, paid) = unnamed(invoice)?;
                    return Ok(Linked::Payment(id, paid));
                }
            }
        }
        if !context.is_fresh() {
            break;
        }
        context.link_wait.pause(attempt).await;
    }
    Err(context.lacking(ParkReason::PaymentUnknown))
}

/// Notes the payments that the event of an invoice names, where several paid it: from here on, events about
/// each of them find the invoice, as where its own event says so ([`apply_invoice_payment`]).
async fn link_payments(context: &EventContext<'_>, invoice: &PaidInvoice) -> Result<(), EarlyExit> {
    if represented_amount(invoice).is_some() {
        for (payment, part) in invoice.refundable_payments() {
            context.tables.link_payment(payment, &invoice.id, part).await?;
        }
    }
    Ok(())
}

/// What an invoice is known by if several payments paid it, or a charge without a payment of its own: its own
/// id represents all of them, as where the payments' own events say so ([`linked_payment`]).
fn represented_amount(invoice: &PaidInvoice) -> Option<(PaymentId, Money)> {
    let by_charge = payment_names::charges_of(invoice).map(|(_, part)| part);
    let mut parts: Vec<Money> = by_charge.collect();
    if parts.is_empty() && invoice.refundable_payments().count() < 2 {
        return None;
    }
    parts.extend(invoice.refundable_payments().map(|(_, part)| part));
    let sum = parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.minor()))?;
    let id = PaymentId::new(invoice.id.as_str()).ok()?;
    Some((id, Money::new(sum, invoice.amount_paid.currency())))
}

/// The payment that the invoice's credits go by, and what can be refunded of it.
pub(crate) fn paid_amount(invoice: &PaidInvoice) -> Result<(PaymentId, Money), ParkReason> {
    if let Some(represented) = represented_amount(invoice) {
        return Ok(represented);
    }
    if let Some((payment, paid)) = invoice.refundable_payments().next() {
        return Ok((payment.clone(), paid));
    }
    unnamed(invoice)
}

/// The invoice's id in place of its payment's.
fn unnamed(invoice: &PaidInvoice) -> Result<(PaymentId, Money), ParkReason> {
    let id = PaymentId::new(invoice.id.as_str()).map_err(|_| ParkReason::PaymentUnknown)?;
    let unnamed = invoice.payments.is_none();
    let paid = if unnamed { invoice.amount_paid } else { Money::new(0, invoice.amount_paid.currency()) };
    Ok((id, paid))
}

/// A payment of an invoice by itself: from here on, events about the payment, or about its charge, find the
/// invoice that may represent it, and the invoice finds the payment.
pub(crate) async fn apply_invoice_payment(
    context: &EventContext<'_>,
    paid: &InvoicePaid,
) -> Result<EventOutcome, EarlyExit> {
    match (&paid.payment.source, &paid.payment.status) {
        (PaymentSource::Payment(payment), InvoicePaymentStatus::Paid) => {
            let amount = paid.payment.amount;
            Ok(EventOutcome::of_news(context.tables.link_payment(payment, &paid.invoice, amount).await?))
        }
        (PaymentSource::Charge(charge), InvoicePaymentStatus::Paid) => {
            let id = PaymentId::new(paid.invoice.as_str()).map_err(|_| ParkReason::PaymentUnknown)?;
            let names = intake::payment_names([Some(charge.as_str())]);
            Ok(EventOutcome::of_news(context.tables.name_payment(&id, &names).await?))
        }
        // Nothing but a payment through Stripe is refunded or disputed there.
        _ => Ok(EventOutcome::Ignored(Ignored::NoPurchase)),
    }
}
