//! An account as it was at an earlier instant.

use lambda::http::{Problem, ProblemKind, Request};
use ledger::{AccountId, Entry, LedgerStore, Timestamp};
use ledger_dynamodb::StoreError;

use crate::failure;

/// The `as_of` of a request: an instant that is not in the future.
pub(crate) fn as_of(request: &Request<'_>, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = request.query("as_of") else { return Ok(None) };
    let instant = Timestamp::parse(text).ok().filter(|instant| *instant <= now);
    let expected = "`as_of` must be an instant like `2026-08-01T00:00:00Z` that is not in the future";
    instant.map(Some).ok_or_else(|| Problem::new(ProblemKind::InvalidRequest).detail(expected))
}

/// The newest entry that an account had at an instant, from its newest one: a read for each time that the
/// number of its entries can be halved. Entries are numbered without gaps, and none is older than the one
/// before it.
pub(crate) async fn entry_at<S: LedgerStore<Error = StoreError>>(
    store: &S,
    account: &AccountId,
    head: Option<Entry>,
    as_of: Timestamp,
) -> Result<Option<Entry>, Problem> {
    let Some(head) = head else { return Ok(None) };
    if head.at() <= as_of {
        return Ok(Some(head));
    }
    // `found` is at the instant or before it, entry number `later` is after it.
    let (mut found, mut later): (Option<Entry>, u64) = (None, head.number());
    loop {
        let known = found.as_ref().map_or(0, Entry::number);
        let middle = known.midpoint(later);
        if middle == known {
            return Ok(found);
        }
        let read = store.entries_after(account, middle.saturating_sub(1), 1).await.map_err(failure::store)?;
        let Some(entry) = read.into_iter().next() else { return Ok(found) };
        if entry.at() <= as_of {
            found = Some(entry);
        } else {
            later = middle;
        }
    }
}
