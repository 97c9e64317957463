//! A person decides: `POST /v1/refund-requests/{id}/review`.

use lambda::Invocation;
use lambda::caller::Role;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{Actor, Credits, Money};
use payout_queue::PayoutQueue;
use policy::{Discount, Document, OfferKind, Remedy, payable_step};
use refunds::{
    ActionSource, ApprovalContext, ChosenTerms, Pays, Quote, QuoteInputs, RefundStore, Review, ReviewError,
    ReviewOutcome, ReviewVerdict, TakeBackOutcome,
};

use crate::app::{RefundRequests, not_carried_out, support};
use crate::carry_out::{Carried, carry_out, check};
use crate::input::{sent, unprocessable};
use crate::quote_records::{QuoteRecords, granted_before};
use crate::review_body::{CheckedReview, DecisionBody, RemedyBody};
use crate::stored::{show, stored};
use crate::{purchase, request_view};

pub(crate) async fn review<S: RefundStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = support(app, request, invocation)?;
    let body = CheckedReview::read(request)?;
    let reviewer = Actor::Support(caller.subject().to_owned());
    let call = ActionSource { by: reviewer.clone(), at: now, fingerprint: sent(request)? };
    let mut stored = stored(app, request).await?;
    lambda::log::account(&stored.account);
    if stored.repeats(&call, true) {
        let again = show(app, 200, &stored, Role::Support, invocation).await?;
        return Ok(again.header("idempotency-hit", "true"));
    }
    let known = QuoteRecords::read(app, &stored).await?;
    let standing = known.standing(now);
    let ground = body.ground(known.document, &stored.case.decision)?;
    let Decided { verdict, executes, shown } = decided(&stored, &body, &known, &standing)?;
    may_choose(body.chosen, executes.as_ref(), known.document)?;
    let executes = match executes {
        Some(quote) => {
            let granted = granted_before(app, &stored, &quote, Some(caller.subject()), now).await?;
            Some(quote.after(granted))
        }
        None => None,
    };
    let CheckedReview { reason, chosen, .. } = body;
    let review = Review { verdict, reason, ground, chosen, quote: None, overrides: false };
    // A reviewer who may not decide, or comes too late, gets that answer and is not asked for a quote.
    let leads_to = stored.review(call, review, executes).map_err(|error| refused(&error))?;
    if let Some(shown) = shown {
        check(Some(body.quote.as_deref().unwrap_or_default()), Some(&shown))?;
    }
    let paid = match leads_to {
        ReviewOutcome::Recorded => None,
        ReviewOutcome::Pay(quote) => Some(quote),
        ReviewOutcome::TakeBack => {
            let by = (known.document, reviewer);
            return taken_back(app, invocation, &stored, by, &standing).await;
        }
    };
    let overrides = stored.reviews().last().is_some_and(|(_, review)| review.overrides);
    let grounds =
        ApprovalContext::of(known.document, reviewer).knowing(known.head.clone(), known.payment.clone());
    match Box::pin(carry_out(app, invocation, stored, paid.as_deref(), grounds, now)).await? {
        Carried::Out(request) => {
            invocation.metrics().count_labelled("Reviews", ("state", request.state().as_str()), 1);
            if overrides {
                invocation.metrics().count("ReviewsOverriding", 1);
            }
            tracing::info!(outcome = request.state().as_str(), overrides, "refund request is reviewed");
            Ok(Response::json(200, &request_view::request(&request, Role::Support, Some(&standing))))
        }
        Carried::Stale(stored) => Err(refused(&ReviewError::State(stored.state()))),
    }
}

/// Takes back the credits of a refund that nobody asked us for.
async fn taken_back<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    invocation: &Invocation,
    stored: &refunds::RefundRequest,
    (document, reviewer): (&Document, Actor),
    standing: &QuoteInputs<'_>,
) -> Result<Response, Problem> {
    let by = (document, reviewer);
    let taken = refunds::take_back(&app.store, &app.backoff, stored, by, standing.now);
    match Box::pin(taken).await.map_err(not_carried_out::<S>)? {
        TakeBackOutcome::Taken(request) => {
            invocation.metrics().count_labelled("Reviews", ("state", request.state().as_str()), 1);
            tracing::info!(outcome = "taken_back", "the credits of an outside refund are taken back");
            Ok(Response::json(200, &request_view::request(&request, Role::Support, Some(standing))))
        }
        TakeBackOutcome::Stale(stored) => Err(refused(&ReviewError::State(stored.state()))),
    }
}

/// A verdict, what it would carry out, and the quote that the reviewer was to be shown.
struct Decided {
    verdict: ReviewVerdict,
    executes: Option<Quote>,
    shown: Option<Quote>,
}

fn decided(
    stored: &refunds::RefundRequest,
    body: &CheckedReview,
    known: &QuoteRecords,
    standing: &QuoteInputs<'_>,
) -> Result<Decided, Problem> {
    let nothing = |verdict| Decided { verdict, executes: None, shown: None };
    // What a reviewer lets happen is what the reviewer has seen.
    let shown = |verdict, quote: Option<Quote>| Decided { verdict, shown: quote.clone(), executes: quote };
    Ok(match &body.decides {
        DecisionBody::Refuse => nothing(ReviewVerdict::Refuse),
        DecisionBody::TakeBack => nothing(ReviewVerdict::TakeBack),
        DecisionBody::Leave => nothing(ReviewVerdict::Leave),
        DecisionBody::Ask(missing) => nothing(ReviewVerdict::Ask(missing.clone())),
        DecisionBody::Approve => shown(ReviewVerdict::Approve, stored.quote_by(body.chosen, standing)),
        DecisionBody::ApprovePart(part) => {
            let quote = stored.part_quote(*part, body.chosen, standing).map_err(|error| refused(&error))?;
            shown(ReviewVerdict::ApprovePart(*part), Some(quote))
        }
        DecisionBody::GrantCredits { credits, product } => {
            let (purchase, account) = (known.uncredited.as_ref(), &stored.account);
            let (verdict, quote) =
                purchase::granted(purchase, account, (*credits, product.as_ref()), standing)?;
            shown(verdict, Some(quote))
        }
        DecisionBody::Offer { offer, worth } => {
            let remedy = worth_of(stored, offer, *worth, standing)?;
            let made = stored.offered_quote(offer, &remedy, body.chosen, standing);
            let verdict = ReviewVerdict::Offer { offer: offer.clone(), remedy };
            match worth {
                RemedyBody::Computed | RemedyBody::Money(_) => shown(verdict, made),
                // Credits that the reviewer names take nothing back: they are their own quote.
                RemedyBody::Credits(_) => Decided { verdict, executes: made, shown: None },
            }
        }
    })
}

/// Refuses a choice of the refund's terms that the document does not leave to a reviewer, or that is about
/// nothing.
fn may_choose(chosen: ChosenTerms, executes: Option<&Quote>, document: &Document) -> Result<(), Problem> {
    let terms = &document.on_refund;
    let money = executes.is_some_and(|quote| matches!(quote.pays, Pays::Money { .. }));
    let expected = match (chosen.revoke, chosen.ends_plan) {
        (Some(_), _) if !money => Some(("#/revoke", "expected where money is refunded".to_owned())),
        (Some(revoke), _) if !terms.reviewer_may_revoke.contains(&revoke) => {
            let names = terms.reviewer_may_revoke.iter().map(|revoke| format!("`{}`", revoke.as_str()));
            let names = names.collect::<Vec<_>>().join(" or ");
            let left = if names.is_empty() { "nothing to choose".to_owned() } else { names };
            Some(("#/revoke", format!("expected what the policy leaves to a reviewer: {left}")))
        }
        (_, Some(_)) if !executes.is_some_and(Quote::may_end_plan) => {
            Some(("#/ends_plan", "expected where money of a plan that runs is refunded".to_owned()))
        }
        (_, Some(_)) if !terms.reviewer_may_cancel => {
            Some(("#/ends_plan", "expected not at all: the policy says whether the plan ends".to_owned()))
        }
        _ => None,
    };
    expected.map_or(Ok(()), |(field, detail)| Err(unprocessable(field, detail)))
}

/// What an offer is worth: what the document computes, or else what the reviewer says. Money is a part of
/// what is left of the payment, in its currency.
fn worth_of(
    stored: &refunds::RefundRequest,
    offer: &str,
    worth: RemedyBody,
    standing: &QuoteInputs<'_>,
) -> Result<Remedy, Problem> {
    let (_, made) = stored.offer(offer).ok_or_else(|| refused(&ReviewError::NoOffer))?;
    let of_money = |money: Money| Remedy::Money {
        amount_minor: money.minor(),
        currency: money.currency().as_str().to_owned(),
    };
    match (&made.remedy, worth) {
        (Some(_), RemedyBody::Computed) => stored.computed_remedy(offer, standing).ok_or_else(|| {
            unprocessable(
                "#/offer",
                "expected an offer that the policy still makes: credits were used meanwhile",
            )
        }),
        // The document names a share of the price; a reviewer may name an amount in its place.
        (_, RemedyBody::Money(money)) if made.kind == OfferKind::Discount => discount_of(money, standing),
        (None, RemedyBody::Credits(_)) if made.kind == OfferKind::Discount => Err(unprocessable(
            "#/credits",
            "expected not at all: a discount is a share or an amount of money",
        )),
        (Some(_), RemedyBody::Money(_) | RemedyBody::Credits(_)) => {
            Err(unprocessable("#/offer", "expected without an amount: the document computes it"))
        }
        (None, RemedyBody::Money(money)) => {
            stored.part_quote(money, ChosenTerms::default(), standing).map_err(|error| refused(&error))?;
            Ok(of_money(money))
        }
        (None, RemedyBody::Credits(credits))
            if Credits::new(credits).is_ok_and(|credits| !credits.is_zero()) =>
        {
            Ok(Remedy::Credits { credits })
        }
        (None, RemedyBody::Credits(_)) => Err(unprocessable("#/credits", "expected at least 1")),
        (None, RemedyBody::Computed) => {
            Err(unprocessable("#/credits", "expected, or `amount`: the document does not compute it"))
        }
    }
}

/// A discount of an amount: at most what the payment was, in its currency.
fn discount_of(money: Money, standing: &QuoteInputs<'_>) -> Result<Remedy, Problem> {
    let discount =
        Discount::Amount { amount_minor: money.minor(), currency: money.currency().as_str().to_owned() };
    let paid = standing.payment.map(|payment| payment.paid);
    let fits = |paid: Money| !money.is_zero() && paid.minus(money).is_ok();
    match paid {
        Some(paid) if !fits(paid) => {
            let expected = format!("expected 1 to {} in {}", paid.minor(), paid.currency());
            Err(unprocessable("#/amount", expected))
        }
        // What is left of the renewal has to be an amount that Stripe charges.
        Some(paid) if !money.minor().is_multiple_of(payable_step(paid.currency().as_str())) => {
            Err(refused(&ReviewError::NotPayable(payable_step(paid.currency().as_str()))))
        }
        _ => Ok(Remedy::Discount(discount)),
    }
}

fn refused(error: &ReviewError) -> Problem {
    match error {
        ReviewError::State(_)
        | ReviewError::Claimed(_)
        | ReviewError::NothingToRefund
        | ReviewError::TooMany => Problem::new(ProblemKind::StateConflict).detail(error.to_string()),
        ReviewError::OwnRequest | ReviewError::SamePerson => {
            Problem::new(ProblemKind::Forbidden).detail(error.to_string())
        }
        ReviewError::AbovePayment(_) => {
            Problem::new(ProblemKind::Unprocessable).field("#/credits", error.to_string())
        }
        ReviewError::OtherDecision(_) => {
            Problem::new(ProblemKind::Unprocessable).field("#/decision", error.to_string())
        }
        ReviewError::NoOffer => Problem::new(ProblemKind::Unprocessable).field("#/offer", error.to_string()),
        ReviewError::NotPayable(step) => Problem::new(ProblemKind::Unprocessable)
            .field("#/amount", format!("expected a multiple of {step}: Stripe pays no other amounts in it")),
        ReviewError::Amount(left) => Problem::new(ProblemKind::Unprocessable)
            .field("#/amount", format!("expected 1 to {} in {}", left.minor(), left.currency())),
    }
}
