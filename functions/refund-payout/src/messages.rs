//! The payout queue's messages: each names a request, a cancellation or a change of plan, and one that is not
//! done stays in the queue.

use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::secrets::{CachedSecret, SecretError, SecretSource};
use lambda::sqs::{Item, QueueMessage};
use ledger::{AccountId, CancellationStore, IdError, PlanChangeStore, RefundRequestId, SubscriptionId};
use payout_queue::{MESSAGE_VERSION, PayoutMessage, SubscriptionMessage};
use refunds::RefundStore;
use stripe_api::{SecretKey, StripeClient};

use crate::cancellation::send_cancellation;
use crate::pay::{Paid, pay};
use crate::plan::Plan;
use crate::plan_change::{PlanChangeOutcome, SentPlanChange, send_plan_change};

/// What payouts need of the tables.
pub trait Store: RefundStore + CancellationStore + PlanChangeStore {}

impl<S: RefundStore + CancellationStore + PlanChangeStore> Store for S {}

/// What payouts need.
pub struct Payouts<S, K: SecretSource> {
    /// The tables.
    pub store: S,
    /// Stripe, with any key.
    pub stripe: StripeClient,
    /// Stripe's key, in the field `key`.
    pub key: CachedSecret<K>,
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

/// What is to be done at Stripe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    Pay(RefundRequestId),
    /// Send the cancellation of this subscription of the account to Stripe.
    Cancel(AccountId, SubscriptionId),
    /// Carry the change of this subscription's plan out at Stripe.
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

/// Carries one change of plan out at Stripe and says whether its messages stay in the queue.
async fn change_one<S: Store, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
    account: &AccountId,
    id: &SubscriptionId,
) -> bool {
    lambda::log::account(account);
    lambda::log::cause(id.as_str());
    let failed: Box<dyn std::error::Error> = match stripe_with_key(app, invocation).await {
        Ok(stripe) => match send_plan_change(&app.store, &stripe, account, id, invocation.now()).await {
            Ok(sent) => {
                log_plan_change(invocation, &sent);
                return false;
            }
            Err(error) => Box::new(error),
        },
        Err(error) => error,
    };
    invocation.metrics().count("PlanChangesDelayed", 1);
    let error: &dyn std::error::Error = &*failed;
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

/// Sends one cancellation to Stripe and says whether its messages stay in the queue.
async fn cancel_one<S: Store, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
    account: &AccountId,
    id: &SubscriptionId,
) -> bool {
    lambda::log::account(account);
    lambda::log::cause(id.as_str());
    let failed: Box<dyn std::error::Error> = match stripe_with_key(app, invocation).await {
        Ok(stripe) => match send_cancellation(&app.store, &stripe, account, id, invocation.now()).await {
            Ok(outcome) => {
                invocation.metrics().count_labelled(
                    "CancellationsReported",
                    ("outcome", outcome.as_str()),
                    1,
                );
                tracing::info!(outcome = outcome.as_str(), "cancellation is handled");
                return false;
            }
            Err(error) => Box::new(error),
        },
        Err(error) => error,
    };
    invocation.metrics().count("CancellationsDelayed", 1);
    let error: &dyn std::error::Error = &*failed;
    tracing::warn!(outcome = "delayed", error, "cancellation stays in the queue");
    true
}

/// Pays one request and says whether its messages stay in the queue.
async fn pay_one<S: RefundStore, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
    id: &RefundRequestId,
) -> bool {
    lambda::log::cause(id.as_str());
    let now = invocation.now();
    let failed: Box<dyn std::error::Error> = match stripe_with_key(app, invocation).await {
        Ok(stripe) => match pay(&app.store, &app.backoff, &stripe, id, now).await {
            Ok(Paid { state, plan }) => {
                invocation.metrics().count_labelled("Payouts", ("state", state.as_str()), 1);
                tracing::info!(outcome = state.as_str(), "payout is handled");
                if let Some(plan) = plan {
                    log_plan(invocation, plan);
                }
                return false;
            }
            Err(error) => Box::new(error),
        },
        Err(error) => error,
    };
    invocation.metrics().count("PayoutsDelayed", 1);
    let error: &dyn std::error::Error = &*failed;
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
            tracing::error!(outcome = plan.as_str(), "Stripe declines to end the plan of a refunded charge");
        }
    }
}

async fn stripe_with_key<S, K: SecretSource>(
    app: &Payouts<S, K>,
    invocation: &Invocation,
) -> Result<StripeClient, Box<dyn std::error::Error>> {
    let fields = app.key.fields(invocation.now()).await.map_err(Box::<SecretError>::new)?;
    Ok(app.stripe.with_key(SecretKey::new(fields.required("key")?.expose())?))
}
