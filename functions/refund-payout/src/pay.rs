//! One payout: the refund or the discount of a request, and the end of the plan that was promised with it.

use ledger::{ExecuteError, Pause, RefundRequestId, Timestamp};
use refunds::{RefundStore, State};
use stripe_api::StripeClient;

use crate::plan::Plan;
use crate::runner::{PayoutError, PayoutResult, PayoutRunner};

/// What one delivery of a payout's message led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// Where the request stands.
    pub state: State,
    /// The outcome of the plan that was to end with the refund, if this delivery ended it.
    pub plan: Option<Plan>,
}

/// Makes the payout of one request, and ends the plan that was promised to end with it.
pub async fn pay<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    stripe: &StripeClient,
    id: &RefundRequestId,
    now: Timestamp,
) -> PayoutResult<S, Paid> {
    let request = store.request(id).await.map_err(ExecuteError::Store)?;
    let request = request.ok_or(PayoutError::NoRequest)?;
    lambda::log::account(&request.account);
    let runner = PayoutRunner { store, pause, stripe, now };
    // What the customer has of an earlier approval is nothing to pay any more.
    let discount = request.discount().is_some();
    let payout = request.payout().filter(|payout| !discount || payout.open_part(0).is_some());
    let Some(payout) = payout.cloned() else {
        let state = match (request.state(), request.discount().cloned()) {
            (State::Approved | State::Paying, Some(discount)) => {
                Box::pin(runner.discount(id, request, discount)).await?
            }
            (state, _) => state,
        };
        return Ok(Paid { state, plan: None });
    };
    let state = match request.state() {
        State::Approved | State::Paying => runner.refund(id, request, payout).await?,
        state => state,
    };
    // After the refund, so that one that Stripe declines ends nothing.
    let plan = match state {
        State::Paying | State::Refunded => runner.end_plan(id).await?,
        _ => None,
    };
    Ok(Paid { state, plan })
}
