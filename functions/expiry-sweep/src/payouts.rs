//! Payouts whose message was lost, or whose refund Stripe has not confirmed: they are announced again.
//!
//! The payout itself looks up what Stripe has before it asks again, so that an announcement too many costs
//! one message. Payouts go by the wall clock: a run for another day must not put them off.

use futures_util::future::join_all;
use lambda::payout_queue::PayoutQueue;
use ledger::{DUE_SHARDS, Timestamp};
use refunds::{DueRequest, Request, Save, Saved, State};

use crate::status::Status;
use crate::{Run, Store, Sweep};

/// Requests of one shard in one run: 1,600 in all are more than the payout function does between two runs.
const PAGE: u16 = 100;

/// Announces what is stuck.
pub(crate) async fn sweep<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>) -> Status {
    let shards = join_all((0..DUE_SHARDS).map(|shard| one_shard(sweep, run, shard))).await;
    shards.into_iter().fold(Status::default(), Status::and)
}

async fn one_shard<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>, shard: u8) -> Status {
    let now = run.now.min(run.wall);
    let mut status = Status::default();
    let due = match sweep.store.due_requests(shard, now, PAGE).await {
        Ok(due) => due,
        Err(error) => {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(shard, outcome = "failed", error, "requests that are due are not read");
            status.failed = 1;
            return status;
        }
    };
    let announced = join_all(due.iter().map(|due| announce(sweep, due, now))).await;
    for (due, announced) in due.iter().zip(announced) {
        status.is_late(due.due_at, now);
        status.looked_at = status.looked_at.saturating_add(1);
        match announced {
            Some(true) => {
                run.invocation.metrics().count("PayoutsSentAgain", 1);
                status.done = status.done.saturating_add(1);
            }
            Some(false) => {}
            None => status.failed = status.failed.saturating_add(1),
        }
    }
    status
}

/// Whether a payout was announced; `None` where that failed.
async fn announce<S: Store, Q: PayoutQueue>(
    sweep: &Sweep<S, Q>,
    due: &DueRequest,
    now: Timestamp,
) -> Option<bool> {
    let failed = |error: &(dyn std::error::Error + 'static)| {
        let request = due.id.as_str();
        tracing::error!(request, outcome = "failed", error, "payout is not announced");
    };
    let request = sweep.store.request(&due.id).await.inspect_err(|error| failed(error)).ok()?;
    // The index may lag behind a request that has moved on.
    let Some(mut request) = request.filter(|request| is_stuck(request, now)) else { return Some(false) };
    sweep.payouts.announce(&due.id).await.inspect_err(|error| failed(error)).ok()?;
    request.sent_again(now);
    request.version = request.version.saturating_add(1);
    let save = Save { request, commit: None, refunded: None };
    match sweep.store.save(&save).await.inspect_err(|error| failed(error)).ok()? {
        Saved::Written | Saved::Stale(_) | Saved::Ledger(_) | Saved::PaymentMoved | Saved::NotAllowed => {
            Some(true)
        }
    }
}

fn is_stuck(request: &Request, now: Timestamp) -> bool {
    matches!(request.state, State::Approved | State::Paying)
        && request.payout.is_some()
        && request.due_at.is_some_and(|due_at| due_at <= now)
}
