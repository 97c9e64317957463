//! Saving what was decided: a request alone, or with the money or the credits that go with it.

use ledger::{ExecuteError, LedgerStore, Pause, Timestamp};

use crate::approve::{ApprovalContext, ApprovalOutcome, approve};
use crate::{Quote, RefundRequest, RefundStore, Save, SaveOutcome};

/// Saves a request and carries `quote` out with it.
///
/// A case that belongs to a request which has ended without a refund, or with one of a part, is taken over,
/// with one more read (two where the payment is not known) and one more write; one that is open answers with
/// [`ApprovalOutcome::Open`].
pub async fn carry_out<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    request: &RefundRequest,
    quote: Option<&Quote>,
    grounds: ApprovalContext,
    now: Timestamp,
) -> Result<ApprovalOutcome, ExecuteError<<S as LedgerStore>::Error>> {
    for attempt in 0..pause.attempts_max() {
        let approved = match quote {
            Some(quote) => {
                let approved = approve(store, pause, request, quote, grounds.clone(), now);
                Some(Box::pin(approved).await?)
            }
            None => save_alone(store, request).await?,
        };
        let Some(approved) = approved else {
            pause.pause(attempt).await;
            continue;
        };
        let ApprovalOutcome::Taken(holder) = approved else { return Ok(approved) };
        let earlier = store.request(&holder.request).await.map_err(ExecuteError::Store)?;
        let unread = request.case.payment.as_ref().filter(|_| grounds.payment.is_none());
        let payment = match unread {
            Some(payment) => store.payment(payment).await.map_err(ExecuteError::Store)?,
            None => grounds.payment.clone(),
        };
        if let Some(earlier) = earlier.filter(|earlier| earlier.keeps_case(payment.as_ref(), now)) {
            return Ok(ApprovalOutcome::Open(Box::new(earlier)));
        }
        store.take_case(&holder, request).await.map_err(ExecuteError::Store)?;
    }
    Err(ExecuteError::Busy)
}

/// Saves the request alone. `None` if another write to the same items came in between.
async fn save_alone<S: RefundStore>(
    store: &S,
    request: &RefundRequest,
) -> Result<Option<ApprovalOutcome>, ExecuteError<<S as LedgerStore>::Error>> {
    let save = Save { request: request.clone(), commit: None, refunded: None };
    Ok(match store.save(&save).await.map_err(ExecuteError::Store)? {
        SaveOutcome::Written => Some(ApprovalOutcome::Saved(Box::new(save.request))),
        SaveOutcome::Stale(stored) => Some(ApprovalOutcome::Stale(stored)),
        SaveOutcome::NotAllowed => Some(ApprovalOutcome::NotAllowed),
        SaveOutcome::Taken(holder) => Some(ApprovalOutcome::Taken(holder)),
        SaveOutcome::TooMany => Some(ApprovalOutcome::TooMany),
        SaveOutcome::Ledger(_) | SaveOutcome::PaymentMoved | SaveOutcome::CountMoved => None,
    })
}
