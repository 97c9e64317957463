//! Subscriptions: their record, renewals that were charged after a cancellation, and the clock of leftover
//! credits.

use ledger::{Command, LedgerStore, PriceId, Provider, Subscription, SubscriptionStore, Timestamp};
use policy::{OnResubscribe, PriceKind};
use purchase_lines::find_price;
use refunds::policy_ref;

use crate::context::{EarlyExit, EventContext};
use crate::leads;
use crate::outcome::{EventOutcome, ParkReason};
use crate::policy::policy_at;

/// Saves a subscription as of the event, with the `prices` of its items. Of several events the newest counts,
/// in whichever order they come; that it ended is never taken back.
pub async fn save_subscription(
    context: &EventContext<'_>,
    record: &Subscription,
    prices: &[PriceId],
) -> Result<EventOutcome, EarlyExit> {
    let saved = context.tables.save_subscription(record).await?;
    if record.cancellation_confirmed_at.is_some() {
        leads::note_late_renewals(context, record).await?;
    }
    // The clock starts whether or not the record was there: an earlier delivery may have ended between.
    let started = match record.ended_at {
        Some(ended_at) => start_clock(context, record, prices, ended_at).await?,
        None => EventOutcome::Repeated,
    };
    Ok(if saved && started == EventOutcome::Repeated { EventOutcome::Applied } else { started })
}

/// The plan among the prices of a subscription's items, which may have add-ons before it.
pub fn plan_of(provider: Provider, prices: &[PriceId]) -> Option<&PriceId> {
    let is_plan = |price: &&PriceId| {
        let known = find_price(provider, price);
        known.is_some_and(|price| matches!(price.kind, PriceKind::Subscription { .. }))
    };
    prices.iter().find(is_plan).or(prices.first())
}

/// The product of its prices; of a price that has left the catalogue, that of its lots.
async fn product_of(
    context: &EventContext<'_>,
    record: &Subscription,
    prices: &[PriceId],
) -> Result<Option<String>, EarlyExit> {
    let mut prices = prices.iter().filter_map(|price| find_price(context.provider, price));
    if let Some(price) = prices.next() {
        return Ok(Some(price.product.clone()));
    }
    let head = context.tables.head(&record.account).await?;
    let lots = head.iter().flat_map(|head| &head.after().lots);
    let mut own = lots.filter(|lot| lot.subscription() == Some(&record.id));
    Ok(own.next().map(|lot| lot.product.as_str().to_owned()))
}

/// Left-over credits expire some time after the end, not after the request to cancel (`S2-26`).
async fn start_clock(
    context: &EventContext<'_>,
    record: &Subscription,
    prices: &[PriceId],
    ended_at: Timestamp,
) -> Result<EventOutcome, EarlyExit> {
    let Some(product) = product_of(context, record, prices).await? else {
        return Err(ParkReason::PriceUnknown.into());
    };
    let Some(document) = policy_at(&product, ended_at).document() else { return Ok(EventOutcome::Repeated) };
    let Some(leftover) = &document.leftover else { return Ok(EventOutcome::Repeated) };
    let command = Command::StartExpiry {
        subscription: record.id.clone(),
        ended_at,
        leftover_s: leftover.after_end_s,
        pauses_leftover_expiry: leftover.on_resubscribe == OnResubscribe::StopClock,
    };
    context.carry_out(&record.account, &command, Some(policy_ref(document)), Vec::new()).await
}
