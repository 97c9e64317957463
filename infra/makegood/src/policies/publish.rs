//! Versions of policies, checked against those that are published, shown, and published together.

use std::io::Write;

use ledger_dynamodb::Publication;
use policy::Document;
use policy_authoring::{
    Losses, PublicationDraft, PublicationOutcome, PublicationRefusal, PublishedVersion, check_publications,
    diff,
};

use super::difference::write_changes;
use super::document::{read_text, title, write_mistakes};
use crate::arguments::PublishPoliciesArguments;
use crate::columns::printable;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::publication::{Publisher, hash, written};
use crate::words::milliseconds;

/// A version that is not published.
struct New {
    document: Document,
    before: Option<Document>,
    losses: Losses,
    hash: String,
}

/// Publishes all files, or none.
pub(super) async fn run(
    publisher: &Publisher,
    arguments: &PublishPoliciesArguments,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let files: Vec<String> = arguments.files.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    let texts = arguments.files.iter().map(|path| read_text(path)).collect::<Result<Vec<String>, _>>()?;
    let hashes: Vec<String> = texts.iter().map(|text| hash(text)).collect();
    let known = publisher.policies.documents_after(0).await?;
    let newest = known.last().map_or(0, |version| version.number);
    let Some(mut new) = checked(&files, &texts, &hashes, known, publisher, output)? else {
        return Ok(CommandOutcome::Fault);
    };
    if new.is_empty() {
        return Ok(CommandOutcome::Sound);
    }
    // The order in which they come into force, as if they had been published one after another.
    new.sort_by_key(|version| version.document.in_force_from_ms);
    for version in &new {
        show(version, output)?;
    }
    if !publisher.may_publish(progress)? {
        return Ok(CommandOutcome::Fault);
    }
    let numbers = newest.saturating_add(1)..;
    let versions: Vec<Publication<Document>> =
        numbers.zip(new).map(|(number, new)| publisher.publication(number, new.document, new.hash)).collect();
    written(publisher.policies.publish_documents(&versions).await?)?;
    for version in &versions {
        writeln!(output, "{} is published", title(&version.content))?;
    }
    Ok(CommandOutcome::Sound)
}

/// The versions that are new; `None` if one must not be published. Every reason is printed.
fn checked(
    files: &[String],
    texts: &[String],
    hashes: &[String],
    known: Vec<Publication<Document>>,
    publisher: &Publisher,
    output: &mut impl Write,
) -> Result<Option<Vec<New>>, Failure> {
    let drafts: Vec<PublicationDraft<'_>> = files
        .iter()
        .zip(texts)
        .zip(hashes)
        .map(|((file, text), hash)| PublicationDraft { file, text, hash })
        .collect();
    let known: Vec<PublishedVersion> = known
        .into_iter()
        .map(|version| PublishedVersion { document: version.content, hash: version.hash })
        .collect();
    let (mut new, mut is_sound) = (Vec::new(), true);
    let answers = check_publications(&drafts, &known, publisher.at.as_ms());
    for (draft, answer) in drafts.iter().zip(answers) {
        match answer {
            Ok(PublicationOutcome::Repeated(document)) => {
                writeln!(output, "{} is published already, as it is", title(&document))?;
            }
            Ok(PublicationOutcome::New { document, before, losses }) => new.push(New {
                document: *document,
                before: before.map(|before| *before),
                losses,
                hash: draft.hash.to_owned(),
            }),
            Err(PublicationRefusal::Mistakes(mistakes)) => {
                write_mistakes(&mistakes, output)?;
                is_sound = false;
            }
            Err(refusal) => {
                writeln!(output, "{}: {}", printable(draft.file), printable(&refusal.to_string()))?;
                is_sound = false;
            }
        }
    }
    Ok(is_sound.then_some(new))
}

/// What a version is, and what changes with it.
fn show(version: &New, output: &mut impl Write) -> Result<(), Failure> {
    let New { document, before, losses, .. } = version;
    let from = milliseconds(document.in_force_from_ms);
    match before {
        None => writeln!(output, "{}: the first version, in force from {from} UTC", title(document))?,
        Some(before) => {
            writeln!(output, "{}: in force from {from} UTC", title(document))?;
            write_changes(before, document, &diff(before, document), losses, output)?;
        }
    }
    Ok(())
}
