//! Leads that are due: each is assessed from the records, and opens the customer's request if they support
//! it. What the policy decides by itself is carried out as if the customer had filed it. Everything else
//! waits for the customer or for people, also what cannot be carried out, such as a refund of a disputed
//! charge.
//!
//! A request is saved before its lead is forgotten, and is the same at every try. So if a run is cut off
//! between the two, the next run finishes it. A customer who has filed for the same before keeps that case.

use cases::assess_lead;
use ledger::{Actor, LedgerStore, RefundRequestId};
use payout_queue::PayoutQueue;
use policy::Document;
use refunds::{ApprovalContext, ApprovalOutcome, Case, Lead, RefundRequest, State, carry_out, settle_landed};

use crate::context::{Run, Store, Sweep};
use crate::lead_end::{LeadError, forget};
use crate::occasions;
use crate::status::ItemOutcome;

/// The shortest wait before a purchase whose case is open is looked at again, in seconds: a day, because
/// credits that land late settle their case when they land.
const AGAIN_S_MIN: u64 = 86_400;
/// The longest wait, in seconds: 90 days, as long as parked events are kept.
const AGAIN_S_MAX: u64 = 90 * 86_400;

/// Looks at one lead; its failure is its own.
pub(crate) async fn lead<S: Store, Q: PayoutQueue>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    id: &RefundRequestId,
) -> ItemOutcome {
    // What is assessed and saved makes a large future.
    match Box::pin(look(sweep, run, id)).await {
        Ok(done) => done,
        Err(error) => {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(request = id.as_str(), outcome = "failed", error, "a lead is not followed");
            ItemOutcome::Failed
        }
    }
}

async fn look<S: Store, Q: PayoutQueue>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    id: &RefundRequestId,
) -> Result<ItemOutcome, LeadError<<S as LedgerStore>::Error>> {
    // The index may lag behind a lead that is forgotten. The last instant is inside of what was promised.
    let noted = sweep.store.lead(id).await.map_err(LeadError::Store)?;
    let due = noted.filter(|lead| lead.due_at.is_some_and(|due_at| due_at < run.now));
    let Some(lead) = due else { return Ok(ItemOutcome::NothingDue) };
    if lead.occasion().is_some() {
        return Box::pin(occasions::look(sweep, run, &lead)).await;
    }
    let Some(assessment) = assess_lead(&sweep.store, &lead, run.now).await? else {
        if let Some(purchase) = lead.uncredited() {
            // Its case may be open, and the credits have come since.
            let (store, pause, whose) = (&sweep.store, &sweep.backoff, (&lead.account, &purchase.payment));
            settle_landed(store, pause, whose, run.now).await?;
        }
        tracing::info!(request = id.as_str(), outcome = "forgotten", "the records do not bear a lead out");
        return forget(sweep, id).await;
    };
    let mut opened = open(&lead, assessment.case.clone(), assessment.document);
    let quote = opened.quote(&assessment.standing(run.now)).filter(|_| opened.state() == State::Approved);
    let grounds = ApprovalContext::of(assessment.document, Actor::Policy)
        .knowing(assessment.records.head.clone(), assessment.records.payment.clone());
    let (store, pause) = (&sweep.store, &sweep.backoff);
    let mut approved = carry_out(store, pause, &opened, quote.as_ref(), grounds.clone(), run.now).await?;
    if matches!(
        approved,
        ApprovalOutcome::Disputed
            | ApprovalOutcome::MovedUnrecorded
            | ApprovalOutcome::NotPossible
            | ApprovalOutcome::NotAllowed
            | ApprovalOutcome::AbovePayment(_)
    ) {
        // It stays so, and a person has to look.
        let mut case = assessment.case.clone();
        case.decision = case.decision.left_to_a_person();
        opened = open(&lead, case, assessment.document);
        approved = carry_out(store, pause, &opened, None, grounds, run.now).await?;
    }
    match approved {
        ApprovalOutcome::Saved(request) => {
            let (reason, state) = (request.case.reason.as_str(), request.state().as_str());
            run.invocation.metrics().count_labelled("CasesOpened", ("reason", reason), 1);
            tracing::warn!(request = id.as_str(), reason, state, outcome = "opened", "a case opened itself");
            if request.state() == State::Approved {
                announce(sweep, run, &request).await;
            }
            settle(sweep, run, &lead).await
        }
        // An earlier run opened it, or the customer has filed for the same.
        ApprovalOutcome::Stale(_) | ApprovalOutcome::Open(_) => settle(sweep, run, &lead).await,
        // Something moved meanwhile: the next run looks at it as it stands then, and forgets it where nothing
        // of the payment is left.
        ApprovalOutcome::NothingLeft
        | ApprovalOutcome::QuoteChanged(_)
        | ApprovalOutcome::Taken(_)
        | ApprovalOutcome::Disputed
        | ApprovalOutcome::MovedUnrecorded
        | ApprovalOutcome::NotPossible
        | ApprovalOutcome::NotAllowed
        | ApprovalOutcome::TooMany
        | ApprovalOutcome::AbovePayment(_) => {
            tracing::warn!(request = id.as_str(), outcome = "put_off", "a lead is left to the next run");
            Ok(ItemOutcome::NothingDue)
        }
    }
}

/// The request of a lead, with its promises.
fn open(lead: &Lead, case: Case, document: &Document) -> RefundRequest {
    let whose = (lead.request(), lead.account.clone());
    let mut opened = RefundRequest::open(whose, lead.actor(), case, document, lead.since);
    opened.keep_time(Some(document));
    opened
}

/// The lead has its request. What was paid without credits stays on record, because the choice between
/// credits and money rests on it. It is looked at again until the payment is recorded, which settles it:
/// after a day, and then whenever its age has doubled, at most [`AGAIN_S_MAX`] later.
async fn settle<S: Store, Q>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    lead: &Lead,
) -> Result<ItemOutcome, LeadError<<S as LedgerStore>::Error>> {
    if lead.uncredited().is_none() {
        return forget(sweep, &lead.id()).await;
    }
    let age_s = u64::try_from(run.now.seconds_since(lead.since)).unwrap_or_default();
    let due_at = run.now.plus_s(age_s.clamp(AGAIN_S_MIN, AGAIN_S_MAX)).ok();
    sweep.store.keep(&Lead { due_at, ..lead.clone() }).await.map_err(LeadError::Store)?;
    Ok(ItemOutcome::Written)
}

/// Announces an intent to pay, which is stored: where the queue does not answer, a later run announces it.
async fn announce<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>, request: &RefundRequest) {
    if let Err(error) = sweep.payouts.announce(&request.id).await {
        run.invocation.metrics().count("PayoutsNotAnnounced", 1);
        let (request, error): (&str, &dyn std::error::Error) = (request.id.as_str(), &error);
        tracing::warn!(request, outcome = "left_to_sweep", error, "payout is not announced");
    }
}
