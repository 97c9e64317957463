//! Every mistake of documents and catalogues: within each, between rules, and against the version before.

use std::io::Write;
use std::path::{Path, PathBuf};

use lambda::config::Env;
use policy::{Document, Documents};
use policy_authoring::{Losses, check_change, check_outcomes, parse_catalogue, parse_document};

use super::document::{PublishedVersions, read_text, title, write_mistakes};
use crate::arguments::CheckArguments;
use crate::columns::printable;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::publication::documents_if_named;
use crate::words::count;

/// The file name that marks a price catalogue among documents.
const CATALOGUE: &str = "catalogue.toml";

/// A document that could be read, and what it was read from.
struct Parsed<'p> {
    path: &'p Path,
    text: String,
    document: Document,
}

/// Prints every mistake of the files.
pub(super) async fn run(
    arguments: &CheckArguments,
    env: &Env,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let (catalogues, documents): (Vec<&PathBuf>, Vec<&PathBuf>) =
        arguments.files.iter().partition(|path| path.file_name().is_some_and(|name| name == CATALOGUE));
    let mut found = CommandOutcome::Sound;
    let mut parsed = Vec::new();
    for path in documents {
        let text = read_text(path)?;
        match parse_document(&path.to_string_lossy(), &text) {
            Ok(document) => parsed.push(Parsed { path, text, document }),
            Err(mistakes) => found = write_mistakes(&mistakes, output)?,
        }
    }
    let against = match &arguments.against {
        Some(name) => {
            let published = PublishedVersions { arguments: &arguments.policies, env };
            Some(published.named(name, i64::MAX).await?)
        }
        None => None,
    };
    let published = documents_if_named(&arguments.policies, env).await?;
    for each in &parsed {
        let before = match &against {
            Some(before) => Some(before.clone()),
            None => predecessor(each, &parsed, published.as_ref())?,
        };
        if check(each, before.as_ref(), output)? == CommandOutcome::Fault {
            found = CommandOutcome::Fault;
        }
    }
    if catalogues.is_empty() && parsed.is_empty() {
        return Ok(found);
    }
    match together(parsed, published)? {
        Ok(documents) => {
            for path in catalogues {
                match parse_catalogue(&path.to_string_lossy(), &read_text(path)?, &documents) {
                    Ok(_) => writeln!(output, "{}: every price and product fits its policy", path.display())?,
                    Err(mistakes) => found = write_mistakes(&mistakes, output)?,
                }
            }
        }
        Err(error) => {
            writeln!(output, "{}", printable(&error.to_string()))?;
            found = CommandOutcome::Fault;
        }
    }
    Ok(found)
}

/// The rules of a document held against each other, and the document against the version before it.
fn check(
    Parsed { path, text, document }: &Parsed<'_>,
    before: Option<&Document>,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let file = path.to_string_lossy();
    if let Err(mistakes) = check_outcomes(&file, text, document) {
        return write_mistakes(&mistakes, output);
    }
    writeln!(output, "{}: {}", path.display(), summary(document))?;
    let Some(before) = before else { return Ok(CommandOutcome::Sound) };
    match check_change(&file, text, before, document) {
        Err(mistakes) => write_mistakes(&mistakes, output),
        Ok(losses) => {
            writeln!(output, "{}: compared with {}: {}", path.display(), title(before), taken(&losses))?;
            Ok(CommandOutcome::Sound)
        }
    }
}

fn taken(losses: &Losses) -> String {
    if losses.is_empty() {
        return "nothing is found to be taken from customers".to_owned();
    }
    format!(
        "material, as it says: {} decided worse, {} smaller",
        count(losses.requests.len(), "kind of request", "kinds of requests"),
        count(losses.promises.len(), "promise", "promises"),
    )
}

/// The newest version before this one: among the files that are checked with it, beside it, or published.
fn predecessor(
    of: &Parsed<'_>,
    parsed: &[Parsed<'_>],
    published: Option<&Documents>,
) -> Result<Option<Document>, Failure> {
    let mut versions: Vec<Document> = parsed.iter().map(|each| each.document.clone()).collect();
    let folder = of.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A folder that cannot be listed holds no version that could be compared.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "toml") && path != of.path {
            // What is broken beside it is not what was asked for.
            versions.extend(parse_document(&path.to_string_lossy(), &read_text(&path)?).ok());
        }
    }
    versions.extend(published.into_iter().flat_map(Documents::iter).cloned());
    Ok(versions
        .into_iter()
        .filter(|each| each.id == of.document.id && each.in_force_from_ms < of.document.in_force_from_ms)
        .max_by_key(|each| each.in_force_from_ms))
}

/// The documents that a catalogue is held against: those that were given, or the published ones.
fn together(
    parsed: Vec<Parsed<'_>>,
    published: Option<Documents>,
) -> Result<Result<Documents, policy::DocumentsError>, Failure> {
    if parsed.is_empty() {
        return published.map(Ok).ok_or(Failure::NoPoliciesBeside);
    }
    Ok(Documents::new(parsed.into_iter().map(|each| each.document).collect()))
}

fn summary(document: &Document) -> String {
    format!(
        "{}: {}, {}, {}",
        title(document),
        count(document.clauses.len(), "clause", "clauses"),
        count(document.rules.len(), "rule", "rules"),
        count(document.terms.len(), "term", "terms"),
    )
}
