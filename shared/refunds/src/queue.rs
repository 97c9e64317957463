//! Support's queue: the requests that wait for people, in the order in which people should take them.
//!
//! Raised priority comes first, then the earliest deadline, then the oldest request: a breached clock has a
//! deadline before every running one. [`Waiting`] is what the queue shows of a request, without the decision;
//! it is stored beside the request and ordered by [`Waiting::place`], so that a page of the queue is one
//! query. A claim says who is at work on a request. It is a courtesy with a bounded life, and what it keeps
//! out (another person's review) is kept out by the condition on the request's version.

use ledger::{AccountId, Actor, Currency, Money, RefundRequestId, Timestamp};
use policy::{Fact, Outcome, Reason, Recommendation, Remedy, Value};

use crate::{Action, ActionKind, ActionSource, Clock, ClockState, Request, State, fingerprint};

/// How long a claim lasts, in seconds: half an hour is longer than reading and deciding a case takes, and
/// short beside the shortest promise to people (four working hours), so that a claim that was forgotten
/// breaks none.
pub const CLAIM_S: u64 = 1_800;

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
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Raised, Self::Normal].into_iter().find(|priority| priority.as_str() == name)
    }
}

/// Who is at work on a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The person: the `sub` of the token.
    pub by: String,
    /// Since when.
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

/// The clock that orders a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Urgent {
    /// The promise.
    pub id: String,
    /// The clause that promises it.
    pub clause: String,
    /// When people are to be warned.
    pub warn_at: Option<Timestamp>,
    /// Its deadline.
    pub due_at: Timestamp,
}

/// What the queue shows of a request that waits for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The request.
    pub id: RefundRequestId,
    /// Whose.
    pub account: AccountId,
    /// The product that it is about, where that is recorded.
    pub product: Option<String>,
    /// The customer's reason.
    pub reason: Reason,
    /// What is recommended, or else what is left of the payment.
    pub amount: Option<Money>,
    /// What the machine recommends.
    pub recommendation: Option<Recommendation>,
    /// Where it stands.
    pub state: State,
    /// When it was submitted.
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

impl Request {
    /// How urgent it is.
    pub fn priority(&self) -> Priority {
        let broken = self.clocks.iter().any(|clock| clock.is_open() && clock.breached_at.is_some());
        let again = self.state == State::Failed || self.reopenings() > 0;
        if broken || again { Priority::Raised } else { Priority::Normal }
    }

    /// Whether it is a person's turn.
    pub fn waits_for_people(&self) -> bool {
        match self.state {
            // Money that failed to reach the customer needs another way.
            State::InReview | State::Failed => true,
            // Whether it is there, and where it is, a person finds out.
            State::Refunded => self.is_overdue(),
            State::Submitted
            | State::NeedsInformation
            | State::Approved
            | State::Paying
            | State::Refused
            | State::Withdrawn
            | State::Settled => false,
        }
    }

    /// What the queue shows of it, while it waits for people.
    pub fn waiting(&self) -> Option<Waiting> {
        self.waits_for_people().then(|| Waiting {
            id: self.id.clone(),
            account: self.account.clone(),
            product: self.product().map(str::to_owned),
            reason: self.case.reason,
            amount: self.at_stake(),
            recommendation: self.recommendation().cloned(),
            state: self.state,
            submitted_at: self.submitted_at,
            priority: self.priority(),
            clock: self.urgent_clock().map(|clock| Urgent {
                id: clock.id.clone(),
                clause: clock.clause.clone(),
                warn_at: clock.warn_at,
                due_at: clock.due_at,
            }),
            claim: self.claim.clone(),
        })
    }

    /// The open clock with the earliest deadline that is not standing still.
    pub fn urgent_clock(&self) -> Option<&Clock> {
        let running = self.clocks.iter().filter(|clock| clock.is_open() && clock.paused_at.is_none());
        running.min_by_key(|clock| clock.due_at)
    }

    /// `person` begins to work on it, or goes on with it: the claim's life begins anew.
    pub fn claim(&mut self, person: &str, now: Timestamp) -> Result<(), ClaimError> {
        if !self.waits_for_people() {
            return Err(ClaimError::State(self.state));
        }
        if self.is_requester(person) {
            return Err(ClaimError::OwnRequest);
        }
        if let Some(held) = self.kept_from(person, now) {
            return Err(ClaimError::Held(held.clone()));
        }
        self.claim = Some(Claim { by: person.to_owned(), at: now });
        Ok(())
    }

    /// `person` notes that the money of an overdue refund is there, or that it is settled otherwise. Whether
    /// that was still open.
    pub fn confirm_refund_arrival(&mut self, person: &str, now: Timestamp) -> Result<bool, ClaimError> {
        if self.state != State::Refunded {
            return Err(ClaimError::State(self.state));
        }
        if self.is_requester(person) {
            return Err(ClaimError::OwnRequest);
        }
        if let Some(held) = self.kept_from(person, now) {
            return Err(ClaimError::Held(held.clone()));
        }
        if !self.is_overdue() || self.arrived_at().is_some() {
            return Ok(false);
        }
        let by = Actor::Support(person.to_owned());
        let call = ActionSource { by, at: now, fingerprint: fingerprint(&[self.id.as_str()]) };
        self.acts.push(Action { call, deed: ActionKind::Arrived });
        self.claim = None;
        self.clocks_due_at = Some(now);
        Ok(true)
    }

    /// `person` lets go of it, or of a claim whose life is over. Whether there was one.
    pub fn release(&mut self, person: &str, now: Timestamp) -> Result<bool, ClaimError> {
        match self.kept_from(person, now) {
            Some(held) => Err(ClaimError::Held(held.clone())),
            None => Ok(self.claim.take().is_some()),
        }
    }

    /// The claim that keeps `person` from deciding it at `now`.
    pub fn kept_from(&self, person: &str, now: Timestamp) -> Option<&Claim> {
        self.claim.as_ref().filter(|claim| claim.keeps_out(person, now))
    }

    fn recommendation(&self) -> Option<&Recommendation> {
        match &self.case.decision.outcome {
            Outcome::Person { recommendation } => recommendation.as_ref(),
            Outcome::Grant { .. } | Outcome::Refuse | Outcome::NeedsInformation { .. } => None,
        }
    }

    /// The money that is recommended, or else what is left of the payment.
    fn at_stake(&self) -> Option<Money> {
        if let Some(Recommendation::Grant { remedy: Remedy::Money { amount_minor, currency } }) =
            self.recommendation()
        {
            return Some(Money::new(*amount_minor, Currency::new(currency).ok()?));
        }
        let facts = &self.case.facts;
        let minor = |fact| match facts.get(fact) {
            Some(Value::Integer(minor)) => u64::try_from(*minor).ok(),
            _ => None,
        };
        let Some(Value::Text(currency)) = facts.get(Fact::Currency) else { return None };
        let left = minor(Fact::AmountPaid)?.checked_sub(minor(Fact::AmountRefunded)?)?;
        Some(Money::new(left, Currency::new(currency).ok()?))
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
