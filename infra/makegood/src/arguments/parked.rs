//! The grammar of `makegood parked`.

use clap::{Args, Subcommand};
use ledger::AccountId;

use super::{ACCESS, TableArguments};

// The function that is asked. Not a documentation comment: clap would take it for the help of the command
// that flattens it.
#[derive(Debug, Args)]
pub(crate) struct FunctionArguments {
    /// The webhook function; `STRIPE_WEBHOOK_FUNCTION` or `CREEM_WEBHOOK_FUNCTION`, by the event's provider,
    /// where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ParkedCommand {
    List(ListArguments),
    Show(ShowArguments),
    Replay(ReplayArguments),
    Link(LinkArguments),
    Drop(DropArguments),
}

/// List what is parked: since when, with which money behind it, and what unparks it.
///
/// First come events with money behind them and without a case, the oldest first, then those whose case is
/// open or opens by itself, then the rest.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{LIST_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    /// List what operators have dropped, with who did and why
    #[arg(long)]
    pub(crate) dropped: bool,
}

const LIST_EXAMPLES: &str = "\
Examples:
  makegood parked list
  makegood parked list --dropped

Exit codes: 0 nothing is parked, 1 something is, 2 the table could not be read.";

/// Show one parked event.
///
/// The payload is what Stripe signed and may hold personal data: it is printed only when asked for.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{SHOW_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct ShowArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    /// The event's id, as `makegood parked list` shows it
    pub(crate) id: String,
    /// Print the payload's bytes and nothing else
    #[arg(long)]
    pub(crate) payload: bool,
}

const SHOW_EXAMPLES: &str = "\
Examples:
  makegood parked show evt_1PxR2n
  makegood parked show evt_1PxR2n --payload > event.json";

/// Have parked events applied again, once what kept them out is mended.
///
/// The webhook function of its provider applies each as of its own instant, as if it were sent again: what it
/// says may be known already, and then changes nothing. An event that was applied, or needs nothing, leaves
/// the list. The caller needs `lambda:InvokeFunction` on that function.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{REPLAY_EXAMPLES}\n\n{ACCESS}"))]
#[group(id = "which", required = true, args = ["ids", "all"])]
pub(crate) struct ReplayArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    #[command(flatten)]
    pub(crate) function: FunctionArguments,
    /// The events' ids, as `makegood parked list` shows them
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Every parked event; those that stay parked once more after another one was applied
    #[arg(long, conflicts_with = "ids")]
    pub(crate) all: bool,
}

const REPLAY_EXAMPLES: &str = "\
Examples:
  makegood parked replay evt_1PxR2n
  makegood parked replay --all --function prod-StripeWebhook

Exit codes: 0 none of them stays parked, 1 one does, 2 the function could not be asked.";

/// Link the customer of a parked event to an account, and have the event applied again.
///
/// For a customer whom no checkout has named an account for: one of a payment link, of the Dashboard,
/// of another
/// system. The link is for good, and is refused if the customer has another account. A guest's
/// checkout, which has no
/// customer, is linked by itself. Other events of the customer are applied with `makegood parked replay
/// --all`. The
/// caller needs `lambda:InvokeFunction` on the stripe-webhook function.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{LINK_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct LinkArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    #[command(flatten)]
    pub(crate) function: FunctionArguments,
    /// The event's id, as `makegood parked list` shows it
    pub(crate) id: String,
    /// The account: the `sub` of the customer's token
    #[arg(long, value_name = "ID")]
    pub(crate) account: AccountId,
    /// Who says so; `USER` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) operator: Option<String>,
}

const LINK_EXAMPLES: &str = "\
Examples:
  makegood parked link evt_1PxR2n --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11

Exit codes: 0 the event is applied or needs nothing, 1 it stays parked or the link is refused, 2 the function
could not be asked.";

/// Drop a parked event that needs nothing.
///
/// Who dropped it, when and why stays with the event, which can be read until its 90 days are over. It
/// leaves the
/// list and the alarm's clock, and nothing applies it any more but a delivery that somebody asks Stripe
/// for, or
/// `makegood parked link`. A case that is open for its payment stays open. The caller needs
/// `lambda:InvokeFunction` on the
/// stripe-webhook function.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{DROP_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct DropArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    #[command(flatten)]
    pub(crate) function: FunctionArguments,
    /// The event's id, as `makegood parked list` shows it
    pub(crate) id: String,
    /// Why it needs nothing
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who says so; `USER` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) operator: Option<String>,
}

const DROP_EXAMPLES: &str = "\
Examples:
  makegood parked drop evt_1PxR2n --reason 'refunded in the Dashboard, re_1Qa'

Exit codes: 0 it is dropped, 1 it is not parked, 2 the function could not be asked.";
