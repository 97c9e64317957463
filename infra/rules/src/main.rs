//! Shows by mutation which written rules the tests hold, and writes docs/rules.md.
//!
//! In: the embedded documents, `rules.toml`, `mutations.toml`, and the tests of the workspace, whose names
//! carry the ids of rules as `s2_16_…`. Out: `record.toml`, docs/rules.md, and the counts.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "progress, counts and faults are its output")]

mod carriers;
mod fault;
mod harness;
mod mutants;
mod mutate;
mod page;
mod plan;
mod record;
mod registry;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use fault::Fault;
use registry::Id;

/// Where the table of the rules is written, from the root.
const PAGE: &str = "docs/rules.md";

/// Shows by mutation which written rules the tests hold.
///
/// A rule of a written policy is held when its tests (`s2_16_…` for rule S2-16) fail whenever it is broken.
#[derive(Parser)]
#[command(after_help = "Examples:
  rules mutate                   break every rule whose tests or documents changed since the record
  rules mutate --rule S2-16      break this rule alone
  rules mutate --all             break every rule: after a change of the engine or of what tests share
  rules list --rule S2-16        what would be broken
  rules render                   write docs/rules.md from the record
  rules check                    fail where the record does not bear out a claim, or the page is another")]
struct Arguments {
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Break each rule in turn and record which test notices.
    Mutate {
        /// Break these rules alone, changed or not.
        #[arg(long = "rule")]
        rules: Vec<Id>,
        /// Break every rule.
        #[arg(long, conflicts_with = "rules")]
        all: bool,
    },
    /// List what would be broken.
    List {
        /// List these rules alone.
        #[arg(long = "rule")]
        rules: Vec<Id>,
    },
    /// Write docs/rules.md.
    Render,
    /// Fail where the record does not bear out every claim, or docs/rules.md is not what it says.
    Check,
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    match root.canonicalize().map_err(|error| Fault::file("the workspace", error)).and_then(|root| run(&root))
    {
        Ok(()) => ExitCode::SUCCESS,
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path) -> Result<(), Fault> {
    let arguments = Arguments::parse();
    let entries = registry::entries(root)?;
    let tests = registry::tests(root)?;
    let plans = plan::plans(root, &entries, &tests)?;
    let mut record = record::read(root)?;
    match arguments.command {
        Action::Mutate { rules, all } => {
            let choice = mutate::Choice { rules, all };
            mutate::mutate(root, &plans, &tests, &mut record, &choice)?;
            let line = render(root, &page::page(&entries, &tests, &plans, &record)?)?;
            let mut faults = record::unborne(&plans, &record);
            let chosen = |fault: &String| choice.rules.iter().any(|id| fault.starts_with(&format!("{id}: ")));
            faults.retain(|fault| choice.rules.is_empty() || chosen(fault));
            println!("{line}");
            if faults.is_empty() { Ok(()) } else { Err(Fault(faults)) }
        }
        Action::List { rules } => {
            for (id, plan) in plans.rules.iter().filter(|(id, _)| rules.is_empty() || rules.contains(id)) {
                println!("{id}");
                for broken in &plan.documents {
                    println!("  {}{}", if broken.mutant.core { "" } else { "  " }, broken.mutant.label);
                }
                for code in plan.code.iter().filter_map(|place| plans.code.get(*place)) {
                    println!("  {}: {}", code.file, code.what);
                }
            }
            Ok(())
        }
        Action::Render => {
            println!("{}", render(root, &page::page(&entries, &tests, &plans, &record)?)?);
            Ok(())
        }
        Action::Check => {
            let (page, line) = page::page(&entries, &tests, &plans, &record)?;
            let mut faults = record::unborne(&plans, &record);
            let written = fs::read_to_string(root.join(PAGE)).unwrap_or_default();
            if written != page {
                faults.extend(page::overstated(&written, &page));
                faults.push(format!("{PAGE} is out of step; expected what `make rules` writes"));
            }
            println!("{line}");
            if faults.is_empty() { Ok(()) } else { Err(Fault(faults)) }
        }
    }
}

fn render(root: &Path, (page, line): &(String, String)) -> Result<String, Fault> {
    fs::write(root.join(PAGE), page).map_err(|error| Fault::file(PAGE, error))?;
    Ok(line.clone())
}
