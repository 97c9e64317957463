//! Internal notes: what support people write about a request for each other.
//!
//! Notes are items of their own beside the request: a request is read and written with every step, and
//! its notes are read where support looks at it alone. They are numbered from 1 without gaps, so that the
//! next number is the lock: of two writers at once, the second one reads again.

use std::future::Future;

use ledger::{NoteId, RefundRequestId, Timestamp};

use crate::RequestStore;

/// Longest internal note, in characters: a page.
pub const INTERNAL_NOTE_CHARACTERS_MAX: usize = 2_000;
/// Most internal notes of one request. With four bytes a character they are 800 KB, within the one megabyte
/// that a query of DynamoDB's answers.
pub const INTERNAL_NOTES_MAX: usize = 100;

/// What a support person wrote about a request. Customers never see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalNote {
    /// The client's id of it: the same note again is known by it.
    pub id: NoteId,
    pub text: String,
    /// The support person: the `sub` of the token.
    pub by: String,
    pub at: Timestamp,
}

/// How an attempt to add a note ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteOutcome {
    Written,
    /// The same person has written this text under this id before: the note as it is kept.
    Repeated(InternalNote),
    /// The id belongs to another note.
    OtherContent,
    /// The request has [`INTERNAL_NOTES_MAX`] notes.
    TooMany,
}

/// Keeps internal notes.
pub trait NoteStore: RequestStore {
    /// A request's notes, oldest first, in one round trip.
    fn notes_of(
        &self,
        request: &RefundRequestId,
    ) -> impl Future<Output = Result<Vec<InternalNote>, Self::Error>> + Send;

    /// Writes the note with this number, in one round trip. False, and nothing is written, if that number is
    /// taken.
    fn write_note(
        &self,
        request: &RefundRequestId,
        number: usize,
        note: &InternalNote,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// What becomes known of `note` beside the notes that there are; `None` if it can be written as the next one.
pub(crate) fn compare(notes: &[InternalNote], note: &InternalNote) -> Option<NoteOutcome> {
    if let Some(kept) = notes.iter().find(|kept| kept.id == note.id) {
        let is_same = kept.text == note.text && kept.by == note.by;
        return Some(if is_same { NoteOutcome::Repeated(kept.clone()) } else { NoteOutcome::OtherContent });
    }
    (notes.len() >= INTERNAL_NOTES_MAX).then_some(NoteOutcome::TooMany)
}

/// Adds a note to a request's. `None` if other writers were first at every one of `attempts`.
pub async fn add_note<S: NoteStore>(
    store: &S,
    attempts: u32,
    request: &RefundRequestId,
    note: &InternalNote,
) -> Result<Option<NoteOutcome>, S::Error> {
    for _ in 0..attempts {
        let notes = store.notes_of(request).await?;
        if let Some(outcome) = compare(&notes, note) {
            return Ok(Some(outcome));
        }
        if store.write_note(request, notes.len().saturating_add(1), note).await? {
            return Ok(Some(NoteOutcome::Written));
        }
    }
    Ok(None)
}
