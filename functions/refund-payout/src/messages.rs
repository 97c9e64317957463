//! The payout queue's messages: each names a request, a cancellation or a change of plan, and one that is not
//! done stays in the queue.

use creem_api::{CreemClient, CreemKey};
use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::secrets::{CachedSecret, SecretSource};
use lambda::sqs::{Item, QueueMessage};
use ledger::{
    AccountId, CancellationStore, IdError, PlanChangeStore, Provider, RefundRequestId, SubscriptionId,
    Timestamp,
};
use payout_queue::{MESSAGE_VERSION, PayoutMessage, SubscriptionMessage};
use stripe_api::StripeClient;

use crate::cancellation::send_cancellation;
use crate::pay::{Paid, pay};
use crate::plan::Plan;
use crate::plan_change::{PlanChangeOutcome, SentPlanChange, send_plan_change};
use crate::provider::{Clients, KeyError, ProviderError};
use crate::store::PayoutStore;

/// What payouts need of the tables.
pub trait Store: PayoutStore + CancellationStore + PlanChangeStore {}

impl<S: PayoutStore + CancellationStore + PlanChangeStore> Store for S {}

/// What payouts need.
pub struct Payouts<S, K: SecretSource> {
    /// The tables.
    pub store: S,
    /// Stripe, with any key.
    pub stripe: StripeClient,
    /// Stripe's key, in the field `key`.
    pub stripe_key: CachedSecret<K>,
    /// Creem with any key, and its key in the field `key`, of a stack that sells through Creem.
    pub creem: Option<(CreemClient, CachedSecret<K>)>,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
}

/// Why a message is not understood.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is not the message's JSON.
    #[error(
        "message is not `{{\"version\": 1, \"refund_request\": \"rr_…\"}}` or a `cancellation` or `plan_change`"
    )]
    Json(#[source] serde_json::Error),
    /// It names nothing to do, or several things.
    #[error("message names {0} things to do; expected one")]
    Work(u8),
    /// It is of another version.
    #[error("message is of version {0}; expected {MESSAGE_VERSION}")]
    Version(u8),
    /// An id in it is not valid.
    #[error("message has an id that is not valid")]
    Id(#[from] IdError),
}

/// What is to be done at a payment provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    Pay(RefundRequestId),
    /// Send the cancellation of this subscription of the account to its provider.
    Cancel(AccountId, SubscriptionId),
    /// Carry the change of this subscription's plan out at its provider.
    ChangePlan(AccountId, SubscriptionId),
}

/// Reads a message; what is to be done is the group, so that two messages of one are handled as one.
pub fn understand(record: &QueueMessage<'_>) -> Result<(Work, ()), MessageError> {
    let message: PayoutMessage = serde_json::from_str(record.body()).map_err(MessageError::Json)?;
    if message.version != MESSAGE_VERSION {
        return Err(MessageError::Version(message.version));
    }
    let of = |named: SubscriptionMessage| -> Result<_, IdError> {
        Ok((AccountId::new(named.account)?, SubscriptionId::new(named.subscription)?))
    };
    let work = match (message.refund_request, message.cancellation, message.plan_change) {
        (Some(request), None, None) => Work::Pay(RefundRequestId::new(request)?),
        (None, Some(cancellation), None) => {
            let (account, id) = of(cancellation)?;
            Work::Cancel(account, id)
        }
        (None, None, Some(change)) => {
            let (account, id) = of(change)?;
            Work::ChangePlan(account, id)
        }
        (None, None, None) => return Err(MessageError::Work(0)),
        (Some(_), Some(_), Some(_)) => return Err(MessageError::Work(3)),
        _ => return Err(MessageError::Work(2)),
    };
    Ok((work, ()))
}

/// Does what one message asks for and returns the messages that stay in the queue.
pub async fn handle<'batch, 'event, S: Store, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
    work: Work,
    items: Vec<Item<'batch, 'event, ()>>,
) -> Vec<&'batch QueueMessage<'event>> {
    let left = match work {
        Work::Pay(id) => Box::pin(pay_one(app, invocation, &id)).await,
        Work::Cancel(account, id) => Box::pin(cancel_one(app, invocation, &account, &id)).await,
        Work::ChangePlan(account, id) => Box::pin(change_one(app, invocation, &account, &id)).await,
    };
    if left { items.into_iter().map(|item| item.record).collect() } else { Vec::new() }
}

/// Carries one change of plan out and says whether its messages stay in the queue.
async fn change_one<S: Store, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
    account: &AccountId,
    id: &SubscriptionId,
) -> bool {
    lambda::log::account(account);
    lambda::log::cause(id.as_str());
    let now = invocation.now();
    let failed = match send_plan_change(&app.store, &Keyed { app, now }, account, id, now).await {
        Ok(sent) => {
            log_plan_change(invocation, &sent);
            return false;
        }
        Err(error) => error,
    };
    invocation.metrics().count("PlanChangesDelayed", 1);
    let error: &dyn std::error::Error = &failed;
    tracing::warn!(outcome = "delayed", error, "change of plan stays in the queue");
    true
}

/// Logs the outcome of a change of plan; a customer whose smaller plan does not come is people's to help.
fn log_plan_change(invocation: &Invocation, sent: &SentPlanChange) {
    let outcome = sent.outcome.as_str();
    invocation.metrics().count_labelled("PlanChangesReported", ("outcome", outcome), 1);
    let code = match &sent.outcome {
        PlanChangeOutcome::Declined(code) => code.as_str(),
        PlanChangeOutcome::Made | PlanChangeOutcome::Known => "none",
    };
    if sent.needs_people {
        invocation.metrics().count("PlanChangesLeftToPeople", 1);
        tracing::error!(outcome, code, "a change of plan that a customer confirmed is not made");
    } else {
        tracing::info!(outcome, code, "change of plan is handled");
    }
}

/// Sends one cancellation to its provider and says whether its messages stay in the queue.
async fn cancel_one<S: Store, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
    account: &AccountId,
    id: &SubscriptionId,
) -> bool {
    lambda::log::account(account);
    lambda::log::cause(id.as_str());
    let now = invocation.now();
    let failed = match send_cancellation(&app.store, &Keyed { app, now }, account, id, now).await {
        Ok(outcome) => {
            invocation.metrics().count_labelled("CancellationsReported", ("outcome", outcome.as_str()), 1);
            tracing::info!(outcome = outcome.as_str(), "cancellation is handled");
            return false;
        }
        Err(error) => error,
    };
    invocation.metrics().count("CancellationsDelayed", 1);
    let error: &dyn std::error::Error = &failed;
    tracing::warn!(outcome = "delayed", error, "cancellation stays in the queue");
    true
}

/// Pays one request and says whether its messages stay in the queue.
async fn pay_one<S: PayoutStore, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
    id: &RefundRequestId,
) -> bool {
    lambda::log::cause(id.as_str());
    let now = invocation.now();
    let failed = match pay(&app.store, &app.backoff, &Keyed { app, now }, id, now).await {
        Ok(Paid { state, plan }) => {
            invocation.metrics().count_labelled("Payouts", ("state", state.as_str()), 1);
            tracing::info!(outcome = state.as_str(), "payout is handled");
            if let Some(plan) = plan {
                log_plan(invocation, plan);
            }
            return false;
        }
        Err(error) => error,
    };
    invocation.metrics().count("PayoutsDelayed", 1);
    let error: &dyn std::error::Error = &failed;
    tracing::warn!(outcome = "delayed", error, "payout stays in the queue");
    true
}

/// Logs the outcome of a refunded charge's plan; one that is left to people raises an alarm.
fn log_plan(invocation: &Invocation, plan: Plan) {
    match plan {
        Plan::Ended | Plan::Gone => {
            tracing::info!(outcome = plan.as_str(), "plan of a refunded charge");
        }
        Plan::LeftToPeople => {
            invocation.metrics().count("PlansLeftToPeople", 1);
            tracing::error!(
                outcome = plan.as_str(),
                "the provider declines to end the plan of a refunded charge"
            );
        }
    }
}

/// The providers with the keys of this moment.
struct Keyed<'app, S, K: SecretSource> {
    app: &'app Payouts<S, K>,
    now: Timestamp,
}

impl<S, K: SecretSource> Keyed<'_, S, K> {
    /// The key in a secret, in the provider's own form.
    async fn key_of<T, E: std::error::Error + Send + Sync + 'static>(
        &self,
        provider: Provider,
        secret: &CachedSecret<K>,
        checked: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ProviderError> {
        let failed = |source| ProviderError::Key { provider, source };
        let fields = secret.fields(self.now).await.map_err(|error| failed(error.into()))?;
        let key = fields.required("key").map_err(|error| failed(error.into()))?;
        checked(key.expose()).map_err(|error| failed(KeyError::Form(Box::new(error))))
    }
}

impl<S, K: SecretSource> Clients for Keyed<'_, S, K> {
    async fn stripe(&self) -> Result<StripeClient, ProviderError> {
        let key = |text: &str| stripe_api::SecretKey::new(text);
        let key = self.key_of(Provider::Stripe, &self.app.stripe_key, key).await?;
        Ok(self.app.stripe.with_key(key))
    }

    async fn creem(&self) -> Result<CreemClient, ProviderError> {
        let Some((creem, secret)) = &self.app.creem else {
            return Err(ProviderError::NotSetUp(Provider::Creem));
        };
        let keyed = |text: &str| creem.with_key(CreemKey::new(text)?);
        self.key_of(Provider::Creem, secret, keyed).await
    }
}
