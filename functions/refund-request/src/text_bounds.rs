//! The bounds of every text that people write.

use lambda::http::Problem;
use refunds::{NOTE_BYTES_MAX, NOTE_CHARACTERS_MAX};

use crate::input::unprocessable;

/// A text that may be empty.
pub(crate) fn check_note(field: &str, text: &str) -> Result<(), Problem> {
    if text.chars().count() > NOTE_CHARACTERS_MAX {
        return Err(unprocessable(field, format!("expected at most {NOTE_CHARACTERS_MAX} characters")));
    }
    if bytes_as_json(text) > NOTE_BYTES_MAX {
        let detail =
            format!("expected at most {NOTE_BYTES_MAX} bytes in JSON, in which some characters take several");
        return Err(unprocessable(field, detail));
    }
    Ok(())
}

/// How long a text is when JSON writes it in UTF-8, without the quotes around it.
fn bytes_as_json(text: &str) -> usize {
    text.chars().fold(0_usize, |bytes, character| {
        bytes.saturating_add(match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            control if control < ' ' => 6,
            other => other.len_utf8(),
        })
    })
}

/// A text that says something.
pub(crate) fn check_text(field: &str, text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() {
        return Err(unprocessable(
            field,
            format!("expected 1 to {NOTE_CHARACTERS_MAX} characters that say why"),
        ));
    }
    check_note(field, text)
}
