//! The grammar of `makegood policy`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use ledger::{RefundRequestId, Timestamp};
use policy::Reason;

use super::publication::{PoliciesArguments, PublisherArguments};
use super::{ACCESS, TableArguments, instant};

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    Check(CheckArguments),
    Decide(DecideArguments),
    Diff(DiffArguments),
    New(NewArguments),
    Publish(PublishPoliciesArguments),
    Explain(ExplainArguments),
    Backtest(BacktestArguments),
    Export(ExportArguments),
    /// Print the JSON schema of policy documents, for editors.
    ///
    /// An editor that reads the line `#:schema` of a TOML file finds the schema by itself.
    #[command(after_long_help = "Example:\n  makegood policy schema > policy-document.json")]
    Schema,
}

/// Check documents: each mistake as `file:line: field: what is wrong; expected …`.
///
/// Each document is checked by itself, its rules against each other, and the whole against the version
/// before it: a version that takes something from customers is material, says so, and is announced in
/// advance. The version before is the newest one among the given files, in the same folder, or published. A
/// file named `catalogue.toml` is read as a price catalogue for the given documents, or else for the
/// published ones. What is published is read where `POLICIES_TABLE` or the option names the table.
#[derive(Debug, Args)]
#[command(after_long_help = CHECK_EXAMPLES)]
pub(crate) struct CheckArguments {
    /// Policy documents and price catalogues
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Compare with this version: a file, or `music-studio@2026-05-02` that is published
    #[arg(long, value_name = "DOCUMENT")]
    pub(crate) against: Option<String>,
    #[command(flatten)]
    pub(crate) policies: PoliciesArguments,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  makegood policy check documents/music-studio/2026-05-02.toml
  makegood policy check documents/catalogue.toml documents/*/*.toml
  makegood policy check draft.toml --against music-studio@2026-05-02

Exit codes: 0 no mistakes, 1 mistakes, 2 a file could not be read.";

/// Decide a request and show what the decision rests on; with a file it needs no access to AWS.
#[derive(Debug, Args)]
#[command(after_long_help = DECIDE_EXAMPLES)]
pub(crate) struct DecideArguments {
    /// The policy: `music-studio` or `music-studio@2026-05-02` that is published, or a file
    #[arg(long, value_name = "DOCUMENT")]
    pub(crate) document: String,
    /// Its version; where none is given, the one in force at the instant of the decision
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// The reason of the request
    #[arg(long, value_parser = reasons())]
    pub(crate) reason: Reason,
    /// A JSON object of facts; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: PathBuf,
    /// Decide as of this instant, not of the clock's
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    pub(crate) at: Option<Timestamp>,
    /// Print the decision as it is published and stored
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) policies: PoliciesArguments,
}

const DECIDE_EXAMPLES: &str = "\
Examples:
  makegood policy decide --document music-studio --reason result_not_liked --facts facts.json
  echo '{\"payment_named\": false, \"generation_named\": true}' |
    makegood policy decide --document music-studio --reason result_not_liked --facts - --json

A fact that the file leaves out is unknown, which is not the same as no. Instants among the facts are
milliseconds since 1970; amounts are in the smallest unit of the currency.";

/// Show what changes from one version to another: clauses, terms, outcomes, promises.
///
/// Requests that the second version decides worse for customers are searched around every rule and threshold
/// of both, and shown with their facts.
#[derive(Debug, Args)]
#[command(after_long_help = DIFF_EXAMPLES)]
pub(crate) struct DiffArguments {
    /// The older version: a file, or `music-studio@2026-05-02` that is published
    #[arg(value_name = "BEFORE")]
    pub(crate) before: String,
    /// The newer version
    #[arg(value_name = "AFTER")]
    pub(crate) after: String,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) policies: PoliciesArguments,
}

const DIFF_EXAMPLES: &str = "\
Examples:
  makegood policy diff music-studio@2026-05-02 draft.toml
  makegood policy diff old.toml new.toml --json

Exit codes: 0 both say the same, 1 something changes, 2 a document could not be read.";

/// Write the first document of a policy: answer a few questions, and word its texts.
///
/// Numbers and rules work as they are. Every text that customers read begins with TO BE WORDED and says
/// what it is about. `makegood policy check` refuses the file until all of them are worded. An option
/// answers its question beforehand, for scripts. A file that is there already is left alone.
#[derive(Debug, Args)]
#[command(after_long_help = NEW_EXAMPLES)]
pub(crate) struct NewArguments {
    /// The file to write
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Its id: lower-case letters, digits and hyphens
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Its title
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    /// The products that it covers, separated by commas
    #[arg(long, value_name = "IDS")]
    pub(crate) products: Option<String>,
    /// One kind of generation, as your services name it
    #[arg(long, value_name = "NAME")]
    pub(crate) operation: Option<String>,
    /// Where customers write to: an address, or words
    #[arg(long, value_name = "TEXT")]
    pub(crate) contact: Option<String>,
    /// Who pays refunds: `stripe` or `creem`
    #[arg(long, value_name = "PROVIDER", value_parser = ["stripe", "creem"])]
    pub(crate) provider: Option<String>,
    /// How many days a purchase can be given back
    #[arg(long, value_name = "DAYS")]
    pub(crate) window_days: Option<String>,
    /// How much of a plan may be used before a refund
    #[arg(long, value_name = "PERCENT")]
    pub(crate) used_percent: Option<String>,
    /// Within how many business days requests are answered
    #[arg(long, value_name = "DAYS")]
    pub(crate) answer_days: Option<String>,
    /// How many days before it applies a material change is announced
    #[arg(long, value_name = "DAYS")]
    pub(crate) notice_days: Option<String>,
    /// The day from which it applies; tomorrow where it is not given
    #[arg(long, value_name = "DAY")]
    pub(crate) in_force: Option<String>,
}

const NEW_EXAMPLES: &str = "\
Examples:
  makegood policy new policy.toml
  makegood policy new policy.toml --id picture-shop --products pictures --operation picture \\
    --contact help@shop.example --in-force 2026-12-01 < /dev/null

Exit codes: 0 the file is written, 1 an answer makes no sound document, 2 a question has no answer, or the
file could not be written.";

/// Publish versions of policies: functions decide by what is published, and by nothing else.
///
/// Each version is checked as by `check`, and what changes is shown as by `diff`. A version that takes
/// something from customers has to say so, and to give the notice that it promises. A version is in force a
/// quarter of an hour from now at the earliest, so that every function knows it by then; only where nothing
/// is published yet may it be of the past. A published version never changes and never goes: the same bytes
/// again do nothing, and other bytes need another version. Statutory packs are published within each
/// version that heeds them.
///
/// All files are published, or none. The caller needs `dynamodb:Query` and `dynamodb:PutItem` on the
/// policies' table.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{PUBLISH_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct PublishPoliciesArguments {
    #[command(flatten)]
    pub(crate) publisher: PublisherArguments,
    /// Policy documents
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

const PUBLISH_EXAMPLES: &str = "\
Examples:
  makegood policy publish documents/music-studio/2026-07-01.toml
  makegood policy publish documents/*/*.toml --yes --operator release-pipeline \\
    --policies-table prod-PoliciesTable

Exit codes: 0 they are published, or were published before as they are; 1 one of them must not be published,
or you said no; 2 the table could not be read or written. Nothing is published where the exit code is not 0.";

/// Explain what was decided on a stored request, and decide it again from its frozen facts.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXPLAIN_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct ExplainArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    #[command(flatten)]
    pub(crate) policies: PoliciesArguments,
    /// The request's id
    #[arg(value_name = "REQUEST")]
    pub(crate) request: RefundRequestId,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  makegood policy explain rr_5f0c1d2e3b4a59687786958473

Exit codes: 0 the frozen facts lead to the same decision byte for byte, 1 they do not, or there is no such
request, 2 the request could not be read.";

/// Replay past requests with their frozen facts against a draft.
///
/// Past requests come from the requests table, or from a file of `makegood policy export`. A draft under
/// which one of them ends worse for its customer is material: it has to say so, and to be announced in
/// advance.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{BACKTEST_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct BacktestArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    #[command(flatten)]
    pub(crate) policies: PoliciesArguments,
    /// The draft
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: PathBuf,
    /// Past requests, one JSON object a line
    #[arg(long, value_name = "FILE", conflicts_with_all = ["ledger_table", "requests_table"])]
    pub(crate) requests: Option<PathBuf>,
    /// Print the result as JSON, with every request that ends otherwise
    #[arg(long)]
    pub(crate) json: bool,
}

const BACKTEST_EXAMPLES: &str = "\
Examples:
  makegood policy backtest --policy draft.toml
  makegood policy backtest --policy draft.toml --requests past.jsonl --json

Exit codes: 0 nobody is worse off or the draft says that it is material, 1 a request is worse off and it does
not, or the draft has mistakes, 2 something could not be read.";

/// Write past requests as lines of JSON: reason, frozen facts and what was decided.
///
/// Notes and account ids are left out.
#[derive(Debug, Args)]
#[command(after_long_help = format!("{EXPORT_EXAMPLES}\n\n{ACCESS}"))]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    pub(crate) tables: TableArguments,
    /// Only requests that this policy decided
    #[arg(long, value_name = "ID")]
    pub(crate) document: Option<String>,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  makegood policy export > past.jsonl
  makegood policy export --document music-studio --requests-table prod-RequestsTable > past.jsonl";

fn reasons() -> impl TypedValueParser<Value = Reason> {
    let values =
        Reason::ALL.iter().map(|reason| PossibleValue::new(reason.as_str()).help(reason.description()));
    PossibleValuesParser::new(values).try_map(|id| Reason::parse(&id).ok_or("not a reason"))
}
