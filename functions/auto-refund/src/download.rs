//! Downloads (`S3-12`): a generation of which a result was downloaded counts at the payments of the lots that
//! its hold drew on, once, however often and in whichever order its messages come.
//!
//! Nothing is said of credits: how the generation ended is reported by messages of its own.

use ledger::{AccountId, DownloadStore, Entry, ExecuteError, GenerationId, LedgerStore, PaymentId};

use crate::stay::Stay;

/// Counts the generation, and names the outcome. One write for each payment, mostly one, and two reads before
/// it where the hold is not open.
pub(crate) async fn note<S: DownloadStore>(
    store: &S,
    account: &AccountId,
    head: Option<&Entry>,
    generation: &GenerationId,
) -> Result<&'static str, Stay<<S as LedgerStore>::Error>> {
    let failed = |error| Stay::Ledger(ExecuteError::Store(error));
    let payments = if let Some(payments) = head.and_then(|entry| payments(entry, generation)) {
        payments
    } else {
        let placed = store.hold_entry(account, generation).await.map_err(failed)?;
        placed.and_then(|entry| payments(&entry, generation)).ok_or(Stay::UnknownGeneration)?
    };
    if payments.is_empty() {
        return Ok("without_payment");
    }
    let mut outcome = "repeated";
    for payment in &payments {
        if store.note_download(payment, generation).await.map_err(failed)? {
            outcome = "counted";
        }
    }
    Ok(outcome)
}

/// The payments whose credits an open hold has: an entry with the hold has its lots as well.
fn payments(entry: &Entry, generation: &GenerationId) -> Option<Vec<PaymentId>> {
    let account = entry.after();
    let lots = account.hold(generation)?.parts.iter().filter_map(|part| account.lot(part.lot));
    Some(lots.filter_map(|lot| lot.payment.clone()).collect())
}
