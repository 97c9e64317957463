//! The JSON schema of policy documents, for editors.

use std::io::Write;

use crate::failure::Failure;
use crate::outcome::CommandOutcome;

/// Prints the schema.
pub(super) fn run(output: &mut impl Write) -> Result<CommandOutcome, Failure> {
    write!(output, "{}", policy_authoring::schema()?)?;
    Ok(CommandOutcome::Sound)
}
