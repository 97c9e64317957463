//! The published form of a refund request.

use lambda::caller::Role;
use ledger::{Actor, Credits, Dispute};
use policy::{Basis, Citation, Decision, DoorShown, Outcome, Remedy};
use policy_documents::documents;
use refunds::{Call, Deed, OfferState, Quote, Request, Review, Standing, State, Verdict};
use serde::Serialize;

use crate::body::field_of;
use crate::claim::ClaimAnswer;
use crate::clocks::{ClockAnswer, clocks};
use crate::outcome::{
    HeldBackAnswer, PayoutAnswer, RenewalDiscountAnswer, held_back, payout, renewal_discount,
};
use crate::quoted::{MoneyAnswer, QuoteAnswer, money, quote};

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
    /// What the customer is told, made from the decision.
    message: String,
    decision: &'request Decision,
    quote: Option<QuoteAnswer>,
    offers: Vec<OfferAnswer<'request>>,
    answers_wanted: Vec<Wanted<'request>>,
    answers: Vec<Said<'request>>,
    reopenings: Vec<Said<'request>>,
    reviews: Vec<ReviewAnswer<'request>>,
    first_approval: Option<FirstApproval<'request>>,
    payout: Option<PayoutAnswer<'request>>,
    discount: Option<RenewalDiscountAnswer<'request>>,
    /// When a person noted that the money of an overdue refund is there.
    arrival_noted_at: Option<String>,
    credits_given: Option<u64>,
    time_line: Vec<StepAnswer<'request>>,
    /// The promises of the policy to it.
    clocks: Vec<ClockAnswer<'request>>,
    #[serde(flatten)]
    for_support: Option<SupportAnswer<'request>>,
    next: Vec<Next>,
}

/// What support alone sees.
#[derive(Serialize)]
struct SupportAnswer<'request> {
    priority: &'static str,
    claim: Option<ClaimAnswer<'request>>,
    /// The payment's disputes, where the records were read.
    disputes: Vec<DisputeAnswer>,
    held_back: Vec<HeldBackAnswer<'request>>,
}

#[derive(Serialize)]
struct DisputeAnswer {
    dispute: String,
    /// Stripe's word.
    status: String,
    /// Whether the bank only asks: no money is taken, and a refund ends it.
    inquiry: bool,
    opened_at: String,
}

/// What would come of a request.
#[derive(Serialize)]
pub(crate) struct Preview<'request> {
    state: &'static str,
    message: String,
    decision: &'request Decision,
    quote: Option<QuoteAnswer>,
    answers_wanted: Vec<Wanted<'request>>,
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
    /// Whether a person stands for it, so that it is carried out when it is accepted.
    made_by_person: bool,
    quote: Option<QuoteAnswer>,
}

#[derive(Serialize)]
struct Wanted<'request> {
    fact: &'static str,
    question: &'request str,
    /// The field of an answer; nothing where the customer's own token says it.
    field: Option<&'static str>,
}

#[derive(Serialize)]
struct Said<'request> {
    at: String,
    by: &'static str,
    note: &'request str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    facts: Vec<&'static str>,
}

#[derive(Serialize)]
struct ReviewAnswer<'request> {
    decision: &'static str,
    reason: &'request str,
    clause: Option<&'request str>,
    quote: Option<&'request str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<MoneyAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<&'request str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoke: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_plan: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'request str>,
    r#override: bool,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewer: Option<&'request str>,
}

#[derive(Serialize)]
struct FirstApproval<'request> {
    quote: &'request str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewer: Option<&'request str>,
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

/// What would come of `request`, which is not kept.
pub(crate) fn preview<'request>(request: &'request Request, shown: Option<&Quote>) -> Preview<'request> {
    Preview {
        state: request.state.as_str(),
        message: message(request),
        decision: &request.case.decision,
        quote: shown.map(quote),
        answers_wanted: wanted(request),
    }
}

/// The request as `role` sees it: who of the support people did what is for support alone. Quotes are shown
/// where `standing` says what they rest on.
pub(crate) fn request<'request>(
    request: &'request Request,
    role: Role,
    standing: Option<&Standing<'_>>,
) -> RequestAnswer<'request> {
    let for_support = role == Role::Support;
    let open = matches!(request.state, State::Submitted | State::NeedsInformation | State::InReview);
    let said = |act: &'request refunds::Act, note: &'request str, facts| Said {
        at: act.call.at.to_string(),
        by: actor(&act.call.by).0,
        note,
        facts,
    };
    RequestAnswer {
        id: request.id.as_str(),
        account: request.account.as_str(),
        state: request.state.as_str(),
        reason: request.case.reason.id(),
        payment: request.case.payment.as_ref().map(ledger::PaymentId::as_str),
        generation_id: request.case.generation.as_ref().map(ledger::GenerationId::as_str),
        note: &request.case.note,
        submitted_at: request.submitted_at.to_string(),
        message: message(request),
        decision: &request.case.decision,
        quote: standing.filter(|_| open).and_then(|standing| request.quote(standing)).as_ref().map(quote),
        offers: offers(request, standing),
        answers_wanted: wanted(request),
        answers: request
            .acts
            .iter()
            .filter_map(|act| match &act.deed {
                Deed::Answered { note, facts } => {
                    Some(said(act, note, facts.iter().map(|fact| fact.id()).collect()))
                }
                _ => None,
            })
            .collect(),
        reopenings: request
            .acts
            .iter()
            .filter_map(|act| match &act.deed {
                Deed::Reopened { note } => Some(said(act, note, Vec::new())),
                _ => None,
            })
            .collect(),
        reviews: request.reviews().map(|(call, made)| review(call, made, for_support)).collect(),
        first_approval: request.first_approval.as_ref().filter(|_| open).map(|first| FirstApproval {
            quote: &first.quote,
            at: first.at.to_string(),
            reviewer: for_support.then_some(first.by.as_str()),
        }),
        payout: payout(request),
        discount: renewal_discount(request),
        arrival_noted_at: request.arrived_at().map(|at| at.to_string()),
        credits_given: request.given.map(Credits::get),
        time_line: request
            .steps
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
        for_support: for_support.then(|| SupportAnswer {
            priority: request.priority().as_str(),
            claim: request.claim.as_ref().map(ClaimAnswer::of),
            disputes: disputes(standing),
            held_back: held_back(request),
        }),
        next: next(request, for_support),
    }
}

fn disputes(standing: Option<&Standing<'_>>) -> Vec<DisputeAnswer> {
    let payment = standing.and_then(|standing| standing.payment);
    let disputes = payment.map_or(&[][..], |payment| &payment.disputes);
    let shown = |dispute: &Dispute| DisputeAnswer {
        dispute: dispute.id.as_str().to_owned(),
        status: dispute.status.clone(),
        inquiry: dispute.is_inquiry(),
        opened_at: dispute.opened_at.to_string(),
    };
    disputes.iter().map(shown).collect()
}

fn offers<'request>(
    request: &'request Request,
    standing: Option<&Standing<'_>>,
) -> Vec<OfferAnswer<'request>> {
    let each = request.offers.iter().filter_map(|offer| request.offer(&offer.id));
    each.map(|(offer, made)| OfferAnswer {
        offer: &offer.id,
        kind: made.kind.id(),
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

fn wanted(request: &Request) -> Vec<Wanted<'_>> {
    let missing = request.wanted().iter();
    missing
        .map(|missing| Wanted {
            fact: missing.fact.id(),
            question: &missing.question,
            field: field_of(missing.fact),
        })
        .collect()
}

fn review<'request>(
    call: &'request Call,
    review: &'request Review,
    for_support: bool,
) -> ReviewAnswer<'request> {
    let (decision, amount, offer) = match &review.verdict {
        Verdict::Approve => ("approve", None, None),
        Verdict::ApprovePart(part) => ("approve_part", Some(money(*part)), None),
        Verdict::GrantCredits { .. } => ("grant_credits", None, None),
        Verdict::Refuse => ("refuse", None, None),
        Verdict::Ask(_) => ("ask", None, None),
        Verdict::Offer { offer, .. } => ("offer", None, Some(offer.as_str())),
    };
    let (credits, product) = match &review.verdict {
        Verdict::GrantCredits { product, credits } => (Some(credits.get()), Some(product.as_str())),
        _ => (None, None),
    };
    ReviewAnswer {
        decision,
        credits,
        product,
        reason: &review.reason,
        clause: review.clause.as_deref(),
        quote: review.quote.as_deref(),
        amount,
        offer,
        revoke: review.chosen.revoke.map(policy::Revocation::id),
        ends_plan: review.chosen.ends_plan,
        r#override: review.overrides,
        at: call.at.to_string(),
        reviewer: actor(&call.by).1.filter(|_| for_support),
    }
}

/// Some payment methods cannot be paid back to: Stripe asks the customer by e-mail
/// (<https://docs.stripe.com/refunds#requires-action>).
const NEEDS_CUSTOMER: &str = "Your refund waits for you: Stripe has sent you an e-mail that asks where the \
                              money can go. Please answer it; the refund is on its way after that.";

/// What the customer is told: the decision's own words; of what a person decided or asked, the same words
/// made from that.
fn message(request: &Request) -> String {
    let decision = &request.case.decision;
    match request.state {
        State::Withdrawn => "You took this request back.".to_owned(),
        State::Settled => "The credits that you bought are on your balance.".to_owned(),
        State::Failed if request.payout.as_ref().is_some_and(|payout| payout.kept_by_dispute) => {
            "Your bank took this payment back for you, so we could not refund it as well. If you do not have \
             your money, ask for a person."
                .to_owned()
        }
        State::Failed => {
            "The refund did not reach you. Ask for a person, who will find another way.".to_owned()
        }
        State::NeedsInformation => {
            let missing = request.wanted().to_vec();
            let outcome = Outcome::NeedsInformation { missing };
            Decision { outcome, ..decision.clone() }.message()
        }
        // What the machine would have done is for the person to see.
        State::Submitted | State::InReview => match &decision.outcome {
            Outcome::Person { .. } => decision.message(),
            _ => Decision {
                outcome: Outcome::Person { recommendation: None },
                basis: Basis::Unmatched,
                doors: Vec::new(),
                ..decision.clone()
            }
            .message(),
        },
        State::Approved | State::Paying | State::Refunded | State::Refused => {
            let message = reviewed(request).map_or_else(|| decision.message(), |reviewed| reviewed.message());
            let waits = request.payout.as_ref().is_some_and(|payout| payout.needs_customer);
            if waits && request.state == State::Paying {
                format!("{NEEDS_CUSTOMER} {message}")
            } else {
                message
            }
        }
    }
}

/// The decision as the last reviewer changed it.
fn reviewed(request: &Request) -> Option<Decision> {
    let (_, review) = request.reviews().last()?;
    let decision = &request.case.decision;
    let document = documents().version(&decision.document, &decision.version)?;
    let clauses = document.clauses.iter().chain(document.law.iter().flat_map(|pack| &pack.clauses));
    let cited = clauses.filter(|clause| review.clause.as_ref() == Some(&clause.id));
    let clauses = cited.map(|clause| Citation {
        document: document.id.clone(),
        version: document.version.clone(),
        clause: clause.id.clone(),
        text: clause.text.clone(),
        sha256: clause.sha256.clone(),
    });
    let (outcome, doors) = if request.state == State::Refused {
        let door = DoorShown { clause: document.door.clause.clone(), text: document.door.text.clone() };
        (Outcome::Refuse, vec![door])
    } else {
        (Outcome::Grant { remedy: paid(request)? }, Vec::new())
    };
    Some(Decision {
        outcome,
        basis: Basis::Rules,
        clauses: clauses.collect(),
        offers: Vec::new(),
        law: Vec::new(),
        doors,
        ..decision.clone()
    })
}

/// What the customer gets, or got.
fn paid(request: &Request) -> Option<Remedy> {
    if let Some(payout) = &request.payout {
        return Some(Remedy::Money {
            amount_minor: payout.amount.minor(),
            currency: payout.amount.currency().as_str().to_owned(),
        });
    }
    if let Some(given) = &request.discount {
        return Some(Remedy::Discount(given.discount.clone()));
    }
    Some(Remedy::Credits { credits: request.given?.get() })
}

/// What can be done from here.
fn next(request: &Request, for_support: bool) -> Vec<Next> {
    let own = format!("/v1/accounts/{}/refund-requests/{}", request.account, request.id);
    let mut next = Vec::new();
    let mut can = |action, href| next.push(Next { action, href });
    if request.state == State::NeedsInformation {
        can("answer", format!("{own}/answers"));
    }
    if request.takes_offers() {
        for offer in request.offers.iter().filter(|offer| offer.state == OfferState::Open) {
            can("answer_offer", format!("{own}/offers/{}", offer.id));
        }
    }
    if request.can_be_withdrawn() {
        can("withdraw", format!("{own}/withdrawal"));
    }
    if request.can_be_reopened() {
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

pub(crate) fn actor(actor: &Actor) -> (&'static str, Option<&str>) {
    match actor {
        Actor::Stripe => ("stripe", None),
        Actor::Service(name) => ("service", Some(name)),
        Actor::Schedule => ("schedule", None),
        Actor::Policy => ("policy", None),
        Actor::Support(sub) => ("support", Some(sub)),
        Actor::Customer => ("customer", None),
        Actor::Operator => ("operator", None),
    }
}
