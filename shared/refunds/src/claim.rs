//! Claims: who is at work on a request. A claim is a courtesy with a bounded life.

use ledger::Timestamp;

use crate::State;

/// How long a claim lasts, in seconds: half an hour is longer than reading and deciding a case takes, and
/// short beside the shortest promise to people (four working hours), so that a claim that was forgotten
/// breaks none.
pub const CLAIM_S: u64 = 1_800;

/// Who is at work on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The person: the `sub` of the token.
    pub by: String,
    /// When the person took it.
    pub at: Timestamp,
}

impl Claim {
    /// The last instant of the claim.
    pub fn until(&self) -> Timestamp {
        self.at.plus_s(CLAIM_S).unwrap_or(self.at)
    }

    /// Whether it keeps `person` out at `now`.
    pub fn keeps_out(&self, person: &str, now: Timestamp) -> bool {
        self.by != person && now <= self.until()
    }
}

/// Why a request cannot be claimed or released.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// It waits for nobody.
    #[error("the request is {0} and waits for nobody")]
    State(State),
    /// The person is the customer, or filed the request in the customer's name.
    #[error("the request is the caller's own")]
    OwnRequest,
    /// Somebody else is at work on it.
    #[error("{} has claimed the request until {}", .0.by, .0.until())]
    Held(Claim),
}
