//! A person decides: `POST /v1/refund-requests/{id}/review`.

use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::payout_queue::PayoutQueue;
use ledger::{Actor, Command, Credits, Currency, Ending, Money, PolicyRef, ReleaseReason, Settlement};
use policy::{Document, Fact, Value};
use policy_documents::documents;
use refunds::{
    Approval, Approved, Grounds, Head, RefundedSum, Review, ReviewError, Save, Saved, State, Stores, Verdict,
    approve_credits, approve_money,
};
use serde::Deserialize;

use crate::body::{self, unprocessable, words};
use crate::{RefundRequests, announce, answer, not_carried_out, store_failed};
use cases::policy_ref;

/// What a reviewer sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    decision: ReviewDecision,
    /// For `approve_part` alone, and never more than is left of the payment.
    amount: Option<Amount>,
    /// The credits of the payment that are used, where the reviewer knows of more than the request shows.
    credits_used: Option<u64>,
    reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReviewDecision {
    Approve,
    ApprovePart,
    Refuse,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    amount_minor: u64,
    currency: String,
}

pub(crate) async fn review<S: Stores, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = Caller::check(request.claims(), &app.rules, now)?;
    caller.must_be(&[Role::Support])?;
    let id = request.path_id("id")?;
    let body: Body = body::read(request)?;
    let credits_used = body.credits_used;
    let review = check(body, caller.subject(), now)?;
    let stored = app.store.request(&id).await.map_err(store_failed)?;
    let mut stored = stored.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    lambda::log::account(&stored.account);
    lambda::log::cause(stored.id.as_str());
    let payment = match &stored.case.payment {
        Some(payment) => app.store.payment(payment).await.map_err(store_failed)?,
        None => None,
    };
    let payment = payment.filter(|payment| payment.account == stored.account);
    let refundable = payment.as_ref().and_then(|payment| payment.refundable().ok());
    let approval = stored.decide(review, refundable).map_err(|error| refused(&error))?;
    stored.keep_time(document_of(&stored));
    let actor = Actor::Support(caller.subject().to_owned());
    let used = credits_used.or_else(|| shown_as_used(&stored)).and_then(|count| Credits::new(count).ok());
    let grounds = Grounds { actor, policy: policy_of(&stored), head: Head::Unread, used };
    let saved = match (approval, payment) {
        (Approval::Money(amount), Some(payment)) if RefundedSum::raise(&payment, amount).is_some() => {
            let owe_spent = document_of(&stored).is_some_and(|document| document.on_refund.debt_for_spent);
            let terms = (amount, owe_spent);
            approve_money(&app.store, &app.backoff, &stored, payment, terms, grounds, now)
                .await
                .map_err(not_carried_out::<S>)?
        }
        (Approval::Money(_), _) => Approved::NothingLeft,
        (Approval::Credits, _) => {
            let command = give_back(&stored)?;
            approve_credits(&app.store, &app.backoff, &stored, &command, grounds, now)
                .await
                .map_err(not_carried_out::<S>)?
        }
        (Approval::None, _) => {
            let save = Save { request: stored, commit: None, refunded: None };
            match app.store.save(&save).await.map_err(store_failed)? {
                Saved::Written => Approved::Saved(Box::new(save.request)),
                Saved::Stale(stored) => Approved::Stale(stored),
                Saved::Ledger(_) | Saved::PaymentMoved => {
                    return Err(Problem::new(ProblemKind::RequestInProgress).retry_after_s(1));
                }
            }
        }
    };
    match saved {
        Approved::Saved(request) => {
            if request.state == State::Approved {
                announce(&app.payouts, invocation, &request).await;
            }
            invocation.metrics().count_labelled("Reviews", ("state", request.state.as_str()), 1);
            tracing::info!(outcome = request.state.as_str(), "refund request is reviewed");
            Ok(Response::json(200, &answer::request(&request, Role::Support)))
        }
        Approved::Stale(stored) => Err(refused(&ReviewError::State(stored.state))),
        Approved::NothingLeft => Err(refused(&ReviewError::NothingToRefund)),
        Approved::Used(used) => Err(Problem::new(ProblemKind::StateConflict).detail(format!(
            "{used} credits of the payment are used, which is not what the request shows; to decide on that, \
             send `credits_used` with it"
        ))),
        Approved::NotPossible => Err(Problem::new(ProblemKind::StateConflict)
            .detail("the lots of these credits have left the account, or no hold of them is known")),
    }
}

/// The credits that were spent or held when the request was filed, as its facts show them.
fn shown_as_used(request: &refunds::Request) -> Option<u64> {
    let count = |fact| match request.case.facts.get(fact) {
        Some(Value::Integer(count)) => u64::try_from(*count).ok(),
        _ => None,
    };
    count(Fact::CreditsSpent)?.checked_add(count(Fact::CreditsHeld)?)
}

fn check(body: Body, reviewer: &str, now: ledger::Timestamp) -> Result<Review, Problem> {
    words("/reason", &body.reason)?;
    let verdict = match (body.decision, body.amount) {
        (ReviewDecision::Approve, None) => Verdict::Approve,
        (ReviewDecision::Refuse, None) => Verdict::Refuse,
        (ReviewDecision::ApprovePart, Some(amount)) => {
            let currency = Currency::new(&amount.currency);
            let currency = currency
                .map_err(|_| unprocessable("/amount/currency", "expected three letters, like `usd`"))?;
            Verdict::ApprovePart(Money::new(amount.amount_minor, currency))
        }
        (ReviewDecision::ApprovePart, None) => {
            return Err(unprocessable(
                "/amount",
                "expected with `approve_part`, like {\"amount_minor\": 500, \"currency\": \"usd\"}",
            ));
        }
        (ReviewDecision::Approve | ReviewDecision::Refuse, Some(_)) => {
            return Err(unprocessable("/amount", "expected with `approve_part` alone"));
        }
    };
    Ok(Review { reviewer: reviewer.to_owned(), verdict, reason: body.reason, at: now })
}

fn refused(error: &ReviewError) -> Problem {
    match error {
        ReviewError::State(_) | ReviewError::Claimed(_) | ReviewError::NothingToRefund => {
            Problem::new(ProblemKind::StateConflict).detail(error.to_string())
        }
        ReviewError::OwnRequest => Problem::new(ProblemKind::Forbidden).detail(error.to_string()),
        ReviewError::Amount(left) => Problem::new(ProblemKind::Unprocessable)
            .field("/amount", format!("expected 1 to {} in {}", left.minor(), left.currency())),
    }
}

fn document_of(request: &refunds::Request) -> Option<&'static Document> {
    documents().version(&request.case.decision.document, &request.case.decision.version)
}

fn policy_of(request: &refunds::Request) -> Option<PolicyRef> {
    document_of(request).map(policy_ref)
}

/// The command that gives a generation's captured credits back to their lots.
fn give_back(request: &refunds::Request) -> Result<Command, Problem> {
    let generation =
        request.case.generation.clone().ok_or_else(|| Problem::new(ProblemKind::StateConflict))?;
    let leftover = document_of(request).and_then(|document| document.leftover.as_ref());
    let grace_s = leftover.map_or(0, |leftover| leftover.grace_after_failed_job_s);
    let settlement = Settlement { generation, ending: Ending::Failed(ReleaseReason::Failed) };
    Ok(Command::Settle { settlements: vec![settlement], grace_s })
}
