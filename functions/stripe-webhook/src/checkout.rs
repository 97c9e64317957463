//! Checkout sessions: a pack's credits, and the link of a customer to an account.
//!
//! The session's `client_reference_id` names the account; it is written as the customer's link in the same
//! transaction as the grant, on condition that the customer has no other (C9), so that no read is needed.
//!
//! The lines say what was bought, and Stripe's events carry none. One unit of the price that the
//! metadata names is proved without them by the sum, where the catalogue says what a unit costs. Anything
//! else has its lines fetched.

use intake::{
    EarlyExit, EventContext, EventOutcome, Ignored, PaidPurchase, ParkReason, WaitingPurchase, build_grants,
    leads, uncredited, without_credits, write_grants,
};
use ledger::{AccountId, CustomerStore, Money, PaymentId, Provider, Record, Subscriber};
use policy::PriceProvider;
use policy_documents::catalogue;
use purchase_lines::{Bought, LineFault, PaidLine, Sold, bought, find_price};
use refunds::Charge;
use stripe_events::{BillingReason, CheckoutMode, CheckoutPaymentStatus, CheckoutSession, PriceId, Quantity};

use crate::payment_names;

/// A session was completed, or its money has come.
pub(crate) async fn apply_checkout(
    context: &EventContext<'_>,
    session: &CheckoutSession,
) -> Result<EventOutcome, EarlyExit> {
    match &session.mode {
        CheckoutMode::Payment => apply_pack(context, session).await,
        CheckoutMode::Subscription => link_customer(context, session).await,
        CheckoutMode::Setup => Ok(EventOutcome::Ignored(Ignored::NoPurchase)),
        CheckoutMode::Other(_) => Ok(EventOutcome::Parked(ParkReason::ValueUnknown)),
    }
}

/// A subscription's credits come with its invoices, and their account with the customer.
async fn link_customer(
    context: &EventContext<'_>,
    session: &CheckoutSession,
) -> Result<EventOutcome, EarlyExit> {
    // What another product's checkout puts there names no account of ours.
    if ordered_price(session).is_some_and(|price| catalogue().is_ignored(price)) {
        return Err(Ignored::OtherProduct.into());
    }
    let account = match account_named(context, session)? {
        Some(account) => account,
        None => account_of_customer(context, session).await?,
    };
    let customer = session.customer.as_ref().ok_or(ParkReason::AccountUnknown)?;
    lambda::log::account(&account);
    let subscriber = Subscriber { buyer: session.buyer, price: ordered_price(session).map(str::to_owned) };
    let noted = async {
        match &session.subscription {
            Some(subscription) => {
                let (tables, checkout) = (context.tables, session.id.as_str());
                let noted = tables.note_subscriber(subscription, &subscriber);
                let (noted, named) =
                    tokio::join!(noted, tables.note_checkout(checkout, &account, subscription));
                named.and(noted)
            }
            None => Ok(true),
        }
    };
    let (linked, noted) = tokio::join!(context.tables.link_customer(customer, &account), noted);
    let (linked, is_news) = (linked?, noted?);
    if !linked {
        return Ok(EventOutcome::Parked(ParkReason::AccountMismatch));
    }
    let (Some(subscription), Some(price)) = (&session.subscription, &subscriber.price) else {
        return Ok(EventOutcome::of_news(is_news));
    };
    if catalogue().price_through(PriceProvider::Stripe, price).is_err() {
        // Its invoice brings no credits either, and before the link nothing said that it is ours.
        note_unknown_price(context, session, account).await?;
        return Ok(EventOutcome::Parked(ParkReason::PriceUnknown));
    }
    // Its first invoice may have come before it. One that comes later finds the order.
    leads::note_wrong_plan(context, &account, &leads::OrderedPlan { subscription, price }).await?;
    Ok(EventOutcome::of_news(is_news))
}

/// The account of a session that names none. Where neither the customer nor the price is ours, it sold one of
/// the company's other products.
async fn account_of_customer(
    context: &EventContext<'_>,
    session: &CheckoutSession,
) -> Result<AccountId, EarlyExit> {
    if let Some(customer) = &session.customer
        && let Some(account) = context.tables.account_of(customer).await?
    {
        return Ok(account);
    }
    let is_ours =
        session.named_price.as_ref().is_some_and(|price| find_price(Provider::Stripe, price).is_some());
    Err(if is_ours { ParkReason::AccountUnknown.into() } else { Ignored::OtherProduct.into() })
}

/// The price of the one plan that was ordered, once.
fn ordered_price(session: &CheckoutSession) -> Option<&str> {
    match session.lines.as_deref() {
        Some([line]) if line.quantity == Some(Quantity::whole(1)) => line.price.as_ref().map(PriceId::as_str),
        Some(_) => None,
        None => session.named_price.as_ref().map(PriceId::as_str),
    }
}

/// A paid subscription whose price the catalogue does not know, by its first invoice.
async fn note_unknown_price(
    context: &EventContext<'_>,
    session: &CheckoutSession,
    account: AccountId,
) -> Result<(), EarlyExit> {
    let payment = session.invoice.as_ref().and_then(|invoice| PaymentId::new(invoice.as_str()).ok());
    let (Some(payment), Some(paid)) = (payment, session.amount_total) else { return Ok(()) };
    let (charged_at, buyer) = (context.happened_at, session.buyer);
    let charge = session.subscription.clone().map(|subscription| Charge {
        subscription,
        billing_reason: BillingReason::SubscriptionCreate.as_str().to_owned(),
        period: None,
    });
    uncredited::note_promise(
        context,
        WaitingPurchase { account, payment, paid, charged_at, buyer, charge },
        None,
    )
    .await
}

/// A pack's credits. Where they cannot be granted, the promise of their hour is noted, once (`S2-21`).
async fn apply_pack(
    context: &EventContext<'_>,
    session: &CheckoutSession,
) -> Result<EventOutcome, EarlyExit> {
    let granted = Box::pin(grant_pack(context, session)).await;
    if uncredited::is_waiting(&granted)
        && let Some(waiting) = purchase_waiting(context, session, &granted).await?
    {
        uncredited::note_promise(context, waiting, bought_by(context, session).ok().as_ref()).await?;
    }
    let has_landed = matches!(granted, Ok(EventOutcome::Applied | EventOutcome::Repeated));
    if context.looked_up
        && (has_landed || without_credits::brings_none(&granted))
        && let Some(WaitingPurchase { account, payment, .. }) =
            purchase_waiting(context, session, &granted).await?
    {
        if has_landed {
            uncredited::settle_promise(context, (&account, &payment), context.happened_at).await?;
        } else {
            uncredited::forget_promise(context, &account, [payment]).await?;
        }
    }
    without_credits::note_payments(context, &granted, session.payment.clone()).await?;
    granted
}

/// The purchase as it waits for its credits: a payment of an account that is known, and something to give
/// back. Whose it is stays a person's question where the customer belongs to another account.
async fn purchase_waiting(
    context: &EventContext<'_>,
    session: &CheckoutSession,
    granted: &Result<EventOutcome, EarlyExit>,
) -> Result<Option<WaitingPurchase>, EarlyExit> {
    if matches!(granted, Ok(EventOutcome::Parked(ParkReason::AccountMismatch))) {
        return Ok(None);
    }
    let Ok((payment, paid)) = paid_amount(session) else { return Ok(None) };
    let account = match (account_named(context, session), &session.customer) {
        (Ok(Some(account)), _) => Some(account),
        (_, Some(customer)) => context.tables.account_of(customer).await?,
        (_, None) => None,
    };
    let (charged_at, buyer) = (context.happened_at, session.buyer);
    Ok(account.map(|account| WaitingPurchase { account, payment, paid, charged_at, buyer, charge: None }))
}

async fn grant_pack(
    context: &EventContext<'_>,
    session: &CheckoutSession,
) -> Result<EventOutcome, EarlyExit> {
    let (payment, paid) = paid_amount(session)?;
    let bought = bought_by(context, session)?;
    if bought.purchases.is_empty() {
        return without_purchases(context, session, &bought).await;
    }
    if bought.purchases.iter().any(|purchase| purchase.sold != Sold::Pack) {
        return Err(ParkReason::PriceKind.into());
    }
    let account = match account_named(context, session)? {
        Some(account) => account,
        None => context.account_of(session.customer.as_ref()).await?,
    };
    lambda::log::account(&account);
    let customer = session.customer.iter();
    let mut records: Vec<Record> =
        customer.map(|customer| Record::Customer(customer.clone(), account.clone())).collect();
    // The invoice that the session made brings the same credits.
    let invoice = session.invoice.iter();
    records.extend(invoice.map(|invoice| Record::Invoice(invoice.clone(), payment.clone())));
    let (charged_at, buyer) = (context.happened_at, session.buyer);
    let names = payment_names::names_of_session(session);
    let paid = PaidPurchase { payment, amount: paid, account, charged_at, buyer, charge: None, names };
    let (grants, division) = build_grants(context, &paid, &bought)?;
    records.extend(division);
    write_grants(context, grants, records, async { Ok(leads::SubscriptionEvidence::default()) }).await
}

/// No line brings credits: something sold beside them, something of the company's other products, or a
/// price that the catalogue forgot.
async fn without_purchases(
    context: &EventContext<'_>,
    session: &CheckoutSession,
    bought: &Bought,
) -> Result<EventOutcome, EarlyExit> {
    let Some(fault) = bought.fault else { return Err(Ignored::NoPurchase.into()) };
    let is_other =
        fault == LineFault::PriceUnknown && !bought.is_ours && session.client_reference_id.is_none();
    let linked = match &session.customer {
        Some(customer) if is_other => context.tables.account_of(customer).await?.is_some(),
        _ => !is_other,
    };
    if linked { Err(fault.into()) } else { Err(Ignored::OtherProduct.into()) }
}

/// What the session's lines buy.
fn bought_by(context: &EventContext<'_>, session: &CheckoutSession) -> Result<Bought, EarlyExit> {
    let Some(lines) = &session.lines else { return bought_by_metadata(context, session) };
    let subtotals = lines.iter().map(|line| line.subtotal_minor).collect::<Option<Vec<_>>>();
    if let (Some(subtotals), Some(whole)) = (subtotals, session.amount_subtotal) {
        let sum = subtotals.iter().try_fold(0_i64, |sum, subtotal| sum.checked_add(*subtotal));
        if sum.and_then(|sum| u64::try_from(sum).ok()) != Some(whole.minor()) {
            return Err(ParkReason::AmountMismatch.into());
        }
    }
    let lines = lines.iter().map(|line| PaidLine {
        price: line.price.as_ref(),
        quantity: line.quantity,
        minor: u64::try_from(line.total_minor.or(line.subtotal_minor).unwrap_or_default())
            .unwrap_or_default(),
        period: None,
    });
    Ok(bought(Provider::Stripe, lines)?)
}

/// One unit of the price that the metadata names, where the sum before discounts and taxes proves it.
fn bought_by_metadata(context: &EventContext<'_>, session: &CheckoutSession) -> Result<Bought, EarlyExit> {
    let lacking = || context.lacking(ParkReason::LinesUnknown);
    let price = session.named_price.as_ref().ok_or_else(lacking)?;
    let sum = session.amount_subtotal.or(session.amount_total).ok_or_else(lacking)?;
    let known = find_price(Provider::Stripe, price).ok_or_else(lacking)?;
    if known.amount_of(1, sum.currency().as_str()) != Some(sum.minor()) {
        return Err(lacking());
    }
    let quantity = Some(Quantity::whole(1));
    Ok(bought(
        Provider::Stripe,
        [PaidLine { price: Some(price), quantity, minor: sum.minor(), period: None }],
    )?)
}

/// The payment and its amount. A session that cost nothing has no payment: its own id takes the place of
/// the payment's, and there is nothing to refund.
fn paid_amount(session: &CheckoutSession) -> Result<(PaymentId, Money), EarlyExit> {
    let total = session.amount_total.ok_or(ParkReason::PaymentUnknown)?;
    match (&session.payment_status, &session.payment) {
        (CheckoutPaymentStatus::Unpaid, _) => Err(Ignored::Unpaid.into()),
        (CheckoutPaymentStatus::Paid, Some(payment)) => Ok((payment.clone(), total)),
        (CheckoutPaymentStatus::Paid | CheckoutPaymentStatus::NoPaymentRequired, _) if total.is_zero() => {
            let id = PaymentId::new(session.id.as_str()).map_err(|_| ParkReason::PaymentUnknown)?;
            Ok((id, total))
        }
        (CheckoutPaymentStatus::Paid | CheckoutPaymentStatus::NoPaymentRequired, _) => {
            Err(ParkReason::PaymentUnknown.into())
        }
        (CheckoutPaymentStatus::Other(_), _) => Err(ParkReason::ValueUnknown.into()),
    }
}

/// The account that the company's checkout code has named, or else an operator.
fn account_named(
    context: &EventContext<'_>,
    session: &CheckoutSession,
) -> Result<Option<AccountId>, EarlyExit> {
    let named = session.client_reference_id.as_deref().map(AccountId::new);
    match (named, context.linked) {
        (Some(Ok(account)), _) => Ok(Some(account)),
        (_, Some(linked)) => Ok(Some(linked.clone())),
        (Some(Err(_)), None) => Err(ParkReason::AccountUnknown.into()),
        (None, None) => Ok(None),
    }
}
