//! The stored form of a refund request: JSON of schema 1. Facts and decision keep their published form.

use ledger::{Actor, Credits, Currency, Money, Timestamp};
use policy::{Decision, Facts, Reason};
use refunds::{Case, Payout, Request, Review, State, Step, Verdict};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::clock_form::{self, ClaimForm, ClockForm};

const SCHEMA: u8 = 1;

#[derive(Serialize, Deserialize)]
struct RequestForm {
    schema: u8,
    id: String,
    account: String,
    payment: Option<String>,
    generation: Option<String>,
    reason: Reason,
    note: String,
    fingerprint: [u8; 32],
    state: String,
    submitted_at: i64,
    facts: Facts,
    decision: Decision,
    review: Option<ReviewForm>,
    payout: Option<PayoutForm>,
    /// State, instant, actor and who the actor is.
    steps: Vec<(String, i64, String, String)>,
    due_at: Option<i64>,
    #[serde(default)]
    clocks: Vec<ClockForm>,
    #[serde(default)]
    clocks_due_at: Option<i64>,
    #[serde(default)]
    claim: Option<ClaimForm>,
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct ReviewForm {
    reviewer: String,
    verdict: String,
    part: Option<(u64, String)>,
    reason: String,
    at: i64,
}

#[derive(Serialize, Deserialize)]
struct PayoutForm {
    payment: String,
    charge: Option<String>,
    amount: (u64, String),
    revoked: u64,
    debt: u64,
    closed_lot: bool,
    key_number: u32,
    asked_at: Option<i64>,
    refund: Option<String>,
    failure: Option<String>,
}

pub(crate) fn encode(request: &Request) -> Result<String, StoreError> {
    let money = |money: &Money| (money.minor(), money.currency().as_str().to_owned());
    let form = RequestForm {
        schema: SCHEMA,
        id: request.id.as_str().to_owned(),
        account: request.account.as_str().to_owned(),
        payment: request.case.payment.as_ref().map(|id| id.as_str().to_owned()),
        generation: request.case.generation.as_ref().map(|id| id.as_str().to_owned()),
        reason: request.case.reason,
        note: request.case.note.clone(),
        fingerprint: request.case.fingerprint,
        state: request.state.as_str().to_owned(),
        submitted_at: request.submitted_at.as_ms(),
        facts: request.case.facts.clone(),
        decision: request.case.decision.clone(),
        review: request.review.as_ref().map(|review| ReviewForm {
            reviewer: review.reviewer.clone(),
            verdict: verdict_name(review.verdict).to_owned(),
            part: match &review.verdict {
                Verdict::ApprovePart(part) => Some(money(part)),
                Verdict::Approve | Verdict::Refuse => None,
            },
            reason: review.reason.clone(),
            at: review.at.as_ms(),
        }),
        payout: request.payout.as_ref().map(|payout| PayoutForm {
            payment: payout.payment.as_str().to_owned(),
            charge: payout.charge.as_ref().map(|id| id.as_str().to_owned()),
            amount: money(&payout.amount),
            revoked: payout.revoked.get(),
            debt: payout.debt.get(),
            closed_lot: payout.closed_lot,
            key_number: payout.key_number,
            asked_at: payout.asked_at.map(Timestamp::as_ms),
            refund: payout.refund.as_ref().map(|id| id.as_str().to_owned()),
            failure: payout.failure.clone(),
        }),
        steps: request.steps.iter().map(step_form).collect(),
        due_at: request.due_at.map(Timestamp::as_ms),
        clocks: request.clocks.iter().map(clock_form::clock_form).collect(),
        clocks_due_at: request.clocks_due_at.map(Timestamp::as_ms),
        claim: request.claim.as_ref().map(clock_form::claim_form),
        version: request.version,
    };
    Ok(serde_json::to_string(&form)?)
}

pub(crate) fn decode(body: &str) -> Result<Request, StoreError> {
    let form: RequestForm = serde_json::from_str(body)?;
    if form.schema != SCHEMA {
        return Err(StoreError::Unreadable("schema"));
    }
    Ok(Request {
        id: id(&form.id)?,
        account: id(&form.account)?,
        case: Case {
            payment: form.payment.as_deref().map(id).transpose()?,
            generation: form.generation.as_deref().map(id).transpose()?,
            reason: form.reason,
            note: form.note,
            fingerprint: form.fingerprint,
            facts: form.facts,
            decision: form.decision,
        },
        state: state(&form.state)?,
        submitted_at: instant(form.submitted_at)?,
        review: form.review.map(review).transpose()?,
        payout: form.payout.map(payout).transpose()?,
        steps: form.steps.into_iter().map(step).collect::<Result<_, _>>()?,
        due_at: form.due_at.map(instant).transpose()?,
        clocks: form.clocks.into_iter().map(clock_form::clock).collect::<Result<_, _>>()?,
        clocks_due_at: form.clocks_due_at.map(instant).transpose()?,
        claim: form.claim.map(clock_form::claim).transpose()?,
        version: form.version,
    })
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::ApprovePart(_) => "approve_part",
        Verdict::Refuse => "refuse",
    }
}

fn review(form: ReviewForm) -> Result<Review, StoreError> {
    let verdict = match (form.verdict.as_str(), form.part) {
        ("approve", None) => Verdict::Approve,
        ("approve_part", Some(part)) => Verdict::ApprovePart(money(&part)?),
        ("refuse", None) => Verdict::Refuse,
        _ => return Err(StoreError::Unreadable("verdict")),
    };
    Ok(Review { reviewer: form.reviewer, verdict, reason: form.reason, at: instant(form.at)? })
}

fn payout(form: PayoutForm) -> Result<Payout, StoreError> {
    Ok(Payout {
        payment: id(&form.payment)?,
        charge: form.charge.as_deref().map(id).transpose()?,
        amount: money(&form.amount)?,
        revoked: credits(form.revoked)?,
        debt: credits(form.debt)?,
        closed_lot: form.closed_lot,
        key_number: form.key_number,
        asked_at: form.asked_at.map(instant).transpose()?,
        refund: form.refund.as_deref().map(id).transpose()?,
        failure: form.failure,
    })
}

fn step_form(step: &Step) -> (String, i64, String, String) {
    let (actor, who) = match &step.actor {
        Actor::Stripe => ("stripe", ""),
        Actor::Service(name) => ("service", name.as_str()),
        Actor::Schedule => ("schedule", ""),
        Actor::Policy => ("policy", ""),
        Actor::Support(sub) => ("support", sub.as_str()),
        Actor::Customer => ("customer", ""),
        Actor::Operator => ("operator", ""),
    };
    (step.state.as_str().to_owned(), step.at.as_ms(), actor.to_owned(), who.to_owned())
}

fn step((state_name, at, actor, who): (String, i64, String, String)) -> Result<Step, StoreError> {
    let actor = match actor.as_str() {
        "stripe" => Actor::Stripe,
        "service" => Actor::Service(who),
        "schedule" => Actor::Schedule,
        "policy" => Actor::Policy,
        "support" => Actor::Support(who),
        "customer" => Actor::Customer,
        "operator" => Actor::Operator,
        _ => return Err(StoreError::Unreadable("actor")),
    };
    Ok(Step { state: state(&state_name)?, at: instant(at)?, actor })
}

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable("id"))
}

pub(crate) fn state(name: &str) -> Result<State, StoreError> {
    State::from_name(name).ok_or(StoreError::Unreadable("state"))
}

pub(crate) fn instant(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_ms(milliseconds).map_err(|_| StoreError::Unreadable("instant"))
}

fn credits(count: u64) -> Result<Credits, StoreError> {
    Credits::new(count).map_err(|_| StoreError::Unreadable("credits"))
}

pub(crate) fn money((minor, currency): &(u64, String)) -> Result<Money, StoreError> {
    Ok(Money::new(*minor, Currency::new(currency).map_err(|_| StoreError::Unreadable("currency"))?))
}
