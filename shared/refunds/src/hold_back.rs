//! Holding back what is approved and not made: it goes back to a person, the money counts as not refunded
//! and the credits are as they were before the approval, in one write.
//!
//! A support person holds back alone, because nothing leaves by it; what is decided after that needs
//! everybody whom an approval needs. The payout holds back by itself what a person has to look at again.

use ledger::{Actor, Cause, ExecuteError, Pause, Timestamp};

use crate::report::reversed;
use crate::save::{AttemptOutcome, Failure, settle};
use crate::{ActionSource, Payout, RefundRequest, RefundStore};

/// How an attempt to hold back ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldBackOutcome {
    /// It is back before people.
    HeldBack(Box<RefundRequest>),
    /// Another writer was first; this is what is stored.
    Stale(Box<RefundRequest>),
}

/// Brings an approved request back to people. What was revoked for it is restored.
pub async fn hold_back<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    request: &RefundRequest,
    (call, reason): (&ActionSource, &str),
    now: Timestamp,
) -> Result<HoldBackOutcome, Failure<S>> {
    for attempt in 0..pause.attempts_max() {
        let mut back = request.clone();
        if back.back_to_people(call.clone(), reason.to_owned()).is_err() {
            return Ok(HoldBackOutcome::Stale(Box::new(request.clone())));
        }
        let cause = Cause::RefundRequest(request.id.as_str().to_owned());
        let actor = match &call.by {
            Actor::Support(person) => Actor::Support(person.clone()),
            _ => Actor::Policy,
        };
        let payment = match back.payout() {
            Some(payout) => store.payment(&payout.payment).await.map_err(ExecuteError::Store)?,
            None => None,
        };
        let parts = back.payout().into_iter().flat_map(Payout::parts).enumerate();
        let open: Vec<usize> = parts.filter(|(_, part)| part.is_open()).map(|(number, _)| number).collect();
        let mut save = reversed(store, back, (payment.as_ref(), &open), (cause, actor), now).await?;
        save.request.drop_payout();
        match settle(store, save, None).await? {
            AttemptOutcome::Written(request) => return Ok(HoldBackOutcome::HeldBack(request)),
            AttemptOutcome::Stale(stored) => return Ok(HoldBackOutcome::Stale(stored)),
            AttemptOutcome::NotAllowed
            | AttemptOutcome::TooMany
            | AttemptOutcome::Taken(_)
            | AttemptOutcome::Landed
            | AttemptOutcome::Again => {
                pause.pause(attempt).await;
            }
        }
    }
    Err(ExecuteError::Busy)
}
