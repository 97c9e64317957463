//! Subscriptions of Stripe's: when their cancellation was confirmed, and when they end.

use intake::{EarlyExit, EventContext, EventOutcome, Ignored, plan_of, save_subscription};
use ledger::{CustomerStore, Provider, Subscription, SubscriptionReport, Timestamp};
use policy_documents::catalogue;
use purchase_lines::find_price;
use stripe_events::{CancellationReason, SubscriptionObject, SubscriptionStatus};

/// A subscription as of the event. Of several events the newest counts, in whichever order they come; that
/// it ended is never taken back. `is_new` is what the event's type says.
pub(crate) async fn apply_subscription(
    context: &EventContext<'_>,
    subscription: &SubscriptionObject,
    (is_new, ended_at): (bool, Option<Timestamp>),
) -> Result<EventOutcome, EarlyExit> {
    if is_of_another_product(context, subscription).await? {
        return Ok(EventOutcome::Ignored(Ignored::OtherProduct));
    }
    let account = context.account_of(subscription.customer.as_ref()).await?;
    let at_period_end = subscription.current_period_end.filter(|_| subscription.cancel_at_period_end);
    let record = Subscription {
        provider: Provider::Stripe,
        id: subscription.id.clone(),
        account: account.clone(),
        as_of: context.happened_at,
        price: plan_of(Provider::Stripe, &subscription.prices).map(|price| price.as_str().to_owned()),
        period_ends_at: subscription.current_period_end,
        cancellation_confirmed_at: subscription.canceled_at.filter(|_| was_asked_for(subscription, ended_at)),
        cancels_at: subscription.cancel_at.or(at_period_end),
        ended_at,
        confirmation: None,
        report: report_of(context, subscription, (is_new, ended_at)),
    };
    save_subscription(context, &record, &subscription.prices).await
}

fn report_of(
    context: &EventContext<'_>,
    subscription: &SubscriptionObject,
    (is_new, ended_at): (bool, Option<Timestamp>),
) -> SubscriptionReport {
    SubscriptionReport {
        rank: rank(context, subscription, (is_new, ended_at)),
        status: Some(subscription.status.as_str().to_owned()),
        collection_paused: subscription.collection_paused,
        schedule: subscription.schedule.clone(),
    }
}

/// The event's place among those of its second: the creation, changes, the end; of two changes the one that
/// knows of the first payment, then of the later period. What is left has an order that says nothing, and is
/// the same in whichever order the events come.
fn rank(
    context: &EventContext<'_>,
    subscription: &SubscriptionObject,
    (is_new, ended_at): (bool, Option<Timestamp>),
) -> u64 {
    let stage = match (is_new, &subscription.status, ended_at) {
        (_, _, Some(_)) => 3,
        (true, _, None) => 0,
        (_, SubscriptionStatus::Incomplete, None) => 1,
        _ => 2,
    };
    // An instant until the year 2099 has 32 bits of seconds.
    let period_ends_s = subscription.current_period_end.map_or(0, Timestamp::as_s);
    let [p0, p1, p2, p3] = u32::try_from(period_ends_s).unwrap_or_default().to_be_bytes();
    let [d0, d1, d2, ..] = refunds::fingerprint(&[context.event_id]);
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
    let ours = subscription.prices.iter().any(|price| find_price(Provider::Stripe, price).is_some());
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
