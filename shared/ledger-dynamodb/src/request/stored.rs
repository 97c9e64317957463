//! The stored form of a refund request: JSON of schema 1. Facts and decision keep their published form.

use ledger::{Credits, Timestamp};
use policy::{ApprovalLimits, Decision, Discount, Facts, Missing, Reason, Remedy};
use refunds::{
    Approvals, Case, Clocks, FirstApproval, Fulfilment, Made, Occasion, Offer, OfferState, Payout,
    PayoutPart, PlanEnd, PlanEnded, Progress, RefundRequest, RenewalDiscount, State, Step, Timeline,
};
use serde::{Deserialize, Serialize};

use super::actions::{self, ActionForm, ChosenForm};
use super::clocks::{self, ClaimForm, ClockForm};
use crate::StoreError;
use crate::scalar::{
    actor, actor_form, credits, hex, id, instant, money, money_form, provider, provider_form, unhex,
};

const SCHEMA: u8 = 1;

#[derive(Serialize, Deserialize)]
struct RequestForm {
    schema: u8,
    id: String,
    account: String,
    payment: Option<String>,
    generation: Option<String>,
    reason: Reason,
    /// Stripe's id of what was reported; the reason says what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occasion: Option<String>,
    note: String,
    fingerprint: String,
    state: String,
    submitted_at: i64,
    facts: Facts,
    decision: Decision,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    acts: Vec<ActionForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    asked: Vec<Missing>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    offers: Vec<OfferForm>,
    /// Limits above which two approvals are needed.
    limits: Option<ApprovalLimits>,
    /// Who gave the first approval, to which quote, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_approval: Option<(String, String, i64)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approved_by: Option<String>,
    payout: Option<PayoutForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discount: Option<DiscountForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    given: Option<u64>,
    /// Credits that were taken back, and the debt that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    taken_back: Option<(u64, u64)>,
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
struct OfferForm {
    offer: String,
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<MadeForm>,
}

#[derive(Serialize, Deserialize)]
struct MadeForm {
    by: String,
    remedy: Remedy,
    #[serde(default, skip_serializing_if = "ChosenForm::is_default")]
    chosen: ChosenForm,
    quote: String,
    /// Who gave the first approval, to which quote, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<(String, String, i64)>,
}

#[derive(Serialize, Deserialize)]
struct PayoutForm {
    payment: String,
    /// Left out of Stripe's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    by_hand: bool,
    /// Its only part, or the first of several.
    #[serde(flatten)]
    first: PartForm,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    failed_before: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends: Option<PlanEndForm>,
    /// The parts after the first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    further: Vec<PartForm>,
}

/// One refund of a payout.
#[derive(Serialize, Deserialize)]
struct PartForm {
    charge: Option<String>,
    amount: (u64, String),
    revoked: u64,
    debt: u64,
    key_number: u32,
    asked_at: Option<i64>,
    refund: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    needs_customer: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    short_since: Option<i64>,
    failure: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    kept_by_dispute: bool,
    /// Left out of the only part of a request that is refunded, whose state says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    paid: bool,
}

#[derive(Serialize, Deserialize)]
struct DiscountForm {
    subscription: String,
    discount: Discount,
    coupon: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    applied_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct PlanEndForm {
    subscription: String,
    announced: u32,
    /// When Stripe said so, and its error code where it declined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    became: Option<(i64, Option<String>)>,
}

pub(crate) fn encode(request: &RefundRequest) -> Result<String, StoreError> {
    let form = RequestForm {
        schema: SCHEMA,
        id: request.id.as_str().to_owned(),
        account: request.account.as_str().to_owned(),
        payment: request.case.payment.as_ref().map(|id| id.as_str().to_owned()),
        generation: request.case.generation.as_ref().map(|id| id.as_str().to_owned()),
        reason: request.case.reason,
        occasion: request.case.occasion.as_ref().map(|occasion| occasion.id().to_owned()),
        note: request.case.note.clone(),
        fingerprint: hex(&request.case.fingerprint),
        state: request.state().as_str().to_owned(),
        submitted_at: request.submitted_at().as_ms(),
        facts: request.case.facts.clone(),
        decision: request.case.decision.clone(),
        acts: request.actions().iter().map(actions::encode).collect(),
        asked: request.asked().to_vec(),
        offers: request.offers().iter().map(offer_form).collect(),
        limits: request.limits().cloned(),
        first_approval: request.first_approval().map(first_approval_form),
        approved_by: request.approved_by().map(str::to_owned),
        payout: request.payout().map(|payout| payout_form(payout, request.state())),
        discount: request.discount().map(discount_form),
        given: request.credits_given().map(Credits::get),
        taken_back: request.taken_back().map(|(credits, debt)| (credits.get(), debt.get())),
        steps: request.steps().iter().map(step_form).collect(),
        due_at: request.due_at().map(Timestamp::as_ms),
        clocks: request.clocks().iter().map(clocks::clock_form).collect(),
        clocks_due_at: request.clocks_due_at().map(Timestamp::as_ms),
        claim: request.claim().map(clocks::claim_form),
        version: request.version(),
    };
    Ok(serde_json::to_string(&form)?)
}

pub(crate) fn decode(body: &str) -> Result<RefundRequest, StoreError> {
    let form: RequestForm = serde_json::from_str(body)?;
    if form.schema != SCHEMA {
        return Err(StoreError::Unreadable("schema"));
    }
    let case = Case {
        payment: form.payment.as_deref().map(id).transpose()?,
        generation: form.generation.as_deref().map(id).transpose()?,
        reason: form.reason,
        occasion: occasion(form.reason, form.occasion.as_deref())?,
        note: form.note,
        fingerprint: unhex(&form.fingerprint)?,
        facts: form.facts,
        decision: form.decision,
    };
    let timeline = Timeline {
        state: clocks::state(&form.state)?,
        submitted_at: instant(form.submitted_at)?,
        steps: form.steps.into_iter().map(step).collect::<Result<_, _>>()?,
    };
    let approvals = Approvals {
        limits: form.limits,
        first: form.first_approval.map(first_approval).transpose()?,
        by: form.approved_by,
    };
    let fulfilment = Fulfilment {
        payout: form.payout.map(|form| payout(form, timeline.state)).transpose()?,
        discount: form.discount.map(discount).transpose()?,
        credits_given: form.given.map(credits).transpose()?,
        taken_back: form.taken_back.map(taken_back).transpose()?,
        due_at: form.due_at.map(instant).transpose()?,
    };
    let clocks = Clocks {
        all: form.clocks.into_iter().map(clocks::clock).collect::<Result<_, _>>()?,
        due_at: form.clocks_due_at.map(instant).transpose()?,
    };
    let progress = Progress {
        timeline,
        actions: form.acts.into_iter().map(actions::decode).collect::<Result<_, _>>()?,
        asked: form.asked,
        offers: form.offers.into_iter().map(offer).collect::<Result<_, _>>()?,
        approvals,
        fulfilment,
        clocks,
        claim: form.claim.map(clocks::claim).transpose()?,
        version: form.version,
    };
    Ok(RefundRequest::restore((id(&form.id)?, id(&form.account)?), case, progress))
}

fn taken_back((taken, debt): (u64, u64)) -> Result<(Credits, Credits), StoreError> {
    Ok((credits(taken)?, credits(debt)?))
}

fn occasion(reason: Reason, id: Option<&str>) -> Result<Option<Occasion>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    Occasion::read(reason, id).map_err(|_| StoreError::Unreadable("occasion"))
}

fn offer_form(offer: &Offer) -> OfferForm {
    OfferForm {
        offer: offer.id.clone(),
        state: offer.state.as_str().to_owned(),
        made: offer.made.as_ref().map(|made| MadeForm {
            by: made.by.clone(),
            remedy: made.remedy.clone(),
            chosen: ChosenForm::of(made.chosen),
            quote: made.quote.clone(),
            first: made.first.as_ref().map(first_approval_form),
        }),
    }
}

fn first_approval_form(first: &FirstApproval) -> (String, String, i64) {
    (first.by.clone(), first.quote.clone(), first.at.as_ms())
}

fn offer(form: OfferForm) -> Result<Offer, StoreError> {
    let state = OfferState::parse(&form.state).ok_or(StoreError::Unreadable("offer"))?;
    let made = |made: MadeForm| {
        let first = made.first.map(first_approval).transpose()?;
        let chosen = made.chosen.read();
        Ok::<_, StoreError>(Made { by: made.by, remedy: made.remedy, chosen, quote: made.quote, first })
    };
    Ok(Offer { id: form.offer, state, made: form.made.map(made).transpose()? })
}

fn first_approval((by, quote, at): (String, String, i64)) -> Result<FirstApproval, StoreError> {
    Ok(FirstApproval { by, quote, at: instant(at)? })
}

fn plan_end_form(ends: &PlanEnd) -> PlanEndForm {
    PlanEndForm {
        subscription: ends.subscription.as_str().to_owned(),
        announced: ends.announced,
        became: ends.became.as_ref().map(|became| (became.at.as_ms(), became.declined.clone())),
    }
}

fn discount_form(discount: &RenewalDiscount) -> DiscountForm {
    DiscountForm {
        subscription: discount.subscription.as_str().to_owned(),
        discount: discount.discount.clone(),
        coupon: discount.coupon.clone(),
        applied_at: discount.applied_at.map(Timestamp::as_ms),
    }
}

fn discount(form: DiscountForm) -> Result<RenewalDiscount, StoreError> {
    Ok(RenewalDiscount {
        subscription: id(&form.subscription)?,
        discount: form.discount,
        coupon: form.coupon,
        applied_at: form.applied_at.map(instant).transpose()?,
    })
}

fn plan_end(form: PlanEndForm) -> Result<PlanEnd, StoreError> {
    let became = |(at, declined)| Ok::<_, StoreError>(PlanEnded { at: instant(at)?, declined });
    Ok(PlanEnd {
        subscription: id(&form.subscription)?,
        announced: form.announced,
        became: form.became.map(became).transpose()?,
    })
}

fn payout_form(payout: &Payout, state: State) -> PayoutForm {
    let form = |part| part_form(part, is_said_by(state, payout));
    PayoutForm {
        payment: payout.payment.as_str().to_owned(),
        provider: provider_form(payout.provider),
        by_hand: payout.by_hand,
        first: form(&payout.first),
        failed_before: payout.failed_before.iter().map(|id| id.as_str().to_owned()).collect(),
        ends: payout.ends.as_ref().map(plan_end_form),
        further: payout.further.iter().map(form).collect(),
    }
}

/// Whether a request's state says that the payout is paid.
fn is_said_by(state: State, payout: &Payout) -> bool {
    !payout.is_divided() && state == State::Refunded
}

fn part_form(part: &PayoutPart, is_said: bool) -> PartForm {
    PartForm {
        charge: part.charge.as_ref().map(|id| id.as_str().to_owned()),
        amount: money_form(part.amount),
        revoked: part.revoked.get(),
        debt: part.debt.get(),
        key_number: part.key_number,
        asked_at: part.asked_at.map(Timestamp::as_ms),
        refund: part.refund.as_ref().map(|id| id.as_str().to_owned()),
        needs_customer: part.needs_customer,
        short_since: part.short_since.map(Timestamp::as_ms),
        failure: part.failure.clone(),
        kept_by_dispute: part.kept_by_dispute,
        paid: part.paid && !is_said,
    }
}

fn payout(form: PayoutForm, state: State) -> Result<Payout, StoreError> {
    let mut payout = Payout {
        payment: id(&form.payment)?,
        provider: provider(form.provider.as_deref())?,
        by_hand: form.by_hand,
        first: payout_part(form.first)?,
        further: form.further.into_iter().map(payout_part).collect::<Result<_, _>>()?,
        failed_before: form.failed_before.iter().map(|refund| id(refund)).collect::<Result<_, _>>()?,
        ends: form.ends.map(plan_end).transpose()?,
    };
    payout.first.paid |= is_said_by(state, &payout);
    Ok(payout)
}

fn payout_part(form: PartForm) -> Result<PayoutPart, StoreError> {
    Ok(PayoutPart {
        charge: form.charge.as_deref().map(id).transpose()?,
        amount: money(&form.amount)?,
        revoked: credits(form.revoked)?,
        debt: credits(form.debt)?,
        key_number: form.key_number,
        asked_at: form.asked_at.map(instant).transpose()?,
        refund: form.refund.as_deref().map(id).transpose()?,
        needs_customer: form.needs_customer,
        short_since: form.short_since.map(instant).transpose()?,
        paid: form.paid,
        failure: form.failure,
        kept_by_dispute: form.kept_by_dispute,
    })
}

fn step_form(step: &Step) -> (String, i64, String, String) {
    let (actor, who) = actor_form(&step.actor);
    (step.state.as_str().to_owned(), step.at.as_ms(), actor, who)
}

fn step((state_name, at, kind, who): (String, i64, String, String)) -> Result<Step, StoreError> {
    Ok(Step { state: clocks::state(&state_name)?, at: instant(at)?, actor: actor(&kind, who)? })
}
