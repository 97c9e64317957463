//! Subscriptions: when their cancellation was confirmed, when they end, and the clock that starts then.

use ledger::{
    AccountId, Command, CustomerStore, LedgerStore, Provider, Subscription, SubscriptionReport,
    SubscriptionStore, Timestamp,
};
use policy::{OnResubscribe, PriceKind};
use policy_documents::catalogue;
use refunds::policy_ref;
use stripe_events::{CancellationReason, EventKind, PriceId, SubscriptionObject, SubscriptionStatus};

use crate::context::{EarlyExit, EventContext};
use crate::leads;
use crate::outcome::{Ignored, Outcome, ParkReason};
use crate::policy::policy_at;

/// A subscription as of the event. Of several events the newest counts, in whichever order they come; that
/// it ended is never taken back.
pub(crate) async fn apply_subscription(
    context: &EventContext<'_>,
    subscription: &SubscriptionObject,
    ended_at: Option<Timestamp>,
) -> Result<Outcome, EarlyExit> {
    if is_of_another_product(context, subscription).await? {
        return Ok(Outcome::Ignored(Ignored::OtherProduct));
    }
    let account = context.account_of(subscription.customer.as_ref()).await?;
    let at_period_end = subscription.current_period_end.filter(|_| subscription.cancel_at_period_end);
    let record = Subscription {
        provider: Provider::Stripe,
        id: subscription.id.clone(),
        account: account.clone(),
        as_of: context.event.created,
        price: plan_of(subscription).map(|price| price.as_str().to_owned()),
        period_ends_at: subscription.current_period_end,
        cancellation_confirmed_at: subscription.canceled_at.filter(|_| was_asked_for(subscription, ended_at)),
        cancels_at: subscription.cancel_at.or(at_period_end),
        ended_at,
        confirmation: None,
        report: report_of(context, subscription, ended_at),
    };
    let saved = context.tables.save_subscription(&record).await?;
    if record.cancellation_confirmed_at.is_some() {
        leads::note_late_renewals(context, &record).await?;
    }
    // The clock starts whether or not the record was there: an earlier delivery may have ended between.
    let started = match ended_at {
        Some(ended_at) => start_clock(context, subscription, &account, ended_at).await?,
        None => Outcome::Repeated,
    };
    Ok(if saved && started == Outcome::Repeated { Outcome::Applied } else { started })
}

fn report_of(
    context: &EventContext<'_>,
    subscription: &SubscriptionObject,
    ended_at: Option<Timestamp>,
) -> SubscriptionReport {
    SubscriptionReport {
        rank: rank(context, subscription, ended_at),
        status: Some(subscription.status.as_str().to_owned()),
        collection_paused: subscription.collection_paused,
        schedule: subscription.schedule.clone(),
    }
}

/// The event's place among those of its second: the creation, changes, the end; of two changes the one that
/// knows of the first payment, then of the later period. What is left has an order that says nothing, and is
/// the same in whichever order the events come.
fn rank(context: &EventContext<'_>, subscription: &SubscriptionObject, ended_at: Option<Timestamp>) -> u64 {
    let stage = match (&context.event.kind, &subscription.status, ended_at) {
        (_, _, Some(_)) => 3,
        (EventKind::SubscriptionCreated(_), _, None) => 0,
        (_, SubscriptionStatus::Incomplete, None) => 1,
        _ => 2,
    };
    // An instant until the year 2099 has 32 bits of seconds.
    let period_ends_s = subscription.current_period_end.map_or(0, Timestamp::as_s);
    let [p0, p1, p2, p3] = u32::try_from(period_ends_s).unwrap_or_default().to_be_bytes();
    let [d0, d1, d2, ..] = refunds::fingerprint(&[context.event.id.as_str()]);
    u64::from_be_bytes([stage, p0, p1, p2, p3, d0, d1, d2])
}

/// Whether a cancellation is one that was asked for, which makes its `canceled_at` the confirmation that a
/// later charge is an error after (`S2-16`). Stripe's `cancellation_details.reason` decides it
/// (<https://docs.stripe.com/api/subscriptions/object#subscription_object-cancellation_details-reason>):
///
/// | reason | asked for |
/// |---|---|
/// | `cancellation_requested` | yes, where it goes on to an end or has ended |
/// | `payment_failed`, `payment_disputed`, `canceled_by_retention_policy` | no: it ended, and nobody
/// confirmed |
/// | none, or one that Stripe adds | where it says when it is to end: by `cancel_at_period_end` or
/// `cancel_at` |
///
/// A confirmation that we recorded ourselves counts too, independent of Stripe.
fn was_asked_for(subscription: &SubscriptionObject, ended_at: Option<Timestamp>) -> bool {
    let is_to_end = subscription.cancel_at_period_end || subscription.cancel_at.is_some();
    match &subscription.cancellation_reason {
        Some(CancellationReason::CancellationRequested) => is_to_end || ended_at.is_some(),
        Some(
            CancellationReason::PaymentFailed
            | CancellationReason::PaymentDisputed
            | CancellationReason::CanceledByRetentionPolicy,
        ) => false,
        Some(CancellationReason::Other(_)) | None => is_to_end,
    }
}

/// Whether the company sells it beside what is sold here: the catalogue ignores its prices, or knows none of
/// them and its customer has no account.
async fn is_of_another_product(
    context: &EventContext<'_>,
    subscription: &SubscriptionObject,
) -> Result<bool, EarlyExit> {
    let ours = subscription.prices.iter().any(|price| catalogue().price(price.as_str()).is_ok());
    // Without any price nothing says whose it is.
    if ours || subscription.prices.is_empty() {
        return Ok(false);
    }
    if subscription.prices.iter().all(|price| catalogue().is_ignored(price.as_str())) {
        return Ok(true);
    }
    match &subscription.customer {
        Some(customer) => Ok(context.tables.account_of(customer).await?.is_none()),
        None => Ok(true),
    }
}

/// The plan among the items, which may have add-ons before it.
fn plan_of(subscription: &SubscriptionObject) -> Option<&PriceId> {
    let is_plan = |price: &&PriceId| {
        let known = catalogue().price(price.as_str());
        known.is_ok_and(|price| matches!(price.kind, PriceKind::Subscription { .. }))
    };
    subscription.prices.iter().find(is_plan).or(subscription.prices.first())
}

/// The product of its prices; of a price that has left the catalogue, that of its lots.
async fn product_of(
    context: &EventContext<'_>,
    subscription: &SubscriptionObject,
    account: &AccountId,
) -> Result<Option<String>, EarlyExit> {
    let mut prices = subscription.prices.iter().filter_map(|price| catalogue().price(price.as_str()).ok());
    if let Some(price) = prices.next() {
        return Ok(Some(price.product.clone()));
    }
    let head = context.tables.head(account).await?;
    let lots = head.iter().flat_map(|head| &head.after().lots);
    let mut own = lots.filter(|lot| lot.subscription() == Some(&subscription.id));
    Ok(own.next().map(|lot| lot.product.as_str().to_owned()))
}

/// Left-over credits expire some time after the end, not after the request to cancel (`S2-26`).
async fn start_clock(
    context: &EventContext<'_>,
    subscription: &SubscriptionObject,
    account: &AccountId,
    ended_at: Timestamp,
) -> Result<Outcome, EarlyExit> {
    let Some(product) = product_of(context, subscription, account).await? else {
        return Err(ParkReason::PriceUnknown.into());
    };
    let Some(document) = policy_at(&product, ended_at).document() else { return Ok(Outcome::Repeated) };
    let Some(leftover) = &document.leftover else { return Ok(Outcome::Repeated) };
    let command = Command::StartExpiry {
        subscription: subscription.id.clone(),
        ended_at,
        leftover_s: leftover.after_end_s,
        pauses_leftover_expiry: leftover.on_resubscribe == OnResubscribe::StopClock,
    };
    context.carry_out(account, &command, Some(policy_ref(document)), Vec::new()).await
}
