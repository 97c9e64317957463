//! One refund request: what was asked, what was decided and why, and every step since.

use ledger::{
    AccountId, Actor, Credits, Currency, GenerationId, Money, PaymentId, RefundRequestId, Timestamp,
};
use policy::{Decision, Facts, Outcome, Reason, Remedy};
use sha2::{Digest, Sha256};

use crate::{Claim, Clock, EdgeError, Payout, RefundSeen, RefundStatus, Seen, State};

/// Longest note of a customer or a reviewer, in characters: two pages of text, far below an item's 400 KB.
pub const NOTE_CHARACTERS_MAX: usize = 4000;
/// How long an approved payout may wait for its message before the sweep sends it again, in seconds.
const STUCK_S: u64 = 600;
/// How long Stripe may take to confirm a refund before the sweep has it looked up, in seconds: one day,
/// because an event that was missed is otherwise noticed by the customer.
const UNCONFIRMED_S: u64 = 86_400;

/// One step of a request's time-line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state it led to.
    pub state: State,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
}

/// What a reviewer decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All that can be refunded of the payment.
    Approve,
    /// This part of it.
    ApprovePart(Money),
    /// Nothing.
    Refuse,
}

/// What a review approves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// This much money.
    Money(Money),
    /// The credits of the generation.
    Credits,
    /// Nothing.
    None,
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// The reviewer: the `sub` of the token.
    pub reviewer: String,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What is asked for, on which facts, and what the policy says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The payment that it is about.
    pub payment: Option<PaymentId>,
    /// The generation that it is about.
    pub generation: Option<GenerationId>,
    /// The reason that the customer gave.
    pub reason: Reason,
    /// What the customer wrote.
    pub note: String,
    /// SHA-256 of what was submitted: tells a repeat from another request under the same key.
    pub fingerprint: [u8; 32],
    /// The facts as they were when it was submitted.
    pub facts: Facts,
    /// The decision on those facts.
    pub decision: Decision,
}

/// A refund request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: RefundRequestId,
    /// Whose.
    pub account: AccountId,
    /// What is asked, and what the policy says to it.
    pub case: Case,
    /// Where it stands.
    pub state: State,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// A person's decision, if there was one.
    pub review: Option<Review>,
    /// The payout, once there is an intent.
    pub payout: Option<Payout>,
    /// Every step, oldest first.
    pub steps: Vec<Step>,
    /// When the sweep has to look at its payout.
    pub due_at: Option<Timestamp>,
    /// The promises of the policy to it: [`Request::keep_time`].
    pub clocks: Vec<Clock>,
    /// When the sweep has to look at its clocks: at once after a move, until time is kept.
    pub clocks_due_at: Option<Timestamp>,
    /// Who is at work on it.
    pub claim: Option<Claim>,
    /// How often it was saved; the lock of concurrent writers.
    pub version: u64,
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
    /// There is nothing that could be approved.
    #[error("the request names no payment with money left to refund")]
    NothingToRefund,
    /// The part is nothing, above what is left, or in another currency.
    #[error("the amount is not between 1 and {0}")]
    Amount(Money),
}

/// The id of a request: derived from the account and the idempotency key, so that a repeat finds the
/// first request without a record of its own.
#[expect(clippy::missing_panics_doc, reason = "hexadecimal digits are always allowed in an id")]
pub fn request_id(account: &AccountId, idempotency_key: &str) -> RefundRequestId {
    let digest = Sha256::new()
        .chain_update(account.as_str())
        .chain_update("#")
        .chain_update(idempotency_key)
        .finalize();
    let hex = digest.iter().take(13).fold(String::from("rr_"), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    RefundRequestId::new(hex).expect("hexadecimal digits are allowed in an id")
}

/// The fingerprint of a submission's bytes.
pub fn fingerprint(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

impl Request {
    /// Opens a request where its decision leads to. An approved one has no payout until
    /// [`Request::intend`].
    pub fn open(id: RefundRequestId, account: AccountId, actor: Actor, case: Case, now: Timestamp) -> Self {
        let state = match &case.decision.outcome {
            Outcome::Grant { .. } => State::Approved,
            Outcome::Refuse => State::Refused,
            Outcome::Person { .. } => State::InReview,
            Outcome::NeedsInformation { .. } => State::NeedsInformation,
        };
        Self {
            id,
            account,
            case,
            state,
            submitted_at: now,
            review: None,
            payout: None,
            steps: vec![
                Step { state: State::Submitted, at: now, actor },
                Step { state, at: now, actor: Actor::Policy },
            ],
            due_at: None,
            clocks: Vec::new(),
            clocks_due_at: Some(now),
            claim: None,
            version: 1,
        }
    }

    /// The money that the decision grants, if it grants money.
    pub fn granted_money(&self) -> Option<Money> {
        match &self.case.decision.outcome {
            Outcome::Grant { remedy: Remedy::Money { amount_minor, currency } } => {
                Some(Money::new(*amount_minor, Currency::new(currency).ok()?))
            }
            _ => None,
        }
    }

    /// Goes to `state`. Whoever was at work on it is done, and its clocks are to be looked at.
    pub fn go(&mut self, state: State, at: Timestamp, actor: Actor) -> Result<(), EdgeError> {
        self.state = self.state.go(state)?;
        self.steps.push(Step { state, at, actor });
        self.claim = None;
        self.untimed(state, at);
        Ok(())
    }

    /// Whether `person` is the customer, or filed it in the customer's name: nobody works on the own request.
    pub fn is_requester(&self, person: &str) -> bool {
        person == self.account.as_str() || self.was_filed_by(person)
    }

    /// Whether a support person filed it: one person alone must not move money.
    fn was_filed_by(&self, support: &str) -> bool {
        matches!(self.steps.first(), Some(Step { actor: Actor::Support(filer), .. }) if filer == support)
    }

    /// A person decides. `refundable` is what is left of the payment; a request about a generation alone
    /// is approved in credits.
    pub fn decide(&mut self, review: Review, refundable: Option<Money>) -> Result<Approval, ReviewError> {
        // What the customer was asked for may come to a person by another way.
        if !matches!(self.state, State::InReview | State::NeedsInformation) {
            return Err(ReviewError::State(self.state));
        }
        if self.is_requester(&review.reviewer) {
            return Err(ReviewError::OwnRequest);
        }
        if let Some(claim) = self.kept_from(&review.reviewer, review.at) {
            return Err(ReviewError::Claimed(claim.clone()));
        }
        let in_credits = self.case.payment.is_none() && self.case.generation.is_some();
        let approval = match review.verdict {
            Verdict::Refuse => Approval::None,
            Verdict::Approve if in_credits => Approval::Credits,
            Verdict::Approve | Verdict::ApprovePart(_) => {
                let left = refundable.filter(|money| !money.is_zero()).ok_or(ReviewError::NothingToRefund)?;
                let amount = if let Verdict::ApprovePart(part) = review.verdict { part } else { left };
                if amount.is_zero() || left.minus(amount).is_err() {
                    return Err(ReviewError::Amount(left));
                }
                Approval::Money(amount)
            }
        };
        let state = if approval == Approval::None { State::Refused } else { State::Approved };
        let actor = Actor::Support(review.reviewer.clone());
        self.go(state, review.at, actor).map_err(|error| ReviewError::State(error.from))?;
        self.review = Some(review);
        self.version = self.version.saturating_add(1);
        Ok(approval)
    }

    /// Stores the intent to pay `amount` of `payment`; what is revoked for it is filled in by
    /// [`Request::revoked`].
    pub fn intend(&mut self, payment: PaymentId, amount: Money, now: Timestamp) {
        self.payout = Some(Payout {
            payment,
            charge: None,
            amount,
            revoked: Credits::ZERO,
            debt: Credits::ZERO,
            closed_lot: false,
            key_number: 1,
            asked_at: None,
            refund: None,
            failure: None,
        });
        self.due_at = now.plus_s(STUCK_S).ok();
    }

    /// Notes which payment it was that paid the payout's invoice.
    pub fn charge(&mut self, charge: PaymentId) {
        if let Some(payout) = &mut self.payout {
            payout.charge = Some(charge);
        }
    }

    /// Notes what the ledger revoked for the payout.
    pub fn revoked(&mut self, credits: Credits, debt: Credits) {
        if let Some(payout) = &mut self.payout {
            payout.revoked = credits;
            payout.debt = debt;
            payout.closed_lot = true;
        }
    }

    /// Stripe is about to be asked; `another_key` after Stripe's list showed no refund of ours.
    pub fn ask(&mut self, now: Timestamp, another_key: bool) -> Result<(), EdgeError> {
        if self.state == State::Approved {
            self.go(State::Paying, now, Actor::Policy)?;
        } else if self.state != State::Paying {
            return Err(EdgeError { from: self.state, to: State::Paying });
        }
        if let Some(payout) = &mut self.payout {
            if another_key {
                payout.key_number = payout.key_number.saturating_add(1);
                payout.asked_at = None;
            }
            payout.asked_at = payout.asked_at.or(Some(now));
        }
        self.due_at = now.plus_s(STUCK_S).ok();
        Ok(())
    }

    /// The sweep has sent the payout's message again; it looks again later, and later still where Stripe
    /// has the refund and has not confirmed it.
    pub fn sent_again(&mut self, now: Timestamp) {
        let refund = self.payout.as_ref().and_then(|payout| payout.refund.as_ref());
        self.due_at = now.plus_s(if refund.is_some() { UNCONFIRMED_S } else { STUCK_S }).ok();
    }

    /// Stripe declined for good. What an event has confirmed meanwhile stays confirmed.
    pub fn declined(&mut self, code: &str, now: Timestamp) -> Result<(), EdgeError> {
        if !matches!(self.state, State::Approved | State::Paying) {
            return Err(EdgeError { from: self.state, to: State::Failed });
        }
        self.go(State::Failed, now, Actor::Stripe)?;
        self.due_at = None;
        if let Some(payout) = &mut self.payout {
            payout.failure = Some(code.to_owned());
        }
        Ok(())
    }

    /// Stripe reports a refund of this request, in an answer or an event, in any order and any number of
    /// times (B4, E8 to E10).
    pub fn observe(&mut self, seen: &RefundSeen, now: Timestamp) -> Seen {
        let Some(payout) = &mut self.payout else { return Seen::Mismatch };
        let same_refund = payout.refund.as_ref().is_none_or(|refund| refund == &seen.id);
        if !same_refund || payout.refunds() != &seen.payment || payout.amount != seen.amount {
            return Seen::Mismatch;
        }
        let first_seen = payout.refund.is_none();
        payout.refund = Some(seen.id.clone());
        let target = match seen.status {
            // A report that was overtaken by the final one.
            RefundStatus::Pending => {
                if !first_seen {
                    return Seen::Known;
                }
                self.due_at = now.plus_s(UNCONFIRMED_S).ok();
                return Seen::Moved;
            }
            RefundStatus::Succeeded => State::Refunded,
            RefundStatus::Failed => State::Failed,
        };
        if self.state == target || (self.state == State::Failed && target == State::Refunded) {
            return if first_seen { Seen::Moved } else { Seen::Known };
        }
        if target == State::Failed {
            payout.failure = seen.failure.clone().or_else(|| Some("failed".to_owned()));
        }
        if self.go(target, now, Actor::Stripe).is_err() {
            return Seen::Mismatch;
        }
        self.due_at = None;
        if target == State::Failed { Seen::MovedToFailed } else { Seen::Moved }
    }
}
