//! The sweep: everything that is due by the schedule's time, in bounded pages, oldest first.
//!
//! The schedule's instant goes in; expired lots, released holds, payouts that are announced again, clocks
//! that warn or have run out and cases that the records open come out, with a count of each. A few shards of
//! the due index are worked on at once. A run keeps no state and its every step is guarded by a condition:
//! two runs at once, a late run and a run that was cut off lead to the same ledger, and a lot past its expiry
//! is unusable whether or not a run has been.

mod accounts;
mod cancellations;
mod event;
mod leads;
mod requests;
mod status;

use futures_util::future::join;
use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::payout_queue::PayoutQueue;
use ledger::{CancellationStore, DueStore, Timestamp};
use refunds::Stores;

pub use accounts::{ACCOUNTS_PER_SHARD_MAX, DEADLINE_MARGIN_MS};
pub use event::{AHEAD_MAX_S, SweptTime, TickError};
pub use requests::REQUESTS_PER_SHARD_MAX;
pub use status::Status;

/// Shards of one table at once. Each call on its way is a connection, and a TLS handshake costs four times
/// the CPU of a query: a run that finds nothing asks 32 times over four connections, in some 60 ms.
pub(crate) const SHARDS_AT_ONCE: usize = 2;

/// What the sweep needs of the tables.
pub trait Store: DueStore + CancellationStore + Stores {}

impl<S: DueStore + CancellationStore + Stores> Store for S {}

/// What the sweep works with.
#[derive(Debug)]
pub struct Sweep<S, Q> {
    /// The tables.
    pub store: S,
    /// Where payouts are announced.
    pub payouts: Q,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
    /// Whether a run may be for a day to come.
    pub swept_time: SweptTime,
}

/// Why a run failed. What it left is found by the next one.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The event is not a tick of the schedule.
    #[error("event is not a tick of the schedule")]
    Tick(#[from] TickError),
    /// Not one shard could be read.
    #[error("nothing that is due could be read")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// One run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    /// The schedule's time: what is due by then is done. Later than the wall clock only where time is
    /// simulated.
    pub(crate) now: Timestamp,
    /// The wall clock, from which a late run and one for another day differ.
    pub(crate) wall: Timestamp,
    pub(crate) invocation: &'a Invocation,
}

/// Does what is due by the time that the event names.
pub async fn handle<S: Store, Q: PayoutQueue>(
    sweep: &Sweep<S, Q>,
    invocation: &Invocation,
) -> Result<Status, SweepError> {
    let now = event::time(invocation, sweep.swept_time).inspect_err(|error| {
        let ahead = matches!(error, TickError::Ahead { .. });
        invocation.metrics().count("SweepsRefused", u64::from(ahead));
    })?;
    let run = Run { now, wall: invocation.now(), invocation };
    let others = join(requests::sweep(sweep, &run), cancellations::sweep(sweep, &run));
    let (accounts, (requests, cancellations)) = join(accounts::sweep(sweep, &run), others).await;
    let status = accounts?.and(requests).and(cancellations);
    let metrics = invocation.metrics();
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
    tracing::info!(time = %run.now, looked_at, done, left_over, failed, lag_ms, outcome = "swept", "sweep");
    Ok(status)
}
