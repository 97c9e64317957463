//! What the policy makes of a generation's messages.
//!
//! The hold's own record counts: its operation, and the policy document that was in force when it was
//! placed, however late a message is handled. Of several messages about one generation the one that is
//! best for the customer counts.

use ledger::{Ending, Hold, ReleaseReason};
use policy::{Document, FailureKind, GenerationOutcome};

use crate::message::ReportedEnding;

/// What is to be done for one generation; each is better for the customer than the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EndingDecision {
    /// The credits are spent.
    Capture,
    /// A person decides. Until then the credits are spent: an open hold would end by itself.
    Review {
        /// How the generation failed.
        kind: FailureKind,
        /// The provider's or the service's own code.
        code: Option<String>,
    },
    /// The credits go back.
    GiveBack(ReleaseReason),
}

impl EndingDecision {
    /// The policy's decision on one report of how `hold`'s generation ended.
    pub(crate) fn of(document: &Document, hold: &Hold, reported: &ReportedEnding) -> Self {
        let (ending, code) = match reported {
            ReportedEnding::Failed { kind, code } => (policy::GenerationEnding::Failed(*kind), code.clone()),
            ReportedEnding::Completed(answer) => (policy::GenerationEnding::Answered(answer), None),
        };
        match document.classify(&hold.operation, ending) {
            GenerationOutcome::Succeeded => Self::Capture,
            GenerationOutcome::Person { kind, .. } => Self::Review { kind, code },
            GenerationOutcome::GiveBack { kind: FailureKind::EmptySuccess, .. } => {
                Self::GiveBack(ReleaseReason::EmptySuccess)
            }
            GenerationOutcome::GiveBack { .. } => Self::GiveBack(ReleaseReason::Failed),
        }
    }

    /// How good it is for the customer.
    pub(crate) fn favour(&self) -> u8 {
        match self {
            Self::Capture => 0,
            Self::Review { .. } => 1,
            Self::GiveBack(_) => 2,
        }
    }

    /// The ending that the ledger records.
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Self::Capture => Ending::Succeeded,
            Self::Review { .. } => Ending::InReview,
            Self::GiveBack(reason) => Ending::Failed(*reason),
        }
    }
}
