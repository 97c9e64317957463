//! Confirmed cancellations that Stripe has not been told of: their message was lost or could not be sent, or
//! Stripe does not answer. They are announced again at every run until Stripe knows.

use lambda::payout_queue::PayoutQueue;

use crate::status::Status;
use crate::{Run, Store, Sweep};

/// Most cancellations of one run: each is one message. A queue that takes none leaves them for the next run.
const CANCELLATIONS_MAX: u16 = 100;

/// Announces what Stripe has not been told of.
pub(crate) async fn sweep<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>) -> Status {
    let mut status = Status::default();
    let untold = match sweep.store.untold(run.now.min(run.wall), CANCELLATIONS_MAX).await {
        Ok(untold) => untold,
        Err(error) => {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(outcome = "failed", error, "cancellations that are due are not read");
            status.failed = 1;
            return status;
        }
    };
    for each in untold {
        status.looked_at = status.looked_at.saturating_add(1);
        match sweep.payouts.announce_cancellation(&each.account, &each.subscription).await {
            Ok(()) => status.done = status.done.saturating_add(1),
            Err(error) => {
                status.failed = status.failed.saturating_add(1);
                let error: &(dyn std::error::Error + 'static) = &error;
                let cause = each.subscription.as_str();
                tracing::error!(cause, outcome = "failed", error, "cancellation is not announced");
            }
        }
    }
    run.invocation.metrics().count("CancellationsSentAgain", status.done);
    status
}
