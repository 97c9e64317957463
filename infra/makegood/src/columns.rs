//! Aligned columns of plain text. The last column is as long as it needs to be.

use std::io::{self, Write};

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// At its left edge.
    Left,
    /// At its right edge: numbers.
    Right,
}

/// Rows of `N` cells.
#[derive(Debug)]
pub(crate) struct Columns<const N: usize> {
    align: [Align; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Columns<N> {
    pub(crate) fn new(align: [Align; N]) -> Self {
        Self { align, rows: Vec::new() }
    }

    /// Adds a row; characters that could control a terminal are escaped.
    pub(crate) fn row<T: AsRef<str>>(&mut self, cells: [T; N]) {
        self.rows.push(cells.map(|cell| printable(cell.as_ref())));
    }

    /// Writes the rows, each behind two spaces.
    pub(crate) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &self.rows {
            let cells = row.iter().zip(widths).zip(self.align).map(|((cell, width), align)| match align {
                Align::Left => format!("  {cell:<width$}"),
                Align::Right => format!("  {cell:>width$}"),
            });
            writeln!(output, "{}", cells.collect::<String>().trim_end())?;
        }
        Ok(())
    }
}

/// `text` with everything escaped that could move the cursor, hide text or turn its direction (D13).
pub(crate) fn printable(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if character.is_control() || is_invisible(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
        shown
    })
}

/// Marks of direction and characters without a width.
fn is_invisible(character: char) -> bool {
    let ranges = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}'];
    ['\u{61c}', '\u{feff}'].contains(&character) || ranges.iter().any(|range| range.contains(&character))
}

/// `text` in lines of at most `width` characters, broken between words.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace().map(printable) {
        match lines.last_mut() {
            Some(line) if line.chars().count().saturating_add(word.chars().count()) < width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_without_spaces() {
        let mut columns = Columns::new([Align::Left, Align::Right, Align::Left]);
        columns.row(["lot", "credits", ""]);
        columns.row(["1", "+100", "pack"]);
        let mut output = Vec::new();
        columns.write(&mut output).unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), "  lot  credits\n  1       +100  pack\n");
    }

    #[test]
    fn d13_texts_cannot_steer_a_terminal() {
        for (text, shown) in [
            ("fine, ü and 🎵", "fine, ü and 🎵"),
            ("a\nb", "a\\u{a}b"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{202e}evil", "\\u{202e}evil"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("\u{9b}31m", "\\u{9b}31m"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn words_are_wrapped_and_never_cut() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 3), ["unbreakable"]);
        assert!(wrap(" \n ", 8).is_empty());
    }
}
