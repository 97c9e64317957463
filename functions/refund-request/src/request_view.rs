//! The published form of a refund request: one view for its customer, and the same with everything beside it
//! for support.

use lambda::caller::Role;
use ledger::Credits;
use policy::{Decision, Remedy};
use refunds::{ActionKind, Claim, InternalNote, OfferState, Quote, QuoteInputs, RefundRequest, State};
use serde::Serialize;

use crate::actor_view::actor;
use crate::body::field_of;
use crate::clock_view::{ClockAnswer, clocks};
use crate::next_steps::HappensNext;
use crate::note_view::NoteAnswer;
use crate::occasion_view::{DisputeAnswer, OccasionAnswer, disputes, frozen, occasion};
use crate::payout_view::{
    HeldBackAnswer, PayoutAnswer, RenewalDiscountAnswer, held_back, payout, renewal_discount,
};
use crate::quote_view::{QuoteAnswer, quote};
use crate::review_view::{FirstApprovalAnswer, ReviewAnswer, first_approval, reviews};
use crate::wording::{ClauseAnswer, OutcomeAnswer, Wording};

#[derive(Serialize)]
pub(crate) struct RequestAnswer<'request> {
    id: &'request str,
    account: &'request str,
    state: &'static str,
    reason: &'static str,
    payment: Option<&'request str>,
    generation_id: Option<&'request str>,
    note: &'request str,
    submitted_at: String,
    /// Where it leads; nothing once nothing is decided.
    outcome: Option<OutcomeAnswer>,
    /// Why, in a few short sentences.
    message: String,
    /// The one clause that decides.
    clause: Option<ClauseAnswer>,
    happens_next: Option<HappensNext>,
    quote: Option<QuoteAnswer>,
    offers: Vec<OfferAnswer<'request>>,
    answers_wanted: Vec<Wanted<'request>>,
    answers: Vec<StatementAnswer<'request>>,
    reopenings: Vec<StatementAnswer<'request>>,
    payout: Option<PayoutAnswer<'request>>,
    discount: Option<RenewalDiscountAnswer<'request>>,
    credits_given: Option<u64>,
    time_line: Vec<StepAnswer<'request>>,
    /// The promises of the policy to it.
    clocks: Vec<ClockAnswer<'request>>,
    /// Where the whole decision is.
    decision_href: String,
    next: Vec<Next>,
    #[serde(flatten)]
    for_support: Option<SupportAnswer<'request>>,
}

/// What support alone sees.
#[derive(Serialize)]
struct SupportAnswer<'request> {
    decision: &'request Decision,
    reviews: Vec<ReviewAnswer<'request>>,
    first_approval: Option<FirstApprovalAnswer<'request>>,
    /// When a person noted that the money of an overdue refund is there.
    arrival_noted_at: Option<String>,
    priority: &'static str,
    claim: Option<ClaimAnswer<'request>>,
    /// The payment's disputes, where the records were read.
    disputes: Vec<DisputeAnswer>,
    /// The credits of the payment that a dispute freezes at present.
    credits_frozen: u64,
    /// What Stripe reported that opened the case.
    occasion: Option<OccasionAnswer>,
    held_back: Vec<HeldBackAnswer<'request>>,
    /// What support people wrote for each other; `None` where it was not read.
    internal_notes: Option<Vec<NoteAnswer<'request>>>,
}

impl<'request> RequestAnswer<'request> {
    /// The same with the internal notes, in support's view.
    pub(crate) fn with_notes(mut self, notes: &'request [InternalNote]) -> Self {
        if let Some(for_support) = &mut self.for_support {
            for_support.internal_notes = Some(notes.iter().map(NoteAnswer::of).collect());
        }
        self
    }
}

/// What would come of a request.
#[derive(Serialize)]
pub(crate) struct Preview<'request> {
    state: &'static str,
    outcome: Option<OutcomeAnswer>,
    message: String,
    clause: Option<ClauseAnswer>,
    quote: Option<QuoteAnswer>,
    offers: Vec<OfferAnswer<'request>>,
    answers_wanted: Vec<Wanted<'request>>,
    /// For support alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'request Decision>,
}

#[derive(Serialize)]
struct OfferAnswer<'request> {
    offer: &'request str,
    kind: &'static str,
    clause: &'request str,
    text: &'request str,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'request Remedy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u32>,
    state: &'static str,
    /// Whether a person made it, so that it is carried out when it is accepted.
    made_by_person: bool,
    quote: Option<QuoteAnswer>,
}

#[derive(Serialize)]
struct Wanted<'request> {
    fact: &'static str,
    question: &'request str,
    /// The field of an answer; `None` if the customer's own token says it.
    field: Option<&'static str>,
}

#[derive(Serialize)]
struct StatementAnswer<'request> {
    at: String,
    by: &'static str,
    note: &'request str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<&'static str>,
}

#[derive(Serialize)]
struct StepAnswer<'request> {
    state: &'static str,
    at: String,
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<&'request str>,
}

/// Something that the caller can do with the request.
#[derive(Serialize)]
struct Next {
    action: &'static str,
    href: String,
}

/// What would come of `request`, which is not kept, as `role` sees it.
pub(crate) fn preview<'request>(
    request: &'request RefundRequest,
    role: Role,
    (standing, shown): (&QuoteInputs<'_>, Option<&Quote>),
) -> Preview<'request> {
    let Wording { outcome, message, clause } = Wording::of(request);
    Preview {
        state: request.state().as_str(),
        outcome,
        message,
        clause,
        quote: shown.map(quote),
        offers: offers(request, Some(standing)),
        answers_wanted: wanted(request),
        decision: (role == Role::Support).then_some(&request.case.decision),
    }
}

/// The request as `role` sees it: the whole decision and who of the support people did what are for support
/// alone. Quotes are shown where `standing` says what they rest on.
pub(crate) fn request<'request>(
    request: &'request RefundRequest,
    role: Role,
    standing: Option<&QuoteInputs<'_>>,
) -> RequestAnswer<'request> {
    let for_support = role == Role::Support;
    let open = matches!(request.state(), State::Submitted | State::NeedsInformation | State::InReview);
    let said = |act: &'request refunds::Action, note: &'request str, facts| StatementAnswer {
        at: act.source.at.to_string(),
        by: actor(&act.source.by).0,
        note,
        facts,
    };
    let Wording { outcome, message, clause } = Wording::of(request);
    RequestAnswer {
        id: request.id.as_str(),
        account: request.account.as_str(),
        state: request.state().as_str(),
        reason: request.case.reason.as_str(),
        payment: request.case.payment.as_ref().map(ledger::PaymentId::as_str),
        generation_id: request.case.generation.as_ref().map(ledger::GenerationId::as_str),
        note: &request.case.note,
        submitted_at: request.submitted_at().to_string(),
        outcome,
        message,
        clause,
        happens_next: HappensNext::of(request),
        quote: standing.filter(|_| open).and_then(|standing| request.quote(standing)).as_ref().map(quote),
        offers: offers(request, standing),
        answers_wanted: wanted(request),
        answers: request
            .actions()
            .iter()
            .filter_map(|act| match &act.kind {
                ActionKind::Answered { note, facts } => {
                    Some(said(act, note, facts.iter().map(|fact| fact.as_str()).collect()))
                }
                _ => None,
            })
            .collect(),
        reopenings: request
            .actions()
            .iter()
            .filter_map(|act| match &act.kind {
                ActionKind::Reopened { note } => Some(said(act, note, Vec::new())),
                _ => None,
            })
            .collect(),
        payout: payout(request),
        discount: renewal_discount(request),
        credits_given: request.credits_given().map(Credits::get),
        time_line: request
            .steps()
            .iter()
            .map(|step| {
                let (by, who) = actor(&step.actor);
                StepAnswer {
                    state: step.state.as_str(),
                    at: step.at.to_string(),
                    by,
                    who: who.filter(|_| for_support),
                }
            })
            .collect(),
        clocks: clocks(request),
        decision_href: format!("{}/decision", own(request)),
        next: next(request, for_support),
        for_support: for_support.then(|| SupportAnswer {
            decision: &request.case.decision,
            reviews: reviews(request),
            first_approval: first_approval(request, open),
            arrival_noted_at: request.arrived_at().map(|at| at.to_string()),
            priority: request.priority().as_str(),
            claim: request.claim().map(ClaimAnswer::of),
            disputes: disputes(standing),
            credits_frozen: frozen(standing),
            occasion: occasion(request, standing),
            held_back: held_back(request),
            internal_notes: None,
        }),
    }
}

fn offers<'request>(
    request: &'request RefundRequest,
    standing: Option<&QuoteInputs<'_>>,
) -> Vec<OfferAnswer<'request>> {
    let each = request.offers().iter().filter_map(|offer| request.offer(&offer.id));
    each.map(|(offer, made)| OfferAnswer {
        offer: &offer.id,
        kind: made.kind.as_str(),
        clause: &made.clause,
        text: &made.text,
        remedy: offer.made.as_ref().map(|made| &made.remedy).or(made.remedy.as_ref()),
        percent: made.percent,
        state: offer.state.as_str(),
        made_by_person: offer.made.is_some(),
        quote: standing
            .filter(|_| offer.state == OfferState::Open && request.takes_offers())
            .and_then(|standing| request.offer_quote(&offer.id, standing))
            .as_ref()
            .map(quote),
    })
    .collect()
}

fn wanted(request: &RefundRequest) -> Vec<Wanted<'_>> {
    let missing = request.wanted().iter();
    missing
        .map(|missing| Wanted {
            fact: missing.fact.as_str(),
            question: &missing.question,
            field: field_of(missing.fact),
        })
        .collect()
}

/// The request's own path.
fn own(request: &RefundRequest) -> String {
    format!("/v1/accounts/{}/refund-requests/{}", request.account, request.id)
}

/// What can be done from here.
fn next(request: &RefundRequest, for_support: bool) -> Vec<Next> {
    let own = own(request);
    let mut next = Vec::new();
    let mut can = |action, href| next.push(Next { action, href });
    if request.state() == State::NeedsInformation {
        can("answer", format!("{own}/answers"));
    }
    if request.takes_offers() {
        for offer in request.offers().iter().filter(|offer| offer.state == OfferState::Open) {
            can("answer_offer", format!("{own}/offers/{}", offer.id));
        }
    }
    let asked_for = request.case.occasion.is_none();
    if asked_for && request.can_be_withdrawn() {
        can("withdraw", format!("{own}/withdrawal"));
    }
    if asked_for && request.can_be_reopened() {
        can("reopen", format!("{own}/reopening"));
    }
    if for_support && request.can_be_held_back() {
        can("hold_back", format!("/v1/refund-requests/{}/hold-back", request.id));
    }
    if for_support && request.can_be_reviewed() {
        can("review", format!("/v1/refund-requests/{}/review", request.id));
    }
    next
}

/// A claim as support sees it.
#[derive(Serialize)]
pub(crate) struct ClaimAnswer<'claim> {
    by: &'claim str,
    at: String,
    until: String,
}

impl<'claim> ClaimAnswer<'claim> {
    /// The claim with its last instant, which may have passed.
    pub(crate) fn of(claim: &'claim Claim) -> Self {
        Self { by: &claim.by, at: claim.at.to_string(), until: claim.until().to_string() }
    }
}
