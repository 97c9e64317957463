//! The place in a history where a page ended.
//!
//! A cursor names the last entry that was shown, by its number and the beginning of its hash. The hash is
//! that of an entry of this very account, so a cursor that was altered or belongs to another account names
//! an entry that is not there. Entries never change, so a cursor never expires, and no key is needed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::Entry;

/// Half a SHA-256: guessing it takes 2^128 attempts, and would show no more than the account's own entries.
const MARK_BYTES: usize = 16;
/// A number of eight bytes and the mark.
const CURSOR_BYTES: usize = 8 + MARK_BYTES;

/// An entry that a page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    number: u64,
    mark: [u8; MARK_BYTES],
}

impl Cursor {
    /// Names `entry`.
    pub(crate) fn of(entry: &Entry) -> Self {
        let mut mark = [0; MARK_BYTES];
        for (byte, hashed) in mark.iter_mut().zip(entry.hash().0) {
            *byte = hashed;
        }
        Self { number: entry.number(), mark }
    }

    /// Reads what [`Cursor::text`] wrote.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes: [u8; CURSOR_BYTES] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (number, mark) = bytes.split_first_chunk()?;
        let number = u64::from_be_bytes(*number);
        // Entries are counted from 1.
        (number > 0).then_some(Self { number, mark: mark.try_into().ok()? })
    }

    /// The cursor as an opaque text.
    pub(crate) fn text(self) -> String {
        URL_SAFE_NO_PAD.encode([self.number.to_be_bytes().as_slice(), &self.mark].concat())
    }

    /// The number of the entry.
    pub(crate) fn number(self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for number in [1, 2, 999_999_999_999, u64::MAX] {
            let cursor = Cursor { number, mark: [0xa5; MARK_BYTES] };
            assert_eq!(Cursor::read(&cursor.text()), Some(cursor));
        }
    }

    #[test]
    fn d12_what_was_not_written_as_a_cursor_is_none() {
        let zero = Cursor { number: 0, mark: [0; MARK_BYTES] }.text();
        let long = "A".repeat(10_000);
        for text in ["", "a", "20", "====", "\u{0}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &zero, &long] {
            assert_eq!(Cursor::read(text), None, "{text}");
        }
    }
}
