//! The JSON schema of policy documents, for editors.

use std::io::Write;

use crate::Found;
use crate::failure::Failure;

/// Prints the schema.
pub(super) fn run(output: &mut impl Write) -> Result<Found, Failure> {
    write!(output, "{}", policy::authoring::schema()?)?;
    Ok(Found::Sound)
}
