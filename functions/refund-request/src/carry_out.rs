//! Writing what was decided: the request alone, or with the money or the credits that go with it.

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind};
use ledger::{AccountId, GenerationId, PastHold, Timestamp, find_hold};
use payout_queue::PayoutQueue;
use policy::{Document, Remedy};
use policy_documents::documents;
use refunds::{
    ApprovalContext, ApprovalOutcome, FILED_A_DAY_MAX, Pays, Quote, RefundRequest, RefundStore, ReviewError,
    State,
};

use crate::app::{RefundRequests, announce, not_carried_out};
use crate::quote_records::document_of;
use crate::quote_view;

/// The result of [`carry_out()`].
pub(crate) enum Carried {
    /// It is written.
    Out(Box<RefundRequest>),
    /// Another writer was first; this is what is stored.
    Stale(Box<RefundRequest>),
}

/// Saves a request and carries `quote` out with it. Writes nothing if the result would differ from the quote.
pub(crate) async fn carry_out<S: RefundStore, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    invocation: &Invocation,
    mut request: RefundRequest,
    quote: Option<&Quote>,
    mut grounds: ApprovalContext,
    now: Timestamp,
) -> Result<Carried, Problem> {
    if let Some(Pays::GivenBack { generation, .. }) = quote.map(|quote| &quote.pays) {
        grounds.grace_s = grace_of(app, &request.account, generation).await?.unwrap_or(grounds.grace_s);
    }
    request.keep_time(Some(document_of(&request.case)?));
    // Requests, quotes and entries make its future large.
    let carried = Box::pin(refunds::carry_out(&app.store, &app.backoff, &request, quote, grounds, now)).await;
    match carried.map_err(not_carried_out::<S>)? {
        ApprovalOutcome::Saved(request) => {
            granted(invocation, &request, quote);
            if request.state() == State::Approved {
                announce(&app.payouts, invocation, &request).await;
            }
            Ok(Carried::Out(request))
        }
        ApprovalOutcome::Stale(stored) => Ok(Carried::Stale(stored)),
        ApprovalOutcome::NothingLeft => Err(Problem::new(ProblemKind::StateConflict)
            .detail("another refund of this payment was made meanwhile; ask for another quote")),
        ApprovalOutcome::Disputed => Err(Problem::new(ProblemKind::StateConflict)
            .detail("the cardholder's bank disputes the payment: a refund could pay it twice")),
        ApprovalOutcome::MovedUnrecorded => Err(Problem::new(ProblemKind::StateConflict).detail(
            "a refund or a dispute of this payment was reported before it was recorded: see at Stripe what \
             is left, refund that there, and refuse the request with this reason, or grant the credits",
        )),
        ApprovalOutcome::QuoteChanged(fresh) => Err(changed(Some(&fresh))),
        ApprovalOutcome::NotPossible => Err(Problem::new(ProblemKind::StateConflict)
            .detail("the lots of these credits have left the account, or no hold of them is known")),
        ApprovalOutcome::AbovePayment(left) => {
            Err(Problem::new(ProblemKind::StateConflict).detail(ReviewError::AbovePayment(left).to_string()))
        }
        ApprovalOutcome::NotAllowed => {
            Err(Problem::new(ProblemKind::Forbidden).detail("another person has to approve this"))
        }
        ApprovalOutcome::Open(earlier) => {
            Err(Problem::new(ProblemKind::CaseOpen).member("request", &earlier.id.as_str()))
        }
        ApprovalOutcome::TooMany => {
            invocation.metrics().count("RequestsThrottled", 1);
            Err(Problem::new(ProblemKind::TooManyRequests)
                .detail(format!("an account can file {FILED_A_DAY_MAX} requests a day"))
                .retry_after_s(until_tomorrow_s(now)))
        }
        ApprovalOutcome::Taken(_) => Err(Problem::new(ProblemKind::RequestInProgress).retry_after_s(1)),
    }
}

/// Counts what a person's word moved.
fn granted(invocation: &Invocation, request: &RefundRequest, quote: Option<&Quote>) {
    let Some(quote) = quote.filter(|_| request.approved_by().is_some()) else { return };
    match quote.pays.remedy() {
        Remedy::Credits { credits } => invocation.metrics().count("CreditsGrantedByPeople", credits),
        // Sums of several currencies say nothing.
        Remedy::Money { .. } => invocation.metrics().count("RefundsGrantedByPeople", 1),
        Remedy::Discount(_) => invocation.metrics().count("DiscountsGrantedByPeople", 1),
    }
}

/// The seconds until the next day, UTC, begins.
fn until_tomorrow_s(now: Timestamp) -> u32 {
    let passed_s = u32::try_from(now.as_s().rem_euclid(86_400)).unwrap_or_default();
    86_400_u32.saturating_sub(passed_s)
}

/// How long credits of a generation stay usable that come back after their lot's expiry, by the policy that
/// its hold fell under, whichever document decides the request.
async fn grace_of<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    account: &AccountId,
    generation: &GenerationId,
) -> Result<Option<u64>, Problem> {
    let found = find_hold(&app.store, account, generation).await.map_err(not_carried_out::<S>)?;
    let Some(PastHold { hold, .. }) = found.past else { return Ok(None) };
    let document = documents().in_force(hold.product.as_str(), hold.held_at.as_ms()).document();
    Ok(Some(document.map_or(0, Document::grace_s)))
}

/// Something else would happen than the caller was shown: this.
pub(crate) fn changed(fresh: Option<&Quote>) -> Problem {
    Problem::new(ProblemKind::QuoteChanged)
        .detail("nothing was done; read the quote and send its id")
        .member("quote", &fresh.map(quote_view::quote))
}

/// Refuses a quote that is not what would happen.
pub(crate) fn check(shown: Option<&str>, fresh: Option<&Quote>) -> Result<(), Problem> {
    match shown {
        Some(shown) if fresh.map(Quote::id).as_deref() != Some(shown) => Err(changed(fresh)),
        _ => Ok(()),
    }
}
