//! The grammar of `makegood catalogue`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ACCESS;
use super::publication::PublisherArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueCommand {
    Publish(PublishCatalogueArguments),
}

/// Publish the price catalogue: what every price buys.
///
/// The file is checked against the published policies, and the prices and products that change are shown. A
/// function knows the new prices within five minutes, and at once where it meets a price that it does not
/// know. Events that are parked because of a price are applied by `makegood parked replay`.
///
/// The caller needs `dynamodb:Query` and `dynamodb:PutItem` on the policies' table.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{PUBLISH_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct PublishCatalogueArguments {
    #[command(flatten)]
    pub(crate) publisher: PublisherArguments,
    /// The catalogue
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

const PUBLISH_EXAMPLES: &str = "\
Examples:
  makegood catalogue publish catalogue.toml
  makegood catalogue publish catalogue.toml --yes --policies-table prod-PoliciesTable
  makegood parked replay --all

Exit codes: 0 it is published, or was published before as it is; 1 it has mistakes, or you said no; 2 the
table could not be read or written. Nothing is published where the exit code is not 0.";
