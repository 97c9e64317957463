//! The grammar of `makegood customers`.

use clap::{Args, Subcommand};
use ledger::{AccountId, CustomerId, Provider};

use super::{ACCESS, FunctionArguments, TableArguments};

#[derive(Debug, Subcommand)]
pub(crate) enum CustomersCommand {
    Link(LinkCustomerArguments),
    Unlink(UnlinkCustomerArguments),
}

// Who and whose. Not a documentation comment: clap would take it for the help of the command that flattens
// it.
#[derive(Debug, Args)]
pub(crate) struct CustomerArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    #[command(flatten)]
    pub(crate) function: FunctionArguments,
    /// The customer's id at the provider
    pub(crate) customer: CustomerId,
    /// The account: the `sub` of the customer's token
    #[arg(long, value_name = "ID")]
    pub(crate) account: AccountId,
    /// `stripe` or `creem`
    #[arg(long, value_name = "PROVIDER", default_value = "stripe", value_parser = provider)]
    pub(crate) provider: Provider,
    /// Who says so; `USER` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) operator: Option<String>,
}

/// Link a customer to an account, and have applied again what is parked for it.
///
/// For a customer who bought before Makegood was there, whose renewals are parked as `account_unknown`, and
/// for one whom no checkout has named an account for. It is refused if the customer has another account. The
/// caller needs `lambda:InvokeFunction` on the webhook function.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{LINK_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct LinkCustomerArguments {
    #[command(flatten)]
    pub(crate) of: CustomerArguments,
}

const LINK_EXAMPLES: &str = "\
Examples:
  makegood customers link cus_9f2 --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11
  makegood customers link cust_7 --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 --provider creem

Exit codes: 0 it is linked and nothing of it stays parked, 1 it is refused or something stays parked, 2 the
function could not be asked.";

/// Take a customer from its account, so that it can be linked to another one.
///
/// For a customer who signed up again. What the account has stays there, and so do its subscriptions; what
/// comes of the customer from then on is parked until it is linked anew.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{UNLINK_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct UnlinkCustomerArguments {
    #[command(flatten)]
    pub(crate) of: CustomerArguments,
}

const UNLINK_EXAMPLES: &str = "\
Examples:
  makegood customers unlink cus_9f2 --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11

Exit codes: 0 it belongs to nobody, 1 it is not that account's, 2 the function could not be asked.";

fn provider(text: &str) -> Result<Provider, &'static str> {
    Provider::parse(text).ok_or("expected `stripe` or `creem`")
}
