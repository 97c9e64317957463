//! A request, decided on facts from a file.

use std::io::Write;

use lambda::config::Env;
use policy::Facts;

use super::document::{PublishedVersions, read_text};
use crate::arguments::DecideArguments;
use crate::decision;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;

/// Decides and shows what the decision rests on.
pub(super) async fn run(
    arguments: &DecideArguments,
    env: &Env,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let published = PublishedVersions { arguments: &arguments.policies, env };
    let now = arguments.at.unwrap_or_else(lambda::clock::now);
    let document = match &arguments.version {
        Some(version) => published.version(&arguments.document, Some(version), now.as_ms()).await?,
        None => published.named(&arguments.document, now.as_ms()).await?,
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
