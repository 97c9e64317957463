//! Reading requests: one, or an account's, newest first.

use lambda::Invocation;
use lambda::http::{Problem, Request, Response, cursor};
use ledger::{RefundRequestId, Timestamp};
use refunds::{ListedBefore, RefundStore};
use serde::Serialize;

use crate::app::{RefundRequests, reach, store_failed, support};
use crate::request_view;
use crate::stored::{is_shown_to, show_with_notes, stored, stored_of};

/// Requests of one page. A request with its decision is about 8 KB, and 400 KB at most, as DynamoDB's items
/// are; an answer has 6 MB at most.
const PAGE: u16 = 15;

#[derive(Serialize)]
struct Page<'requests> {
    refund_requests: Vec<request_view::RequestAnswer<'requests>>,
    next_cursor: Option<String>,
}

/// `GET /v1/accounts/{account}/refund-requests/{id}`
pub(crate) async fn show<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, caller) = reach(app, request, invocation)?;
    let stored = stored_of(app, request, &account, caller.role()).await?;
    show_with_notes(app, &stored, &caller, invocation).await
}

/// `GET /v1/refund-requests/{id}`: the same for support, who may have the id alone.
pub(crate) async fn show_to_support<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let caller = support(app, request, invocation)?;
    let stored = stored(app, request).await?;
    lambda::log::account(&stored.account);
    show_with_notes(app, &stored, &caller, invocation).await
}

/// `GET /v1/accounts/{account}/refund-requests/{id}/decision`: everything that the decision rests on. The
/// customer has a right to the reasons, too.
pub(crate) async fn decision<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, caller) = reach(app, request, invocation)?;
    let stored = stored_of(app, request, &account, caller.role()).await?;
    Ok(Response::json(200, &stored.case.decision))
}

/// `GET /v1/accounts/{account}/refund-requests`: without quotes, which one request alone shows.
pub(crate) async fn list<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, caller) = reach(app, request, invocation)?;
    let before = match request.query("cursor") {
        Some(cursor) => {
            let place = cursor::read(account.as_str(), cursor)?;
            Some(read_place(&place).ok_or_else(cursor::refused)?)
        }
        None => None,
    };
    let requests = app.store.requests_of(&account, before, PAGE).await.map_err(store_failed)?;
    let full = requests.len() == usize::from(PAGE);
    let last = requests.last().filter(|_| full);
    let next_cursor = last.map(|last| cursor::write(account.as_str(), &place(last.submitted_at(), &last.id)));
    let refund_requests = requests
        .iter()
        .filter(|request| is_shown_to(request, caller.role()))
        .map(|request| request_view::request(request, caller.role(), None))
        .collect();
    Ok(Response::json(200, &Page { refund_requests, next_cursor }))
}

fn place(at: Timestamp, id: &RefundRequestId) -> String {
    format!("{}.{id}", at.as_ms())
}

fn read_place(place: &str) -> Option<ListedBefore> {
    let (at, id) = place.split_once('.')?;
    Some(ListedBefore::Request(Timestamp::from_ms(at.parse().ok()?).ok()?, RefundRequestId::new(id).ok()?))
}
