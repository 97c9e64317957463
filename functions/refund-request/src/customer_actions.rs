//! What a customer, or a support person in the customer's name, does with a request after it was filed:
//! `POST /v1/accounts/{account}/refund-requests/{id}/…`.
//!
//! Each call reads the request, moves it in memory and writes it once, on the condition that nobody else did.
//! The same call again is answered with the request as it stands.

use cases::OriginalCase;
use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::Actor;
use payout_queue::PayoutQueue;
use policy::{Fact, Value};
use refunds::{ActError, ActionSource, ApprovalContext, Granted, OfferOutcome, Quote, RefundStore, State};

use crate::app::{RefundRequests, actor, reach};
use crate::assess::assess;
use crate::body::{Answer, ChosenRemedy, OfferAnswer, OfferChoice, Question, Reopening, remedy_fits};
use crate::carry_out::{Carried, carry_out, check};
use crate::input::{require_empty_body, sent};
use crate::quote_records::{QuoteRecords, document_of, granted_before};
use crate::request_view;
use crate::stored::{show, stored_of};

/// A stored request and the call that is to move it.
struct Acting {
    stored: refunds::RefundRequest,
    caller: Caller,
    call: ActionSource,
}

/// `…/answers`: what was missing.
pub(crate) async fn answer_questions<S: RefundStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let given = Answer::read(request)?;
    let Acting { mut stored, caller, call } = acting(app, request, invocation).await?;
    if stored.repeats(&call, false) {
        return repeated(app, &stored, caller.role(), invocation).await;
    }
    if stored.state() != State::NeedsInformation {
        return Err(not_possible(ActError::State(stored.state())));
    }
    given.may_be_said_by(caller.role())?;
    let text = given.text();
    let asked = completed(&stored, given)?;
    let frozen = OriginalCase { case: &stored.case, submitted_at: stored.submitted_at() };
    let mut assessment = assess(app, &stored.account, (asked, &caller), Some(frozen), now).await?;
    // What was submitted stays what it was: the words of the answer are kept with the answer.
    assessment.case.note.clone_from(&stored.case.note);
    assessment.case.fingerprint = stored.case.fingerprint;
    stored.answer(call, text, assessment.case.clone(), assessment.document).map_err(not_possible)?;
    let standing = assessment.standing(now);
    let quote = stored.quote(&standing).filter(|_| stored.state() == State::Approved);
    let grounds = ApprovalContext::of(assessment.document, Actor::Policy)
        .knowing(assessment.records.head.clone(), assessment.records.payment.clone());
    match Box::pin(carry_out(app, invocation, stored, quote.as_ref(), grounds, now)).await? {
        Carried::Out(request) => {
            done(invocation, "answered", &request);
            Ok(Response::json(200, &request_view::request(&request, caller.role(), Some(&standing))))
        }
        Carried::Stale(stored) => Err(overtaken(&stored)),
    }
}

/// `…/withdrawal`.
pub(crate) async fn withdraw<S: RefundStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    require_empty_body(request)?;
    let Acting { mut stored, caller, call } = acting(app, request, invocation).await?;
    if stored.repeats(&call, false) {
        return repeated(app, &stored, caller.role(), invocation).await;
    }
    stored.withdraw(call).map_err(not_possible)?;
    keep(app, invocation, stored, "withdrawn", caller.role()).await
}

/// `…/reopening`: the door to a person (`S4-19`).
pub(crate) async fn reopen<S: RefundStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let Reopening { note } = Reopening::read(request)?;
    let Acting { mut stored, caller, call } = acting(app, request, invocation).await?;
    if stored.repeats(&call, false) {
        return repeated(app, &stored, caller.role(), invocation).await;
    }
    stored.reopen(call, note).map_err(not_possible)?;
    keep(app, invocation, stored, "reopened", caller.role()).await
}

/// `…/offers/{offer}`.
pub(crate) async fn answer_offer<S: RefundStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let body = OfferAnswer::read(request)?;
    let offer: String = request.path_id("offer")?;
    let Acting { mut stored, caller, mut call } = acting(app, request, invocation).await?;
    // The offer is named by the path, so the body's fingerprint lacks it.
    call.fingerprint = refunds::fingerprint_bytes(&[offer.as_bytes(), &call.fingerprint]);
    if stored.repeats(&call, false) {
        return repeated(app, &stored, caller.role(), invocation).await;
    }
    if body.answer == OfferChoice::Decline {
        stored.decline_offer(call, &offer).map_err(not_possible)?;
        return keep(app, invocation, stored, "offer_declined", caller.role()).await;
    }
    let known = QuoteRecords::read(app, &stored).await?;
    let standing = known.standing(now);
    let quote = stored.offer_quote(&offer, &standing);
    check(body.quote.as_deref(), quote.as_ref())?;
    let made = stored.offer(&offer).and_then(|(offer, _)| offer.made.clone());
    let maker = made.as_ref().map(|made| made.by.clone());
    let by = maker.clone().map_or(Actor::Policy, Actor::Support);
    if made.is_some_and(|made| quote.as_ref().is_none_or(|quote| quote.id() != made.quote)) {
        // What a person answers for is what that person was shown.
        return Err(Problem::new(ProblemKind::StateConflict).detail(
            "credits or money of the payment have moved since the offer was made, so that it does not hold; \
             a person has to make it again",
        ));
    }
    let granted = match &quote {
        Some(quote) => granted_before(app, &stored, quote, maker.as_deref(), now).await?,
        None => Granted::default(),
    };
    let follows = stored.accept_offer(call, &offer, (&standing, granted)).map_err(not_possible)?;
    let carried: Option<Box<Quote>> = match follows {
        OfferOutcome::CarriedOut(quote) => Some(quote),
        OfferOutcome::Recorded | OfferOutcome::Review => None,
    };
    let grounds = ApprovalContext::of(known.document, by).knowing(known.head.clone(), known.payment.clone());
    match Box::pin(carry_out(app, invocation, stored, carried.as_deref(), grounds, now)).await? {
        Carried::Out(request) => {
            done(invocation, "offer_accepted", &request);
            Ok(Response::json(200, &request_view::request(&request, caller.role(), Some(&standing))))
        }
        Carried::Stale(stored) => Err(overtaken(&stored)),
    }
}

/// What is asked with the answer: nothing that was said before is taken back.
fn completed(stored: &refunds::RefundRequest, given: Answer) -> Result<Question, Problem> {
    let case = &stored.case;
    remedy_fits(given.remedy, case.reason)?;
    let another = |field: &str| {
        Problem::new(ProblemKind::Unprocessable).field(field, "expected the one that the request is about")
    };
    if given.named.payment.is_some() && case.payment.is_some() && given.named.payment != case.payment {
        return Err(another("#/payment"));
    }
    if given.named.generation.is_some()
        && case.generation.is_some()
        && given.named.generation != case.generation
    {
        return Err(another("#/generation_id"));
    }
    let text = |fact| match case.facts.get(fact) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let chosen = text(Fact::RemedyChosen)
        .map(|name| ChosenRemedy::parse(&name).ok_or_else(|| Problem::new(ProblemKind::Internal)))
        .transpose()?;
    Ok(Question {
        reason: case.reason,
        payment: case.payment.clone().or(given.named.payment),
        generation: case.generation.clone().or(given.named.generation),
        note: given.note.unwrap_or_else(|| case.note.clone()),
        remedy: chosen.or(given.remedy),
        plan_requested: text(Fact::PlanRequested).or(given.plan_requested),
        purchase_date: given.purchase_date,
        product: None,
        report: given.report,
        channel: None,
        from_account: None,
    })
}

async fn acting<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Acting, Problem> {
    let (account, caller) = reach(app, request, invocation)?;
    let call = ActionSource { by: actor(&caller), at: invocation.now(), fingerprint: sent(request)? };
    let stored = stored_of(app, request, &account, caller.role()).await?;
    // Nobody asked for what Stripe reported, so that there is nothing to answer or to take back.
    if stored.case.occasion.is_some() {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    Ok(Acting { stored, caller, call })
}

/// Writes a request that nothing is carried out for.
async fn keep<S: RefundStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    invocation: &Invocation,
    moved: refunds::RefundRequest,
    act: &'static str,
    role: Role,
) -> Result<Response, Problem> {
    let grounds = ApprovalContext::of(document_of(&moved.case)?, Actor::Customer);
    match Box::pin(carry_out(app, invocation, moved, None, grounds, invocation.now())).await? {
        Carried::Out(request) => {
            done(invocation, act, &request);
            show(app, 200, &request, role, invocation).await
        }
        Carried::Stale(stored) => Err(overtaken(&stored)),
    }
}

fn done(invocation: &Invocation, act: &'static str, request: &refunds::RefundRequest) {
    invocation.metrics().count_labelled("RequestActs", ("act", act), 1);
    tracing::info!(outcome = request.state().as_str(), act, "refund request is moved");
}

async fn repeated<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    stored: &refunds::RefundRequest,
    role: Role,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    invocation.metrics().count("RefundRequestsRepeated", 1);
    tracing::info!(outcome = "repeated", "it was done before");
    Ok(show(app, 200, stored, role, invocation).await?.header("idempotency-hit", "true"))
}

fn not_possible(error: ActError) -> Problem {
    let kind = match error {
        ActError::State(_) | ActError::ReopenedTooOften | ActError::OfferAnswered => {
            ProblemKind::StateConflict
        }
        ActError::NoOffer => ProblemKind::NotFound,
    };
    Problem::new(kind).detail(error.to_string())
}

/// Somebody else moved it in between.
fn overtaken(stored: &refunds::RefundRequest) -> Problem {
    Problem::new(ProblemKind::StateConflict)
        .detail(format!("the request was changed meanwhile and is {}; read it again", stored.state()))
}
