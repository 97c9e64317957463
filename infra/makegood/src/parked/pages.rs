//! Parked events, read page by page.

use ledger_dynamodb::{Parked, StoreError, Tables};

/// Events of one page; DynamoDB itself cuts a page at 1 MB.
const PAGE: u16 = 100;

/// Calls `visit` with every parked event, in the order of their ids.
pub(crate) async fn for_each_parked(
    tables: &Tables,
    mut visit: impl FnMut(Parked),
) -> Result<(), StoreError> {
    let mut after: Option<String> = None;
    loop {
        let page = tables.parked_after(after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id.clone());
        page.into_iter().for_each(&mut visit);
    }
}
