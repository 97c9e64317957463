//! What is known of a subscription whose plan is to change, here and at Stripe, and why it cannot change.

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind};
use lambda::secrets::SecretSource;
use ledger::{AccountId, Entry, PlanAhead, PlanChange, ProductId, Subscription, SubscriptionId, Timestamp};
use policy::{OnUpgrade, Price, PriceKind, PriceProvider};
use policy_documents::catalogue;
use refunds::ProviderCapabilities;
use stripe_api::{Decline, PlanItem, PlanSchedule, PlannedSubscription, StripeClient, StripeError};
use stripe_events::SubscriptionStatus;

use crate::app::{PlanChanges, Store, store_failed, stripe_failed, stripe_with_key};

/// A plan of the catalogue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) price: &'static Price,
    pub(crate) name: &'static str,
    pub(crate) rank: u32,
    pub(crate) months: u32,
}

impl Plan {
    /// The plan that a Stripe price is sold as.
    pub(crate) fn of(price: &str) -> Option<Self> {
        let price = catalogue().price_through(PriceProvider::Stripe, price).ok()?;
        match &price.kind {
            PriceKind::Subscription { plan, rank, months, .. } => {
                Some(Self { price, name: plan, rank: *rank, months: *months })
            }
            PriceKind::Pack => None,
        }
    }
}

/// What is recorded here.
pub(crate) struct Recorded {
    pub(crate) subscription: Subscription,
    pub(crate) head: Option<Entry>,
    /// The newest change that was confirmed.
    pub(crate) change: Option<PlanChange>,
}

/// What is recorded here, and what Stripe has.
pub(crate) struct Standing {
    pub(crate) recorded: Recorded,
    pub(crate) found: PlannedSubscription,
    pub(crate) stripe: StripeClient,
    /// The plan that runs, and its item.
    pub(crate) plan: Plan,
    pub(crate) item: PlanItem,
    pub(crate) period_ends_at: Timestamp,
    /// The term of the upgrades of the plan's product.
    pub(crate) on_upgrade: OnUpgrade,
    /// Whether a change has brought the whole difference of the product's plans, which comes once.
    pub(crate) had_whole_difference: bool,
}

/// Reads what is recorded of a subscription of the account.
pub(crate) async fn recorded<S: Store, Q, K: SecretSource>(
    app: &PlanChanges<S, Q, K>,
    account: &AccountId,
    id: &SubscriptionId,
) -> Result<Recorded, Problem> {
    let store = &app.store;
    let read =
        tokio::join!(store.subscription(account, id), store.head(account), store.plan_change(account, id));
    let subscription = read.0.map_err(store_failed)?.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    Ok(Recorded { subscription, head: read.1.map_err(store_failed)?, change: read.2.map_err(store_failed)? })
}

impl Recorded {
    /// The plan that takes effect with the period's end.
    pub(crate) fn ahead(&self, now: Timestamp) -> Option<PlanAhead> {
        self.change.as_ref().and_then(|change| change.ahead(&self.subscription, now))
    }
}

/// Reads what Stripe has of it, and refuses where its plan cannot change.
pub(crate) async fn standing<S: Store, Q, K: SecretSource>(
    app: &PlanChanges<S, Q, K>,
    invocation: &Invocation,
    recorded: Recorded,
) -> Result<Standing, Problem> {
    let subscription = &recorded.subscription;
    if !ProviderCapabilities::of(subscription.provider).plan_changes {
        let provider = subscription.provider.title();
        let detail = format!("a plan that is paid through {provider} is not changed here; ask support");
        return Err(conflict(&detail));
    }
    if subscription.ended_at.is_some() {
        return Err(conflict("the subscription has ended"));
    }
    if subscription.cancellation_confirmed_at.is_some() {
        return Err(conflict(CANCELLED));
    }
    if recorded.change.as_ref().is_some_and(PlanChange::is_open) {
        let detail = "a change of the plan is being carried out; look again in a moment";
        return Err(Problem::new(ProblemKind::PlanChangeOpen).detail(detail));
    }
    let stripe = stripe_with_key(app, invocation).await?;
    let found = match stripe.planned_subscription(&subscription.id).await {
        Ok(found) => found,
        Err(StripeError::Declined(Decline::ResourceMissing)) => {
            return Err(conflict("the subscription has ended"));
        }
        Err(error) => return Err(stripe_failed(error)),
    };
    refuse_unsteady(&found)?;
    let of_catalogue = |item: &&PlanItem| Plan::of(&item.price).is_some();
    let item = found.items.iter().find(of_catalogue).cloned();
    let (Some(item), Some(plan)) = (item.clone(), item.and_then(|item| Plan::of(&item.price))) else {
        return Err(conflict("the subscription's plan is not one that is sold any more; ask support"));
    };
    let Some(period_ends_at) = item.period_ends_at.or(subscription.period_ends_at) else {
        return Err(conflict("Stripe does not say when the period ends; ask support"));
    };
    if period_ends_at <= invocation.now() {
        return Err(conflict("the period has just ended; look again when the next one is charged"));
    }
    let product = &plan.price.product;
    let on_upgrade = (app.on_upgrade)(product, invocation.now());
    let had_whole_difference = match ProductId::new(product) {
        Ok(product) if on_upgrade == OnUpgrade::FullDifference => {
            let account = &recorded.subscription.account;
            app.store.whole_difference(account, &product).await.map_err(store_failed)?.is_some()
        }
        _ => false,
    };
    Ok(Standing { recorded, found, stripe, plan, item, period_ends_at, on_upgrade, had_whole_difference })
}

const CANCELLED: &str = "the subscription is cancelled; a cancelled plan does not change";

fn conflict(detail: &str) -> Problem {
    Problem::new(ProblemKind::StateConflict).detail(detail)
}

/// Refuses what is not in a state from which a plan can change, as Stripe sees it.
fn refuse_unsteady(found: &PlannedSubscription) -> Result<(), Problem> {
    match found.status {
        SubscriptionStatus::Active | SubscriptionStatus::Trialing => {}
        SubscriptionStatus::Canceled | SubscriptionStatus::IncompleteExpired => {
            return Err(conflict("the subscription has ended"));
        }
        SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid | SubscriptionStatus::Incomplete => {
            return Err(conflict("the last invoice is not paid; the plan can change once it is"));
        }
        SubscriptionStatus::Paused => {
            return Err(conflict("the subscription is paused; the plan can change once it goes on"));
        }
        SubscriptionStatus::Other(_) => {
            return Err(conflict("the plan cannot change in the state that the subscription is in"));
        }
    }
    if found.is_to_end {
        return Err(conflict(CANCELLED));
    }
    if found.collection_paused {
        return Err(conflict("nothing is collected for the subscription at present; ask support"));
    }
    if found.has_pending_update {
        let detail = "a change of the plan waits for its payment";
        return Err(Problem::new(ProblemKind::PlanChangeOpen).detail(detail));
    }
    if found.schedule.as_ref().is_some_and(PlanSchedule::is_foreign) {
        let detail = "a change that was arranged elsewhere is ahead; support can take it back";
        return Err(Problem::new(ProblemKind::PlanChangeOpen).detail(detail));
    }
    Ok(())
}
