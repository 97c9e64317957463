//! What a document promises besides its rules: offers, clocks, the life of left-over credits, what a
//! refund does, the way to a person.

use serde::{Deserialize, Serialize};

use crate::document::RemedyRule;
use crate::reason::Reason;

/// Something that is offered to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its name within the document.
    pub id: String,
    /// The clause that promises it.
    pub clause: String,
    /// What kind of offer it is.
    pub kind: OfferKind,
    /// How what it is worth is computed.
    pub remedy: Option<RemedyRule>,
    /// A discount in hundredths.
    pub percent: Option<u32>,
    /// How long the credits that it brings can be used, in seconds; `None` never ends.
    pub usable_s: Option<u64>,
    /// What the customer reads.
    pub text: String,
}

/// What is offered. An offer is never the price of an entitlement: declining it changes nothing (S3-26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferKind {
    /// Another generation that costs nothing.
    FreeRetry,
    /// Another generation that is paid as any other.
    Retry,
    /// Credits in place of those that were used.
    ReplacementCredits,
    /// A part of a period's credits.
    ProratedCredits,
    /// A part of the payment.
    ProratedRefund,
    /// All of the payment that is left.
    Refund,
    /// The credits that were bought.
    Credits,
    /// A lower price of the next renewal.
    Discount,
    /// Advice on which model or prompt fits.
    Advice,
    /// A person's help.
    ManualHelp,
}

impl OfferKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::FreeRetry,
        Self::Retry,
        Self::ReplacementCredits,
        Self::ProratedCredits,
        Self::ProratedRefund,
        Self::Refund,
        Self::Credits,
        Self::Discount,
        Self::Advice,
        Self::ManualHelp,
    ];

    /// The name used in documents and in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::FreeRetry => "free_retry",
            Self::Retry => "retry",
            Self::ReplacementCredits => "replacement_credits",
            Self::ProratedCredits => "prorated_credits",
            Self::ProratedRefund => "prorated_refund",
            Self::Refund => "refund",
            Self::Credits => "credits",
            Self::Discount => "discount",
            Self::Advice => "advice",
            Self::ManualHelp => "manual_help",
        }
    }
}

/// A promise with a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Its name within the document.
    pub id: String,
    /// The clause that promises it.
    pub clause: String,
    /// What starts it.
    pub starts: ClockStart,
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

/// What starts a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockStart {
    /// The generation failed, or its hold reached the deadline.
    GenerationFailed,
    /// The payment was charged.
    PaymentCharged,
    /// The request was submitted.
    RequestSubmitted,
    /// Everything that the request needs is there.
    RequestComplete,
    /// The provider confirmed the refund.
    RefundSucceeded,
}

/// When the left-over credits of an ended subscription expire. A lot is usable while now < expiry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// The clause that says so.
    pub clause: String,
    /// How long they stay after the subscription's `ended_at`, in seconds.
    pub after_end_s: u64,
    /// What subscribing again does to the clock.
    pub on_resubscribe: OnResubscribe,
    /// How long credits stay that come back from a job which outlived their expiry, in seconds.
    pub grace_after_failed_job_s: u64,
}

/// What subscribing again does to the expiry of left-over credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnResubscribe {
    /// The credits lose their expiry again.
    StopClock,
    /// The credits keep their expiry.
    KeepClock,
}

/// What a customer is told before and after cancelling a subscription, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// The clauses.
    pub clauses: Vec<String>,
    /// The products that they are for; none means every product of the document.
    pub products: Vec<String>,
}

/// What a refund of a payment does. A refund is whole when nothing of the payment is left to refund after
/// it, in however many parts it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a word of the document's own")]
pub struct OnRefund {
    /// What a whole refund revokes of the payment's own lot.
    pub revoke: Revocation,
    /// What a refund of a part revokes of it.
    pub revoke_of_part: Revocation,
    /// What a reviewer may choose in place of the two, where the text says that we *may* revoke (`S3-18`,
    /// `S3-22`).
    pub reviewer_may_revoke: Vec<Revocation>,
    /// Whether a whole refund of a subscription's charge cancels the subscription at once.
    pub cancel: bool,
    /// Whether a refund of a part of a subscription's charge does.
    pub cancel_for_part: bool,
    /// Whether a reviewer may choose that, where the text says that we *may* cancel (`S3-18`).
    pub reviewer_may_cancel: bool,
    /// Whether revoked credits that were already spent become a debt.
    pub debt_for_spent: bool,
}

/// How much of a payment's lot a refund revokes; spent credits stay spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// No credits.
    Nothing,
    /// The refunded money's share of the granted credits, rounded down, and at most what is left of them.
    Proportional,
    /// All that is left, and what running generations give back later.
    Remaining,
}

impl Revocation {
    /// Every choice, the least for the customer last.
    pub const ALL: [Self; 3] = [Self::Nothing, Self::Proportional, Self::Remaining];

    /// The name used in documents and in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Proportional => "proportional",
            Self::Remaining => "remaining",
        }
    }

    /// The choice of this name.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revocation| revocation.id() == id)
    }
}

impl OnRefund {
    /// What a refund revokes unless a reviewer chooses; `whole` if nothing is left to refund after it.
    pub fn revokes(&self, whole: bool) -> Revocation {
        if whole { self.revoke } else { self.revoke_of_part }
    }

    /// Whether a refund cancels the subscription unless a reviewer chooses.
    pub fn cancels(&self, whole: bool) -> bool {
        if whole { self.cancel } else { self.cancel_for_part }
    }
}

/// What a renewal's grant does to what is left of the grant before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnRenewal {
    /// They stay, side by side.
    Add,
    /// The renewal's grant takes the place of what is left.
    Replace,
}

/// The way to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Door {
    /// The clause that opens it.
    pub clause: String,
    /// What the customer reads.
    pub text: String,
}
