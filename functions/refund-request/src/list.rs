//! Reading requests: one, or an account's, newest first.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{AccountId, RefundRequestId, Timestamp};
use refunds::{Stores, fingerprint};
use serde::Serialize;

use crate::{RefundRequests, answer, reach, show as shown, store_failed};

/// Requests of one page; a request with its decision is about 8 KB, and an answer has 6 MB at most.
const PAGE: u16 = 20;

#[derive(Serialize)]
struct Page<'requests> {
    refund_requests: Vec<answer::RequestAnswer<'requests>>,
    next_cursor: Option<String>,
}

/// `GET /v1/accounts/{account}/refund-requests/{id}`
pub(crate) async fn show<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, caller) = reach(app, request, invocation)?;
    let id: RefundRequestId = request.path_id("id")?;
    let stored = app.store.request(&id).await.map_err(store_failed)?;
    let stored = stored.filter(|stored| stored.account == account);
    let stored = stored.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    shown(app, 200, &stored, caller.role(), invocation).await
}

/// `GET /v1/accounts/{account}/refund-requests`: without quotes, which one request alone shows.
pub(crate) async fn list<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, caller) = reach(app, request, invocation)?;
    let before = request.query("cursor").map(|cursor| read_cursor(&account, cursor)).transpose()?;
    let requests = app.store.requests_of(&account, before, PAGE).await.map_err(store_failed)?;
    let full = requests.len() == usize::from(PAGE);
    let last = requests.last().filter(|_| full);
    let next_cursor = last.map(|last| cursor(&account, last.submitted_at, &last.id));
    let refund_requests =
        requests.iter().map(|request| answer::request(request, caller.role(), None)).collect();
    Ok(Response::json(200, &Page { refund_requests, next_cursor }))
}

/// A cursor says where to go on and carries a check over it and the account, so that one of another account
/// or a changed one is refused (D12). It is no secret: it only leads through the caller's own requests.
fn cursor(account: &AccountId, at: Timestamp, id: &RefundRequestId) -> String {
    let place = format!("{}.{id}", at.as_ms());
    URL_SAFE_NO_PAD.encode(format!("{}.{place}", check(account, &place)))
}

fn check(account: &AccountId, place: &str) -> String {
    let digest = fingerprint(&[account.as_str(), place]);
    URL_SAFE_NO_PAD.encode(digest.get(..9).unwrap_or_default())
}

fn read_cursor(account: &AccountId, cursor: &str) -> Result<(Timestamp, RefundRequestId), Problem> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (found, place) = text.split_once('.')?;
        let (at, id) = place.split_once('.')?;
        let at = Timestamp::from_ms(at.parse().ok()?).ok()?;
        (found == check(account, place)).then_some((at, RefundRequestId::new(id).ok()?))
    };
    read().ok_or_else(|| Problem::new(ProblemKind::InvalidCursor))
}
