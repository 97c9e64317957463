//! What is asked: the question, what the customer claims with it, and the case that an answer completes.

use ledger::{GenerationId, PaymentId, Timestamp};
use policy::{Decision, Facts, FailureKind, Reason};
use refunds::{Case, Occasion};

/// What is asked, by a customer, by a person in the customer's name, or by the records themselves.
#[derive(Debug, Clone)]
pub struct Question {
    pub reason: Reason,
    /// What Stripe reported that the records ask about.
    pub occasion: Option<Occasion>,
    /// The payment that it is about.
    pub payment: Option<PaymentId>,
    /// The generation that it is about.
    pub generation: Option<GenerationId>,
    /// In the customer's own words.
    pub note: String,
    /// [`refunds::fingerprint`] of what was asked.
    pub fingerprint: [u8; 32],
    /// What facts rest on that no record holds.
    pub said: CustomerClaims,
}

/// Sources of facts that no record holds: the request itself, and the channel through which it came.
#[derive(Debug, Clone, Default)]
pub struct CustomerClaims {
    /// What the customer chooses: `credits` or `money`.
    pub remedy: Option<String>,
    /// The plan that was ordered.
    pub plan_requested: Option<String>,
    /// The channel of the request, as a word of the fact.
    pub channel: Option<String>,
    /// Whether it came from the account itself.
    pub from_account: Option<bool>,
    /// Whether it says when the purchase was made.
    pub purchase_date_given: bool,
    /// Whether it gives the e-mail address of the account.
    pub email_given: bool,
    /// Which parts of a report of a problem it gives (`S4-6`).
    pub report: Report,
    /// Whether nobody said anything: the records open the case.
    pub by_itself: bool,
    /// How its service said that the generation ended.
    pub ending: Option<FailureKind>,
}

/// The parts of a report of a problem besides the account's address, each as whether it was given (`S4-6`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of its own")]
pub struct Report {
    /// Which prompt was used.
    pub prompt: bool,
    /// Which model was used.
    pub model: bool,
    pub happened_at: bool,
    /// What the error said.
    pub error_message: bool,
}

/// What was asked and decided before, where an answer completes it.
#[derive(Debug, Clone, Copy)]
pub struct OriginalCase<'request> {
    /// What was asked, with its facts and the decision on them.
    pub case: &'request Case,
    pub submitted_at: Timestamp,
}

impl Question {
    /// The case, with its facts and the decision on them.
    pub(crate) fn decided(self, facts: Facts, decision: Decision) -> Case {
        Case {
            payment: self.payment,
            generation: self.generation,
            reason: self.reason,
            occasion: self.occasion,
            note: self.note,
            fingerprint: self.fingerprint,
            facts,
            decision,
        }
    }
}
