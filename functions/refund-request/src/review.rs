//! A person decides: `POST /v1/refund-requests/{id}/review`.

use lambda::Invocation;
use lambda::caller::Role;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::payout_queue::PayoutQueue;
use ledger::{Actor, Credits, Money};
use policy::Remedy;
use refunds::{Call, Grounds, Quote, Review, ReviewError, Reviewed, Standing, Stores, Verdict};

use crate::body::{Decides, Reviewing, Worth, sent};
use crate::carry_out::{Carried, carry_out, check};
use crate::known::Known;
use crate::{RefundRequests, answer, show, stored, support};

pub(crate) async fn review<S: Stores, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = support(app, request, invocation)?;
    let body = Reviewing::read(request)?;
    let reviewer = Actor::Support(caller.subject().to_owned());
    let call = Call { by: reviewer.clone(), at: now, fingerprint: sent(request)? };
    let mut stored = stored(app, request).await?;
    lambda::log::account(&stored.account);
    if stored.repeats(&call, true) {
        let again = show(app, 200, &stored, Role::Support, invocation).await?;
        return Ok(again.header("idempotency-hit", "true"));
    }
    let known = Known::read(app, &stored).await?;
    let standing = known.standing(now);
    let clause = body.cites(known.document)?;
    let Decided { verdict, executes, shown } = decided(&stored, &body, &standing)?;
    let review = Review { verdict, reason: body.reason, clause, quote: None, overrides: false };
    // Whoever may not decide, or decides nothing any more, is told so and not asked for a quote.
    let leads_to = stored.review(call, review, executes).map_err(|error| refused(&error))?;
    if let Some(shown) = shown {
        check(Some(body.quote.as_deref().unwrap_or_default()), Some(&shown))?;
    }
    let paid = match leads_to {
        Reviewed::Recorded => None,
        Reviewed::Pay(quote) => Some(quote),
    };
    let overrides = stored.reviews().last().is_some_and(|(_, review)| review.overrides);
    let grounds = Grounds::of(known.document, reviewer).knowing(known.head.clone(), known.payment.clone());
    match carry_out(app, invocation, stored, paid.as_deref(), grounds, now).await? {
        Carried::Out(request) => {
            invocation.metrics().count_labelled("Reviews", ("state", request.state.as_str()), 1);
            if overrides {
                invocation.metrics().count("ReviewsOverriding", 1);
            }
            tracing::info!(outcome = request.state.as_str(), overrides, "refund request is reviewed");
            Ok(Response::json(200, &answer::request(&request, Role::Support, Some(&standing))))
        }
        Carried::Stale(stored) => Err(refused(&ReviewError::State(stored.state))),
    }
}

/// A verdict, what it would carry out, and the quote that the reviewer was to be shown.
struct Decided {
    verdict: Verdict,
    executes: Option<Quote>,
    shown: Option<Quote>,
}

fn decided(stored: &refunds::Request, body: &Reviewing, standing: &Standing<'_>) -> Result<Decided, Problem> {
    let quote = stored.quote(standing);
    let nothing = |verdict| Decided { verdict, executes: None, shown: None };
    Ok(match &body.decides {
        Decides::Refuse => nothing(Verdict::Refuse),
        Decides::Ask(missing) => nothing(Verdict::Ask(missing.clone())),
        Decides::Approve => Decided { verdict: Verdict::Approve, executes: quote.clone(), shown: quote },
        Decides::ApprovePart(part) => {
            let executes = stored.part_quote(*part, standing).map_err(|error| refused(&error))?;
            Decided { verdict: Verdict::ApprovePart(*part), executes: Some(executes), shown: quote }
        }
        Decides::Offer { offer, worth } => {
            let remedy = worth_of(stored, offer, *worth, standing)?;
            let made = stored.offered_quote(offer, &remedy, standing);
            let verdict = Verdict::Offer { offer: offer.clone(), remedy };
            // What the document computes is shown with the offer; what the reviewer names is its own quote.
            let shown = match worth {
                Worth::Computed => made.clone(),
                Worth::Money(_) | Worth::Credits(_) => None,
            };
            Decided { verdict, executes: made, shown }
        }
    })
}

/// What an offer is worth: what the document computes, or else what the reviewer says. Money is a part of
/// what is left of the payment, in its currency.
fn worth_of(
    stored: &refunds::Request,
    offer: &str,
    worth: Worth,
    standing: &Standing<'_>,
) -> Result<Remedy, Problem> {
    let (_, made) = stored.offer(offer).ok_or_else(|| refused(&ReviewError::NoOffer))?;
    let of_money = |money: Money| Remedy::Money {
        amount_minor: money.minor(),
        currency: money.currency().as_str().to_owned(),
    };
    let unprocessable =
        |field: &str, detail: &str| Problem::new(ProblemKind::Unprocessable).field(field, detail.to_owned());
    match (&made.remedy, worth) {
        (Some(remedy), Worth::Computed) => Ok(remedy.clone()),
        (Some(_), Worth::Money(_) | Worth::Credits(_)) => {
            Err(unprocessable("#/offer", "expected without an amount: the document computes it"))
        }
        (None, Worth::Money(money)) => {
            stored.part_quote(money, standing).map_err(|error| refused(&error))?;
            Ok(of_money(money))
        }
        (None, Worth::Credits(credits)) if Credits::new(credits).is_ok_and(|credits| !credits.is_zero()) => {
            Ok(Remedy::Credits { credits })
        }
        (None, Worth::Credits(_)) => Err(unprocessable("#/credits", "expected at least 1")),
        (None, Worth::Computed) => {
            Err(unprocessable("#/credits", "expected, or `amount`: the document does not compute it"))
        }
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
        ReviewError::NoOffer => Problem::new(ProblemKind::Unprocessable).field("#/offer", error.to_string()),
        ReviewError::Amount(left) => Problem::new(ProblemKind::Unprocessable)
            .field("#/amount", format!("expected 1 to {} in {}", left.minor(), left.currency())),
    }
}
