//! How a look at a lead ends: it is forgotten, or it fails.

use cases::CaseError;
use ledger::{ExecuteError, LedgerStore, RefundRequestId};

use crate::context::{Store, Sweep};
use crate::status::ItemOutcome;

/// Why a lead was not followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LeadError<E: std::error::Error + 'static> {
    /// Leads could not be read or forgotten.
    #[error("lead could not be read or forgotten")]
    Store(#[source] E),
    /// The records could not be judged.
    #[error("the records could not be judged")]
    Case(#[from] CaseError<E>),
    /// The request could not be saved.
    #[error("request could not be saved")]
    Saving(#[from] ExecuteError<E>),
}

pub(crate) async fn forget<S: Store, Q>(
    sweep: &Sweep<S, Q>,
    id: &RefundRequestId,
) -> Result<ItemOutcome, LeadError<<S as LedgerStore>::Error>> {
    sweep.store.forget(id).await.map_err(LeadError::Store)?;
    Ok(ItemOutcome::Written)
}
