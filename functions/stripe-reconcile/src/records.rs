//! What the records say of an object of Stripe's. Each is looked up by its id: nothing is scanned.

#[cfg(test)]
mod tests;

use ledger::{CustomerStore, Division, Money, Payment, PaymentId, RefundRequestId};
use ledger_dynamodb::{StoreError, Tables};
use refunds::{Payout, RequestStore, State};
use stripe_api::{ListedObject, ObjectList};
use stripe_events::{
    CheckoutMode, CheckoutPaymentStatus, CheckoutSession, DisputeObject, Event, EventKind, PaidInvoice,
    RefundObject, RefundStatus, Unreadable, Verified, parse,
};

use crate::discrepancy::{Discrepancy, DiscrepancyKind};

/// The metadata member that ties a refund to the request that it pays.
const REQUEST_KEY: &str = "refund_request";

/// How an object compares with its record.
#[derive(Debug)]
pub(crate) enum Compared {
    Same,
    Differs(Discrepancy),
}

/// The object as an event about it would carry it, so that there is one reading of it.
pub(crate) fn read_object(list: ObjectList, object: &ListedObject) -> Result<Event, Unreadable> {
    let event_type = match list {
        ObjectList::Refunds => "refund.created",
        ObjectList::Disputes => "charge.dispute.created",
        ObjectList::PaidInvoices => "invoice.paid",
        ObjectList::CompletedSessions => "checkout.session.completed",
    };
    let (created_s, json) = (object.created_s, object.json.get());
    let envelope = format!(r#""object":"event","id":"evt_listed","livemode":true,"created":{created_s}"#);
    let event = format!(r#"{{{envelope},"type":"{event_type}","data":{{"object":{json}}}}}"#);
    parse(&Verified::kept(event.as_bytes()))
}

/// Compares an object with what is on record of it.
pub(crate) async fn find_discrepancy(
    tables: &Tables,
    object: &EventKind,
    created_s: i64,
) -> Result<Compared, StoreError> {
    let found = match object {
        EventKind::RefundCreated(refund) => of_refund(tables, refund).await?,
        EventKind::DisputeUpdated(dispute) => of_dispute(tables, dispute).await?,
        EventKind::InvoicePaid(invoice) => of_invoice(tables, invoice).await?,
        EventKind::CheckoutCompleted(session) => of_session(tables, session).await?,
        _ => None,
    };
    Ok(match found {
        Some((object, kind, recorded, stripe)) => {
            Compared::Differs(Discrepancy::new(object, kind, (recorded, stripe), created_s))
        }
        None => Compared::Same,
    })
}

/// The object's id, how it differs, what is recorded of it, and what Stripe says.
type Found = Option<(String, DiscrepancyKind, String, String)>;

const NOTHING: &str = "nothing";

fn shown(money: Money) -> String {
    format!("{} {}", money.minor(), money.currency())
}

/// The purchases of a payment, or of the invoice that represents it, and what of its money is beside them.
async fn purchases(tables: &Tables, id: &PaymentId) -> Result<(Vec<Payment>, Option<Division>), StoreError> {
    let found = tables.purchases_in(id).await?;
    if !found.0.is_empty() {
        return Ok(found);
    }
    match tables.linked_payment(id).await? {
        Some(invoice) => tables.purchases_in(&invoice).await,
        None => Ok(found),
    }
}

/// What is on record as paid, in the smallest unit.
fn paid_minor((purchases, division): &(Vec<Payment>, Option<Division>)) -> u64 {
    let paid = purchases.iter().map(|purchase| purchase.paid.minor());
    let beside = division.as_ref().map_or(0, |division| division.beside_minor);
    paid.fold(beside, u64::saturating_add)
}

async fn of_refund(tables: &Tables, refund: &RefundObject) -> Result<Found, StoreError> {
    let status = refund.status.as_ref().map_or("unknown", RefundStatus::as_str);
    let stripe = format!("{}, {status}", shown(refund.amount));
    let found = |kind, recorded: String| Ok(Some((refund.id.to_string(), kind, recorded, stripe.clone())));
    let failed = matches!(refund.status, Some(RefundStatus::Failed | RefundStatus::Canceled));
    if let Some((minor, is_failed)) = tables.external_refund(&refund.id).await? {
        let recorded = format!("{minor}, {}", if is_failed { "failed" } else { "counted" });
        return match (minor == refund.amount.minor(), is_failed == failed) {
            (true, true) => Ok(None),
            (false, _) => found(DiscrepancyKind::RefundAmount, recorded),
            (_, false) => found(DiscrepancyKind::RefundStatus, recorded),
        };
    }
    let request = refund.metadata.get(REQUEST_KEY).and_then(|id| RefundRequestId::new(id).ok());
    if let Some(request) = request
        && let Some(request) = tables.request(&request).await?
        && let Some(payout) = request.payout()
    {
        let state = request.state();
        let part = payout.parts().find(|part| part.refund.as_ref() == Some(&refund.id));
        let recorded = format!("{}, {state}", shown(part.map_or(payout.amount(), |part| part.amount)));
        match of_payout(payout, state, refund) {
            PayoutMatch::Same => return Ok(None),
            PayoutMatch::Differs(kind) => return found(kind, recorded),
            PayoutMatch::Another => {}
        }
    }
    if let Some(payment) = &refund.payment
        && tables.is_without_credits(payment).await?
    {
        return Ok(None);
    }
    // One that failed before it was known moves nothing.
    if failed { Ok(None) } else { found(DiscrepancyKind::RefundMissing, NOTHING.to_owned()) }
}

/// How a refund compares with the payout of the request that it names.
#[derive(Debug, PartialEq, Eq)]
enum PayoutMatch {
    Same,
    Differs(DiscrepancyKind),
    /// It is none of that payout's: somebody else's metadata names the request.
    Another,
}

fn of_payout(payout: &Payout, state: State, refund: &RefundObject) -> PayoutMatch {
    if payout.failed_before.contains(&refund.id) {
        return PayoutMatch::Same;
    }
    let Some(part) = payout.parts().find(|part| part.refund.as_ref() == Some(&refund.id)) else {
        return PayoutMatch::Another;
    };
    let is_behind = match &refund.status {
        Some(RefundStatus::Failed | RefundStatus::Canceled) => {
            part.failure.is_none() && matches!(state, State::Paying | State::Refunded)
        }
        Some(RefundStatus::Succeeded) => !part.paid && matches!(state, State::Approved | State::Paying),
        _ => false,
    };
    match (part.amount == refund.amount, is_behind) {
        (true, false) => PayoutMatch::Same,
        (false, _) => PayoutMatch::Differs(DiscrepancyKind::RefundAmount),
        (_, true) => PayoutMatch::Differs(DiscrepancyKind::RefundStatus),
    }
}

async fn of_dispute(tables: &Tables, dispute: &DisputeObject) -> Result<Found, StoreError> {
    let status = dispute.status.as_str();
    let found = |kind, recorded: &str| {
        Ok(Some((dispute.id.to_string(), kind, recorded.to_owned(), status.to_owned())))
    };
    let Some(payment) = &dispute.payment else { return found(DiscrepancyKind::DisputeMissing, NOTHING) };
    let (purchases, _) = purchases(tables, payment).await?;
    let Some(purchase) = purchases.first() else {
        let is_foreign = tables.is_without_credits(payment).await?;
        return if is_foreign { Ok(None) } else { found(DiscrepancyKind::DisputeMissing, NOTHING) };
    };
    match purchase.disputes.iter().find(|known| known.id == dispute.id) {
        Some(known) if known.status == status => Ok(None),
        Some(known) => found(DiscrepancyKind::DisputeStatus, &known.status),
        None => found(DiscrepancyKind::DisputeMissing, NOTHING),
    }
}

async fn of_invoice(tables: &Tables, invoice: &PaidInvoice) -> Result<Found, StoreError> {
    let paid = invoice.amount_paid;
    // Where nothing was paid, the invoice does not say whether it brings credits.
    if paid.is_zero() {
        return Ok(None);
    }
    let found = |kind, recorded: String| Ok(Some((invoice.id.to_string(), kind, recorded, shown(paid))));
    let Some(payment) = tables.credited_invoice(&invoice.id).await? else {
        let payments = invoice.refundable_payments().map(|(payment, _)| payment.clone());
        for payment in payments.chain(PaymentId::new(invoice.id.as_str()).ok()) {
            if tables.is_without_credits(&payment).await? {
                return Ok(None);
            }
        }
        return found(DiscrepancyKind::InvoiceMissing, NOTHING.to_owned());
    };
    let minor = paid_minor(&purchases(tables, &payment).await?);
    // Of several payments the largest may be the one on record.
    let is_whole = payment.as_str() == invoice.id.as_str();
    let differs = if is_whole { minor != paid.minor() } else { minor > paid.minor() };
    if differs { found(DiscrepancyKind::InvoiceAmount, minor.to_string()) } else { Ok(None) }
}

async fn of_session(tables: &Tables, session: &CheckoutSession) -> Result<Found, StoreError> {
    match session.mode {
        CheckoutMode::Payment => of_purchase(tables, session).await,
        CheckoutMode::Subscription => of_link(tables, session).await,
        CheckoutMode::Setup | CheckoutMode::Other(_) => Ok(None),
    }
}

async fn of_purchase(tables: &Tables, session: &CheckoutSession) -> Result<Found, StoreError> {
    let is_paid = session.payment_status == CheckoutPaymentStatus::Paid;
    let (Some(payment), Some(total)) = (&session.payment, session.amount_total.filter(|_| is_paid)) else {
        return Ok(None);
    };
    let found = |kind, recorded: String| Ok(Some((session.id.to_string(), kind, recorded, shown(total))));
    let recorded = purchases(tables, payment).await?;
    if recorded.0.is_empty() {
        let is_foreign = tables.is_without_credits(payment).await?;
        let missing = DiscrepancyKind::SessionMissing;
        return if is_foreign { Ok(None) } else { found(missing, NOTHING.to_owned()) };
    }
    let minor = paid_minor(&recorded);
    if minor == total.minor() { Ok(None) } else { found(DiscrepancyKind::SessionAmount, minor.to_string()) }
}

/// The account that a subscription's checkout has named for its customer.
async fn of_link(tables: &Tables, session: &CheckoutSession) -> Result<Found, StoreError> {
    let (Some(named), Some(customer)) = (&session.client_reference_id, &session.customer) else {
        return Ok(None);
    };
    let invoice = session.invoice.as_ref().and_then(|invoice| PaymentId::new(invoice.as_str()).ok());
    if let Some(invoice) = invoice
        && tables.is_without_credits(&invoice).await?
    {
        return Ok(None);
    }
    let recorded = tables.account_of(customer).await?;
    if recorded.as_ref().is_some_and(|account| account.as_str() == named.as_str()) {
        return Ok(None);
    }
    let recorded = recorded.map_or_else(|| NOTHING.to_owned(), |account| account.to_string());
    Ok(Some((session.id.to_string(), DiscrepancyKind::CustomerLink, recorded, named.clone())))
}
