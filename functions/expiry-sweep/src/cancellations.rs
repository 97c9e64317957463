//! Confirmed cancellations that Stripe does not know of: their message was lost or could not be sent, or
//! Stripe does not answer, or declines. Each is announced again until Stripe knows. The intervals double up
//! to a day, so that those that Stripe keeps declining come after the others of the bounded page. After a day
//! people are called, for any of these reasons.

use ledger::UnreportedCancellation;
use payout_queue::PayoutQueue;

use crate::context::{Run, Store, Sweep};
use crate::status::Status;

/// Most cancellations of one run: each is one message. What is behind them is left for the next run.
const CANCELLATIONS_MAX: u16 = 100;

/// Announces the cancellations that have not reached Stripe.
pub(crate) async fn sweep<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>) -> Status {
    let mut status = Status::default();
    let unreported =
        match sweep.store.unreported_cancellations(run.now.min(run.wall), CANCELLATIONS_MAX).await {
            Ok(unreported) => unreported,
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(outcome = "failed", error, "cancellations that are due are not read");
                status.failed = 1;
                return status;
            }
        };
    status.left_over = u64::from(unreported.len() >= usize::from(CANCELLATIONS_MAX));
    for each in unreported {
        status.looked_at = status.looked_at.saturating_add(1);
        match again(sweep, run, &each).await {
            Ok(announced) => status.done = status.done.saturating_add(u64::from(announced)),
            Err(error) => {
                status.failed = status.failed.saturating_add(1);
                let error: &(dyn std::error::Error + 'static) = &*error;
                let cause = each.subscription.as_str();
                tracing::error!(cause, outcome = "failed", error, "cancellation is not announced");
            }
        }
    }
    run.invocation.metrics().count("CancellationsSentAgain", status.done);
    status
}

/// Announces one cancellation, puts the next look off, and calls people where Stripe has not taken it for
/// long. Whether it had to be announced.
async fn again<S: Store, Q: PayoutQueue>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    unreported: &UnreportedCancellation,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let stored = sweep.store.subscription(&unreported.account, &unreported.subscription).await?;
    // The index may lag behind a cancellation that Stripe knows of.
    let Some(stored) = stored else { return Ok(false) };
    let untaken = stored.confirmation.filter(|confirmation| confirmation.stripe_at.is_none());
    let Some(confirmation) = untaken else { return Ok(false) };
    sweep.payouts.announce_cancellation(&unreported.account, &unreported.subscription).await?;
    if confirmation.needs_people() {
        run.invocation.metrics().count("CancellationsLeftToPeople", 1);
        let (cause, announced) = (unreported.subscription.as_str(), confirmation.announced);
        tracing::error!(cause, announced, outcome = "left_to_people", "Stripe does not take a cancellation");
    }
    let now = run.now.min(run.wall);
    sweep.store.reschedule_report(&stored, confirmation.again_at(now).unwrap_or(now)).await?;
    Ok(true)
}
