//! The price catalogue, checked against the published policies, shown, and published.

mod changes;

#[cfg(test)]
mod tests;

use std::io::Write;

use policy_authoring::parse_catalogue;

use crate::arguments::PublishCatalogueArguments;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::policies::{read_text, write_mistakes};
use crate::publication::{Publisher, hash, published_documents, written};
use crate::words::count;

/// Publishes a catalogue.
pub(crate) async fn publish(
    publisher: &Publisher,
    arguments: &PublishCatalogueArguments,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let file = arguments.file.to_string_lossy();
    let text = read_text(&arguments.file)?;
    let hash = hash(&text);
    let before = publisher.policies.catalogue_after(0).await?;
    if before.as_ref().is_some_and(|before| before.hash == hash) {
        writeln!(output, "the catalogue is published already, as it is")?;
        return Ok(CommandOutcome::Sound);
    }
    let documents = published_documents(&publisher.policies).await?;
    let catalogue = match parse_catalogue(&file, &text, &documents) {
        Ok(catalogue) => catalogue,
        Err(mistakes) => return write_mistakes(&mistakes, output),
    };
    let number = before.as_ref().map_or(1, |before| before.number.saturating_add(1));
    changes::write(before.as_ref().map(|before| &before.content), &catalogue, output)?;
    if !publisher.may_publish(progress)? {
        return Ok(CommandOutcome::Fault);
    }
    let prices = count(catalogue.prices.len(), "price", "prices");
    let version = publisher.publication(number, catalogue, hash);
    written(publisher.policies.publish_catalogue(&version).await?)?;
    writeln!(output, "the catalogue is published, version {number}: {prices}")?;
    Ok(CommandOutcome::Sound)
}
