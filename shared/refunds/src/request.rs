//! One refund request: what was asked, what was decided and why, and every step since.

use ledger::{
    AccountId, Actor, Credits, Currency, GenerationId, LotId, Money, Payment, PaymentId, RefundRequestId,
    Timestamp,
};
use policy::{ApprovalLimits, Decision, Document, Facts, Missing, Outcome, Reason, Remedy};
use sha2::{Digest, Sha256};

use crate::offer::refreshed;
use crate::{
    Action, ActionKind, Claim, Clock, EdgeError, FirstApproval, Offer, Payout, RenewalDiscount, State,
};

/// Longest text of a customer or a reviewer, in characters: two pages.
pub const NOTE_CHARACTERS_MAX: usize = 4000;
/// The same in bytes, as JSON writes it: what an item holds is counted in bytes (DynamoDB: 400 KB). A request
/// has at most about 30 such texts (`act`), together 180 KB.
pub const NOTE_BYTES_MAX: usize = 6000;

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
    /// What people did with it since, oldest first.
    pub acts: Vec<Action>,
    /// What a person asks the customer for, while the request waits for it.
    pub asked: Vec<Missing>,
    /// The offers of the decision.
    pub offers: Vec<Offer>,
    /// Above what two people have to agree.
    pub limits: Option<ApprovalLimits>,
    /// The first of two approvals, while the second is awaited and for what was carried out with it.
    pub first_approval: Option<FirstApproval>,
    /// The person who answers for what is carried out; `None` if the machine decided.
    pub approved_by: Option<String>,
    /// The payout, once there is an intent.
    pub payout: Option<Payout>,
    /// The discount on the next renewal, once there is an intent.
    pub discount: Option<RenewalDiscount>,
    /// The credits that were given back or granted.
    pub given: Option<Credits>,
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
    /// Opens a request where its decision, made by `document`, leads to. An approved one has no payout until
    /// [`Request::intend`].
    pub fn open(
        (id, account): (RefundRequestId, AccountId),
        actor: Actor,
        mut case: Case,
        document: &Document,
        now: Timestamp,
    ) -> Self {
        let limits = document.approval.clone();
        case.within(limits.as_ref(), document);
        let state = State::of(&case.decision.outcome);
        Self {
            id,
            account,
            offers: refreshed(&[], &case.decision),
            case,
            state,
            submitted_at: now,
            acts: Vec::new(),
            asked: Vec::new(),
            limits,
            first_approval: None,
            approved_by: None,
            payout: None,
            discount: None,
            given: None,
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

    /// What its case is called: the account, the payment or else the generation, and the reason. Nothing for
    /// a request about neither.
    pub fn case_name(&self) -> Option<String> {
        let case = &self.case;
        let payment = case.payment.as_ref().map(PaymentId::as_str);
        let about = payment.or_else(|| case.generation.as_ref().map(GenerationId::as_str))?;
        Some(format!("{}#{}#{about}", self.account, case.reason.as_str()))
    }

    /// Whether the customer, or a person in the customer's name, turned to us in it before `instant`: a
    /// request that opened itself says nothing of them.
    pub fn customer_spoke_before(&self, instant: Timestamp) -> bool {
        let speaks = |actor: &Actor| matches!(actor, Actor::Customer | Actor::Support(_));
        let filed = self.steps.first().is_some_and(|step| step.at < instant && speaks(&step.actor));
        let acted = |act: &Action| act.call.at < instant && act.call.by == Actor::Customer;
        filed || self.acts.iter().any(acted)
    }

    /// Whether its last act, a reopening or an offer that was accepted, brought it back from a refusal or a
    /// payout that failed, and Stripe has not been asked since.
    pub(crate) fn was_reopened(&self) -> bool {
        let deed = self.acts.last().map(|act| &act.deed);
        let mut since = self.steps.iter().rev().map(|step| step.state);
        matches!(deed, Some(ActionKind::Reopened { .. } | ActionKind::Accepted { .. }))
            && since
                .find(|state| !matches!(state, State::InReview | State::Approved | State::Refunded))
                .is_some_and(|before| matches!(before, State::Refused | State::Failed))
            && !matches!(self.state, State::Refused | State::Failed)
    }

    /// Whether another request for the same has to wait for this one: it is open, all of `payment` is
    /// refunded, it brought a discount, or credits were given. Those that were missing are given once; others
    /// keep the case for as long as they count, so that one trouble is not made up for twice. What was
    /// refused, withdrawn or has failed leaves its case to the next.
    pub fn keeps_case(&self, payment: Option<&Payment>, now: Timestamp) -> bool {
        match self.state {
            State::Refused | State::Withdrawn | State::Failed | State::Settled => false,
            State::Refunded => {
                let all = payment.is_none_or(|payment| payment.refundable().is_ok_and(Money::is_zero));
                let counts = || {
                    let within_s = self.counts_within_s().and_then(|within_s| i64::try_from(within_s).ok());
                    let last = self.steps.last();
                    last.zip(within_s).is_none_or(|(step, within_s)| now.seconds_since(step.at) < within_s)
                };
                all || self.discount.is_some()
                    || self.given.is_some() && (self.case.reason == Reason::CreditsMissing || counts())
            }
            State::Submitted
            | State::NeedsInformation
            | State::InReview
            | State::Approved
            | State::Paying => true,
        }
    }

    /// The credits of `payment`, which it waits for, have landed by another way, and none of its money has
    /// moved: it is settled. Whether it was open until then.
    pub fn landed(&mut self, payment: &Payment, now: Timestamp) -> bool {
        let case = &self.case;
        let waits = case.reason == Reason::CreditsMissing && case.payment.as_ref() == Some(&payment.id);
        let there = payment.lot != LotId::NONE && payment.refunded_minor == 0 && !payment.bars_refunds();
        if !waits || !there || self.transition_to(State::Settled, now, Actor::Policy).is_err() {
            return false;
        }
        self.asked.clear();
        self.first_approval = None;
        self.version = self.version.saturating_add(1);
        true
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

    /// Goes to `state`. Nobody is at work on it any more, and its clocks are to be looked at.
    pub fn transition_to(&mut self, state: State, at: Timestamp, actor: Actor) -> Result<(), EdgeError> {
        self.state = self.state.transition_to(state)?;
        self.steps.push(Step { state, at, actor });
        self.claim = None;
        self.untimed(state, at);
        Ok(())
    }
}
