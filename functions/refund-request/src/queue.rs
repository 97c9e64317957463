//! Support's queue: `GET /v1/refund-requests`, the requests that wait for people, most urgent first.
//!
//! One page is one query of a sparse index that carries what is shown; filters are applied to what is read,
//! so a short page may still have a next. The order is the index's own: raised
//! priority, then the earliest deadline. The index lags behind the last writes by a moment.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response, cursor};
use ledger::Timestamp;
use policy::Recommendation;
use refunds::{ClockState, RefundStore, State, Waiting, fingerprint};
use serde::Serialize;

use crate::app::{RefundRequests, store_failed, support};
use crate::quote_view::{MoneyAnswer, money};
use crate::request_view::ClaimAnswer;

/// Requests of one page and of one query: more than a person takes up at once, at about 600 bytes each.
const PAGE: u16 = 50;
/// Most queries of one call: a filter that fits nothing looks at 500 requests and says where to go on.
const QUERIES_MAX: u8 = 10;

#[derive(Serialize)]
struct Page<'waiting> {
    refund_requests: Vec<WaitingAnswer<'waiting>>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct WaitingAnswer<'waiting> {
    id: &'waiting str,
    account: &'waiting str,
    product: Option<&'waiting str>,
    reason: &'static str,
    state: &'static str,
    submitted_at: String,
    amount: Option<MoneyAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_hand: Option<ByHandAnswer<'waiting>>,
    recommendation: Option<&'waiting Recommendation>,
    priority: &'static str,
    clock: Option<UrgentAnswer<'waiting>>,
    claim: Option<ClaimAnswer<'waiting>>,
}

/// Where a person has to refund the amount.
#[derive(Serialize)]
struct ByHandAnswer<'waiting> {
    provider: &'static str,
    payment: &'waiting str,
}

#[derive(Serialize)]
struct UrgentAnswer<'waiting> {
    id: &'waiting str,
    clause: Option<&'waiting str>,
    state: &'static str,
    due_at: String,
}

/// What the caller wants to see.
struct Filters<'request> {
    state: Option<State>,
    product: Option<&'request str>,
    claimed_by: Option<ClaimedBy>,
    clock: Option<ClockIs>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClaimedBy {
    Me,
    None,
    Anyone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClockIs {
    Warned,
    Breached,
}

pub(crate) async fn queue<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = support(app, request, invocation)?;
    let filters = Filters::read(request)?;
    let of = of_filters(request);
    let mut after = request.query("cursor").map(|cursor| cursor::read(&of, cursor)).transpose()?;
    if after.as_deref().is_some_and(|place| !Waiting::is_place(place)) {
        return Err(cursor::refused());
    }
    let (mut found, mut more) = (Vec::new(), true);
    let mut queries = 0;
    while more && found.len() < usize::from(PAGE) && queries < QUERIES_MAX {
        let read = app.store.waiting(after.as_deref(), PAGE).await.map_err(store_failed)?;
        more = read.len() >= usize::from(PAGE);
        for waiting in read {
            if found.len() >= usize::from(PAGE) {
                more = true;
                break;
            }
            after = Some(waiting.place());
            if filters.fit(&waiting, caller.subject(), now) {
                found.push(waiting);
            }
        }
        queries = queries.saturating_add(1);
    }
    let next_cursor = after.filter(|_| more).map(|place| cursor::write(&of, &place));
    let refund_requests = found.iter().map(|waiting| answer(waiting, now)).collect();
    Ok(Response::json(200, &Page { refund_requests, next_cursor }))
}

fn answer(waiting: &Waiting, now: Timestamp) -> WaitingAnswer<'_> {
    WaitingAnswer {
        id: waiting.id.as_str(),
        account: waiting.account.as_str(),
        product: waiting.product.as_deref(),
        reason: waiting.reason.as_str(),
        state: waiting.state.as_str(),
        submitted_at: waiting.submitted_at.to_string(),
        amount: waiting.amount.map(money),
        by_hand: waiting.by_hand.as_ref().map(|(provider, payment)| ByHandAnswer {
            provider: provider.as_str(),
            payment: payment.as_str(),
        }),
        recommendation: waiting.recommendation.as_ref(),
        priority: waiting.priority.as_str(),
        clock: waiting.clock.as_ref().map(|clock| UrgentAnswer {
            id: &clock.id,
            clause: clock.clause.as_deref(),
            state: clock.state(now).as_str(),
            due_at: clock.due_at.to_string(),
        }),
        claim: waiting.claim_at(now).map(ClaimAnswer::of),
    }
}

impl<'request> Filters<'request> {
    fn read(request: &'request Request<'_>) -> Result<Self, Problem> {
        Ok(Self {
            state: word(request, "state", &State::ALL.map(|state| (state.as_str(), state)))?,
            product: request.query("product"),
            claimed_by: word(
                request,
                "claimed_by",
                &[("me", ClaimedBy::Me), ("none", ClaimedBy::None), ("anyone", ClaimedBy::Anyone)],
            )?,
            clock: word(request, "clock", &[("warned", ClockIs::Warned), ("breached", ClockIs::Breached)])?,
        })
    }

    fn fit(&self, waiting: &Waiting, caller: &str, now: Timestamp) -> bool {
        let claim = waiting.claim_at(now);
        let clock = waiting.clock.as_ref();
        self.state.is_none_or(|state| state == waiting.state)
            && self.product.is_none_or(|product| waiting.product.as_deref() == Some(product))
            && self.claimed_by.is_none_or(|by| match by {
                ClaimedBy::Me => claim.is_some_and(|claim| claim.by == caller),
                ClaimedBy::None => claim.is_none(),
                ClaimedBy::Anyone => claim.is_some(),
            })
            && self.clock.is_none_or(|is| match is {
                ClockIs::Warned => clock.is_some_and(|clock| clock.warns(now)),
                ClockIs::Breached => clock.is_some_and(|clock| clock.state(now) == ClockState::Breached),
            })
    }
}

/// What a cursor belongs to: the queue and its filters.
fn of_filters(request: &Request<'_>) -> String {
    let text = |name| request.query(name).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(fingerprint(&[
        "queue",
        text("state"),
        text("product"),
        text("claimed_by"),
        text("clock"),
    ]))
}

/// One of the words that a filter takes.
fn word<T: Copy>(request: &Request<'_>, name: &str, words: &[(&str, T)]) -> Result<Option<T>, Problem> {
    let Some(given) = request.query(name) else { return Ok(None) };
    let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
    found.map(Some).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let detail = format!("`{name}` is not valid; expected one of {}", words.join(", "));
        Problem::new(ProblemKind::InvalidRequest).detail(detail)
    })
}
