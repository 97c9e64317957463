//! One payout: the refund or the discount of a request, and the end of the plan that was promised with it.

use ledger::{ExecuteError, Pause, Provider, RefundRequestId, Timestamp};
use refunds::{Payout, RefundRequest, State};

use crate::creem::CreemCalls;
use crate::plan::Plan;
use crate::provider::{Clients, ProviderCalls};
use crate::runner::{PayoutError, PayoutResult, PayoutRunner};
use crate::store::PayoutStore;
use crate::stripe::StripeCalls;

/// What one delivery of a payout's message led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// Where the request stands.
    pub state: State,
    /// The outcome of the plan that was to end with the refund, if this delivery ended it.
    pub plan: Option<Plan>,
}

/// Makes the payout of one request, and ends the plan that was promised to end with it.
pub async fn pay<S: PayoutStore, P: Pause, C: Clients>(
    store: &S,
    pause: &P,
    clients: &C,
    id: &RefundRequestId,
    now: Timestamp,
) -> PayoutResult<S, Paid> {
    let request = store.request(id).await.map_err(ExecuteError::Store)?;
    let request = request.ok_or(PayoutError::NoRequest)?;
    lambda::log::account(&request.account);
    let runner = PayoutRunner { store, pause, now };
    // What the customer has of an earlier approval is nothing to pay any more.
    let discount = request.discount().is_some();
    let payout = request.payout().filter(|payout| !discount || payout.open_part(0).is_some());
    let Some(payout) = payout.cloned() else {
        let state = match (request.state(), request.discount().cloned()) {
            (State::Approved | State::Paying, Some(discount)) => {
                let stripe = clients.stripe().await.map_err(PayoutError::Provider)?;
                Box::pin(runner.discount(&stripe, id, request, discount)).await?
            }
            (state, _) => state,
        };
        return Ok(Paid { state, plan: None });
    };
    match payout.provider {
        Provider::Stripe => {
            let calls = StripeCalls(clients.stripe().await.map_err(PayoutError::Provider)?);
            Box::pin(runner.refund_and_end(&calls, id, request, payout)).await
        }
        Provider::Creem => {
            let calls = CreemCalls(clients.creem().await.map_err(PayoutError::Provider)?);
            Box::pin(runner.refund_and_end(&calls, id, request, payout)).await
        }
    }
}

impl<S: PayoutStore, P: Pause> PayoutRunner<'_, S, P> {
    pub(crate) async fn refund_and_end<C: ProviderCalls>(
        &self,
        calls: &C,
        id: &RefundRequestId,
        request: RefundRequest,
        payout: Payout,
    ) -> PayoutResult<S, Paid> {
        let state = match request.state() {
            State::Approved | State::Paying => self.refund(calls, id, request, payout).await?,
            state => state,
        };
        // After the refund, so that one that is declined ends nothing.
        let plan = match state {
            State::Paying | State::Refunded => self.end_plan(calls, id).await?,
            _ => None,
        };
        Ok(Paid { state, plan })
    }
}
