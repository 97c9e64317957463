//! Filing a case: the request with what its decision grants, in one transaction.

use ledger::{Actor, ExecuteError, LedgerStore, Pause, Timestamp};
use policy::Document;
use refunds::{Approved, Grounds, Request, Save, Saved, Standing, State, Stores, approve};

use crate::records::Records;

/// Saves a request that was opened on these records, with the money or the credits that its decision grants.
pub async fn file<S: Stores, P: Pause>(
    (store, pause): (&S, &P),
    request: Request,
    records: Records,
    document: &Document,
    now: Timestamp,
) -> Result<Approved, ExecuteError<<S as LedgerStore>::Error>> {
    let standing = Standing {
        document,
        payment: records.payment.as_ref(),
        subscription: records.subscription.as_ref(),
        head: records.head.as_ref(),
        now,
    };
    let quote = request.quote(&standing).filter(|_| request.state == State::Approved);
    let Some(quote) = quote else { return alone(store, request).await };
    let grounds = Grounds::of(document, Actor::Policy).knowing(records.head, records.payment);
    approve(store, pause, &request, &quote, grounds, now).await
}

async fn alone<S: Stores>(
    store: &S,
    request: Request,
) -> Result<Approved, ExecuteError<<S as LedgerStore>::Error>> {
    // Nothing is recorded that the grant could be carried out on, and nobody was asked to.
    if request.state == State::Approved {
        return Ok(Approved::NothingLeft);
    }
    let save = Save { request, commit: None, refunded: None };
    match store.save(&save).await.map_err(ExecuteError::Store)? {
        Saved::Written => Ok(Approved::Saved(Box::new(save.request))),
        Saved::Stale(stored) => Ok(Approved::Stale(stored)),
        Saved::NotAllowed => Ok(Approved::NotAllowed),
        Saved::Ledger(_) | Saved::PaymentMoved => Err(ExecuteError::Busy),
    }
}
