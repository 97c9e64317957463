//! Subscriptions: the credits of each period that is paid, when their cancellation was asked for, when they
//! end.
//!
//! Each event has the subscription as it is then, so that each of them is recorded; of several the newest
//! counts, by Creem's own clock, to the millisecond. Only `subscription.canceled` ends it: one that is past
//! due, unpaid, expired or paused may go on. Only `subscription.paid` brings credits, by its transaction;
//! `active` comes beside it and brings none.

use creem_events::{CreemSubscription, CreemSubscriptionStatus, SubscriptionMove};
use intake::{
    EarlyExit, EventContext, EventOutcome, FIRST_CHARGE, Ignored, PaidPurchase, ParkReason, PurchaseCharge,
    RENEWAL, WaitingPurchase, build_grants, leads, payment_names, plan_of, save_subscription, uncredited,
    write_grants,
};
use ledger::{
    AccountId, BillingPeriod, CustomerId, CustomerStore, LedgerStore, Money, PaymentId, PriceId, Provider,
    Record, Subscription, SubscriptionReport, Timestamp,
};
use purchase_lines::{Bought, Sold, is_ignored};

use crate::account::{AccountClaims, known_account, link_of};
use crate::purchase;

/// A period that begins within this time of the subscription is its first, in seconds. Creem charges while it
/// makes the subscription; its shortest period is a day.
const FIRST_PERIOD_S: i64 = 3_600;

/// A subscription as of the event.
pub(crate) async fn apply_subscription(
    context: &EventContext<'_>,
    moved: SubscriptionMove,
    subscription: &CreemSubscription,
) -> Result<EventOutcome, EarlyExit> {
    let prices = prices_of(subscription);
    if !prices.is_empty() && prices.iter().all(|price| is_ignored(Some(price))) {
        return Err(Ignored::OtherProduct.into());
    }
    let link = link_of(&subscription.id)?;
    let claims = AccountClaims::from(subscription);
    let account = match known_account(context, &link, claims).await? {
        Some(account) => account,
        // Its checkout may be a moment behind.
        None if prices.iter().any(purchase::is_sold) => context.account_of(Some(&link)).await?,
        None => return Err(Ignored::OtherProduct.into()),
    };
    if !context.tables.link_customer(&link, &account).await? {
        return Ok(EventOutcome::Parked(ParkReason::AccountMismatch));
    }
    let record = record_of(context, moved, subscription, (&account, &prices));
    let recorded = save_subscription(context, &record, &prices).await?;
    if moved != SubscriptionMove::Paid {
        return Ok(recorded);
    }
    match apply_payment(context, subscription, (&account, &link, &prices)).await? {
        EventOutcome::Repeated => Ok(recorded),
        granted => Ok(granted),
    }
}

/// The products that it consists of.
pub(crate) fn prices_of(subscription: &CreemSubscription) -> Vec<PriceId> {
    let of_items = subscription.items.iter().filter_map(|item| item.product.as_ref());
    let mut prices: Vec<PriceId> = of_items.filter_map(purchase::price_of).collect();
    if prices.is_empty() {
        prices.extend(subscription.product.as_ref().and_then(purchase::price_of));
    }
    prices.dedup();
    prices
}

fn record_of(
    context: &EventContext<'_>,
    moved: SubscriptionMove,
    subscription: &CreemSubscription,
    (account, prices): (&AccountId, &[PriceId]),
) -> Subscription {
    let status = subscription.status.as_ref();
    let has_ended = moved == SubscriptionMove::Canceled;
    let is_to_end = moved == SubscriptionMove::ScheduledCancel
        || status == Some(&CreemSubscriptionStatus::ScheduledCancel);
    let asked_at = subscription.canceled_at.unwrap_or(context.happened_at);
    Subscription {
        provider: Provider::Creem,
        id: subscription.id.clone(),
        account: account.clone(),
        as_of: context.happened_at,
        price: plan_of(Provider::Creem, prices).map(|price| price.as_str().to_owned()),
        period_ends_at: subscription.current_period_end,
        // Creem does not say who asked. Once it says that a subscription ends, a later charge is an error
        // whoever did.
        cancellation_confirmed_at: (is_to_end || has_ended).then_some(asked_at),
        cancels_at: subscription.current_period_end.filter(|_| is_to_end),
        ended_at: has_ended.then_some(context.happened_at),
        confirmation: None,
        report: SubscriptionReport {
            rank: rank(context, moved, subscription),
            status: status.map(|status| status.as_str().to_owned()),
            collection_paused: moved == SubscriptionMove::Paused
                || status == Some(&CreemSubscriptionStatus::Paused),
            schedule: None,
        },
    }
}

/// The event's place among those of its millisecond: the beginning, changes, a request to end, the end; then
/// the later period. What is left has an order that says nothing, and is the same in whichever order the
/// events come.
fn rank(context: &EventContext<'_>, moved: SubscriptionMove, subscription: &CreemSubscription) -> u64 {
    let stage = match moved {
        SubscriptionMove::Trialing => 0,
        SubscriptionMove::Active => 1,
        SubscriptionMove::Paid => 2,
        SubscriptionMove::Updated => 3,
        SubscriptionMove::PastDue
        | SubscriptionMove::Unpaid
        | SubscriptionMove::Expired
        | SubscriptionMove::Paused => 4,
        SubscriptionMove::ScheduledCancel => 5,
        SubscriptionMove::Canceled => 6,
    };
    // An instant until the year 2099 has 32 bits of seconds.
    let period_ends_s = subscription.current_period_end.map_or(0, Timestamp::as_s);
    let [p0, p1, p2, p3] = u32::try_from(period_ends_s).unwrap_or_default().to_be_bytes();
    let [d0, d1, d2, ..] = refunds::fingerprint(&[context.event_id]);
    u64::from_be_bytes([stage, p0, p1, p2, p3, d0, d1, d2])
}

/// A period was paid.
async fn apply_payment(
    context: &EventContext<'_>,
    subscription: &CreemSubscription,
    whose: (&AccountId, &CustomerId, &[PriceId]),
) -> Result<EventOutcome, EarlyExit> {
    let granted = Box::pin(grant_period(context, subscription, whose)).await;
    if uncredited::is_waiting(&granted)
        && let Some(transaction) = &subscription.last_transaction
        && let Some(paid) = transaction.amount_paid
    {
        let period = period_of(subscription);
        let charge = refunds::Charge {
            subscription: subscription.id.clone(),
            billing_reason: billing_reason(subscription, period).to_owned(),
            period: period.map(|period| (period.start, period.end)),
        };
        let bought = bought_by(subscription, paid, period).ok();
        let waiting = WaitingPurchase {
            account: whose.0.clone(),
            payment: transaction.id.clone(),
            paid,
            charged_at: context.happened_at,
            buyer: subscription.buyer(),
            charge: Some(charge),
        };
        uncredited::note_promise(context, waiting, bought.as_ref()).await?;
    }
    granted
}

async fn grant_period(
    context: &EventContext<'_>,
    subscription: &CreemSubscription,
    (account, link, prices): (&AccountId, &CustomerId, &[PriceId]),
) -> Result<EventOutcome, EarlyExit> {
    let lacking = || context.lacking(ParkReason::PaymentUnknown);
    let transaction = subscription.last_transaction.as_ref().ok_or_else(lacking)?;
    let paid = transaction.amount_paid.ok_or_else(lacking)?;
    if paid.is_zero() {
        return Err(Ignored::NoCredits.into());
    }
    let period = period_of(subscription);
    let bought = bought_by(subscription, paid, period)?;
    if bought.purchases.is_empty() {
        return Err(purchase::without_credits(prices.first(), &bought, true));
    }
    purchase::check_kind(&bought, Sold::Subscription)?;
    check_first_of_period(context, (account, &transaction.id), subscription, period).await?;
    let billing_reason = billing_reason(subscription, period);
    let order = transaction.order.as_ref().map(creem_events::OrderId::as_str);
    let paid = PaidPurchase {
        payment: transaction.id.clone(),
        amount: paid,
        account: account.clone(),
        charged_at: context.happened_at,
        buyer: subscription.buyer(),
        charge: Some(PurchaseCharge { subscription: &subscription.id, billing_reason }),
        names: payment_names([order]),
    };
    let (grants, division) = build_grants(context, &paid, &bought)?;
    let mut records = vec![Record::Customer(link.clone(), account.clone())];
    records.extend(division);
    let evidence = async { leads::subscription_evidence(context, &paid).await };
    write_grants(context, grants, records, evidence).await
}

/// What the units of its one product bring. Of several products no event says what each of them cost.
fn bought_by(
    subscription: &CreemSubscription,
    paid: Money,
    period: Option<BillingPeriod>,
) -> Result<Bought, EarlyExit> {
    let prices = prices_of(subscription);
    let [price] = prices.as_slice() else { return Err(ParkReason::LinesUnknown.into()) };
    let units = subscription.items.iter().try_fold(0_u64, |sum, item| sum.checked_add(item.units?));
    let units = units.ok_or(ParkReason::Quantity)?;
    purchase::bought_of(Some(price), if subscription.items.is_empty() { 1 } else { units }, paid, period)
}

/// The period that is paid: its transaction's, or the one that runs as of the event.
fn period_of(subscription: &CreemSubscription) -> Option<BillingPeriod> {
    let of_transaction = subscription
        .last_transaction
        .as_ref()
        .and_then(|transaction| transaction.period_start.zip(transaction.period_end));
    let running = subscription.current_period_start.zip(subscription.current_period_end);
    let (start, end) = of_transaction.or(running).filter(|(start, end)| start < end)?;
    Some(BillingPeriod { start, end })
}

/// Whether the charge is the first of the subscription. Creem does not say so: it is where the period begins
/// with the subscription. The first charge after a trial is a renewal, as at Stripe.
fn billing_reason(subscription: &CreemSubscription, period: Option<BillingPeriod>) -> &'static str {
    let begins_with = |(created, period): (Timestamp, BillingPeriod)| {
        period.start.seconds_since(created).abs() < FIRST_PERIOD_S
    };
    match subscription.created.zip(period) {
        Some(both) if begins_with(both) => FIRST_CHARGE,
        _ => RENEWAL,
    }
}

/// A second charge within a period settles a change of the plan, and which credits it brings is a person's
/// decision: Creem's events do not say what the change gave back.
async fn check_first_of_period(
    context: &EventContext<'_>,
    (account, payment): (&AccountId, &PaymentId),
    subscription: &CreemSubscription,
    period: Option<BillingPeriod>,
) -> Result<(), EarlyExit> {
    let Some(period) = period else { return Ok(()) };
    let head = context.tables.head(account).await?;
    let account = head.as_ref().map(ledger::Entry::after);
    let mut charged = account.into_iter().flat_map(|account| {
        account
            .lots
            .iter()
            .filter(|lot| !account.is_further(lot) && lot.subscription() == Some(&subscription.id))
    });
    let is_other =
        |lot: &&ledger::Lot| lot.payment.as_ref().is_some_and(|other| other.at_stripe() != *payment);
    let within = |at: Timestamp| at >= period.start && at < period.end;
    let is_settled = charged.any(|lot| is_other(&lot) && within(lot.granted_at));
    if is_settled { Err(ParkReason::ProrationOnly.into()) } else { Ok(()) }
}
