//! Where the evidence of a dispute stands: whether Stripe takes any, and what was submitted.

use ledger::Timestamp;
use ledger_dynamodb::{DisputeEvidence, EvidenceSubmission};
use stripe_api::StripeDispute;
use stripe_events::DisputeStatus;

/// What evidence answers: an inquiry is answered once, and so is the dispute that it becomes
/// (<https://docs.stripe.com/disputes/how-disputes-work#inquiries>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Inquiry,
    Chargeback,
}

impl Stage {
    /// Its name in answers and idempotency keys.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Inquiry => "inquiry",
            Self::Chargeback => "chargeback",
        }
    }

    /// The stage that the dispute is in.
    pub(crate) fn of(dispute: &StripeDispute) -> Self {
        if dispute.status.as_str().starts_with("warning_") { Self::Inquiry } else { Self::Chargeback }
    }

    /// What was submitted in it.
    pub(crate) fn submission(self, evidence: &DisputeEvidence) -> Option<&EvidenceSubmission> {
        match self {
            Self::Inquiry => evidence.inquiry.as_ref(),
            Self::Chargeback => evidence.chargeback.as_ref(),
        }
    }

    /// Records what was submitted in it.
    pub(crate) fn record(self, evidence: &mut DisputeEvidence, submission: Option<EvidenceSubmission>) {
        match self {
            Self::Inquiry => evidence.inquiry = submission,
            Self::Chargeback => evidence.chargeback = submission,
        }
    }
}

/// Why Stripe takes no evidence; `None` while it does. An appeal takes a form of its own, in Stripe's
/// Dashboard (<https://docs.stripe.com/disputes/arbitration>).
pub(crate) fn closed_because(dispute: &StripeDispute, now: Timestamp) -> Option<&'static str> {
    match (&dispute.status, dispute.due_by) {
        (DisputeStatus::WarningNeedsResponse | DisputeStatus::NeedsResponse, Some(due_by))
            if due_by > now =>
        {
            None
        }
        (DisputeStatus::WarningNeedsResponse | DisputeStatus::NeedsResponse, Some(_)) => {
            Some("the time for evidence is over")
        }
        (DisputeStatus::WarningNeedsResponse | DisputeStatus::NeedsResponse, None) => {
            Some("the bank takes no evidence for this dispute")
        }
        (DisputeStatus::WarningUnderReview | DisputeStatus::UnderReview, _) => {
            Some("the bank has the evidence and looks at it")
        }
        (DisputeStatus::AppealNeedsResponse | DisputeStatus::AppealUnderReview, _) => {
            Some("an appeal is answered in Stripe's Dashboard")
        }
        _ => Some("the dispute is over"),
    }
}

/// Whether Stripe has what was submitted: it said so, or its count shows it.
pub(crate) fn is_done(submission: &EvidenceSubmission, dispute: &StripeDispute) -> bool {
    submission.done_at.is_some() || dispute.submission_count > submission.count_before
}
