//! The stored request that a path names, and the answer that shows it.

use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::{AccountId, RefundRequestId};
use refunds::RefundStore;

use crate::app::{RefundRequests, store_failed};
use crate::quote_records::{QuoteRecords, document_of};
use crate::request_view;

/// The stored request that the path names.
pub(crate) async fn stored<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
) -> Result<refunds::RefundRequest, Problem> {
    let id: RefundRequestId = request.path_id("id")?;
    lambda::log::cause(id.as_str());
    let stored = app.store.request(&id).await.map_err(store_failed)?;
    let mut stored = stored.ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    // Stripe's reports move a request without a document at hand: its clocks are shown up to date all the
    // same.
    stored.keep_time(document_of(&stored.case).ok());
    Ok(stored)
}

/// The same, if it belongs to the account and `role` may see it. Another account's request is answered like a
/// missing one, and so is, to a customer, a case that a report of Stripe's opened.
pub(crate) async fn stored_of<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    account: &AccountId,
    role: Role,
) -> Result<refunds::RefundRequest, Problem> {
    let found = stored(app, request).await?;
    if found.account == *account && is_shown_to(&found, role) {
        Ok(found)
    } else {
        Err(Problem::new(ProblemKind::NotFound))
    }
}

/// Whether `role` may see a request: what Stripe reported, and what is recommended about it, is support's.
pub(crate) fn is_shown_to(request: &refunds::RefundRequest, role: Role) -> bool {
    role == Role::Support || request.case.occasion.is_none()
}

/// A stored request as [`show`] shows it, to support with its internal notes. A support person whose own
/// request it is sees none.
pub(crate) async fn show_with_notes<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    stored: &refunds::RefundRequest,
    caller: &Caller,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    if caller.role() != Role::Support || caller.subject() == stored.account.as_str() {
        return show(app, 200, stored, caller.role(), invocation).await;
    }
    let (known, notes) = tokio::join!(QuoteRecords::of_open(app, stored), app.store.notes_of(&stored.id));
    let (known, notes) = (known?, notes.map_err(store_failed)?);
    let standing = known.as_ref().map(|known| known.standing(invocation.now()));
    let shown = request_view::request(stored, caller.role(), standing.as_ref()).with_notes(&notes);
    Ok(Response::json(200, &shown))
}

/// A stored request as it stands, with what could still be paid.
pub(crate) async fn show<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    status: u16,
    stored: &refunds::RefundRequest,
    role: Role,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let known = QuoteRecords::of_open(app, stored).await?;
    let standing = known.as_ref().map(|known| known.standing(invocation.now()));
    Ok(Response::json(status, &request_view::request(stored, role, standing.as_ref())))
}
