//! Credits that land after their case was opened: the case has nothing left to decide.

use ledger::{AccountId, ExecuteError, LedgerStore, LotId, Pause, PaymentId, Timestamp};

use crate::{RefundStore, Save, SaveOutcome};

/// Requests of an account, newest first, among which those about a payment are looked for: more than a
/// customer files while one purchase waits.
const REQUESTS_MAX: u16 = 20;

/// Settles the open requests that wait for the credits of a payment, if those have landed and none of its
/// money has moved; a person decides the others. Says how many it settled.
pub async fn settle_landed<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    (account, payment): (&AccountId, &PaymentId),
    now: Timestamp,
) -> Result<usize, ExecuteError<<S as LedgerStore>::Error>> {
    let failed = ExecuteError::Store;
    let landed = store.payment(payment).await.map_err(failed)?;
    let landed = landed.filter(|landed| &landed.account == account && landed.lot != LotId::NONE);
    let Some(landed) = landed else { return Ok(0) };
    if store.has_unrecorded_movement(payment).await.map_err(failed)? {
        return Ok(0);
    }
    let mut settled = 0_usize;
    for found in store.requests_of(account, None, REQUESTS_MAX).await.map_err(failed)? {
        if !found.clone().landed(&landed, now) {
            continue;
        }
        for attempt in 0..pause.attempts_max() {
            // The index may lag behind a person who decides at this moment.
            let Some(mut request) = store.request(&found.id).await.map_err(failed)? else { break };
            if !request.landed(&landed, now) {
                break;
            }
            let save = Save { request, commit: None, refunded: None };
            if store.save(&save).await.map_err(failed)? == SaveOutcome::Written {
                settled = settled.saturating_add(1);
                break;
            }
            pause.pause(attempt).await;
        }
    }
    Ok(settled)
}
