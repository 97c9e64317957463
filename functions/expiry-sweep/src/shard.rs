//! One shard of a due index: pages of what is due, oldest first, each item once, within the run's bounds.

use std::collections::HashSet;
use std::error::Error;
use std::hash::Hash;

use futures_util::stream::{self, StreamExt};
use ledger::Timestamp;

use crate::context::Run;
use crate::status::{ItemOutcome, Status};

/// A run takes no further page with less time left than this, in milliseconds: a page in work ends within
/// the time of seven accounts, at most 400 ms each.
pub const DEADLINE_MARGIN_MS: u64 = 10_000;
/// Items of one query: their keys fill a quarter of a read unit's pages and cost one unit.
pub(crate) const PAGE: u16 = 100;
/// Items of one shard at once. With two shards 32 calls are on their way for each table, which take about
/// 1,300 accounts a second at three round trips of 8 ms each.
const AT_ONCE: usize = 16;

/// A table with a due index.
pub(crate) trait DueIndex {
    type Item;
    type Key: Clone + Eq + Hash;
    type Error: Error + 'static;

    /// What the items are called in the log.
    const ITEMS: &'static str;
    /// Most items of one shard before the others have their turn.
    const PER_SHARD_MAX: usize;

    /// The oldest [`PAGE`] items of a shard that are due.
    async fn page(&self, shard: u8) -> Result<Vec<Self::Item>, Self::Error>;

    /// The item's identity within its shard.
    fn key(item: &Self::Item) -> &Self::Key;
    fn due_at(item: &Self::Item) -> Timestamp;

    /// Handles one due item. A failure does not stop the others.
    async fn settle(&self, item: &Self::Item) -> ItemOutcome;
}

/// Whether the run has time for another page.
pub(crate) fn in_time(run: &Run<'_>) -> bool {
    run.invocation.deadline().remaining().as_millis() > u128::from(DEADLINE_MARGIN_MS)
}

/// Handles the due items of a shard. The error says why a page could not be read; what was done before stays
/// done, and the next run goes on from there.
pub(crate) async fn sweep_shard<D: DueIndex>(
    index: &D,
    run: &Run<'_>,
    shard: u8,
) -> (Status, Option<D::Error>) {
    let mut status = Status::default();
    let mut seen: HashSet<D::Key> = HashSet::new();
    loop {
        let page = match index.page(shard).await {
            Ok(page) => page,
            Err(error) => {
                let cause: &(dyn Error + 'static) = &error;
                tracing::error!(
                    shard,
                    outcome = "failed",
                    error = cause,
                    "{} that are due are not read",
                    D::ITEMS
                );
                status.failed = status.failed.saturating_add(1);
                return (status, Some(error));
            }
        };
        let is_full = page.len() >= usize::from(PAGE);
        let mut page: Vec<_> = page.into_iter().filter(|item| !seen.contains(D::key(item))).collect();
        for item in &page {
            status.is_late(D::due_at(item), run.now.min(run.wall));
        }
        let room = if in_time(run) { D::PER_SHARD_MAX.saturating_sub(seen.len()) } else { 0 };
        let left = page.split_off(room.min(page.len()));
        let settled = stream::iter(&page).map(|item| index.settle(item)).buffer_unordered(AT_ONCE);
        for outcome in settled.collect::<Vec<_>>().await {
            status.count(outcome);
        }
        // A whole page of items that stay due hides those behind it. They count as at least one left over.
        let hidden = usize::from(is_full && page.is_empty());
        status.left_over = u64::try_from(left.len().max(hidden)).unwrap_or(u64::MAX);
        if status.left_over > 0 || !is_full {
            return (status, None);
        }
        seen.extend(page.iter().map(D::key).cloned());
    }
}
