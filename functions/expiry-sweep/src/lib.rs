//! The sweep: everything that is due by the schedule's time, in bounded pages, oldest first.
//!
//! The schedule's instant goes in; expired lots, released holds, payouts that are announced again, clocks
//! that warn or have run out and cases that the records open come out, with a count of each, and with how
//! long parked money has been waiting. Several runs share a tick, each with its own group of the due index's
//! shards, of which it works on a few at once; one of them also does what is in no shard. A run keeps no
//! state and its every step is guarded by a condition: two runs at once, a late run and a run that was cut
//! off lead to the same ledger, and a lot past its expiry is unusable whether or not a run has been.

mod accounts;
mod cancellations;
mod context;
mod lead_end;
mod leads;
mod occasions;
mod parked;
mod plan_changes;
mod requests;
mod shard;
mod status;
mod tick;

use futures_util::future::join;
use lambda::Invocation;
use payout_queue::PayoutQueue;

use crate::context::Run;

pub use accounts::ACCOUNTS_PER_ROUND_MAX;
pub use context::{ParkedMoney, Store, Sweep, SweepError};
pub use requests::REQUESTS_PER_SHARD_MAX;
pub use shard::DEADLINE_MARGIN_MS;
pub use status::Status;
pub use tick::{AHEAD_MAX_S, SweptTime, TickError};

/// Does what is due by the time that the event names.
pub async fn handle<S: Store, Q: PayoutQueue>(
    sweep: &Sweep<S, Q>,
    invocation: &Invocation,
) -> Result<Status, SweepError> {
    let tick = tick::read(invocation, sweep.swept_time).inspect_err(|error| {
        let ahead = matches!(error, TickError::Ahead { .. });
        invocation.metrics().count("SweepsRefused", u64::from(ahead));
    })?;
    let run = Run { now: tick.time, wall: invocation.now(), invocation, shards: &tick.shards };
    let others = join(requests::sweep(sweep, &run), sweep_unsharded(sweep, &run));
    let (accounts, (requests, unsharded)) = join(accounts::sweep(sweep, &run), others).await;
    let status = accounts?.and(requests).and(unsharded);
    let metrics = invocation.metrics();
    metrics.count("SweepShards", u64::try_from(run.shards.len()).unwrap_or_default());
    metrics.milliseconds("SweepLag", status.lag_ms);
    for (name, count) in [
        ("SweepLookedAt", status.looked_at),
        ("SweepDone", status.done),
        ("SweepLeftOver", status.left_over),
        ("SweepFailed", status.failed),
    ] {
        metrics.count(name, count);
    }
    let Status { looked_at, done, left_over, failed, lag_ms } = status;
    let shards = run.shards;
    tracing::info!(time = %run.now, ?shards, looked_at, done, left_over, failed, lag_ms, outcome = "swept", "sweep");
    Ok(status)
}

/// Does what is in no shard, if that is this run's.
async fn sweep_unsharded<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>) -> Status {
    if !run.is_first() {
        return Status::default();
    }
    let (cancellations, changes) =
        join(cancellations::sweep(sweep, run), plan_changes::sweep(sweep, run)).await;
    cancellations.and(changes).and(parked::report_age(&sweep.store, run).await)
}
