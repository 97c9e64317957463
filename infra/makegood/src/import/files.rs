//! The files of an import, read by the endings of their names.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

use import_lines::{AccountLine, FieldMistake};

use super::csv_rows;
use super::joined::{Fault, Files, Place};
use crate::failure::Failure;

/// Reads the files.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Files, Failure> {
    let mut files = Files::of(paths);
    for (file, path) in paths.iter().enumerate() {
        let failure = |source| Failure::File { path: path.clone(), source };
        let opened = File::open(path).map_err(failure)?;
        let is_csv = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
        if is_csv {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            csv_rows::read(&mut files, file, &name, opened).map_err(failure)?;
            continue;
        }
        for (index, text) in BufReader::new(opened).lines().enumerate() {
            let text = text.map_err(failure)?;
            if text.trim().is_empty() {
                continue;
            }
            let place = Place { file, line: index.saturating_add(1) };
            match AccountLine::read(&text) {
                Ok(line) => files.add(place, line),
                Err(FieldMistake { pointer, expected }) => {
                    let json = serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default();
                    let account = json.get("account").and_then(serde_json::Value::as_str);
                    files.refuse(account, Fault { place, field: pointer, expected });
                }
            }
        }
    }
    Ok(files)
}
