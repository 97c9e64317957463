//! Reading adjustments: one, an account's, newest first, and those that wait for a second person, oldest
//! first.

use adjustments::{Adjustment, AdjustmentPlace, AdjustmentState, LAPSES_AFTER_S};
use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response, cursor};
use ledger::Timestamp;
use serde::Serialize;

use crate::app::{AccountAdjustments, AdjustingStore, account, stored, support};
use crate::view::{self, AdjustmentAnswer};

/// Adjustments of one page: at most 5 KB each.
const PAGE: u16 = 50;
/// What the cursor of the queue belongs to; no account's id has a space.
const QUEUE: &str = "waiting adjustments";

#[derive(Serialize)]
struct Page<'adjustments> {
    adjustments: Vec<AdjustmentAnswer<'adjustments>>,
    next_cursor: Option<String>,
}

/// `GET /v1/accounts/{account}/adjustments/{id}`
pub(crate) async fn show<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    support(app, request, invocation)?;
    let stored = stored(app, &account(request)?, &request.path_id("id")?).await?;
    Ok(Response::json(200, &view::adjustment(&stored, invocation.now())))
}

/// `GET /v1/accounts/{account}/adjustments`
pub(crate) async fn list<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    support(app, request, invocation)?;
    let account = account(request)?;
    let before = place(account.as_str(), request.query("cursor"))?;
    let found = app.store.adjustments_of(&account, before, PAGE).await.map_err(Problem::unavailable)?;
    Ok(page(&found, account.as_str(), invocation.now()))
}

/// `GET /v1/adjustments`: those that wait for a second person and have not lapsed.
pub(crate) async fn queue<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    support(app, request, invocation)?;
    let waits = AdjustmentState::WaitingForApproval.as_str();
    if request.query("state").is_some_and(|state| state != waits) {
        let detail = format!("the query's `state` must be {waits}");
        return Err(Problem::new(ProblemKind::InvalidRequest).detail(detail));
    }
    queue_from(app, request.query("cursor"), invocation).await
}

/// The page of the queue that a cursor leads to.
pub(crate) async fn queue_from<S: AdjustingStore>(
    app: &AccountAdjustments<S>,
    cursor: Option<&str>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let lapsed_at = now.as_ms().saturating_sub(LAPSES_AFTER_S.saturating_mul(1_000));
    let lapsed_at = Timestamp::from_ms(lapsed_at).map_err(Problem::internal)?;
    let after = place(QUEUE, cursor)?;
    let found = app.store.undecided_adjustments(lapsed_at, after, PAGE).await;
    Ok(page(&found.map_err(Problem::unavailable)?, QUEUE, now))
}

fn page(found: &[Adjustment], of: &str, now: Timestamp) -> Response {
    let last = found.last().filter(|_| found.len() >= usize::from(PAGE));
    let next_cursor =
        last.map(|last| cursor::write(of, &format!("{}.{}", last.submitted.at.as_ms(), last.id)));
    let adjustments = found.iter().map(|adjustment| view::adjustment(adjustment, now)).collect();
    Response::json(200, &Page { adjustments, next_cursor })
}

fn place(of: &str, text: Option<&str>) -> Result<Option<AdjustmentPlace>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let place = cursor::read(of, text)?;
    let read = |place: &str| {
        let (at, id) = place.split_once('.')?;
        Some((Timestamp::from_ms(at.parse().ok()?).ok()?, id.parse().ok()?))
    };
    read(&place).map(Some).ok_or_else(cursor::refused)
}
