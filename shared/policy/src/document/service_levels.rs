//! Service levels: by when something is promised, or usual.

use serde::{Deserialize, Serialize};

use crate::named::named;
use crate::reason::Reason;

/// A promise with a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceLevel {
    /// Its name within the document.
    pub id: String,
    /// The clause that promises it.
    pub clause: String,
    pub starts: ServiceLevelStart,
    /// The term that says how long it runs.
    pub limit: String,
    /// The term that says when people are warned, for clocks that warn.
    pub warn: Option<String>,
    /// Whether it stands still while the customer is asked for something.
    pub pauses: bool,
    /// The reasons of the requests that it is for; none means every reason.
    pub reasons: Vec<Reason>,
    /// The products that it is for; none means every product of the document.
    pub products: Vec<String>,
    /// Whether the text promises it, or only says what is usual.
    pub firm: bool,
}

named! {
    /// What starts the time of a service level.
    ServiceLevelStart {
        /// The generation failed, or its hold reached the deadline.
        GenerationFailed "generation_failed",
        PaymentCharged "payment_charged",
        RequestSubmitted "request_submitted",
        /// Everything that the request needs is there.
        RequestComplete "request_complete",
        /// The provider confirmed the refund.
        RefundSucceeded "refund_succeeded",
        /// A dispute was opened, and Stripe says until when it takes evidence: the provider's deadline, which
        /// no document promises.
        DisputeOpened "dispute_opened",
        /// A refund that no call to the provider can make waits for a person: our own deadline, which no
        /// document promises.
        RefundByHand "refund_by_hand",
    }
}

impl ServiceLevelStart {
    /// What a document can promise from, each behind its spelling.
    pub const PROMISED: &'static [(&'static str, Self)] = &[
        ("generation_failed", Self::GenerationFailed),
        ("payment_charged", Self::PaymentCharged),
        ("request_submitted", Self::RequestSubmitted),
        ("request_complete", Self::RequestComplete),
        ("refund_succeeded", Self::RefundSucceeded),
    ];
}
