//! Internal notes: `POST /v1/refund-requests/{id}/notes`, what support people write for each other.
//!
//! The caller gives each note an id, so that the same note again is known. A note is in no log, metric or
//! entry, and in no answer to a customer.

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use ledger::NoteId;
use refunds::{INTERNAL_NOTE_CHARACTERS_MAX, INTERNAL_NOTES_MAX, InternalNote, NoteOutcome, RefundStore};
use serde::Deserialize;

use crate::app::{RefundRequests, store_failed, support};
use crate::input::{id, read, unprocessable};
use crate::note_view::NoteAnswer;
use crate::stored::stored;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoteBody {
    id: String,
    text: String,
}

pub(crate) async fn add<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let caller = support(app, request, invocation)?;
    let body: NoteBody = read(request)?;
    let id: NoteId = id("#/id", Some(&body.id))?.ok_or_else(|| unprocessable("#/id", "expected an id"))?;
    if body.text.trim().is_empty() || body.text.chars().count() > INTERNAL_NOTE_CHARACTERS_MAX {
        let expected = format!("expected 1 to {INTERNAL_NOTE_CHARACTERS_MAX} characters");
        return Err(unprocessable("#/text", expected));
    }
    let stored = stored(app, request).await?;
    lambda::log::account(&stored.account);
    if caller.subject() == stored.account.as_str() {
        return Err(Problem::new(ProblemKind::Forbidden).detail("the request is your own"));
    }
    let note = InternalNote { id, text: body.text, by: caller.subject().to_owned(), at: invocation.now() };
    let added = refunds::add_note(&app.store, app.backoff.attempts_max(), &stored.id, &note).await;
    match added.map_err(store_failed)? {
        Some(NoteOutcome::Written) => {
            invocation.metrics().count("NotesWritten", 1);
            tracing::info!(outcome = "written", "internal note is written");
            Ok(Response::json(201, &NoteAnswer::of(&note)))
        }
        Some(NoteOutcome::Repeated(kept)) => {
            tracing::info!(outcome = "repeated", "internal note was written before");
            Ok(Response::json(201, &NoteAnswer::of(&kept)).header("idempotency-hit", "true"))
        }
        Some(NoteOutcome::OtherContent) => Err(Problem::new(ProblemKind::IdempotencyKeyReused)
            .field("#/id", "expected another id: this one belongs to another note of the request")),
        Some(NoteOutcome::TooMany) => {
            let detail = format!("the request has {INTERNAL_NOTES_MAX} internal notes and takes no more");
            Err(Problem::new(ProblemKind::StateConflict).detail(detail))
        }
        None => Err(Problem::new(ProblemKind::RequestInProgress).retry_after_s(1)),
    }
}
