//! What people decide: reviews, and who has to agree before money or credits move.
//!
//! Above the document's limit two people approve the same quote, and neither of them asked for it. The first
//! approval is kept, and the second one carries it out. This module enforces the rule, and so does the
//! condition of the write, independent of this code ([`crate::RefundRequest::approval`]).

use ledger::{Credits, Money, ProductId, Timestamp};
use policy::{Missing, Remedy};

use crate::{ChosenTerms, Claim, Ground, OutsidePolicy, Quote, State};

/// How many reviews that decide nothing (questions, offers, first approvals) a request can have: a case with
/// more open ends than that is to be decided with what is there.
pub const REVIEWS_MAX: usize = 8;

/// What a reviewer decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewVerdict {
    /// What the quote pays.
    Approve,
    /// This much of the payment.
    ApprovePart(Money),
    /// So many credits for a purchase whose own have not landed.
    GrantCredits {
        /// The product whose operations may spend them.
        product: ProductId,
        credits: Credits,
    },
    /// Nothing.
    Refuse,
    /// The credits of a refund that nobody asked us for are taken back.
    TakeBack,
    /// They stay with the customer.
    Leave,
    /// The customer is asked.
    Ask(Vec<Missing>),
    /// One of the decision's offers is made to the customer; it is carried out when they accept.
    Offer {
        offer: String,
        /// What it is worth.
        remedy: Remedy,
    },
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// What was decided.
    pub verdict: ReviewVerdict,
    pub reason: String,
    /// What it rests on; a question needs nothing.
    pub ground: Option<Ground>,
    /// What was chosen of the refund's terms, where money is to move.
    pub chosen: ChosenTerms,
    /// The quote that the reviewer was shown.
    pub quote: Option<String>,
    /// Whether it is not what the machine recommended; [`crate::RefundRequest::review`] says.
    pub overrides: bool,
}

/// One of two people who have to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstApproval {
    /// The person: the `sub` of the token.
    pub by: String,
    /// The quote that was approved.
    pub quote: String,
    pub at: Timestamp,
}

/// What a review leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewOutcome {
    /// The request is to be saved as it is.
    Recorded,
    /// The request is approved, and this is to be carried out.
    Pay(Box<Quote>),
    /// The request is closed, and its credits are to be taken back ([`crate::take_back()`]).
    TakeBack,
}

/// Why a review is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// The request waits for nobody's decision.
    #[error("the request is {0}, not in review")]
    State(State),
    /// The reviewer is the customer, or filed the request in the customer's name.
    #[error("the reviewer is the requester")]
    OwnRequest,
    /// Somebody else is at work on it.
    #[error("{} has claimed the request until {}", .0.by, .0.until())]
    Claimed(Claim),
    /// The reviewer gave the first of the two approvals.
    #[error("the first approval is the reviewer's own; another person has to give the second")]
    SamePerson,
    /// There is nothing that could be approved.
    #[error("nothing is left that could be approved")]
    NothingToRefund,
    /// The part is nothing, above what is left, or in another currency.
    #[error("the amount is not between 1 and {0}")]
    Amount(Money),
    /// It would grant more credits for a payment than the policy ever does; this many are left.
    #[error("at most {0} credits are granted for this payment beside those that it bought")]
    AbovePayment(u64),
    /// Stripe pays no such amount in this currency, only multiples.
    #[error("the amount is not a multiple of {0}, as Stripe pays in this currency")]
    NotPayable(u64),
    /// Nobody asked for the case, or it is about credits that a refund bought.
    #[error("the case is decided by {0}")]
    OtherDecision(&'static str),
    /// The decision makes no such offer, or the customer has accepted it.
    #[error("the request has no such offer that could be made")]
    NoOffer,
    /// It has [`REVIEWS_MAX`] reviews that decided nothing.
    #[error("the request was asked about {REVIEWS_MAX} times; approve or refuse it")]
    TooMany,
}

/// Who answers for what a save carries out, for the condition of the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The person; `None` if the policy decided on recorded facts.
    pub by: Option<String>,
    /// What is carried out.
    pub remedy: Remedy,
    /// The quote that the second of two people approved.
    pub quote: Option<String>,
    /// The offer that the customer accepted, where it is that which is carried out.
    pub offer: Option<String>,
}

impl Review {
    /// The clause that it cites.
    pub fn clause(&self) -> Option<&str> {
        match &self.ground {
            Some(Ground::Clause(clause)) => Some(clause),
            Some(Ground::OutsidePolicy(_)) | None => None,
        }
    }

    /// Why it cites none, where it decides outside the policy.
    pub fn outside_policy(&self) -> Option<OutsidePolicy> {
        match self.ground {
            Some(Ground::OutsidePolicy(kind)) => Some(kind),
            Some(Ground::Clause(_)) | None => None,
        }
    }

    /// Whether it gives something that no clause provides for.
    pub(crate) fn gives_outside_policy(&self) -> bool {
        matches!(self.outside_policy(), Some(OutsidePolicy::Goodwill | OutsidePolicy::OurError))
    }
}
