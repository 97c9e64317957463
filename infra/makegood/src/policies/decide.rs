//! A request, decided on facts from a file: no AWS is asked.

use std::io::Write;

use policy::Facts;

use super::document::{embedded_document, named_document, read_text};
use crate::arguments::DecideArguments;
use crate::decision;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;

/// Decides and shows what the decision rests on.
pub(super) fn run(arguments: &DecideArguments, output: &mut impl Write) -> Result<CommandOutcome, Failure> {
    let now = arguments.at.unwrap_or_else(lambda::clock::now);
    let document = match &arguments.version {
        Some(version) => embedded_document(&arguments.document, Some(version), now.as_ms())?.clone(),
        None => named_document(&arguments.document, now.as_ms())?,
    };
    let facts: Facts = serde_json::from_str(&read_text(&arguments.facts)?)
        .map_err(|source| Failure::Facts { path: arguments.facts.clone(), source })?;
    let decided = policy::decide(&document, &facts, arguments.reason, now.as_ms());
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&decided)?)?;
    } else {
        decision::write(&decided, Some(&document), output)?;
    }
    Ok(CommandOutcome::Sound)
}
