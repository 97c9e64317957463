//! Carries confirmed changes of plan out at Stripe: at once, with the charge that was shown, or by a schedule
//! with the end of the period; or takes such a schedule back.
//!
//! The change is recorded before, with what Stripe would charge for it. Its mark stands in Stripe's metadata
//! once it is made, and is looked for first, so that an answer that was lost costs a read and no second
//! charge. What Stripe would charge is asked once more before the charge: more or less than was confirmed is
//! not charged.

use ledger::{AccountId, ChangeTiming, PlanChange, PlanChangeStore, Subscription, SubscriptionId, Timestamp};
use refunds::ProviderCapabilities;
use stripe_api::{
    Decline, IdempotencyKey, PlanSwap, PlannedSubscription, PreviewedInvoice, StripeClient, StripeError,
};
use stripe_events::SubscriptionStatus;

use crate::provider::{Clients, ProviderError};
use crate::stripe::code_of;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanChangeOutcome {
    /// Stripe has carried it out: now, or before its answer was lost.
    Made,
    /// Its outcome was recorded before.
    Known,
    /// It is not made: Stripe's code, or a word of ours.
    Declined(String),
}

impl PlanChangeOutcome {
    /// Its name in logs and metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Known => "known",
            Self::Declined(_) => "declined",
        }
    }
}

/// What a change came to, for the log and the alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentPlanChange {
    pub outcome: PlanChangeOutcome,
    /// Whether people have to look: the plan was to change without a charge, and it does not.
    pub needs_people: bool,
}

/// Why a change of plan stays in the queue.
#[derive(Debug, thiserror::Error)]
pub enum PlanChangeError<E: std::error::Error + 'static> {
    /// The tables did not take a write or did not answer.
    #[error("tables failed")]
    Tables(#[source] E),
    /// The provider did not answer, or asked to wait.
    #[error("the subscription's provider failed")]
    Provider(#[source] ProviderError),
    /// No change is recorded; it is written before its message, so it will be.
    #[error("no confirmed change of the subscription's plan is recorded")]
    NoChange,
    /// It cannot be named to Stripe.
    #[error("the change's mark cannot be an idempotency key")]
    Key,
}

/// Why a change is not made.
enum Stop<E: std::error::Error + 'static> {
    /// It cannot be made, or must not be any more.
    Declined(String),
    /// It stays in the queue.
    Later(PlanChangeError<E>),
}

fn stopped<E: std::error::Error + 'static>(error: StripeError) -> Stop<E> {
    match error {
        StripeError::Declined(why) => Stop::Declined(code_of(&why)),
        error => Stop::Later(PlanChangeError::Provider(ProviderError::Stripe(error))),
    }
}

fn declined<T, E: std::error::Error + 'static>(why: &str) -> Result<T, Stop<E>> {
    Err(Stop::Declined(why.to_owned()))
}

/// Sends the confirmed change of a subscription's plan to Stripe, once.
pub async fn send_plan_change<S: PlanChangeStore, C: Clients>(
    store: &S,
    clients: &C,
    account: &AccountId,
    id: &SubscriptionId,
    now: Timestamp,
) -> Result<SentPlanChange, PlanChangeError<S::Error>> {
    let subscription = store.subscription(account, id).await.map_err(PlanChangeError::Tables)?;
    let change = store.plan_change(account, id).await.map_err(PlanChangeError::Tables)?;
    let change = change.ok_or(PlanChangeError::NoChange)?;
    if !change.is_open() {
        return Ok(SentPlanChange { outcome: PlanChangeOutcome::Known, needs_people: false });
    }
    let made = match subscription.as_ref().map(|known| ProviderCapabilities::of(known.provider)) {
        Some(can) if !can.plan_changes => declined(UNSUPPORTED),
        _ => {
            let stripe = clients.stripe().await.map_err(PlanChangeError::Provider)?;
            carry_out::<S::Error>(&stripe, subscription.as_ref(), &change, now).await
        }
    };
    let (settled, outcome) = match made {
        Ok(()) => (PlanChange { stripe_at: Some(now), ..change }, PlanChangeOutcome::Made),
        Err(Stop::Declined(why)) => {
            (PlanChange { declined: Some(why.clone()), ..change }, PlanChangeOutcome::Declined(why))
        }
        Err(Stop::Later(error)) => return Err(error),
    };
    store.settle_plan_change(&settled).await.map_err(PlanChangeError::Tables)?;
    let is_free = settled.order.timing != ChangeTiming::AtOnce;
    let is_overtaken = settled.declined.as_deref().is_some_and(|why| why == CANCELLED || why == ENDED);
    Ok(SentPlanChange { outcome, needs_people: is_free && settled.declined.is_some() && !is_overtaken })
}

const CANCELLED: &str = "subscription_cancelled";
const ENDED: &str = "subscription_ended";
/// The subscription's provider changes no plan to what was shown.
const UNSUPPORTED: &str = "plan_changes_unsupported";

async fn carry_out<E: std::error::Error + 'static>(
    stripe: &StripeClient,
    subscription: Option<&Subscription>,
    change: &PlanChange,
    now: Timestamp,
) -> Result<(), Stop<E>> {
    let found = match stripe.planned_subscription(&change.subscription).await {
        Ok(found) => found,
        Err(StripeError::Declined(Decline::ResourceMissing)) => return declined(ENDED),
        Err(error) => return Err(stopped(error)),
    };
    // A change that Stripe has made stays made.
    if is_made(&found, change) {
        return give_way(stripe, &found, change).await;
    }
    let is_cancelled = subscription.is_some_and(|known| known.cancellation_confirmed_at.is_some());
    match found.status {
        SubscriptionStatus::Canceled | SubscriptionStatus::IncompleteExpired => return declined(ENDED),
        _ if is_cancelled || found.is_to_end => return declined(CANCELLED),
        SubscriptionStatus::Active | SubscriptionStatus::Trialing => {}
        _ => return declined("subscription_not_paid"),
    }
    if change.has_lapsed(now) {
        return declined("lapsed");
    }
    if found.schedule.as_ref().is_some_and(stripe_api::PlanSchedule::is_foreign) {
        return declined("other_schedule");
    }
    match change.order.timing {
        ChangeTiming::AtOnce => at_once(stripe, &found, change).await,
        ChangeTiming::AtPeriodEnd => at_period_end(stripe, &found, change).await,
        ChangeTiming::Kept => release(stripe, &found, change).await,
    }
}

/// Whether an attempt whose answer was lost has carried it out.
fn is_made(found: &PlannedSubscription, change: &PlanChange) -> bool {
    let mark = change.mark();
    match change.order.timing {
        ChangeTiming::AtOnce => found.mark.as_deref() == Some(&mark),
        ChangeTiming::AtPeriodEnd => found.schedule.as_ref().is_some_and(|schedule| schedule.is_of(&mark)),
        // Nothing is left to take back.
        ChangeTiming::Kept => found.schedule.is_none(),
    }
}

/// The key of one step: that of the change and of its announcement, so that Stripe does not repeat its answer
/// to an earlier one.
fn key_of<E: std::error::Error + 'static>(
    change: &PlanChange,
    step: &str,
) -> Result<IdempotencyKey, Stop<E>> {
    let key = IdempotencyKey::new(format!("{}-{}-{step}", change.mark(), change.announced));
    key.map_err(|_| Stop::Later(PlanChangeError::Key))
}

/// The item that changes, and its new price and quantity.
fn swap_of<'a, E: std::error::Error + 'static>(
    found: &'a PlannedSubscription,
    change: &'a PlanChange,
) -> Result<PlanSwap<'a>, Stop<E>> {
    let order = &change.order;
    match found.items.iter().find(|item| item.id == order.item) {
        Some(item) => Ok(PlanSwap { item, price: &order.price, quantity: order.quantity }),
        None => declined("item_missing"),
    }
}

async fn at_once<E: std::error::Error + 'static>(
    stripe: &StripeClient,
    found: &PlannedSubscription,
    change: &PlanChange,
) -> Result<(), Stop<E>> {
    let (order, id) = (&change.order, &change.subscription);
    let swap = swap_of(found, change)?;
    let previewed = PreviewedInvoice::Change(order.prorated_at);
    let preview = stripe.preview_invoice(id, swap, previewed).await.map_err(stopped)?;
    if preview.due != order.charged {
        return declined("amount_changed");
    }
    let key = key_of(change, "update")?;
    let marked = (change.mark(), order.prorated_at);
    stripe.change_plan(id, swap, (&marked.0, marked.1), &key).await.map_err(stopped)?;
    give_way(stripe, found, change).await
}

/// An earlier change that waits for the period's end gives way to one that is made at once. It does so only
/// once that is paid for: if the payment fails, the customer has confirmed the earlier one and nothing else.
async fn give_way<E: std::error::Error + 'static>(
    stripe: &StripeClient,
    found: &PlannedSubscription,
    change: &PlanChange,
) -> Result<(), Stop<E>> {
    let is_ours = found.schedule.as_ref().is_some_and(|schedule| !schedule.is_foreign());
    if change.order.timing == ChangeTiming::AtOnce && is_ours {
        return release(stripe, found, change).await;
    }
    Ok(())
}

async fn at_period_end<E: std::error::Error + 'static>(
    stripe: &StripeClient,
    found: &PlannedSubscription,
    change: &PlanChange,
) -> Result<(), Stop<E>> {
    let swap = swap_of(found, change)?;
    let created;
    let schedule = if let Some(schedule) = &found.schedule {
        schedule
    } else {
        let key = key_of(change, "schedule")?;
        created = stripe.create_schedule(&change.subscription, &key).await.map_err(stopped)?;
        &created
    };
    let key = key_of(change, "phases")?;
    let marked = (change.mark(), change.order.months);
    stripe.schedule_change(schedule, swap, (&marked.0, marked.1), &key).await.map_err(stopped)
}

/// Releases the subscription from the schedule of an earlier change.
async fn release<E: std::error::Error + 'static>(
    stripe: &StripeClient,
    found: &PlannedSubscription,
    change: &PlanChange,
) -> Result<(), Stop<E>> {
    let Some(schedule) = &found.schedule else { return Ok(()) };
    match stripe.release_schedule(&schedule.id, &key_of(change, "release")?).await {
        Ok(()) => Ok(()),
        // It has ended, or somebody released it.
        Err(StripeError::Declined(why)) => {
            tracing::info!(code = code_of(&why), "schedule of a subscription is not there to be released");
            Ok(())
        }
        Err(error) => Err(stopped(error)),
    }
}
