//! Checkout sessions: a pack's credits, and the link of a customer to an account.
//!
//! The session's `client_reference_id` says whose it is; it is written as the customer's link in the very
//! transaction of the grant, on condition that the customer has no other (C9), so that no read is needed.

use ledger::{
    AccountId, Grant, LotId, Money, Payment, PaymentId, PaymentKind, PaymentStore, ProductId, Record,
    Subscriber,
};
use policy_documents::documents;
use refunds::{About, Lead, LeadStore, Pack, Uncredited, credit_promise};
use stripe_events::{CheckoutMode, CheckoutPaymentStatus, CheckoutSession, Quantity};

use crate::apply::{Apply, Stop, in_force, pinned};
use crate::leads::{self, Order, Told};
use crate::names;
use crate::outcome::{Ignored, Outcome, Unapplied};
use crate::purchase::{Purchase, Sold, purchase};

/// A session was completed, or its money has come.
pub(crate) async fn completed(apply: &Apply<'_>, session: &CheckoutSession) -> Result<Outcome, Stop> {
    match &session.mode {
        CheckoutMode::Payment => pack(apply, session).await,
        CheckoutMode::Subscription => link(apply, session).await,
        CheckoutMode::Setup => Ok(Outcome::Ignored(Ignored::NoPurchase)),
        CheckoutMode::Other(_) => Ok(Outcome::Parked(Unapplied::ValueUnknown)),
    }
}

/// A subscription's credits come with its invoices, and their account with the customer.
async fn link(apply: &Apply<'_>, session: &CheckoutSession) -> Result<Outcome, Stop> {
    let customer = session.customer.as_ref().ok_or(Unapplied::AccountUnknown)?;
    let account = named(session)?.ok_or(Unapplied::AccountUnknown)?;
    lambda::log::account(&account);
    let subscriber = Subscriber { buyer: session.buyer, price: ordered(session).map(str::to_owned) };
    let noted = async {
        match &session.subscription {
            Some(subscription) => apply.tables.note_subscriber(subscription, &subscriber).await,
            None => Ok(()),
        }
    };
    let (linked, noted) = tokio::join!(apply.tables.link_customer(customer, &account), noted);
    let linked = linked?;
    noted?;
    if !linked {
        return Ok(Outcome::Parked(Unapplied::AccountMismatch));
    }
    // Its first invoice may have come before it. One that comes later finds the order.
    if let (Some(subscription), Some(price)) = (&session.subscription, &subscriber.price) {
        leads::of_order(apply, &account, &Order { subscription, price }).await?;
    }
    Ok(Outcome::Applied)
}

/// The price of the one plan that was ordered, once.
fn ordered(session: &CheckoutSession) -> Option<&str> {
    match session.lines.as_deref()? {
        [line] => (line.quantity == Quantity::whole(1)).then(|| line.price.as_str()),
        _ => None,
    }
}

/// A pack's credits. Where they cannot be granted, the promise of their hour is noted, once (`S2-21`).
async fn pack(apply: &Apply<'_>, session: &CheckoutSession) -> Result<Outcome, Stop> {
    let granted = grant(apply, session).await;
    if let Ok(Outcome::Parked(reason)) | Err(Stop::Known(Outcome::Parked(reason))) = &granted
        && let Some(noted) = uncredited(apply, session, *reason)
    {
        apply.tables.note(&noted).await?;
    }
    granted
}

/// The purchase as it waits for its credits: a payment of an account that is known, and something to give
/// back. Whose it is stays a person's question where the customer belongs to another account.
fn uncredited(apply: &Apply<'_>, session: &CheckoutSession, reason: Unapplied) -> Option<Lead> {
    let (payment, paid) = money(session).ok().filter(|(_, paid)| !paid.is_zero())?;
    let account = named(session).ok().flatten().filter(|_| reason != Unapplied::AccountMismatch)?;
    let lines = session.lines.iter().flatten().map(|line| (&line.price, Some(line.quantity)));
    let bought = purchase(lines).ok().flatten();
    let product = bought.as_ref().map(|bought| bought.product.clone());
    let pack = bought.filter(|bought| bought.sold == Sold::Pack);
    let pack = pack.map(|bought| Pack { price: bought.price, credits: bought.credits });
    let charged_at = apply.event.created;
    let (_, due_at) = credit_promise(documents(), product.as_ref().map(ProductId::as_str), charged_at)?;
    let buyer = session.buyer;
    let about =
        About::Uncredited(Uncredited { payment, product, pack, charge: None, paid, charged_at, buyer });
    // The case begins when the promise is broken.
    Some(Lead { account, about, since: due_at, due_at: Some(due_at) })
}

async fn grant(apply: &Apply<'_>, session: &CheckoutSession) -> Result<Outcome, Stop> {
    let (payment, paid) = money(session)?;
    let lines = session.lines.as_ref().ok_or(Unapplied::LinesUnknown)?;
    let bought = purchase(lines.iter().map(|line| (&line.price, Some(line.quantity))))?;
    let Purchase { product, price, sold, credits } = bought.ok_or(Unapplied::LinesUnknown)?;
    if sold != Sold::Pack {
        return Err(Unapplied::PriceKind.into());
    }
    let account = match named(session)? {
        Some(account) => account,
        None => apply.account_of(session.customer.as_ref()).await?,
    };
    lambda::log::account(&account);
    let charged_at = apply.event.created;
    let policy = pinned(in_force(product.as_str(), charged_at));
    let records = session.customer.iter().map(|customer| Record::Customer(customer.clone(), account.clone()));
    let records = records.collect();
    let payment = Payment {
        id: payment,
        account,
        kind: PaymentKind::Pack,
        product,
        price,
        paid,
        refunded_minor: 0,
        charged_at,
        period_starts_at: None,
        period_ends_at: None,
        lot: LotId(0),
        credits,
        landed_at: apply.now,
        policy,
        buyer: session.buyer,
        names: names::of_session(session),
        disputes: Vec::new(),
        downloads: 0,
    };
    let grant = Grant { payment: Box::new(payment), stops_clocks: false, period: None, leftover_s: None };
    apply.grant(grant, records, async { Ok(Told::default()) }).await
}

/// The payment and what it brought. A session that cost nothing has no payment: its own id stands for it,
/// and there is nothing to refund.
fn money(session: &CheckoutSession) -> Result<(PaymentId, Money), Stop> {
    let total = session.amount_total.ok_or(Unapplied::PaymentUnknown)?;
    match (&session.payment_status, &session.payment) {
        (CheckoutPaymentStatus::Unpaid, _) => Err(Ignored::Unpaid.into()),
        (CheckoutPaymentStatus::Paid, Some(payment)) => Ok((payment.clone(), total)),
        (CheckoutPaymentStatus::Paid | CheckoutPaymentStatus::NoPaymentRequired, _) if total.is_zero() => {
            let id = PaymentId::new(session.id.as_str()).map_err(|_| Unapplied::PaymentUnknown)?;
            Ok((id, total))
        }
        (CheckoutPaymentStatus::Paid | CheckoutPaymentStatus::NoPaymentRequired, _) => {
            Err(Unapplied::PaymentUnknown.into())
        }
        (CheckoutPaymentStatus::Other(_), _) => Err(Unapplied::ValueUnknown.into()),
    }
}

/// The account that the company's checkout code has named.
fn named(session: &CheckoutSession) -> Result<Option<AccountId>, Stop> {
    let named = session.client_reference_id.as_deref().map(AccountId::new).transpose();
    Ok(named.map_err(|_| Unapplied::AccountUnknown)?)
}
