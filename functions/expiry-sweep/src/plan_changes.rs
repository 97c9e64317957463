//! Confirmed changes of plan that are open: their message was lost or could not be sent, or Stripe does not
//! answer. Each is announced again, at intervals that double up to a day, until Stripe has answered or it has
//! lapsed, which the payout queue's function sees.

use ledger::UnreportedPlanChange;
use payout_queue::PayoutQueue;

use crate::context::{Run, Store, Sweep};
use crate::status::{ItemOutcome, Status};

/// Most changes of one run: each is one message. What is behind them is left for the next run.
const CHANGES_MAX: u16 = 100;

/// Announces the changes of plan that have not reached Stripe.
pub(crate) async fn sweep<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>) -> Status {
    let mut status = Status::default();
    let unreported = match sweep.store.unreported_plan_changes(run.now.min(run.wall), CHANGES_MAX).await {
        Ok(unreported) => unreported,
        Err(error) => {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(outcome = "failed", error, "changes of plan that are due are not read");
            status.failed = 1;
            return status;
        }
    };
    status.left_over = u64::from(unreported.len() >= usize::from(CHANGES_MAX));
    for each in unreported {
        status.count(match again(sweep, run, &each).await {
            Ok(true) => ItemOutcome::Written,
            Ok(false) => ItemOutcome::NothingDue,
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = &*error;
                let cause = each.subscription.as_str();
                tracing::error!(cause, outcome = "failed", error, "change of plan is not announced");
                ItemOutcome::Failed
            }
        });
    }
    run.invocation.metrics().count("PlanChangesSentAgain", status.done);
    status
}

/// Announces one change and puts the next look off. Whether it had to be announced.
async fn again<S: Store, Q: PayoutQueue>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    unreported: &UnreportedPlanChange,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let stored = sweep.store.plan_change(&unreported.account, &unreported.subscription).await?;
    // The index may lag behind a change that Stripe has answered.
    let Some(change) = stored.filter(ledger::PlanChange::is_open) else { return Ok(false) };
    sweep.payouts.announce_plan_change(&unreported.account, &unreported.subscription).await?;
    let now = run.now.min(run.wall);
    sweep.store.reschedule_plan_change(&change, change.again_at(now).unwrap_or(now)).await?;
    Ok(true)
}
