//! `make bench`: what the functions cost, printed beside what they may cost.
//!
//! Release binaries run as Lambda runs them, one after the other on a core of their own, against a Runtime
//! API and an AWS endpoint in this process. Time is CPU time as the kernel counts it at each `/next`; wall
//! times are
//! printed for comparison only. Starts of different functions are interleaved, so that a slow minute of the
//! machine touches all of them. Nothing here is asserted: the exit status says whether it could be measured.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures go to the terminal")]

mod creem;
mod endpoint;
mod envelope;
mod function;
mod machine;
mod report;
mod series;
mod story;

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use lambda::clock;
use ledger_dynamodb::{Policies, Publication, in_process};
use policy_documents::{catalogue, documents};
use testkit::stand_in::StripeStandIn;

use endpoint::Endpoint;
use function::{Bench, FUNCTIONS, Function, Seen, Size};
use report::Row;
use story::Story;

/// How often two builds take turns at warm invocations.
const TURNS: usize = 8;

/// Measures the release binaries: start-up, first and warm invocations, size and memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// Functions to measure (all by default); `hello` is always one of them.
    functions: Vec<String>,
    /// Folder of the binaries (by default the release folder of the target directory).
    #[arg(long)]
    binaries: Option<PathBuf>,
    /// Folder of another build's binaries, which are measured in turn with these; prints how they compare.
    #[arg(long)]
    beside: Option<PathBuf>,
    /// Starts of each function.
    #[arg(long, default_value_t = 100)]
    colds: usize,
    /// Warm invocations of each kind.
    #[arg(long, default_value_t = 2000)]
    warms: usize,
    /// What `cargo bench` adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Why it could not be measured.
#[derive(Debug)]
enum Failure {
    Io(io::Error),
    Story(&'static str),
    Function { name: &'static str, what: String, line: String },
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io(error) => write!(f, "{error}"),
            Self::Story(what) => f.write_str(what),
            Self::Function { name, what, line } => {
                write!(f, "{name} {what}; the last line of its log: {line}")
            }
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Threads that are started later stay on the same core.
    let measured = machine::Cores::part().map_err(Failure::Io).and_then(|cores| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(measure(&arguments, cores))
    });
    match measured {
        Ok(tables) => {
            println!("{tables}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments, cores: machine::Cores) -> Result<String, Failure> {
    let folder = std::env::temp_dir().join(format!("makegood-figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (tables, _, dynamodb) = in_process::tables_with_endpoint().await;
    publish(&in_process::policies_beside(&tables)).await?;
    let bundle = folder.join("bundle.pem");
    let binaries = arguments.binaries.clone().map_or_else(release_folder, Ok)?;
    let bench = Bench {
        endpoint: Endpoint::start(&dynamodb, &bundle).await?,
        bundle,
        log: folder.join("log.jsonl"),
        cores,
    };
    let stripe = StripeStandIn::start().await.map_err(io::Error::other)?;
    let mut story = Story::begin(tables, stripe).await?;
    let mut rows = rows(arguments, &binaries)?;
    let mut before = match &arguments.beside {
        Some(folder) => self::rows(arguments, folder)?,
        None => Vec::new(),
    };
    let entry_bytes = story.entry_bytes().await?;

    for round in 1..=arguments.colds {
        if round % 10 == 0 || round == 1 {
            eprintln!("starts: round {round} of {}", arguments.colds);
        }
        for index in 0..rows.len() {
            for row in pair(&mut rows, &mut before, index, round) {
                bench.cold(row, &mut story).await?;
            }
        }
    }
    // Two builds take turns, so that what drifts on the machine touches both.
    let turns = if before.is_empty() { 1 } else { TURNS };
    for index in 0..rows.len() {
        for turn in 0..turns {
            for row in pair(&mut rows, &mut before, index, turn) {
                eprintln!("warm: {}", row.function.name);
                bench.warm(row, arguments.warms.div_ceil(turns), &mut story).await?;
            }
        }
    }
    std::fs::remove_dir_all(&folder)?;
    let used_bytes = story.entry_bytes().await?;
    let decisions = decisions(&binaries)?;
    let ratios = if before.is_empty() { String::new() } else { report::ratios(&rows, &before) };
    Ok(format!(
        "{}; p10 / **p50** / p99 of {} starts and {} warm invocations.\n\
         Newest entry of the account: {entry_bytes} \
         bytes at the beginning, {used_bytes} at the end.\n\n{}\n\n{decisions}\n\n{ratios}",
        machine::description(),
        arguments.colds,
        arguments.warms,
        report::tables(&rows)
    ))
}

/// Publishes the examples, which every function reads before its first invocation.
async fn publish(policies: &Policies) -> Result<(), Failure> {
    let versions: Vec<_> =
        (1..).zip(documents().iter()).map(|(number, version)| published(number, version.clone())).collect();
    policies.publish_documents(&versions).await.map_err(io::Error::other)?;
    policies.publish_catalogue(&published(1, catalogue().clone())).await.map_err(io::Error::other)?;
    Ok(())
}

fn published<T>(number: u64, content: T) -> Publication<T> {
    Publication { number, content, hash: String::new(), author: "figures".to_owned(), at: clock::now() }
}

/// The table that `policy-documents`' own measurement prints: it is compiled as the functions are.
fn decisions(binaries: &Path) -> Result<String, Failure> {
    let program = binaries.join("examples").join("timing");
    let table = std::process::Command::new(&program).output()?;
    if !table.status.success() {
        return Err(Failure::Story("the measurement of decisions failed"));
    }
    Ok(String::from_utf8_lossy(&table.stdout).trim_end().to_owned())
}

/// One function of each build; the one that goes first changes with `turn`.
fn pair<'rows>(
    rows: &'rows mut [Row],
    before: &'rows mut [Row],
    index: usize,
    turn: usize,
) -> impl Iterator<Item = &'rows mut Row> {
    let mut pair: Vec<&mut Row> =
        [rows.get_mut(index), before.get_mut(index)].into_iter().flatten().collect();
    if turn % 2 == 1 {
        pair.reverse();
    }
    pair.into_iter()
}

/// The functions that were asked for and the one that they are held against.
fn rows(arguments: &Arguments, binaries: &Path) -> Result<Vec<Row>, Failure> {
    let is_wanted = |function: &Function| {
        arguments.functions.is_empty()
            || function.name == "hello"
            || arguments.functions.iter().any(|name| name == function.name)
    };
    let mut rows = Vec::new();
    for function in FUNCTIONS.into_iter().filter(is_wanted) {
        let binary = binaries.join(function.name);
        let size = Size::of(&binary).map_err(|error| Failure::Function {
            name: function.name,
            what: format!("is not there ({error}): `make bench` builds the release binaries first"),
            line: String::new(),
        })?;
        rows.push(Row { function, binary, size, seen: Seen::default() });
    }
    Ok(rows)
}

/// This program is `target/<profile>/deps/figures-…`, of a profile that compiles quickly: it is not what is
/// measured.
fn release_folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).ok_or_else(|| io::Error::other("no target directory"))?;
    Ok(target.join("release"))
}
