//! What changes from one version to another, and what of it is against customers.

use std::io::Write;

use lambda::config::Env;
use policy::Document;
use policy_authoring::{Diff, DocumentChange, diff};
use policy_authoring::{Losses, losses};
use serde::Serialize;

use super::document::{PublishedVersions, title};
use crate::arguments::DiffArguments;
use crate::columns::{Align, Columns, printable};
use crate::decision::{labelled, outcome};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;

#[derive(Serialize)]
struct Answer<'d> {
    before: Side<'d>,
    after: Side<'d>,
    #[serde(flatten)]
    diff: &'d Diff,
    losses: &'d Losses,
}

#[derive(Serialize)]
struct Side<'d> {
    document: &'d str,
    version: &'d str,
    material: bool,
}

/// Shows what changes; the exit code reports whether anything does.
pub(super) async fn run(
    arguments: &DiffArguments,
    env: &Env,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let now_ms = lambda::clock::now().as_ms();
    let published = PublishedVersions { arguments: &arguments.policies, env };
    let before = published.named(&arguments.before, now_ms).await?;
    let after = published.named(&arguments.after, now_ms).await?;
    let changes = diff(&before, &after);
    let losses = losses(&before, &after);
    if arguments.json {
        let answer = Answer { before: side(&before), after: side(&after), diff: &changes, losses: &losses };
        writeln!(output, "{}", serde_json::to_string_pretty(&answer)?)?;
    } else {
        write_changes(&before, &after, &changes, &losses, output)?;
    }
    Ok(if changes.is_empty() { CommandOutcome::Sound } else { CommandOutcome::Fault })
}

fn side(document: &Document) -> Side<'_> {
    Side { document: &document.id, version: &document.version, material: document.material }
}

/// Prints the changes from one version to another.
pub(super) fn write_changes(
    before: &Document,
    after: &Document,
    changes: &Diff,
    losses: &Losses,
    output: &mut impl Write,
) -> Result<(), Failure> {
    if changes.is_empty() {
        writeln!(output, "{} and {} say the same.", title(before), title(after))?;
        return Ok(());
    }
    writeln!(output, "From {} to {}", title(before), title(after))?;
    for (heading, changes) in [
        ("Clauses", &changes.clauses),
        ("Terms", &changes.terms),
        ("Outcomes", &changes.outcomes),
        ("Promises", &changes.promises),
    ] {
        list(heading, changes, output)?;
    }
    if losses.is_empty() {
        writeln!(output, "\nNothing is found to be taken from customers.")?;
        return Ok(());
    }
    let declared = if after.material { "as it declares" } else { "and it does not say so" };
    writeln!(output, "\nAgainst customers: the change is material, {declared}")?;
    let mut columns = Columns::new([Align::Left; 2]);
    for loss in &losses.requests {
        labelled(&mut columns, "request", &format!("{}, when {}", loss.reason.as_str(), loss.when));
        labelled(&mut columns, "was", &outcome(&loss.before));
        labelled(&mut columns, "is", &outcome(&loss.after));
    }
    for promise in &losses.promises {
        labelled(&mut columns, "promise", promise);
    }
    columns.write(output)?;
    Ok(())
}

fn list(heading: &str, changes: &[DocumentChange], output: &mut impl Write) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    writeln!(output, "\n{heading}")?;
    for change in changes {
        writeln!(output, "  {}", printable(&change.of))?;
        let mut columns = Columns::new([Align::Left; 2]);
        if let Some(before) = &change.before {
            labelled(&mut columns, "  was", before);
        }
        labelled(&mut columns, "  is", change.after.as_deref().unwrap_or("gone"));
        columns.write(output)?;
    }
    Ok(())
}
