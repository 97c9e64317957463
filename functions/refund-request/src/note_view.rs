//! The published form of an internal note.

use refunds::InternalNote;
use serde::Serialize;

/// An internal note as support sees it.
#[derive(Serialize)]
pub(crate) struct NoteAnswer<'note> {
    id: &'note str,
    text: &'note str,
    by: &'note str,
    at: String,
}

impl<'note> NoteAnswer<'note> {
    pub(crate) fn of(note: &'note InternalNote) -> Self {
        Self { id: note.id.as_str(), text: &note.text, by: &note.by, at: note.at.to_string() }
    }
}
