//! What a parked event is about, as far as it can be read: the ids that say what would unpark it, the money
//! that somebody paid and that has brought nothing, and the case that is open or about to open for it.

use ledger::{AccountId, CustomerId, CustomerStore, ExecuteError, Money, PaymentId, PaymentStore};
use ledger_dynamodb::{ParkedSubject, StoreError, Tables};
use policy_documents::catalogue;
use refunds::{Lead, LeadStore, RequestStore};
use stripe_events::{
    CheckoutMode, CheckoutPaymentStatus, CheckoutSession, Event, EventKind, PaidInvoice, PriceId,
};

use crate::context::Failure;
use crate::outcome::ParkReason;
use crate::top_up;

/// What is paid for by the event's money, without anything that is read.
#[derive(Default)]
struct Purchase<'a> {
    payment: Option<PaymentId>,
    paid: Option<Money>,
    prices: Vec<&'a PriceId>,
    /// The account that the company's own code has named.
    named: Option<AccountId>,
}

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

/// What a parked event is about. `linked` is the account that an operator has named.
pub(crate) async fn subject_of(
    tables: &Tables,
    event: Option<&Event>,
    reason: ParkReason,
    linked: Option<&AccountId>,
) -> Result<ParkedSubject, Failure> {
    let Some(event) = event else { return Ok(ParkedSubject::default()) };
    read_subject(tables, event, reason, linked).await.map_err(ExecuteError::Store)
}

async fn read_subject(
    tables: &Tables,
    event: &Event,
    reason: ParkReason,
    linked: Option<&AccountId>,
) -> Result<ParkedSubject, StoreError> {
    let Purchase { payment, paid, prices, named } = purchase(&event.kind);
    let customer = customer_of(&event.kind).cloned();
    let unknown = prices
        .into_iter()
        .find(|price| catalogue().price(price.as_str()).is_err() && !catalogue().is_ignored(price.as_str()));
    let by_customer = match &customer {
        Some(customer) => tables.account_of(customer).await?,
        None => None,
    };
    let account = match reason {
        // Whose it is stays a person's question.
        ParkReason::AccountMismatch => None,
        _ => linked.cloned().or(by_customer).or(named),
    };
    let account = match (account, &payment) {
        (None, Some(payment)) if reason != ParkReason::AccountMismatch => {
            tables.payment(payment).await?.map(|payment| payment.account)
        }
        (account, _) => account,
    };
    let case = match (&account, &payment) {
        (Some(account), Some(payment)) => {
            let id = Lead::id_of_uncredited(account, payment);
            let is_noted = tables.lead(&id).await?.is_some() || tables.request(&id).await?.is_some();
            is_noted.then_some(id)
        }
        _ => None,
    };
    let price = unknown.map(|price| price.as_str().to_owned());
    Ok(ParkedSubject { account, customer, payment, price, paid: paid.filter(|paid| !paid.is_zero()), case })
}

fn purchase(kind: &EventKind) -> Purchase<'_> {
    match kind {
        EventKind::CheckoutCompleted(session) | EventKind::CheckoutAsyncPaymentSucceeded(session) => {
            of_session(session)
        }
        EventKind::InvoicePaid(invoice) => of_invoice(invoice),
        EventKind::PaymentSucceeded(payment) => Purchase {
            payment: Some(payment.id.clone()),
            paid: Some(payment.amount),
            prices: payment.named_price.iter().collect(),
            named: top_up::account_named(payment),
        },
        EventKind::SubscriptionCreated(subscription)
        | EventKind::SubscriptionUpdated(subscription)
        | EventKind::SubscriptionDeleted(subscription) => {
            Purchase { prices: subscription.prices.iter().collect(), ..Purchase::default() }
        }
        // Money that goes back: nobody waits for credits.
        EventKind::RefundCreated(refund)
        | EventKind::RefundUpdated(refund)
        | EventKind::RefundFailed(refund) => {
            Purchase { payment: refund.payment.clone(), ..Purchase::default() }
        }
        EventKind::DisputeUpdated(dispute) => {
            Purchase { payment: dispute.payment.clone(), ..Purchase::default() }
        }
        EventKind::CreditNoteUpdated(note) => {
            Purchase { payment: PaymentId::new(note.invoice.as_str()).ok(), ..Purchase::default() }
        }
        _ => Purchase::default(),
    }
}

fn of_session(session: &CheckoutSession) -> Purchase<'_> {
    let invoiced = || session.invoice.as_ref().and_then(|invoice| PaymentId::new(invoice.as_str()).ok());
    let payment = match session.mode {
        CheckoutMode::Subscription => invoiced(),
        _ => session.payment.clone(),
    };
    let lines = session.lines.iter().flatten().filter_map(|line| line.price.as_ref());
    let is_paid = session.payment_status == CheckoutPaymentStatus::Paid;
    Purchase {
        payment,
        paid: session.amount_total.filter(|_| is_paid),
        prices: lines.chain(&session.named_price).collect(),
        named: session.client_reference_id.as_deref().and_then(|account| AccountId::new(account).ok()),
    }
}

/// By the payment that its credits, and its case, go by.
fn of_invoice(invoice: &PaidInvoice) -> Purchase<'_> {
    Purchase {
        payment: crate::invoice::paid_amount(invoice).ok().map(|(payment, _)| payment),
        paid: Some(invoice.amount_paid),
        prices: invoice.lines.iter().flatten().filter_map(|line| line.price.as_ref()).collect(),
        named: None,
    }
}
