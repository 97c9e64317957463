//! `GET /v1/refund-requests/summary`: how support's queue stands, in counts of the requests that wait for
//! people.
//!
//! The counts are of the queue's sparse index, which lags behind the last writes by a moment. It is read in
//! its own order and no further than [`COUNTED_MAX`] requests; `more` says that others wait behind them.

use lambda::Invocation;
use lambda::http::{Problem, Request, Response};
use ledger::Timestamp;
use refunds::{QueueStore, QueueSummary, RefundStore};
use serde::Serialize;

use crate::app::{RefundRequests, store_failed, support};

/// At about 600 bytes each they are within the one megabyte that a query of DynamoDB's answers.
const COUNTED_MAX: u16 = 1_000;

#[derive(Serialize)]
struct SummaryAnswer<'waiting> {
    waiting: usize,
    more: bool,
    by_state: Vec<StateCount>,
    by_priority: PriorityCounts,
    clocks: ClockCounts,
    claimed: usize,
    unclaimed: usize,
    oldest: Option<OldestAnswer<'waiting>>,
}

#[derive(Serialize)]
struct StateCount {
    state: &'static str,
    requests: usize,
}

#[derive(Serialize)]
struct PriorityCounts {
    raised: usize,
    normal: usize,
}

#[derive(Serialize)]
struct ClockCounts {
    warned: usize,
    breached: usize,
}

#[derive(Serialize)]
struct OldestAnswer<'waiting> {
    id: &'waiting str,
    account: &'waiting str,
    submitted_at: String,
}

pub(crate) async fn summary<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    support(app, request, invocation)?;
    count(&app.store, invocation.now()).await
}

async fn count<S: QueueStore>(store: &S, now: Timestamp) -> Result<Response, Problem> {
    let mut waiting = store.waiting(None, COUNTED_MAX.saturating_add(1)).await.map_err(store_failed)?;
    let more = waiting.len() > usize::from(COUNTED_MAX);
    waiting.truncate(usize::from(COUNTED_MAX));
    let counted = QueueSummary::of(&waiting, now);
    let by_state = counted.by_state.iter();
    Ok(Response::json(
        200,
        &SummaryAnswer {
            waiting: counted.waiting,
            more,
            by_state: by_state
                .map(|(state, requests)| StateCount { state: state.as_str(), requests: *requests })
                .collect(),
            by_priority: PriorityCounts { raised: counted.raised, normal: counted.normal },
            clocks: ClockCounts { warned: counted.warned, breached: counted.breached },
            claimed: counted.claimed,
            unclaimed: counted.waiting.saturating_sub(counted.claimed),
            oldest: counted.oldest.map(|oldest| OldestAnswer {
                id: oldest.id.as_str(),
                account: oldest.account.as_str(),
                submitted_at: oldest.submitted_at.to_string(),
            }),
        },
    ))
}

#[cfg(test)]
mod tests {
    use ledger::{AccountId, RefundRequestId};
    use policy::Reason;
    use refunds::{ListedBefore, Priority, RefundRequest, RequestStore, Save, SaveOutcome, State, Waiting};
    use serde_json::{Value, json};

    use super::*;

    /// A queue of so many requests.
    struct Line(usize);

    fn waiting(number: usize) -> Waiting {
        Waiting {
            id: RefundRequestId::new(format!("rr_{number}")).unwrap(),
            account: AccountId::new("customer-1").unwrap(),
            product: None,
            reason: Reason::ChangedMind,
            amount: None,
            by_hand: None,
            recommendation: None,
            state: State::InReview,
            submitted_at: Timestamp::from_ms(1_793_000_000_000).unwrap(),
            priority: Priority::Normal,
            clock: None,
            claim: None,
        }
    }

    impl RequestStore for Line {
        type Error = std::convert::Infallible;

        async fn request(&self, _: &RefundRequestId) -> Result<Option<RefundRequest>, Self::Error> {
            Ok(None)
        }

        async fn requests_of(
            &self,
            _: &AccountId,
            _: Option<ListedBefore>,
            _: u16,
        ) -> Result<Vec<RefundRequest>, Self::Error> {
            Ok(Vec::new())
        }

        async fn save(&self, _: &Save) -> Result<SaveOutcome, Self::Error> {
            Ok(SaveOutcome::TooMany)
        }
    }

    impl QueueStore for Line {
        async fn waiting(&self, _: Option<&str>, limit: u16) -> Result<Vec<Waiting>, Self::Error> {
            Ok((0..self.0.min(usize::from(limit))).map(waiting).collect())
        }
    }

    #[tokio::test]
    async fn no_more_than_a_thousand_are_counted_and_more_says_that_others_wait() {
        for (there, counted, more) in [(999, 999, false), (1_000, 1_000, false), (1_001, 1_000, true)] {
            let response = count(&Line(there), Timestamp::from_ms(1_793_000_000_000).unwrap()).await.unwrap();
            let answer: Value = serde_json::from_str(response.body()).unwrap();
            assert_eq!((&answer["waiting"], &answer["more"]), (&json!(counted), &json!(more)), "{there}");
            assert_eq!(answer["unclaimed"], counted, "{there}");
        }
    }
}
