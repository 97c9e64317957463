//! Internal notes as items of their own: `NOTES#<request>` with the note's number.

use ledger::RefundRequestId;
use refunds::{INTERNAL_NOTES_MAX, InternalNote, NoteStore};

use crate::item::{ABSENT, Item, key, number, read_instant, read_text, text};
use crate::scalar::id;
use crate::{StoreError, Tables};

fn notes_key(request: &RefundRequestId) -> String {
    format!("NOTES#{request}")
}

/// Three digits keep the notes in order.
pub(crate) fn note_item(request: &RefundRequestId, place: usize, note: &InternalNote) -> Item {
    let mut item = key(notes_key(request), format!("{place:03}"));
    item.insert("id".to_owned(), text(note.id.as_str()));
    item.insert("text".to_owned(), text(&*note.text));
    item.insert("by".to_owned(), text(&*note.by));
    item.insert("at".to_owned(), number(note.at.as_ms()));
    item
}

pub(crate) fn note(item: &Item) -> Result<InternalNote, StoreError> {
    Ok(InternalNote {
        id: id(read_text(item, "id")?)?,
        text: read_text(item, "text")?.to_owned(),
        by: read_text(item, "by")?.to_owned(),
        at: read_instant(item, "at")?,
    })
}

impl NoteStore for Tables {
    async fn notes_of(&self, request: &RefundRequestId) -> Result<Vec<InternalNote>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.requests)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(notes_key(request)))
            .consistent_read(true);
        let limit = u16::try_from(INTERNAL_NOTES_MAX).unwrap_or(u16::MAX);
        self.items(&query, limit).await?.iter().map(note).collect()
    }

    async fn write_note(
        &self,
        request: &RefundRequestId,
        place: usize,
        note: &InternalNote,
    ) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.requests)
            .set_item(Some(note_item(request, place, note)))
            .condition_expression(ABSENT);
        self.write(|| put.clone().send()).await
    }
}
