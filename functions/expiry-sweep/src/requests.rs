//! Requests with something due: a payout whose message was lost, whose refund Stripe has not confirmed or
//! whose plan it has not ended, and clocks that warn, run out or have not been looked at since the request
//! moved. Leads are in the same index.
//!
//! The payout itself looks up what Stripe has before it asks again, so that an announcement too many costs
//! one message. Payouts go by the wall clock: a run for another day must not put them off. Clocks go by the
//! schedule's time. What a run finds is written under the condition that nobody else moved the request, and
//! counted when it is written: a run that comes second finds nothing to count.

use futures_util::stream::{self, StreamExt};
use ledger::{RefundRequestId, Timestamp};
use payout_queue::PayoutQueue;
use policy::Document;
use policy_documents::documents;
use refunds::{
    BY_HAND_CLOCK, Due, DueThing, EVIDENCE_CLOCK, Mark, RefundRequest, RequestStore, Save, SaveOutcome,
};

use crate::context::{Run, SHARDS_AT_ONCE, Store, Sweep};
use crate::leads::lead;
use crate::shard::{DueIndex, PAGE, sweep_shard};
use crate::status::{ItemOutcome, Status};

/// Most requests of one shard in one run: 8,000 in all are more than people file in a day, and take about
/// 4 s at two round trips of 8 ms each.
pub const REQUESTS_PER_SHARD_MAX: usize = 500;

/// Handles every due request and lead.
pub(crate) async fn sweep<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>) -> Status {
    let index = Requests { sweep, run };
    let shards = stream::iter(run.shards).map(|shard| sweep_shard(&index, run, *shard));
    let shards = shards.buffer_unordered(SHARDS_AT_ONCE);
    shards.fold(Status::default(), async |sum, (shard, _)| sum.and(shard)).await
}

/// The due index of the requests' table.
struct Requests<'a, S, Q> {
    sweep: &'a Sweep<S, Q>,
    run: &'a Run<'a>,
}

impl<S: Store, Q: PayoutQueue> DueIndex for Requests<'_, S, Q> {
    type Item = Due;
    type Key = DueThing;
    type Error = <S as RequestStore>::Error;

    const ITEMS: &'static str = "requests";
    const PER_SHARD_MAX: usize = REQUESTS_PER_SHARD_MAX;

    async fn page(&self, shard: u8) -> Result<Vec<Due>, Self::Error> {
        self.sweep.store.due_requests(shard, self.run.now, PAGE).await
    }

    fn key(due: &Due) -> &DueThing {
        &due.thing
    }

    fn due_at(due: &Due) -> Timestamp {
        due.due_at
    }

    async fn settle(&self, due: &Due) -> ItemOutcome {
        match &due.thing {
            DueThing::Request(id) => request(self.sweep, self.run, id).await,
            DueThing::Lead(id) => lead(self.sweep, self.run, id).await,
        }
    }
}

/// Handles one due request. A failure does not stop the others.
async fn request<S: Store, Q: PayoutQueue>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    id: &RefundRequestId,
) -> ItemOutcome {
    let failed = |error: &(dyn std::error::Error + 'static)| {
        let request = id.as_str();
        tracing::error!(request, outcome = "failed", error, "due request is not handled");
        ItemOutcome::Failed
    };
    // The index may lag behind a request that is gone.
    let stored = match sweep.store.request(id).await {
        Ok(Some(stored)) => stored,
        Ok(None) => return ItemOutcome::NothingDue,
        Err(error) => return failed(&error),
    };
    let mut request = stored.clone();
    let wall = run.now.min(run.wall);
    let mut done = ItemOutcome::Written;
    let announced = request.is_stuck(wall);
    if announced {
        match sweep.payouts.announce(id).await {
            Ok(()) => request.sent_again(wall),
            // Its clocks go on all the same.
            Err(error) => done = failed(&error),
        }
    }
    let document = document_of(&request);
    request.keep_time(document);
    let marks = request.mark_time(run.now);
    if request == stored {
        return if matches!(done, ItemOutcome::Failed) { done } else { ItemOutcome::NothingDue };
    }
    request.count_save();
    let save = Save { request, commit: None, refunded: None };
    match sweep.store.save(&save).await {
        Ok(SaveOutcome::Written) => {
            count(run, &save.request, document, &marks);
            if announced && matches!(done, ItemOutcome::Written) {
                run.invocation.metrics().count("PayoutsSentAgain", 1);
            }
            done
        }
        // Another write moved it meanwhile; the next run looks again.
        Ok(
            SaveOutcome::Stale(_)
            | SaveOutcome::Taken(_)
            | SaveOutcome::Ledger(_)
            | SaveOutcome::PaymentMoved
            | SaveOutcome::CountMoved
            | SaveOutcome::TooMany
            | SaveOutcome::NotAllowed,
        ) => ItemOutcome::NothingDue,
        Err(error) => failed(&error),
    }
}

/// The document that decided the request, whose promises its clocks are.
fn document_of(request: &RefundRequest) -> Option<&'static Document> {
    let decision = &request.case.decision;
    documents().version(&decision.document, &decision.version)
}

/// What was marked, for the alarms on promises that are broken.
fn count(run: &Run<'_>, request: &RefundRequest, document: Option<&'static Document>, marks: &[Mark]) {
    let metrics = run.invocation.metrics();
    for mark in marks {
        let clocks = document.into_iter().flat_map(|document| &document.service_levels);
        let mut names = clocks.map(|clock| clock.id.as_str()).chain([EVIDENCE_CLOCK, BY_HAND_CLOCK]);
        let name = names.find(|id| *id == mark.clock).unwrap_or("unknown");
        let request = request.id.as_str();
        if mark.breached {
            metrics.count_labelled("ClocksBreached", ("clock", name), 1);
            metrics.count("FirmClocksBreached", u64::from(mark.firm));
            tracing::warn!(request, clock = name, outcome = "breached", "a promise is not kept in time");
        } else {
            metrics.count_labelled("ClocksWarned", ("clock", name), 1);
            tracing::info!(request, clock = name, outcome = "warned", "a promise is soon due");
        }
    }
}
