//! What every command takes that publishes something.

use clap::Args;

// The policies' table by name. Not a documentation comment: clap would take it for the help of the command
// that flattens it.
#[derive(Debug, Args)]
pub(crate) struct PoliciesArguments {
    /// The policies' table; `POLICIES_TABLE` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) policies_table: Option<String>,
}

// Who publishes, and whether they were asked. Not a documentation comment, as above.
#[derive(Debug, Args)]
pub(crate) struct PublisherArguments {
    #[command(flatten)]
    pub(crate) policies: PoliciesArguments,
    /// Who publishes; `USER` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) operator: Option<String>,
    /// Publish without asking
    #[arg(long)]
    pub(crate) yes: bool,
}
