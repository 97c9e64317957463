//! The grammar of `makegood adjust`.

use clap::{Args, Subcommand, ValueEnum};
use ledger::{AccountId, AdjustmentId, Timestamp};

use super::{ACCESS, instant};

#[derive(Debug, Subcommand)]
pub(crate) enum AdjustCommand {
    Grant(GrantArguments),
    TakeBack(TakeBackArguments),
    WriteOff(WriteOffArguments),
    MoveExpiry(MoveExpiryArguments),
    Suspend(SuspendArguments),
    Resume(ResumeArguments),
    Waiting(WaitingArguments),
    Approve(ApproveArguments),
    Refuse(RefuseArguments),
}

// The function that is asked. Not a documentation comment: clap would take it for the help of the command
// that flattens it.
#[derive(Debug, Args)]
pub(crate) struct FunctionName {
    /// The account-adjustment function; `ACCOUNT_ADJUSTMENT_FUNCTION` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
}

// What every adjustment says.
#[derive(Debug, Args)]
pub(crate) struct SubmitArguments {
    #[command(flatten)]
    pub(crate) function: FunctionName,
    /// The account: the `sub` of the customer's token
    #[arg(long, value_name = "ID")]
    pub(crate) account: AccountId,
    /// The product whose policy allows it; of a lot it is the lot's
    #[arg(long, value_name = "NAME")]
    pub(crate) product: String,
    /// The clause of that policy
    #[arg(long, value_name = "NAME")]
    pub(crate) clause: String,
    /// Why; it stays with the adjustment, and is in no journal and no log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// A name of yours for it, like a ticket's: the same key again is the same adjustment, which happens once
    #[arg(long, value_name = "NAME")]
    pub(crate) key: String,
    /// Who says so; `USER` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) operator: Option<String>,
}

// An expiry, or none.
#[derive(Debug, Args)]
#[group(id = "expiry", required = true, multiple = false)]
pub(crate) struct ExpiryArguments {
    /// From this instant on the credits are unusable
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) expires_at: Option<Timestamp>,
    /// The credits never expire
    #[arg(long)]
    pub(crate) never: bool,
}

/// What credits are given for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Purpose {
    Goodwill,
    Promotional,
    Trial,
}

/// Give credits to an account.
///
/// They are a lot of their own and pay off no debt. Above the limits of the policy, counted with what the
/// account got and you gave before, another person has to approve. The caller needs `lambda:InvokeFunction`
/// on the account-adjustment function.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{GRANT_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct GrantArguments {
    #[command(flatten)]
    pub(crate) submit: SubmitArguments,
    /// How many
    #[arg(long, value_name = "NUMBER")]
    pub(crate) credits: u64,
    /// What for
    #[arg(long)]
    pub(crate) purpose: Purpose,
    #[command(flatten)]
    pub(crate) expiry: ExpiryArguments,
}

const GRANT_EXAMPLES: &str = "\
Examples:
  makegood adjust grant --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 --product music-studio \\
    --clause extended-outage --reason 'Two evenings without service' --key ticket-4711 \\
    --credits 50 --purpose goodwill --expires-at 2027-03-01T00:00:00Z
  makegood adjust grant --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 --product music-studio \\
    --clause extended-outage --reason 'As announced' --key autumn-2026 --credits 20 \\
    --purpose promotional --never

Exit codes: 0 it took effect or waits for another person, 1 it was refused, 2 the function could not be
asked.";

/// Take back unused credits of a lot.
///
/// Never more than are left of it, as `makegood history` shows; what was spent is no debt.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{TAKE_BACK_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct TakeBackArguments {
    #[command(flatten)]
    pub(crate) submit: SubmitArguments,
    /// The lot's number within the account
    #[arg(long, value_name = "NUMBER")]
    pub(crate) lot: u32,
    /// How many
    #[arg(long, value_name = "NUMBER")]
    pub(crate) credits: u64,
}

const TAKE_BACK_EXAMPLES: &str = "\
Examples:
  makegood adjust take-back --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 --product music-studio \\
    --clause mid-period --reason 'Granted twice' --key ticket-4712 --lot 3 --credits 50

Exit codes: 0 it took effect or waits for another person, 1 it was refused, 2 the function could not be
asked.";

/// Write off credits that an account owes.
///
/// Never more than are owed. They count as credits that you gave.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{WRITE_OFF_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct WriteOffArguments {
    #[command(flatten)]
    pub(crate) submit: SubmitArguments,
    /// How many
    #[arg(long, value_name = "NUMBER")]
    pub(crate) credits: u64,
}

const WRITE_OFF_EXAMPLES: &str = "\
Examples:
  makegood adjust write-off --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 --product music-studio \\
    --clause mid-period --reason 'The refund was ours to make' --key ticket-4713 --credits 30

Exit codes: 0 it took effect or waits for another person, 1 it was refused, 2 the function could not be
asked.";

/// Move the expiry of a lot.
///
/// The lot is of a subscription, or was given; credits of packs never expire. The new expiry lies ahead.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{MOVE_EXPIRY_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct MoveExpiryArguments {
    #[command(flatten)]
    pub(crate) submit: SubmitArguments,
    /// The lot's number within the account
    #[arg(long, value_name = "NUMBER")]
    pub(crate) lot: u32,
    #[command(flatten)]
    pub(crate) expiry: ExpiryArguments,
}

const MOVE_EXPIRY_EXAMPLES: &str = "\
Examples:
  makegood adjust move-expiry --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 --product music-studio \\
    --clause mid-period --reason 'In hospital' --key ticket-4714 --lot 3 --expires-at 2027-03-01T00:00:00Z

Exit codes: 0 it took effect or waits for another person, 1 it was refused, 2 the function could not be
asked.";

/// Suspend an account: it places no holds from here on.
///
/// The credits stay, and open holds end as ever.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{SUSPEND_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct SuspendArguments {
    #[command(flatten)]
    pub(crate) submit: SubmitArguments,
}

const SUSPEND_EXAMPLES: &str = "\
Examples:
  makegood adjust suspend --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 --product music-studio \\
    --clause mid-period --reason 'Stolen cards' --key ticket-4715

Exit codes: 0 it took effect, 1 it was refused, 2 the function could not be asked.";

/// Let a suspended account place holds again.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{RESUME_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct ResumeArguments {
    #[command(flatten)]
    pub(crate) submit: SubmitArguments,
}

const RESUME_EXAMPLES: &str = "\
Examples:
  makegood adjust resume --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 --product music-studio \\
    --clause mid-period --reason 'The bank was wrong' --key ticket-4716

Exit codes: 0 it took effect, 1 it was refused, 2 the function could not be asked.";

/// List the adjustments that wait for another person, oldest first.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{WAITING_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct WaitingArguments {
    #[command(flatten)]
    pub(crate) function: FunctionName,
}

const WAITING_EXAMPLES: &str = "\
Examples:
  makegood adjust waiting

Exit codes: 0 the list is complete, 2 the function could not be asked.";

// Which adjustment is decided about, and who decides.
#[derive(Debug, Args)]
pub(crate) struct DecideArguments {
    #[command(flatten)]
    pub(crate) function: FunctionName,
    /// The adjustment, as `makegood adjust waiting` shows it
    pub(crate) id: AdjustmentId,
    /// Its account
    #[arg(long, value_name = "ID")]
    pub(crate) account: AccountId,
    /// Who says so: another person than the one who submitted it; `USER` where it is not given
    #[arg(long, value_name = "NAME")]
    pub(crate) operator: Option<String>,
}

/// Approve an adjustment that waits for another person: it takes effect.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{APPROVE_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct ApproveArguments {
    #[command(flatten)]
    pub(crate) decide: DecideArguments,
}

const APPROVE_EXAMPLES: &str = "\
Examples:
  makegood adjust approve adj_4e1c0a7b9d2f3e5a6b8c7d9e10 --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11

Exit codes: 0 it took effect, 1 it did not, 2 the function could not be asked.";

/// Refuse an adjustment that waits for another person: it never takes effect.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{REFUSE_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct RefuseArguments {
    #[command(flatten)]
    pub(crate) decide: DecideArguments,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

const REFUSE_EXAMPLES: &str = "\
Examples:
  makegood adjust refuse adj_4e1c0a7b9d2f3e5a6b8c7d9e10 --account 5b0e7a52-1d7f-4a52-9b3e-2f6f8d6c1a11 \\
    --reason 'The refund was not ours to make'

Exit codes: 0 it is refused, 1 it is not, 2 the function could not be asked.";
