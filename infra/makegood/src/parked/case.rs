//! The case of the customer whose money is behind a parked event, as it stands.

use ledger::{RefundRequestId, Timestamp};
use ledger_dynamodb::{Parked, StoreError, Tables};
use refunds::{Lead, LeadStore as _, RequestStore as _, State};

use crate::words::instant;

/// A case, or what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ParkedCase {
    /// It opens by itself.
    Opens { id: RefundRequestId, at: Option<Timestamp> },
    /// It is open, or was decided.
    Filed { id: RefundRequestId, state: State },
}

impl ParkedCase {
    pub(super) fn id(&self) -> &RefundRequestId {
        match self {
            Self::Opens { id, .. } | Self::Filed { id, .. } => id,
        }
    }

    /// Where it stands, and how it is decided.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Opens { id, at: Some(at) } => format!("{id} opens by itself at {} UTC", instant(*at)),
            Self::Opens { id, at: None } => format!("{id} opens by itself"),
            Self::Filed {
                id,
                state: state @ (State::InReview | State::Submitted | State::NeedsInformation),
            } => {
                format!("{id} is {state}; decide it with POST /v1/refund-requests/{id}/review")
            }
            Self::Filed { id, state } => format!("{id} is {state}"),
        }
    }
}

/// The case of a parked event, read as it is.
pub(super) async fn case_of(tables: &Tables, parked: &Parked) -> Result<Option<ParkedCase>, StoreError> {
    let about = &parked.about;
    let by_payment = || Some(Lead::id_of_uncredited(about.account.as_ref()?, about.payment.as_ref()?));
    let Some(id) = about.case.clone().or_else(by_payment) else { return Ok(None) };
    if let Some(request) = tables.request(&id).await? {
        return Ok(Some(ParkedCase::Filed { state: request.state(), id }));
    }
    let lead = tables.lead(&id).await?;
    Ok(lead.map(|lead| ParkedCase::Opens { id, at: lead.due_at }))
}
