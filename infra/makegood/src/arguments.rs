//! The command line's grammar and its help.

mod adjust;
mod catalogue;
mod customers;
mod import;
mod parked;
mod policy;
mod publication;

use clap::{Args, Parser, Subcommand};
use ledger::{AccountId, Provider, TimeError, Timestamp};

pub(crate) use adjust::{
    AdjustCommand, DecideArguments as AdjustmentDecision, ExpiryArguments, FunctionName, SubmitArguments,
};
pub(crate) use catalogue::{CatalogueCommand, PublishCatalogueArguments};
pub(crate) use customers::CustomersCommand;
pub(crate) use import::{ImportCommand, RunImportArguments};
pub(crate) use parked::{FunctionArguments, ParkedCommand};
pub(crate) use policy::{
    BacktestArguments, CheckArguments, DecideArguments, DiffArguments, ExplainArguments, ExportArguments,
    NewArguments, PolicyCommand, PublishPoliciesArguments,
};
pub(crate) use publication::{PoliciesArguments, PublisherArguments};

const ACCESS: &str = "\
Access to AWS comes from the environment: AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_SESSION_TOKEN where the credentials have one, and AWS_ENDPOINT_URL for a local stack. With the AWS
command line:

  eval \"$(aws configure export-credentials --format env)\"
  export AWS_REGION=eu-central-1";

/// Reads what Makegood keeps, checks it and explains it, and publishes policies and prices. No command writes
/// to the tables of accounts and requests: `parked`, `adjust`, `import` and `reconcile` ask functions to.
#[derive(Debug, Parser)]
#[command(version, subcommand_required = true, arg_required_else_help = true, after_long_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  makegood verify
  makegood history --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11
  makegood parked list
  makegood parked replay --all
  makegood adjust waiting
  makegood reconcile --since 2026-08-01T00:00:00Z
  makegood import check accounts.jsonl
  makegood policy check documents/music-studio/*.toml
  makegood policy decide --document music-studio --reason changed_mind --facts facts.json
  makegood policy explain rr_5f0c
  makegood policy new policy.toml
  makegood policy publish policy.toml
  makegood catalogue publish catalogue.toml

Exit codes: 0 all is well, 1 a fault was found, 2 the command could not do its work.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Verify(VerifyArguments),
    History(HistoryArguments),
    /// Look at events that were put aside because they could not be applied, and decide what is done.
    #[command(subcommand)]
    Parked(ParkedCommand),
    /// Change an account by hand: give credits, take them back, write off a debt, move an expiry, suspend.
    #[command(subcommand)]
    Adjust(AdjustCommand),
    /// Say whose a customer of a provider is.
    #[command(subcommand)]
    Customers(CustomersCommand),
    Reconcile(ReconcileArguments),
    /// Move the accounts of a running business in: check their files, import and compare them.
    #[command(subcommand)]
    Import(ImportCommand),
    /// Publish the price catalogue.
    #[command(subcommand)]
    Catalogue(CatalogueCommand),
    /// Check policy documents, compare them, try them out, publish them, and explain what was decided.
    #[command(subcommand)]
    Policy(PolicyCommand),
}

// The tables' names. Not a documentation comment: clap would take it for the help of the command that
// flattens it.
#[derive(Debug, Args)]
pub(crate) struct TableArguments {
    /// The ledger table; `LEDGER_TABLE` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) ledger_table: Option<String>,
    /// The requests table; `REQUESTS_TABLE` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) requests_table: Option<String>,
}

/// Check every ledger invariant on the data as it is.
///
/// Reads the tables whole, or one account, and checks entry by entry, also against the anchors that were
/// written when the entries were new. What is found in data that moves meanwhile is read again before it is
/// reported. Invariant 11 is about messages: it shows in the
/// dead-letter queues and in `makegood parked list`.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{VERIFY_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    /// The anchors' table; `ANCHORS_TABLE` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) anchors_table: Option<String>,
    /// Check one account only
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// Hold deadlines against this instant, not against the clock
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) at: Option<Timestamp>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  makegood verify --ledger-table prod-LedgerTable --requests-table prod-RequestsTable \\
    --anchors-table prod-AnchorsTable
  makegood verify --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 --json
  makegood verify --at 2026-08-01T00:00:00Z

Exit codes: 0 the invariants hold, 1 one is broken, 2 the data could not be read.";

/// Show an account's whole history: credits, lots and refund requests.
///
/// One line per change of the credits, oldest first, then each refund request with its decision, the
/// clauses it cites and its time-line. Instants are UTC.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{HISTORY_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct HistoryArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    #[command(flatten)]
    pub(crate) policies: PoliciesArguments,
    /// The account: the `sub` of the customer's token
    #[arg(long, value_name = "ID")]
    pub(crate) account: AccountId,
    /// Show the account as it was at this instant: what happened later is left out
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) at: Option<Timestamp>,
}

const HISTORY_EXAMPLES: &str = "\
Examples:
  makegood history --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11
  makegood history --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 | less";

/// Compare a time at Stripe with the records, and repair what differs where you ask for it.
///
/// The command looks up each refund, dispute, paid invoice and completed checkout that Stripe lists of the
/// time, and names what differs. With `--repair` it first reads all events of the time and applies those that
/// never came; what still differs after that is named with what a person does.
///
/// The stripe-reconcile function reads the events by itself every five minutes, and the lists once a day. You
/// need this command after a wrong secret was stored, after the tables were restored to an earlier moment, or
/// to be sure. An event that came has no effect a second time. Stripe keeps events for 30 days. The caller
/// needs `lambda:InvokeFunction` on that function.
///
/// With `--provider creem` the creem-reconcile function reads what is open at Creem, which keeps no list of
/// its events: subscriptions whose period is over, disputed payments, refunds on their way. What is new is
/// applied.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{RECONCILE_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct ReconcileArguments {
    /// The first instant to read
    #[arg(long, value_name = "INSTANT", value_parser = instant, required_unless_present = "provider")]
    pub(crate) since: Option<Timestamp>,
    /// `creem`, to read what is open there; without it the command is about Stripe
    #[arg(long, value_name = "PROVIDER", value_parser = without_list, conflicts_with_all = ["since", "repair"])]
    pub(crate) provider: Option<Provider>,
    /// The first instant that is not read any more; three minutes ago where it is not given, and an hour
    /// ago for lists. Of Creem, what is due before this instant is read, which may be one to come
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) before: Option<Timestamp>,
    /// Apply the events of the time that never came; without it nothing is applied
    #[arg(long)]
    pub(crate) repair: bool,
    /// The function; `STRIPE_RECONCILE_FUNCTION` or `CREEM_RECONCILE_FUNCTION` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
}

const RECONCILE_EXAMPLES: &str = "\
Examples:
  makegood reconcile --since 2026-08-01T00:00:00Z
  makegood reconcile --since 2026-08-01T00:00:00Z --before 2026-08-02T00:00:00Z \\
    --function prod-StripeReconcile
  makegood reconcile --since 2026-08-01T00:00:00Z --repair
  makegood reconcile --provider creem

Exit codes: 0 nothing differed, and every event had come; 1 something differed, or an event had not come,
repaired or not; 2 the function could not be asked.";

/// A provider that keeps no list of its events.
fn without_list(text: &str) -> Result<Provider, &'static str> {
    let provider = Provider::parse(text).filter(|provider| *provider != Provider::Stripe);
    provider.ok_or("expected `creem`; without the option the command is about Stripe")
}

fn instant(text: &str) -> Result<Timestamp, TimeError> {
    Timestamp::parse(text)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// What is typed behind `makegood`, and whether it is accepted.
    const LINES: &[(&str, bool)] = &[
        ("verify", true),
        ("verify --account cus-1 --at 2026-08-01T00:00:00Z --json", true),
        ("verify --account a#b", false),
        ("verify --at yesterday", false),
        ("history", false),
        ("history --account cus-1", true),
        ("parked list --requests-table r", true),
        ("parked list --dropped", true),
        ("parked link evt_1", false),
        ("parked link evt_1 --account a#b", false),
        ("parked link evt_1 --account cus-1 --operator ann", true),
        ("parked drop evt_1", false),
        ("parked drop evt_1 --reason twice", true),
        ("parked show", false),
        ("parked show evt_1 --payload", true),
        ("parked replay", false),
        ("parked replay evt_1 evt_2 --function f", true),
        ("parked replay --all", true),
        ("parked replay evt_1 --all", false),
        ("adjust grant --account cus-1", false),
        (
            "adjust grant --account cus-1 --product p --clause c --reason r --key k --credits 5 \
                 --purpose goodwill --never",
            true,
        ),
        (
            "adjust grant --account cus-1 --product p --clause c --reason r --key k --credits 5 \
                 --purpose goodwill --never --expires-at 2027-01-01T00:00:00Z",
            false,
        ),
        (
            "adjust grant --account cus-1 --product p --clause c --reason r --key k --credits 5 \
                 --purpose bribe --never",
            false,
        ),
        ("adjust take-back --account cus-1 --product p --clause c --reason r --key k --credits 5", false),
        (
            "adjust take-back --account cus-1 --product p --clause c --reason r --key k --credits 5 \
                 --lot 3 --operator ann --function f",
            true,
        ),
        ("adjust write-off --account cus-1 --product p --clause c --reason r --key k --credits 5", true),
        ("adjust move-expiry --account cus-1 --product p --clause c --reason r --key k --lot 3", false),
        (
            "adjust move-expiry --account cus-1 --product p --clause c --reason r --key k --lot 3 \
                 --expires-at 2027-01-01T00:00:00Z",
            true,
        ),
        ("adjust suspend --account cus-1 --product p --clause c --reason r --key k", true),
        ("adjust resume --account cus-1 --product p --clause c --reason r --key k", true),
        ("adjust suspend --account cus-1 --product p --clause c --reason r", false),
        ("adjust waiting", true),
        ("adjust approve adj_1", false),
        ("adjust approve adj_1 --account cus-1 --operator bob", true),
        ("adjust refuse adj_1 --account cus-1", false),
        ("adjust refuse adj_1 --account cus-1 --reason no", true),
        ("policy new", false),
        ("policy new shop.toml --id shop --products a,b", true),
        ("policy new shop.toml --provider cash", false),
        ("policy publish", false),
        ("policy publish a.toml b.toml --yes --operator ann", true),
        ("catalogue publish", false),
        ("catalogue publish a.toml b.toml", false),
        ("catalogue publish a.toml --policies-table p", true),
        ("reconcile", false),
        ("reconcile --since 2026-08-01T00:00:00Z", true),
        ("reconcile --since today", false),
        ("reconcile --since 2026-08-01T00:00:00Z --repair", true),
        ("reconcile --since 2026-08-01T00:00:00Z --lists", false),
        ("reconcile --provider creem", true),
        ("reconcile --provider creem --before 2026-08-01T00:00:00Z", true),
        ("reconcile --provider creem --since 2026-08-01T00:00:00Z", false),
        ("reconcile --provider creem --repair", false),
        ("reconcile --provider stripe", false),
        ("customers link cus_1", false),
        ("customers link cus_1 --account a --provider creem", true),
        ("customers link cus_1 --account a --provider paddle", false),
        ("customers unlink cus_1 --account a#b", false),
        ("import check", false),
        ("import check a.jsonl payments.csv", true),
        ("import run a.jsonl", false),
        ("import run a.jsonl --id weekend --from-line 7 --parallel 4 --refused r.jsonl", true),
        ("import run a.jsonl --id a#b", false),
        ("import run a.jsonl --id weekend --parallel 0", false),
        ("import compare a.jsonl --ledger-table t", true),
        ("policy check", false),
        ("policy check a.toml b.toml", true),
        ("policy decide --document d --reason changed_mind --facts -", true),
        ("policy decide --document d --reason because --facts -", false),
        ("policy check a.toml --against music-studio@2026-05-02", true),
        ("policy diff a.toml", false),
        ("policy diff a.toml b.toml --json", true),
        ("policy explain", false),
        ("policy explain rr_1 --requests-table r", true),
        ("policy backtest", false),
        ("policy backtest --policy draft.toml --requests past.jsonl --json", true),
        ("policy backtest --policy draft.toml --requests past.jsonl --requests-table r", false),
        ("policy export --document music-studio", true),
        ("policy schema", true),
    ];

    #[test]
    fn the_grammar_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn arguments_are_checked_before_anything_is_read() {
        for (line, accepted) in LINES {
            let words = std::iter::once("makegood").chain(line.split(' '));
            assert_eq!(Arguments::try_parse_from(words).is_ok(), *accepted, "{line}");
        }
    }

    #[test]
    fn every_command_shows_an_example() {
        fn leaves(command: &clap::Command, path: &str) -> Vec<(String, String)> {
            let path = format!("{path} {}", command.get_name());
            if command.has_subcommands() {
                return command.get_subcommands().flat_map(|each| leaves(each, &path)).collect();
            }
            vec![(path, command.clone().render_long_help().to_string())]
        }
        let leaves = leaves(&Arguments::command(), "");
        assert_eq!(leaves.len(), 32, "{leaves:?}");
        let verify = leaves.iter().find(|(path, _)| path.ends_with("verify")).map(|(_, help)| help.as_str());
        assert!(verify.is_some_and(|help| help.contains("dead-letter queues")), "{verify:?}");
        for (path, help) in leaves {
            assert!(help.contains(&format!("  {}", path.trim())), "{path}: {help}");
        }
    }
}
