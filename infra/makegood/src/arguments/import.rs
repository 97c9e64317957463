//! The grammar of `makegood import`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::ImportId;

use super::{ACCESS, TableArguments};

#[derive(Debug, Subcommand)]
pub(crate) enum ImportCommand {
    Check(CheckImportArguments),
    Run(RunImportArguments),
    Compare(CompareImportArguments),
}

/// Check the files of an import. Nothing is asked and nothing is written.
///
/// Files are JSON lines (`*.jsonl`, one account a line) or CSV (`accounts.csv`, `customers.csv`,
/// `subscriptions.csv`, `payments.csv`, `refunds.csv`, `lots.csv`), in any mix; what several files say of an
/// account is joined. The report counts what there is, with the credits of each product and the money of each
/// currency, and names the first mistakes with file, line, field and what was expected.
#[derive(Debug, Args)]
#[command(after_long_help = CHECK_EXAMPLES)]
pub(crate) struct CheckImportArguments {
    /// The files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  makegood import check accounts.jsonl
  makegood import check export/*.csv stripe.jsonl

Exit codes: 0 everything fits, 1 something does not, 2 a file could not be read.";

/// Import the accounts of the files, each whole or not at all.
///
/// An account gets one entry with all of its lots, and its payments, refunds, customers and subscriptions.
/// The same import with the same files may be run again at any time: what is there already is `repeated`, so
/// that a run that was interrupted goes on. What is refused is named, and written to a file that can be
/// corrected and run again under the same id. The caller needs `lambda:InvokeFunction` on the account-import
/// function.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{RUN_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct RunImportArguments {
    /// The files, as of `makegood import check`
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// What the import is called: the history of each account names it
    #[arg(long, value_name = "ID")]
    pub(crate) id: ImportId,
    /// Leave out accounts whose first line is before this one, in each file
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) from_line: usize,
    /// How many batches are on their way at a time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    pub(crate) parallel: u8,
    /// Where refused accounts are written; `refused-<ID>.jsonl` where it is not given
    #[arg(long, value_name = "FILE")]
    pub(crate) refused: Option<PathBuf>,
    /// The function; `ACCOUNT_IMPORT_FUNCTION` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
}

const RUN_EXAMPLES: &str = "\
Examples:
  makegood import run accounts.jsonl --id move-2026-11
  makegood import run export/*.csv stripe.jsonl --id move-2026-11 --function prod-AccountImport
  makegood import run refused-move-2026-11.jsonl --id move-2026-11 --refused still-refused.jsonl

Exit codes: 0 every account is there, 1 one was refused, 2 the function could not be asked.";

/// Compare the balances of the files with those of the ledger.
///
/// Of each account and product, the credits that can be used at this moment are compared. Whatever customers
/// did since the balances were read shows as a difference: compare before they are let in.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{COMPARE_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct CompareImportArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    /// The files, as of `makegood import check`
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
}

const COMPARE_EXAMPLES: &str = "\
Examples:
  makegood import compare accounts.jsonl
  makegood import compare export/*.csv --ledger-table prod-LedgerTable --requests-table prod-RequestsTable

Exit codes: 0 all balances agree, 1 one differs or an account is missing, 2 the data could not be read.";
