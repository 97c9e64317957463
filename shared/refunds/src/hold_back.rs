//! Holding back what is approved and not made: it goes back to a person, the money counts as not refunded
//! and the credits are as they were before the approval, in one write.
//!
//! A support person holds back alone, because nothing leaves by it; what is decided after that needs
//! everybody whom an approval needs. The payout holds back by itself what a person has to look at again.

use ledger::{Actor, Cause, ExecuteError, Pause, PolicyRef, Timestamp};

use crate::pay::{Failure, Settled, settle};
use crate::report::reversed;
use crate::{Action, ActionKind, ActionSource, EdgeError, RefundStore, Request, State};

/// How an attempt to hold back ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldBackOutcome {
    /// It is back before people.
    HeldBack(Box<Request>),
    /// Another writer was first; this is what is stored.
    Stale(Box<Request>),
}

impl Request {
    /// Whether it is approved, and Stripe has not been asked.
    pub fn can_be_held_back(&self) -> bool {
        self.state == State::Approved && (self.payout.is_some() || self.discount.is_some())
    }

    /// Back to a person, for this reason; its payout is to be undone with the save.
    fn back_to_people(&mut self, call: ActionSource, reason: String) -> Result<(), EdgeError> {
        self.transition_to(State::InReview, call.at, call.by.clone())?;
        self.first_approval = None;
        self.approved_by = None;
        self.due_at = None;
        self.discount = None;
        self.acts.push(Action { call, deed: ActionKind::HeldBack { reason } });
        Ok(())
    }
}

impl Request {
    /// The policy that decided it.
    pub(crate) fn decided_by(&self) -> PolicyRef {
        let decision = &self.case.decision;
        PolicyRef { document: decision.document.clone(), version: decision.version.clone() }
    }
}

/// Brings an approved request back to people. What was revoked for it is restored.
pub async fn hold_back<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    request: &Request,
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
        let payment = match &back.payout {
            Some(payout) => store.payment(&payout.payment).await.map_err(ExecuteError::Store)?,
            None => None,
        };
        let mut save = reversed(store, back, payment.as_ref(), (cause, actor), now).await?;
        save.request.payout = None;
        match settle(store, save, None).await? {
            Settled::Written(request) => return Ok(HoldBackOutcome::HeldBack(request)),
            Settled::Stale(stored) => return Ok(HoldBackOutcome::Stale(stored)),
            Settled::NotAllowed | Settled::TooMany | Settled::Taken(_) | Settled::Landed | Settled::Again => {
                pause.pause(attempt).await;
            }
        }
    }
    Err(ExecuteError::Busy)
}
