//! A request, decided on facts from a file: no AWS is asked.

use std::io::Write;

use policy::Facts;

use super::{embedded, named, read};
use crate::arguments::DecideArguments;
use crate::failure::Failure;
use crate::{Found, decision};

/// Decides and shows what the decision rests on.
pub(super) fn run(arguments: &DecideArguments, output: &mut impl Write) -> Result<Found, Failure> {
    let now = arguments.at.unwrap_or_else(lambda::clock::now);
    let document = match &arguments.version {
        Some(version) => embedded(&arguments.document, Some(version), now.as_ms())?.clone(),
        None => named(&arguments.document, now.as_ms())?,
    };
    let facts: Facts = serde_json::from_str(&read(&arguments.facts)?)
        .map_err(|source| Failure::Facts { path: arguments.facts.clone(), source })?;
    let decided = policy::decide(&document, &facts, arguments.reason, now.as_ms());
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&decided)?)?;
    } else {
        decision::write(&decided, Some(&document), output)?;
    }
    Ok(Found::Sound)
}
