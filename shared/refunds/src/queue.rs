//! Support's queue: the requests that wait for people, in the order in which people should take them.
//!
//! Raised priority comes first, then the earliest deadline, then the oldest request: a breached clock has a
//! deadline before every running one. [`Waiting`] is what the queue shows of a request, without the decision;
//! it is stored beside the request and ordered by [`Waiting::place`], so that a page of the queue is one
//! query. A claim says who is at work on a request. It is a courtesy with a bounded life, and what it keeps
//! out (another person's review) is kept out by the condition on the request's version.

use ledger::{AccountId, Money, PaymentId, Provider, RefundRequestId, Timestamp};
use policy::{Reason, Recommendation};

use crate::{Claim, ClockState, State};

/// How urgent a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// A promise to this customer was broken, their money did not arrive, or they asked for another look.
    Raised,
    /// None was.
    Normal,
}

impl Priority {
    /// The name in answers and stored requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Normal => "normal",
        }
    }

    /// The priority of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Raised, Self::Normal].into_iter().find(|priority| priority.as_str() == name)
    }
}

/// The clock that orders a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urgent {
    /// The promise.
    pub id: String,
    /// The clause that promises it; `None` of a deadline of Stripe's.
    pub clause: Option<String>,
    /// When people are to be warned.
    pub warn_at: Option<Timestamp>,
    /// Its deadline.
    pub due_at: Timestamp,
}

/// What the queue shows of a request that waits for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub id: RefundRequestId,
    pub account: AccountId,
    /// The product that it is about, where that is recorded.
    pub product: Option<String>,
    /// The customer's reason.
    pub reason: Reason,
    /// What is recommended, or else what is left of the payment.
    pub amount: Option<Money>,
    /// Where a person has to refund that amount by hand: in this provider's dashboard, of this payment.
    pub by_hand: Option<(Provider, PaymentId)>,
    /// What the machine recommends.
    pub recommendation: Option<Recommendation>,
    /// Where it stands.
    pub state: State,
    pub submitted_at: Timestamp,
    /// How urgent it is.
    pub priority: Priority,
    /// The open clock with the earliest deadline.
    pub clock: Option<Urgent>,
    /// Who is at work on it.
    pub claim: Option<Claim>,
}

impl Waiting {
    /// Its place in the queue, in the order of text: priority, deadline, submission. Thirteen digits of
    /// milliseconds keep instants in order; requests without a deadline come last of their priority.
    pub fn place(&self) -> String {
        let rank = match self.priority {
            Priority::Raised => 0,
            Priority::Normal => 1,
        };
        let deadline = self.clock.as_ref().map_or(9_999_999_999_999, |clock| clock.due_at.as_ms());
        format!("{rank}#{deadline:013}#{:013}#{}", self.submitted_at.as_ms(), self.id)
    }

    /// The claim that is alive at `now`.
    pub fn claim_at(&self, now: Timestamp) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| now <= claim.until())
    }

    /// Whether [`Waiting::place`] can have made this text: a cursor carries no proof of who made it.
    pub fn is_place(text: &str) -> bool {
        let mut parts = text.split('#');
        let is_number = |part: &str, digits: usize| {
            part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let mut number = |digits| parts.next().is_some_and(|part| is_number(part, digits));
        number(1)
            && number(13)
            && number(13)
            && parts.next().is_some_and(|id| id.parse::<RefundRequestId>().is_ok())
            && parts.next().is_none()
    }
}

impl Urgent {
    /// Where it stands at `now`.
    pub fn state(&self, now: Timestamp) -> ClockState {
        if now > self.due_at { ClockState::Breached } else { ClockState::Running }
    }

    /// Whether people are to be warned at `now`.
    pub fn warns(&self, now: Timestamp) -> bool {
        self.warn_at.is_some_and(|warn_at| warn_at <= now) && now <= self.due_at
    }
}
