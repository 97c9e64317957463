//! The stored forms of clocks and claims, within a request and within support's queue.

use ledger::{PaymentId, Provider, Timestamp};
use policy::{Recommendation, ServiceLevelStart};
use refunds::{Claim, Clock, Priority, RefundRequest, State, Urgent, Waiting};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::scalar::{id, instant, money, money_form};

#[derive(Serialize, Deserialize)]
pub(crate) struct ClockForm {
    id: String,
    clause: Option<String>,
    firm: bool,
    starts: ServiceLevelStart,
    started_at: i64,
    warn_at: Option<i64>,
    due_at: i64,
    paused_at: Option<i64>,
    paused_ms: i64,
    ended_at: Option<i64>,
    warned_at: Option<i64>,
    breached_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ClaimForm {
    by: String,
    at: i64,
}

/// What the queue's index carries of a request.
#[derive(Serialize, Deserialize)]
struct WaitingForm {
    id: String,
    account: String,
    product: Option<String>,
    reason: policy::Reason,
    amount: Option<(u64, String)>,
    /// The provider and the payment of a refund that a person makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by_hand: Option<(String, String)>,
    recommendation: Option<Recommendation>,
    state: String,
    submitted_at: i64,
    priority: String,
    clock: Option<UrgentForm>,
    claim: Option<ClaimForm>,
}

#[derive(Serialize, Deserialize)]
struct UrgentForm {
    id: String,
    clause: Option<String>,
    warn_at: Option<i64>,
    due_at: i64,
}

pub(crate) fn clock_form(clock: &Clock) -> ClockForm {
    ClockForm {
        id: clock.id.clone(),
        clause: clock.clause.clone(),
        firm: clock.firm,
        starts: clock.starts,
        started_at: clock.started_at.as_ms(),
        warn_at: clock.warn_at.map(Timestamp::as_ms),
        due_at: clock.due_at.as_ms(),
        paused_at: clock.paused_at.map(Timestamp::as_ms),
        paused_ms: clock.paused_ms,
        ended_at: clock.ended_at.map(Timestamp::as_ms),
        warned_at: clock.warned_at.map(Timestamp::as_ms),
        breached_at: clock.breached_at.map(Timestamp::as_ms),
    }
}

pub(crate) fn clock(form: ClockForm) -> Result<Clock, StoreError> {
    Ok(Clock {
        id: form.id,
        clause: form.clause,
        firm: form.firm,
        starts: form.starts,
        started_at: instant(form.started_at)?,
        warn_at: form.warn_at.map(instant).transpose()?,
        due_at: instant(form.due_at)?,
        paused_at: form.paused_at.map(instant).transpose()?,
        paused_ms: form.paused_ms,
        ended_at: form.ended_at.map(instant).transpose()?,
        warned_at: form.warned_at.map(instant).transpose()?,
        breached_at: form.breached_at.map(instant).transpose()?,
    })
}

pub(crate) fn claim_form(claim: &Claim) -> ClaimForm {
    ClaimForm { by: claim.by.clone(), at: claim.at.as_ms() }
}

pub(crate) fn claim(form: ClaimForm) -> Result<Claim, StoreError> {
    Ok(Claim { by: form.by, at: instant(form.at)? })
}

/// The place in the queue and what is shown there, of a request that waits for people.
pub(crate) fn encode_waiting(request: &RefundRequest) -> Result<Option<(String, String)>, StoreError> {
    let Some(waiting) = request.waiting() else { return Ok(None) };
    let place = waiting.place();
    let form = WaitingForm {
        id: waiting.id.as_str().to_owned(),
        account: waiting.account.as_str().to_owned(),
        product: waiting.product,
        reason: waiting.reason,
        amount: waiting.amount.map(money_form),
        by_hand: waiting.by_hand.map(|(at, of)| (at.as_str().to_owned(), of.as_str().to_owned())),
        recommendation: waiting.recommendation,
        state: waiting.state.as_str().to_owned(),
        submitted_at: waiting.submitted_at.as_ms(),
        priority: waiting.priority.as_str().to_owned(),
        clock: waiting.clock.map(|clock| UrgentForm {
            id: clock.id,
            clause: clock.clause,
            warn_at: clock.warn_at.map(Timestamp::as_ms),
            due_at: clock.due_at.as_ms(),
        }),
        claim: waiting.claim.as_ref().map(claim_form),
    };
    Ok(Some((place, serde_json::to_string(&form)?)))
}

pub(crate) fn decode_waiting(body: &str) -> Result<Waiting, StoreError> {
    let form: WaitingForm = serde_json::from_str(body)?;
    let urgent = |form: UrgentForm| {
        let (warn_at, due_at) = (form.warn_at.map(instant).transpose()?, instant(form.due_at)?);
        Ok::<_, StoreError>(Urgent { id: form.id, clause: form.clause, warn_at, due_at })
    };
    Ok(Waiting {
        id: id(&form.id)?,
        account: id(&form.account)?,
        product: form.product,
        reason: form.reason,
        amount: form.amount.as_ref().map(money).transpose()?,
        by_hand: form.by_hand.map(by_hand).transpose()?,
        recommendation: form.recommendation,
        state: state(&form.state)?,
        submitted_at: instant(form.submitted_at)?,
        priority: Priority::parse(&form.priority).ok_or(StoreError::Unreadable("priority"))?,
        clock: form.clock.map(urgent).transpose()?,
        claim: form.claim.map(claim).transpose()?,
    })
}

fn by_hand((at, of): (String, String)) -> Result<(Provider, PaymentId), StoreError> {
    Ok((Provider::parse(&at).ok_or(StoreError::Unreadable("by_hand"))?, id(&of)?))
}

pub(crate) fn state(name: &str) -> Result<State, StoreError> {
    State::parse(name).ok_or(StoreError::Unreadable("state"))
}
