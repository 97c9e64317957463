//! Requests with something due: a payout whose message was lost, whose refund Stripe has not confirmed or
//! whose plan it has not ended, and clocks that warn, run out or have not been looked at since the request
//! moved. Leads are in the same index.
//!
//! The payout itself looks up what Stripe has before it asks again, so that an announcement too many costs
//! one message. Payouts go by the wall clock: a run for another day must not put them off. Clocks go by the
//! schedule's time. What a run finds is written under the condition that nobody else moved the request, and
//! counted when it is written: a run that comes second finds nothing to count.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt};
use lambda::payout_queue::PayoutQueue;
use ledger::{DUE_SHARDS, RefundRequestId};
use policy::Document;
use policy_documents::documents;
use refunds::{Due, DueThing, Mark, Request, Save, Saved};

use crate::accounts::DEADLINE_MARGIN_MS;
use crate::leads::lead;
use crate::status::Status;
use crate::{Run, SHARDS_AT_ONCE, Store, Sweep};

/// Requests of one query.
const PAGE: u16 = 100;
/// Requests of one shard at once: with two shards 32, beside as many accounts.
const AT_ONCE: usize = 16;
/// Most requests of one shard in one run: 8,000 in all are more than people file in a day, and take about
/// 4 s at two round trips of 8 ms each.
pub const REQUESTS_PER_SHARD_MAX: usize = 500;

/// Does what is due of all requests.
pub(crate) async fn sweep<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>) -> Status {
    let shards = stream::iter(0..DUE_SHARDS).map(|shard| one_shard(sweep, run, shard));
    let shards = shards.buffer_unordered(SHARDS_AT_ONCE);
    shards.fold(Status::default(), async |sum, shard| sum.and(shard)).await
}

/// The outcome of one request or lead.
pub(crate) enum Done {
    Written,
    NothingDue,
    Failed,
}

async fn one_shard<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>, shard: u8) -> Status {
    let mut status = Status::default();
    let mut seen: HashSet<DueThing> = HashSet::new();
    loop {
        let page = match sweep.store.due_requests(shard, run.now, PAGE).await {
            Ok(page) => page,
            Err(error) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(shard, outcome = "failed", error, "requests that are due are not read");
                status.failed = status.failed.saturating_add(1);
                return status;
            }
        };
        let is_full = page.len() >= usize::from(PAGE);
        let mut page: Vec<_> = page.into_iter().filter(|due| !seen.contains(&due.thing)).collect();
        for due in &page {
            status.is_late(due.due_at, run.now.min(run.wall));
        }
        let in_time = run.invocation.deadline().remaining().as_millis() > u128::from(DEADLINE_MARGIN_MS);
        let room = if in_time { REQUESTS_PER_SHARD_MAX.saturating_sub(seen.len()) } else { 0 };
        let left = page.split_off(room.min(page.len()));
        let done = stream::iter(&page).map(|due| thing(sweep, run, due)).buffer_unordered(AT_ONCE);
        note(&mut status, &done.collect::<Vec<_>>().await);
        // A whole page of requests that stay due hides those behind it. They count as at least one.
        let hidden = usize::from(is_full && page.is_empty());
        status.left_over = u64::try_from(left.len().max(hidden)).unwrap_or(u64::MAX);
        if status.left_over > 0 || !is_full {
            return status;
        }
        seen.extend(page.into_iter().map(|due| due.thing));
    }
}

fn note(status: &mut Status, done: &[Done]) {
    for done in done {
        status.looked_at = status.looked_at.saturating_add(1);
        match done {
            Done::Written => status.done = status.done.saturating_add(1),
            Done::NothingDue => {}
            Done::Failed => status.failed = status.failed.saturating_add(1),
        }
    }
}

async fn thing<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>, due: &Due) -> Done {
    match &due.thing {
        DueThing::Request(id) => request(sweep, run, id).await,
        DueThing::Lead(id) => lead(sweep, run, id).await,
    }
}

/// Does what is due of one request; its failure is its own.
async fn request<S: Store, Q: PayoutQueue>(sweep: &Sweep<S, Q>, run: &Run<'_>, id: &RefundRequestId) -> Done {
    let failed = |error: &(dyn std::error::Error + 'static)| {
        let request = id.as_str();
        tracing::error!(request, outcome = "failed", error, "what is due of the request is not done");
        Done::Failed
    };
    // The index may lag behind a request that is gone.
    let stored = match sweep.store.request(id).await {
        Ok(Some(stored)) => stored,
        Ok(None) => return Done::NothingDue,
        Err(error) => return failed(&error),
    };
    let mut request = stored.clone();
    let wall = run.now.min(run.wall);
    let mut done = Done::Written;
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
        return if matches!(done, Done::Failed) { done } else { Done::NothingDue };
    }
    request.version = request.version.saturating_add(1);
    let save = Save { request, commit: None, refunded: None };
    match sweep.store.save(&save).await {
        Ok(Saved::Written) => {
            count(run, &save.request, document, &marks);
            if announced && matches!(done, Done::Written) {
                run.invocation.metrics().count("PayoutsSentAgain", 1);
            }
            done
        }
        // Somebody moved it meanwhile; what is due of it then is the next run's.
        Ok(
            Saved::Stale(_)
            | Saved::Taken(_)
            | Saved::Ledger(_)
            | Saved::PaymentMoved
            | Saved::CountMoved
            | Saved::TooMany
            | Saved::NotAllowed,
        ) => Done::NothingDue,
        Err(error) => failed(&error),
    }
}

/// The document that decided the request, whose promises its clocks are.
fn document_of(request: &Request) -> Option<&'static Document> {
    let decision = &request.case.decision;
    documents().version(&decision.document, &decision.version)
}

/// What was marked, for the alarms on promises that are broken.
fn count(run: &Run<'_>, request: &Request, document: Option<&'static Document>, marks: &[Mark]) {
    let metrics = run.invocation.metrics();
    for mark in marks {
        let clocks = document.into_iter().flat_map(|document| &document.clocks);
        let name = clocks.map(|clock| clock.id.as_str()).find(|id| *id == mark.clock).unwrap_or("unknown");
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
