//! Ending the plan whose charge was refunded, where the quote promised it (`S3-18`).
//!
//! The promise is part of the stored payout, and stays due until the provider has no such subscription any
//! more. A subscription that it declines to end for good is a person's to end; nobody asks again.

use ledger::{ExecuteError, Pause, RefundRequestId};
use refunds::{RefundRequest, Save, SaveOutcome};

use crate::provider::{CallError, CancelOutcome, ProviderCalls};
use crate::runner::{PayoutError, PayoutResult, PayoutRunner};
use crate::store::PayoutStore;

/// The outcome of a plan that was to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// The provider has ended it.
    Ended,
    /// It was gone before.
    Gone,
    /// The provider declined for good; a person has to look.
    LeftToPeople,
}

impl Plan {
    /// Its name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Gone => "gone",
            Self::LeftToPeople => "left_to_people",
        }
    }
}

impl<S: PayoutStore, P: Pause> PayoutRunner<'_, S, P> {
    /// Ends the plan that the payout of a request promised to end, if that is still to be done.
    pub(crate) async fn end_plan<C: ProviderCalls>(
        &self,
        calls: &C,
        id: &RefundRequestId,
    ) -> PayoutResult<S, Option<Plan>> {
        let Some(request) = self.read(id).await? else { return Ok(None) };
        let Some(plan) = request.open_plan_end() else { return Ok(None) };
        let known = self.store.subscription(&request.account, &plan.subscription).await;
        let known = known.map_err(ExecuteError::Store)?;
        let (became, declined) = if known.is_some_and(|known| known.ended_at.is_some()) {
            (Plan::Gone, None)
        } else {
            match calls.end(&plan.subscription).await {
                Ok(CancelOutcome::Known(_)) => (Plan::Ended, None),
                Ok(CancelOutcome::Ended) => (Plan::Gone, None),
                Err(CallError::Declined(why)) => (Plan::LeftToPeople, Some(why.code)),
                Err(error) => return Err(error.into()),
            }
        };
        self.note(request, declined).await?;
        Ok(Some(became))
    }

    /// Writes the outcome of the plan. The provider's own events may move the request at the same time: the
    /// request is then read again, and nobody is asked again.
    async fn note(&self, mut request: RefundRequest, declined: Option<String>) -> PayoutResult<S, ()> {
        for attempt in 0..self.pause.attempts_max() {
            if !request.plan_ended(declined.clone(), self.now) {
                return Ok(());
            }
            request.count_save();
            let id = request.id.clone();
            let save = Save { request, commit: None, refunded: None };
            request = match self.store.save(&save).await.map_err(ExecuteError::Store)? {
                SaveOutcome::Written => return Ok(()),
                SaveOutcome::Stale(stored) => *stored,
                SaveOutcome::Taken(_)
                | SaveOutcome::Ledger(_)
                | SaveOutcome::PaymentMoved
                | SaveOutcome::CountMoved
                | SaveOutcome::TooMany
                | SaveOutcome::NotAllowed => {
                    self.pause.pause(attempt).await;
                    self.read(&id).await?.ok_or(PayoutError::NoRequest)?
                }
            };
        }
        Err(PayoutError::ClaimedElsewhere)
    }
}
