//! Downloads (`S3-12`): a generation with a downloaded result counts at the payments of the lots that its
//! hold drew on. It counts once, however often and in whichever order its messages come.
//!
//! These messages do not change credits: other messages report how the generation ended.

use ledger::{
    AccountId, DownloadStore, Entry, ExecuteError, GenerationId, Hold, LedgerStore, PaymentId, ServiceId,
};

use crate::retry_reason::RetryReason;

/// Counts the generation, and names the outcome. One write for each payment, mostly one, and two reads before
/// it where the hold is not open.
pub(crate) async fn note<S: DownloadStore>(
    store: &S,
    account: &AccountId,
    head: Option<&Entry>,
    generation: &GenerationId,
    service: &ServiceId,
) -> Result<&'static str, RetryReason<<S as LedgerStore>::Error>> {
    let failed = |error| RetryReason::Ledger(ExecuteError::Store(error));
    let is_open = head.is_some_and(|entry| entry.after().hold(generation).is_some());
    let placed = if is_open { None } else { store.hold_entry(account, generation).await.map_err(failed)? };
    let entry = placed.as_ref().or(head).ok_or(RetryReason::UnknownGeneration)?;
    let hold = entry.after().hold(generation).ok_or(RetryReason::UnknownGeneration)?;
    if hold.service != *service {
        return Err(RetryReason::AnotherService);
    }
    let payments = payments(entry, hold);
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

/// The payments whose credits a hold has: an entry with the hold has its lots as well.
fn payments(entry: &Entry, hold: &Hold) -> Vec<PaymentId> {
    let lots = hold.parts.iter().filter_map(|part| entry.after().lot(part.lot));
    let mut payments: Vec<PaymentId> = Vec::new();
    for payment in lots.filter_map(|lot| lot.payment.as_ref()) {
        if !payments.contains(payment) {
            payments.push(payment.clone());
        }
    }
    payments
}
