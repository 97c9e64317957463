//! Policy documents: checked, compared, tried out and held against what was decided before.
//!
//! A document is named by its file, or, where this build holds it, as `music-studio` or
//! `music-studio@2026-05-02`.

mod backtest;
mod check;
mod decide;
mod difference;
mod explain;
mod export;
mod schema;

#[cfg(test)]
mod tests;

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use lambda::config::Env;
use policy::authoring::{Mistakes, parse_document};
use policy::{Document, Documents};

use crate::arguments::PolicyCommand;
use crate::columns::printable;
use crate::failure::Failure;
use crate::{Found, open};

/// Carries out one command about policies.
pub(crate) async fn run(
    command: &PolicyCommand,
    env: &Env,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<Found, Failure> {
    match command {
        PolicyCommand::Check(arguments) => check::run(arguments, output),
        PolicyCommand::Decide(arguments) => decide::run(arguments, output),
        PolicyCommand::Diff(arguments) => difference::run(arguments, output),
        PolicyCommand::Explain(arguments) => {
            explain::run(&open(&arguments.tables, env)?, arguments, output).await
        }
        PolicyCommand::Backtest(arguments) => backtest::run(arguments, env, output, progress).await,
        PolicyCommand::Export(arguments) => {
            export::run(&open(&arguments.tables, env)?, arguments, output, progress).await
        }
        PolicyCommand::Schema => schema::run(output),
    }
}

/// A document that a command names, and its text where it comes from a file.
fn named(name: &str, now_ms: i64) -> Result<Document, Failure> {
    if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
        let path = PathBuf::from(name);
        let text = read(&path)?;
        return parse_document(name, &text).map_err(|mistakes| Failure::Mistakes { mistakes });
    }
    let (id, version) = match name.split_once('@') {
        Some((id, version)) => (id, Some(version)),
        None => (name, None),
    };
    embedded(id, version, now_ms).cloned()
}

/// The version of this build that was asked for, or the newest one in force; before the first, the first.
fn embedded(id: &str, version: Option<&str>, now_ms: i64) -> Result<&'static Document, Failure> {
    let documents: &Documents = policy_documents::documents();
    let mut versions = documents.iter().filter(|document| document.id == id);
    let found = if let Some(version) = version {
        versions.find(|document| document.version == version)
    } else {
        let first = versions.next();
        versions.take_while(|document| document.in_force_from_ms <= now_ms).last().or(first)
    };
    found.ok_or_else(|| {
        let known: Vec<String> =
            documents.iter().map(|document| format!("`{}@{}`", document.id, document.version)).collect();
        let wanted = version.map_or_else(|| id.to_owned(), |version| format!("{id}@{version}"));
        Failure::NoDocument { wanted, known: known.join(", ") }
    })
}

fn read(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|source| Failure::File { path: path.to_owned(), source })
}

fn tell(mistakes: &Mistakes, output: &mut impl Write) -> Result<Found, Failure> {
    for mistake in mistakes.iter() {
        writeln!(output, "{}", printable(&mistake.to_string()))?;
    }
    Ok(Found::Fault)
}

/// `music-studio 2026-05-02`, safe for a terminal.
fn title(document: &Document) -> String {
    printable(&format!("{} {}", document.id, document.version))
}
