//! What a run works with.

use std::future::Future;

use lambda::Invocation;
use lambda::backoff::Backoff;
use ledger::{CancellationStore, DueStore, LedgerStore, PlanChangeStore, Timestamp};
use ledger_dynamodb::Tables;
use refunds::RefundStore;

use crate::tick::{SweptTime, TickError};

/// Shards of one table at once. Each call on its way is a connection, and a TLS handshake costs four times
/// the CPU of a query. A run that has all shards asks 32 times over four connections if nothing is due.
pub(crate) const SHARDS_AT_ONCE: usize = 2;

/// What the sweep needs of the tables.
pub trait Store: DueStore + CancellationStore + PlanChangeStore + RefundStore + ParkedMoney {}

impl<S: DueStore + CancellationStore + PlanChangeStore + RefundStore + ParkedMoney> Store for S {}

/// Parked events whose money nobody has answered.
pub trait ParkedMoney: LedgerStore {
    /// Since when the oldest one has been parked by `now`; `None` while there is none.
    fn oldest_parked_money(
        &self,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Timestamp>, Self::Error>> + Send;
}

impl ParkedMoney for Tables {
    async fn oldest_parked_money(&self, now: Timestamp) -> Result<Option<Timestamp>, Self::Error> {
        self.oldest_unanswered_money(now).await
    }
}

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

#[derive(Debug, Clone, Copy)]
pub(crate) struct Run<'a> {
    /// The schedule's time: what is due by then is done. Later than the wall clock only where time is
    /// simulated.
    pub(crate) now: Timestamp,
    /// The wall clock, from which a late run and one for another day differ.
    pub(crate) wall: Timestamp,
    pub(crate) invocation: &'a Invocation,
    /// The shards of the due indexes that are the run's own.
    pub(crate) shards: &'a [u8],
}

impl Run<'_> {
    /// Whether the run also does what is in no shard. The run of a tick that has the first shard does.
    pub(crate) fn is_first(&self) -> bool {
        self.shards.contains(&0)
    }
}

/// Why a run failed. What it left is found by the next one.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The event is not a tick of the schedule.
    #[error("event is not a tick of the schedule")]
    Tick(#[from] TickError),
    /// Not one of the run's shards could be read.
    #[error("nothing that is due could be read")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}
