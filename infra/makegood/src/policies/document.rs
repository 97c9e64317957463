//! The document that a command is about: by its file, or, for one that is published, as `music-studio` or
//! `music-studio@2026-05-02`.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use lambda::config::Env;
use policy::Document;
use policy_authoring::{Mistakes, parse_document};

use crate::arguments::PoliciesArguments;
use crate::columns::printable;
use crate::connection::open_policies;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::publication::published_documents;

/// The versions that are published, read where a command names one of them.
#[derive(Clone, Copy)]
pub(super) struct PublishedVersions<'a> {
    pub(super) arguments: &'a PoliciesArguments,
    pub(super) env: &'a Env,
}

impl PublishedVersions<'_> {
    /// The document that a command names: a file, or a published version.
    pub(super) async fn named(&self, name: &str, now_ms: i64) -> Result<Document, Failure> {
        if Path::new(name).extension().is_some_and(|extension| extension == "toml") {
            let path = PathBuf::from(name);
            let text = read_text(&path)?;
            return parse_document(name, &text).map_err(|mistakes| Failure::Mistakes { mistakes });
        }
        let (id, version) = match name.split_once('@') {
            Some((id, version)) => (id, Some(version)),
            None => (name, None),
        };
        self.version(id, version, now_ms).await
    }

    /// The published version that was asked for, or the newest one in force; before the first, the first.
    pub(super) async fn version(
        &self,
        id: &str,
        version: Option<&str>,
        now_ms: i64,
    ) -> Result<Document, Failure> {
        let documents = published_documents(&open_policies(self.arguments, self.env)?).await?;
        let mut versions = documents.iter().filter(|document| document.id == id);
        let found = if let Some(version) = version {
            versions.find(|document| document.version == version)
        } else {
            let first = versions.next();
            versions.take_while(|document| document.in_force_from_ms <= now_ms).last().or(first)
        };
        found.cloned().ok_or_else(|| {
            let known: Vec<String> =
                documents.iter().map(|document| format!("`{}@{}`", document.id, document.version)).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let wanted = version.map_or_else(|| id.to_owned(), |version| format!("{id}@{version}"));
            Failure::NoDocument { wanted, known }
        })
    }
}

/// A file's text; `-` is standard input.
pub(crate) fn read_text(path: &Path) -> Result<String, Failure> {
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|source| Failure::File { path: path.to_owned(), source })
}

/// Prints every mistake, one a line.
pub(crate) fn write_mistakes(
    mistakes: &Mistakes,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    for mistake in mistakes.iter() {
        writeln!(output, "{}", printable(&mistake.to_string()))?;
    }
    Ok(CommandOutcome::Fault)
}

/// `music-studio 2026-05-02`, safe for a terminal.
pub(super) fn title(document: &Document) -> String {
    printable(&format!("{} {}", document.id, document.version))
}
