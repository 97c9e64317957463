//! Policy documents: checked from files, tried out from this build. Nothing here needs a table.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use policy::authoring::{Mistakes, parse_catalogue, parse_document};
use policy::{Document, Documents, Facts};

use crate::arguments::DecideArguments;
use crate::columns::printable;
use crate::failure::Failure;
use crate::words::count;
use crate::{Found, decision};

/// The name by which a price catalogue is known among documents.
const CATALOGUE: &str = "catalogue.toml";

/// Prints every mistake of `files`.
pub(crate) fn check(files: &[PathBuf], output: &mut impl Write) -> Result<Found, Failure> {
    let (catalogues, documents): (Vec<&PathBuf>, Vec<&PathBuf>) =
        files.iter().partition(|path| path.file_name().is_some_and(|name| name == CATALOGUE));
    let mut found = Found::Sound;
    let mut parsed = Vec::new();
    for path in documents {
        match parse_document(&path.to_string_lossy(), &read(path)?) {
            Ok(document) => {
                writeln!(output, "{}: {}", path.display(), summary(&document))?;
                parsed.push(document);
            }
            Err(mistakes) => found = tell(&mistakes, output)?,
        }
    }
    let parsed =
        if parsed.is_empty() { Ok(policy_documents::documents().clone()) } else { Documents::new(parsed) };
    match parsed {
        Ok(documents) => {
            for path in catalogues {
                match parse_catalogue(&path.to_string_lossy(), &read(path)?, &documents) {
                    Ok(_) => writeln!(output, "{}: every price and product fits its policy", path.display())?,
                    Err(mistakes) => found = tell(&mistakes, output)?,
                }
            }
        }
        Err(error) => {
            writeln!(output, "{}", printable(&error.to_string()))?;
            found = Found::Fault;
        }
    }
    Ok(found)
}

fn tell(mistakes: &Mistakes, output: &mut impl Write) -> Result<Found, Failure> {
    for mistake in mistakes.iter() {
        writeln!(output, "{}", printable(&mistake.to_string()))?;
    }
    Ok(Found::Fault)
}

fn summary(document: &Document) -> String {
    format!(
        "{} {}: {}, {}, {}",
        printable(&document.id),
        printable(&document.version),
        count(document.clauses.len(), "clause", "clauses"),
        count(document.rules.len(), "rule", "rules"),
        count(document.terms.len(), "term", "terms"),
    )
}

/// Decides by a document of this build.
pub(crate) fn decide(arguments: &DecideArguments, output: &mut impl Write) -> Result<Found, Failure> {
    let documents = policy_documents::documents();
    let now = arguments.at.unwrap_or_else(lambda::clock::now);
    let document = find(documents, &arguments.document, arguments.version.as_deref(), now.as_ms())?;
    let facts: Facts = serde_json::from_str(&read(&arguments.facts)?)
        .map_err(|source| Failure::Facts { path: arguments.facts.clone(), source })?;
    let decided = policy::decide(document, &facts, arguments.reason, now.as_ms());
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&decided)?)?;
    } else {
        decision::write(&decided, documents, output)?;
    }
    Ok(Found::Sound)
}

/// The version that was asked for, or the newest one in force; before the first, the first.
fn find<'d>(
    documents: &'d Documents,
    id: &str,
    version: Option<&str>,
    now_ms: i64,
) -> Result<&'d Document, Failure> {
    let mut versions = documents.iter().filter(|document| document.id == id);
    let found = if let Some(version) = version {
        versions.find(|document| document.version == version)
    } else {
        let first = versions.next();
        versions.take_while(|document| document.in_force_from_ms <= now_ms).last().or(first)
    };
    found.ok_or_else(|| {
        let known: Vec<String> =
            documents.iter().map(|document| format!("`{} {}`", document.id, document.version)).collect();
        let wanted = version.map_or_else(|| id.to_owned(), |version| format!("{id} {version}"));
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use lambda::config::Env;

    use super::*;
    use crate::{Arguments, carry_out, story};

    /// A command without any environment.
    async fn command(words: &[&str]) -> Result<(Found, String), Failure> {
        let arguments = Arguments::try_parse_from([&["makegood", "policy"], words].concat()).unwrap();
        let mut output = Vec::new();
        let found = carry_out(&arguments.command, &Env::of([]), &mut output, &mut Vec::new()).await?;
        Ok((found, String::from_utf8(output).unwrap()))
    }

    fn shipped(name: &str) -> String {
        format!("{}/../../shared/policy-documents/documents/{name}", env!("CARGO_MANIFEST_DIR"))
    }

    #[tokio::test]
    async fn the_shipped_documents_have_no_mistakes() {
        let documents: Vec<String> = policy_documents::documents()
            .iter()
            .map(|document| shipped(&format!("{}/{}.toml", document.id, document.version)))
            .collect();
        let catalogue = shipped("catalogue.toml");
        let all: Vec<&str> = documents.iter().chain([&catalogue]).map(String::as_str).collect();
        let alone: Vec<&str> = documents.iter().map(String::as_str).collect();
        for files in alone.chunks(1).chain([&[&catalogue[..]][..], &all[..]]) {
            let (found, output) = command(&[&["check"], files].concat()).await.unwrap();
            assert_eq!((found, output.lines().count()), (Found::Sound, files.len()), "{output}");
        }
    }

    #[tokio::test]
    async fn a_broken_document_is_told_by_file_line_and_field() {
        let text = std::fs::read_to_string(shipped("music-studio/2026-05-02.toml")).unwrap();
        let line = text.lines().position(|line| line.starts_with("title = ")).unwrap() + 1;
        let folder = std::env::temp_dir().join(format!("makegood-policy-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("broken.toml");
        std::fs::write(&path, text.replacen("title = ", "tittle = ", 1)).unwrap();
        let result = command(&["check", path.to_str().unwrap()]).await;
        std::fs::remove_dir_all(&folder).unwrap();
        let (found, output) = result.unwrap();
        assert_eq!(found, Found::Fault);
        assert!(output.contains(&format!("{}:{line}: ", path.display())), "{output}");
        assert!(output.contains("tittle"), "{output}");
    }

    #[tokio::test]
    async fn a_decision_is_shown_with_what_it_rests_on() {
        let (facts, decision) = story::charged_after_cancellation();
        let path = std::env::temp_dir().join(format!("makegood-facts-{}.json", std::process::id()));
        std::fs::write(&path, serde_json::to_string(&facts).unwrap()).unwrap();
        let words = [
            "decide",
            "--document",
            "music-studio",
            "--reason",
            "charged_after_cancellation",
            "--at",
            "2026-11-01T00:01:00Z",
            "--facts",
            path.to_str().unwrap(),
        ];
        let text = command(&words).await;
        let json = command(&[&words[..], &["--json"]].concat()).await;
        std::fs::remove_file(&path).unwrap();
        insta::assert_snapshot!(text.unwrap().1);
        let decided: policy::Decision = serde_json::from_str(&json.unwrap().1).unwrap();
        assert_eq!(decided, decision);
    }

    #[tokio::test]
    async fn unknown_versions_and_files_are_named() {
        let base = ["decide", "--document", "music-studio", "--reason", "other", "--facts", "/nonexistent"];
        let unknown = command(&[&base[..], &["--version", "1999-01-01"]].concat()).await.unwrap_err();
        let text = unknown.to_string();
        assert!(text.starts_with("no policy `music-studio 1999-01-01`; there are "), "{text}");
        assert!(text.contains("`music-studio 2026-05-02`"), "{text}");
        assert_eq!(command(&base).await.unwrap_err().to_string(), "`/nonexistent` cannot be read");
    }
}
