//! What Stripe reported of a payment: the case of it is opened, brought up to date, or closed.
//!
//! A report has a lead of its own, and is forgotten once its case says what it says. A run that is cut off
//! leaves the lead, and the next run does the same again: the case is read and written under the condition
//! that nobody else moved it.

use cases::{Assessment, OccasionAssessment, assess_occasion};
use ledger::{Actor, ExecuteError, LedgerStore, RefundRequestId};
use payout_queue::PayoutQueue;
use refunds::{
    ApprovalContext, ApprovalOutcome, Lead, LeadSubject, Occasion, RefundRequest, Reported, Save,
    SaveOutcome, State, carry_out, put_back,
};

use crate::context::{Run, Store, Sweep};
use crate::lead_end::{LeadError, forget};
use crate::status::ItemOutcome;

type Failure<S> = LeadError<<S as LedgerStore>::Error>;

pub(crate) async fn look<S: Store, Q: PayoutQueue>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    lead: &Lead,
) -> Result<ItemOutcome, Failure<S>> {
    let id = lead.request();
    let Some(found) = assess_occasion(&sweep.store, lead, run.now).await? else {
        tracing::info!(request = id.as_str(), outcome = "forgotten", "the records do not have a report");
        return forget(sweep, &lead.id()).await;
    };
    for other in &found.ends {
        if follow(sweep, run, other, &found, true).await? == Followed::Busy {
            return Ok(put_off(&id));
        }
    }
    let followed = match follow(sweep, run, &found.request, &found, found.over).await? {
        Followed::Missing => open(sweep, run, lead, &found).await?,
        followed => followed,
    };
    if followed != Followed::Done {
        return Ok(put_off(&id));
    }
    if let LeadSubject::Reported { reported: Reported::OutsideRefund { failed: true, .. }, .. } =
        &lead.subject
    {
        put_back(&sweep.store, &sweep.backoff, &found.request, run.now).await?;
    }
    settle(sweep, lead).await
}

/// Where a case stands after a report was held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Followed {
    /// There is none yet.
    Missing,
    /// It says what the report says, or people have closed it.
    Done,
    /// Other writers were first at every attempt.
    Busy,
}

fn put_off(id: &RefundRequestId) -> ItemOutcome {
    tracing::warn!(request = id.as_str(), outcome = "put_off", "a report is left to the next run");
    ItemOutcome::NothingDue
}

/// Brings a case that is open up to date.
async fn follow<S: Store, Q>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    id: &RefundRequestId,
    found: &OccasionAssessment,
    over: bool,
) -> Result<Followed, Failure<S>> {
    for attempt in 0..sweep.backoff.attempts_max() {
        let stored = sweep.store.request(id).await.map_err(ExecuteError::Store)?;
        let Some(mut request) = stored else { return Ok(Followed::Missing) };
        let Assessment { case, document, .. } = &found.assessment;
        let before = request.state();
        if !request.follow(case.clone(), (over, found.reported_by), run.now, document) {
            return Ok(Followed::Done);
        }
        request.count_save();
        let save = Save { request, commit: None, refunded: None };
        if sweep.store.save(&save).await.map_err(ExecuteError::Store)? == SaveOutcome::Written {
            let (state, reason) = (save.request.state(), save.request.case.reason.as_str());
            let metrics = run.invocation.metrics();
            if state != before && state == State::Settled {
                metrics.count_labelled("CasesClosed", ("reason", reason), 1);
            } else if state != before {
                metrics.count_labelled("CasesReopened", ("reason", reason), 1);
            }
            tracing::info!(request = id.as_str(), reason, state = state.as_str(), "a case follows a report");
            return Ok(Followed::Done);
        }
        sweep.backoff.pause(attempt).await;
    }
    Ok(Followed::Busy)
}

/// Opens the case, closed at once if nothing is left to decide: every dispute has one.
async fn open<S: Store, Q>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    lead: &Lead,
    found: &OccasionAssessment,
) -> Result<Followed, Failure<S>> {
    let Assessment { case, document, records, .. } = &found.assessment;
    let whose = (found.request.clone(), lead.account.clone());
    let reporter = Actor::Provider(found.reported_by);
    let mut opened = RefundRequest::open(whose, reporter.clone(), case.clone(), document, lead.since);
    if found.over && !opened.close_over(found.reported_by, run.now) {
        return Ok(Followed::Busy);
    }
    opened.keep_time(Some(document));
    let grounds =
        ApprovalContext::of(document, reporter).knowing(records.head.clone(), records.payment.clone());
    match carry_out(&sweep.store, &sweep.backoff, &opened, None, grounds, run.now).await? {
        ApprovalOutcome::Saved(request) => {
            let (reason, state) = (request.case.reason.as_str(), request.state().as_str());
            run.invocation.metrics().count_labelled("CasesOpened", ("reason", reason), 1);
            tracing::warn!(
                request = request.id.as_str(),
                reason,
                state,
                outcome = "opened",
                "a case opened itself"
            );
            Ok(Followed::Done)
        }
        // An earlier case of the same report has all of the payment's money back: nothing is left to decide.
        ApprovalOutcome::Open(_) => Ok(Followed::Done),
        // Another run opened it meanwhile, and the next one brings it up to date.
        _ => Ok(Followed::Busy),
    }
}

/// The case says what the report says. A fraud warning leaves no other record: its report stays, so that a
/// repeat of the event is known as one.
async fn settle<S: Store, Q>(sweep: &Sweep<S, Q>, lead: &Lead) -> Result<ItemOutcome, Failure<S>> {
    if !matches!(lead.occasion(), Some(Occasion::FraudWarning(_))) {
        return forget(sweep, &lead.id()).await;
    }
    sweep.store.keep(&Lead { due_at: None, ..lead.clone() }).await.map_err(LeadError::Store)?;
    Ok(ItemOutcome::Written)
}
