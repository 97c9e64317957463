//! Filing a case: the request with what its decision grants, in one transaction.

use ledger::{
    Actor, Command, Ending, ExecuteError, LedgerStore, Pause, ReleaseReason, Settlement, Timestamp,
};
use policy::{Document, Remedy};
use refunds::{
    Approved, Grounds, Head, Request, Save, Saved, Stores, approve_credits, approve_money, used_of,
};

use crate::assess::{granted, policy_ref};
use crate::records::Records;

/// Saves a request that was opened on these records, with the money or the credits that its decision grants.
pub async fn file<S: Stores, P: Pause>(
    (store, pause): (&S, &P),
    request: Request,
    records: Records,
    document: &Document,
    now: Timestamp,
) -> Result<Approved, ExecuteError<<S as LedgerStore>::Error>> {
    let used = records.payment.as_ref().map(|payment| used_of(records.head.as_ref(), payment));
    let head = Head::Read(records.head.map(Box::new));
    let grounds = Grounds { actor: Actor::Policy, policy: Some(policy_ref(document)), head, used };
    let money = request.granted_money();
    match (granted(&request.case.decision), records.payment, request.case.generation.clone()) {
        (Some(Remedy::Money { .. }), Some(payment), _) => {
            // A currency that is none is no currency of a payment.
            let Some(amount) = money else { return Ok(Approved::NothingLeft) };
            let terms = (amount, document.on_refund.debt_for_spent);
            approve_money(store, pause, &request, payment, terms, grounds, now).await
        }
        (Some(Remedy::Credits { .. }), _, Some(generation)) => {
            let ending = Ending::Failed(ReleaseReason::Failed);
            let grace_s = document.leftover.as_ref().map_or(0, |leftover| leftover.grace_after_failed_job_s);
            let command = Command::Settle { settlements: vec![Settlement { generation, ending }], grace_s };
            approve_credits(store, pause, &request, &command, grounds, now).await
        }
        _ => alone(store, request).await,
    }
}

async fn alone<S: Stores>(
    store: &S,
    request: Request,
) -> Result<Approved, ExecuteError<<S as LedgerStore>::Error>> {
    let save = Save { request, commit: None, refunded: None };
    match store.save(&save).await.map_err(ExecuteError::Store)? {
        Saved::Written => Ok(Approved::Saved(Box::new(save.request))),
        Saved::Stale(stored) => Ok(Approved::Stale(stored)),
        Saved::Ledger(_) | Saved::PaymentMoved => Err(ExecuteError::Busy),
    }
}
