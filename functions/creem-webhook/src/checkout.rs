//! Checkouts: a pack's credits, and the link of a subscription to an account.

use creem_events::{CreemBilling, CreemCheckout, CreemOrder, CreemOrderStatus};
use intake::{
    EarlyExit, EventContext, EventOutcome, Ignored, PaidPurchase, ParkReason, WaitingPurchase, build_grants,
    leads, payment_names, uncredited, without_credits, write_grants,
};
use ledger::{AccountId, CustomerStore, Money, PaymentId, PriceId, Provider, Subscriber};
use policy::PriceKind;
use purchase_lines::{Bought, Sold, find_price, is_ignored};

use crate::account::{AccountClaims, link_of};
use crate::purchase;

/// Creem sells one unit where a checkout does not say how many
/// (<https://docs.creem.io/api-reference/endpoint/create-checkout>).
const UNITS_UNSAID: u64 = 1;

/// A checkout was completed.
pub(crate) async fn apply_checkout(
    context: &EventContext<'_>,
    checkout: &CreemCheckout,
) -> Result<EventOutcome, EarlyExit> {
    match is_recurring(checkout) {
        Some(true) => link_subscription(context, checkout).await,
        Some(false) => apply_pack(context, checkout).await,
        None => Ok(EventOutcome::Parked(ParkReason::ValueUnknown)),
    }
}

/// Whether the product is paid every period; `None` where neither the event nor the catalogue says so.
fn is_recurring(checkout: &CreemCheckout) -> Option<bool> {
    if checkout.subscription.is_some() {
        return Some(true);
    }
    match &checkout.billing {
        Some(CreemBilling::Recurring) => Some(true),
        Some(CreemBilling::OneTime) => Some(false),
        Some(CreemBilling::Other(_)) | None => {
            let price = price_of(checkout)?;
            if is_ignored(Some(&price)) {
                return Some(false);
            }
            Some(find_price(Provider::Creem, &price)?.kind != PriceKind::Pack)
        }
    }
}

fn price_of(checkout: &CreemCheckout) -> Option<PriceId> {
    checkout.product.as_ref().and_then(purchase::price_of)
}

/// A subscription's credits come with its own events; the checkout says whose they are and what was ordered.
async fn link_subscription(
    context: &EventContext<'_>,
    checkout: &CreemCheckout,
) -> Result<EventOutcome, EarlyExit> {
    let price = price_of(checkout);
    if is_ignored(price.as_ref()) {
        return Err(Ignored::OtherProduct.into());
    }
    let named = AccountClaims::from(checkout).named()?.or_else(|| context.linked.cloned());
    let Some(account) = named else {
        let is_ours = price.as_ref().is_some_and(purchase::is_sold);
        return Err(if is_ours { ParkReason::AccountUnknown.into() } else { Ignored::OtherProduct.into() });
    };
    lambda::log::account(&account);
    // Nothing was sold yet where a checkout names no subscription: its events name the account themselves.
    let Some(subscription) = &checkout.subscription else { return Ok(EventOutcome::Repeated) };
    let link = link_of(&subscription.id)?;
    let ordered = price.as_ref().filter(|_| checkout.units.unwrap_or(UNITS_UNSAID) == UNITS_UNSAID);
    let subscriber =
        Subscriber { buyer: checkout.buyer(), price: ordered.map(|price| price.as_str().to_owned()) };
    let (linked, noted, named) = tokio::join!(
        context.tables.link_customer(&link, &account),
        context.tables.note_subscriber(&subscription.id, &subscriber),
        context.tables.note_checkout(checkout.id.as_str(), &account, &subscription.id)
    );
    named?;
    let (linked, is_news) = (linked?, noted?);
    if !linked {
        return Ok(EventOutcome::Parked(ParkReason::AccountMismatch));
    }
    let Some(price) = &subscriber.price else { return Ok(EventOutcome::of_news(is_news)) };
    // Its first payment may have come before it. One that comes later finds the order.
    let order = leads::OrderedPlan { subscription: &subscription.id, price };
    leads::note_wrong_plan(context, &account, &order).await?;
    Ok(EventOutcome::of_news(is_news))
}

/// A pack's credits. Where they cannot be granted, the promise of their hour is noted, once (`S2-21`).
async fn apply_pack(context: &EventContext<'_>, checkout: &CreemCheckout) -> Result<EventOutcome, EarlyExit> {
    let granted = Box::pin(grant_pack(context, checkout)).await;
    let order = checkout.order.as_ref();
    let payment =
        order.and_then(|order| order.transaction.as_ref()).map(|transaction| transaction.id.clone());
    if uncredited::is_waiting(&granted)
        && let Some(waiting) = purchase_waiting(context, checkout, payment.clone())
    {
        let bought = bought_by(checkout, waiting.paid).ok();
        uncredited::note_promise(context, waiting, bought.as_ref()).await?;
    }
    without_credits::note_payments(context, &granted, payment).await?;
    granted
}

/// The purchase as it waits for its credits: a payment of an account that is known.
fn purchase_waiting(
    context: &EventContext<'_>,
    checkout: &CreemCheckout,
    payment: Option<PaymentId>,
) -> Option<WaitingPurchase> {
    let account = account_named(context, checkout).ok()??;
    let paid = checkout.order.as_ref()?.paid()?;
    let (charged_at, buyer) = (context.happened_at, checkout.buyer());
    Some(WaitingPurchase { account, payment: payment?, paid, charged_at, buyer, charge: None })
}

async fn grant_pack(context: &EventContext<'_>, checkout: &CreemCheckout) -> Result<EventOutcome, EarlyExit> {
    let price = price_of(checkout);
    let account = account_named(context, checkout);
    let is_ours = !matches!(account, Ok(None));
    if is_ignored(price.as_ref()) || (!is_ours && !price.as_ref().is_some_and(purchase::is_sold)) {
        return Err(Ignored::OtherProduct.into());
    }
    let order = checkout.order.as_ref().ok_or(ParkReason::PaymentUnknown)?;
    check_paid(order)?;
    let (payment, paid) = paid_amount(context, order)?;
    let bought = bought_by(checkout, paid)?;
    if bought.purchases.is_empty() {
        return Err(purchase::without_credits(price.as_ref(), &bought, is_ours));
    }
    purchase::check_kind(&bought, Sold::Pack)?;
    let account = account?.ok_or(ParkReason::AccountUnknown)?;
    lambda::log::account(&account);
    let paid = PaidPurchase {
        payment,
        amount: paid,
        account,
        charged_at: context.happened_at,
        buyer: checkout.buyer(),
        charge: None,
        names: payment_names([Some(checkout.id.as_str()), Some(order.id.as_str())]),
    };
    let (grants, division) = build_grants(context, &paid, &bought)?;
    write_grants(context, grants, Vec::from_iter(division), async {
        Ok(leads::SubscriptionEvidence::default())
    })
    .await
}

fn check_paid(order: &CreemOrder) -> Result<(), EarlyExit> {
    match &order.status {
        Some(CreemOrderStatus::Paid) => Ok(()),
        Some(CreemOrderStatus::Pending) => Err(Ignored::Unpaid.into()),
        Some(CreemOrderStatus::Other(_)) | None => Err(ParkReason::ValueUnknown.into()),
    }
}

/// The transaction and all that was paid, with tax. Where nothing was paid there may be no transaction: the
/// order's id takes its place, and there is nothing to refund.
fn paid_amount(context: &EventContext<'_>, order: &CreemOrder) -> Result<(PaymentId, Money), EarlyExit> {
    let paid = order.paid();
    match (&order.transaction, paid) {
        (Some(transaction), Some(paid)) => Ok((transaction.id.clone(), paid)),
        (None, Some(paid)) if paid.is_zero() => {
            let id = PaymentId::new(order.id.as_str()).map_err(|_| ParkReason::PaymentUnknown)?;
            Ok((id, paid))
        }
        _ => Err(context.lacking(ParkReason::PaymentUnknown)),
    }
}

fn bought_by(checkout: &CreemCheckout, paid: Money) -> Result<Bought, EarlyExit> {
    purchase::bought_of(price_of(checkout).as_ref(), checkout.units.unwrap_or(UNITS_UNSAID), paid, None)
}

/// The account that the company's checkout code has named, or else an operator.
fn account_named(
    context: &EventContext<'_>,
    checkout: &CreemCheckout,
) -> Result<Option<AccountId>, ParkReason> {
    Ok(AccountClaims::from(checkout).named()?.or_else(|| context.linked.cloned()))
}
