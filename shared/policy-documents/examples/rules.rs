//! Writes `docs/rules.md`: every rule of the written policies, the clause that covers it, what carries it
//! out, and the tests that hold it. With `--check` it writes nothing and fails where the file is out of
//! step. It always fails on a rule without a clause, and on one without a test that is not said to be open.
//!
//! In: the embedded documents, `rules.toml`, and the names of the workspace's tests, which carry the ids
//! of rules as `s2_16_…`. Out: the file, and the counts on standard output.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the counts and the faults are its output")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use policy::{Clause, ClauseKind, Document};
use policy_documents::documents;

/// The texts, in the order of their numbers.
const TEXTS: [&str; 5] =
    ["assistant-suite", "assistant-suite, cancelling", "music-studio", "image-to-3d", "image-web"];
/// Folders that hold no tests of ours.
const SKIPPED: [&str; 4] = ["target", ".git", ".local", ".aws-sam"];

/// A rule's id: the text and the number within it.
type Id = (usize, u32);

/// What `rules.toml` says about a rule.
struct Entry {
    mode: String,
    tests: Vec<String>,
    about: Option<String>,
    /// Why it is not held.
    open: Option<String>,
    note: Option<String>,
}

/// A test by its name, and the file that it stands in.
type Tests = BTreeMap<String, String>;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let check = std::env::args().any(|argument| argument == "--check");
    match run(&root, check) {
        Ok(counts) => {
            println!("{counts}");
            ExitCode::SUCCESS
        }
        Err(faults) => {
            eprintln!("{faults}");
            ExitCode::FAILURE
        }
    }
}

fn run(root: &Path, check: bool) -> Result<String, String> {
    let entries = entries(&root.join("shared/policy-documents/rules.toml"))?;
    let tests = tests(root).map_err(|error| format!("the workspace's tests: {error}"))?;
    let (page, counts) = page(&entries, &tests)?;
    let path = root.join("docs/rules.md");
    if check {
        if fs::read_to_string(&path).unwrap_or_default() != page {
            return Err("docs/rules.md is out of step; expected what `make rules` writes".to_owned());
        }
    } else {
        fs::write(&path, page).map_err(|error| format!("docs/rules.md: {error}"))?;
    }
    Ok(counts)
}

fn entries(path: &Path) -> Result<BTreeMap<Id, Entry>, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("rules.toml: {error}"))?;
    let table: toml::Table = text.parse().map_err(|error| format!("rules.toml: {error}"))?;
    table
        .iter()
        .map(|(id, value)| {
            let text = |name: &str| value.get(name).and_then(toml::Value::as_str).map(str::to_owned);
            let tests = value.get("tests").and_then(toml::Value::as_array).into_iter().flatten();
            let entry = Entry {
                mode: text("mode").ok_or_else(|| format!("rules.toml: {id} has no mode"))?,
                tests: tests.filter_map(toml::Value::as_str).map(str::to_owned).collect(),
                about: text("about"),
                open: text("open"),
                note: text("note"),
            };
            let id = parsed(id).ok_or_else(|| format!("rules.toml: `{id}` is no id of a rule"))?;
            Ok((id, entry))
        })
        .collect()
}

/// `S2-16` as text 2 and number 16.
fn parsed(id: &str) -> Option<Id> {
    let (text, number) = id.strip_prefix('S')?.split_once('-')?;
    Some((text.parse().ok()?, number.parse().ok()?))
}

/// The names of functions in the workspace's Rust and Python files that carry an id, or that could be
/// named by `rules.toml`.
fn tests(root: &Path) -> std::io::Result<Tests> {
    let mut tests = Tests::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
                let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                for line in fs::read_to_string(&path)?.lines() {
                    if let Some(function) = function(line) {
                        tests.insert(function.to_owned(), file.clone());
                    }
                }
            }
        }
    }
    Ok(tests)
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("async ").unwrap_or(line);
    let rest = line.strip_prefix("fn ").or_else(|| line.strip_prefix("def "))?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    rest.get(..end)
}

/// The ids that the name of a test carries: `s2_28_s2_29_the_window`.
fn carried(name: &str) -> BTreeSet<Id> {
    let words: Vec<&str> = name.split('_').collect();
    words
        .windows(2)
        .filter_map(|pair| match pair {
            [text, number] => Some((text.strip_prefix('s')?.parse().ok()?, number.parse().ok()?)),
            _ => None,
        })
        .collect()
}

fn page(entries: &BTreeMap<Id, Entry>, tests: &Tests) -> Result<(String, String), String> {
    let mut faults = Vec::new();
    let mut rows = String::new();
    let (mut held, mut open, mut outside) = (0_u32, 0_u32, 0_u32);
    let mut text_before = None;
    for (&(text, number), entry) in entries {
        let id = format!("S{text}-{number}");
        if text_before != Some(text) {
            let _ = writeln!(rows, "\n## S{text}: {}\n", TEXTS.get(text).copied().unwrap_or("?"));
            rows.push_str("| rule | mode | clause | carried out by | held by |\n|---|---|---|---|---|\n");
            text_before = Some(text);
        }
        if let Some(about) = &entry.about {
            outside = outside.saturating_add(1);
            let _ = writeln!(
                rows,
                "| {id} | {} | {about} | out of scope: not about refunds or credits | |",
                entry.mode
            );
            continue;
        }
        let covering: Vec<(&Document, &Clause)> = documents()
            .iter()
            .flat_map(|document| document.clauses.iter().map(move |clause| (document, clause)))
            .filter(|(_, clause)| clause.covers.contains(&id))
            .collect();
        if covering.is_empty() {
            faults.push(format!("{id}: no clause covers it"));
        }
        let mut holding: Vec<&str> =
            tests.keys().filter(|name| carried(name).contains(&(text, number))).map(String::as_str).collect();
        for name in &entry.tests {
            match tests.get(name) {
                Some(_) => holding.push(name),
                None => faults.push(format!("{id}: there is no test `{name}`")),
            }
        }
        match &entry.open {
            None if holding.is_empty() => faults.push(format!("{id}: no test holds it")),
            Some(_) if !holding.is_empty() => {
                faults.push(format!(
                    "{id} is open; expected no test that claims it, not {}",
                    holding.join(", ")
                ));
            }
            _ => {}
        }
        let count = if entry.open.is_some() { &mut open } else { &mut held };
        *count = count.saturating_add(1);
        let clauses: Vec<String> =
            covering.iter().map(|(_, clause)| format!("`{}`: {}", clause.id, clause.text)).collect();
        let carriers: BTreeSet<String> =
            covering.iter().flat_map(|(document, clause)| carriers(document, clause)).collect();
        let holding = match &entry.open {
            Some(why) => format!("**open**: {why}"),
            None => holding.iter().map(|name| located(name, tests)).collect::<Vec<_>>().join("<br>"),
        };
        let _ = writeln!(
            rows,
            "| {id} | {} | {} | {} | {holding} |",
            entry.mode,
            clauses.join("<br>"),
            carriers.into_iter().chain(entry.note.clone()).collect::<Vec<_>>().join(", "),
        );
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    let counts =
        format!("{} rules: {held} held by tests, {open} open, {outside} out of scope", entries.len());
    Ok((format!("{HEAD}\n{counts}.\n{rows}"), counts))
}

const HEAD: &str = "# The rules of the written policies

Generated by `make rules` from the policy documents, `shared/policy-documents/rules.toml` and the names of the
tests. Modes: **A** a machine decides, **R** a machine recommends and a person decides, **H** a person alone,
**S** a clock, **C** an invariant, **I** information, **X** out of scope.
";

fn located(name: &str, tests: &Tests) -> String {
    let file = tests.get(name).map_or("", String::as_str);
    format!("[`{name}`](../{file})")
}

/// What of the document acts on a clause.
fn carriers(document: &Document, clause: &Clause) -> Vec<String> {
    let id = &clause.id;
    let mut carriers: Vec<String> = Vec::new();
    match clause.kind {
        ClauseKind::Rule | ClauseKind::Clock => {}
        ClauseKind::Invariant => carriers.push("invariant".to_owned()),
        ClauseKind::Information => carriers.push("shown to people".to_owned()),
    }
    let rules = document.rules.iter().filter(|rule| rule.clauses.contains(id));
    carriers.extend(rules.map(|rule| format!("rule `{}`", rule.id)));
    let clocks = document.clocks.iter().filter(|clock| clock.clause == *id);
    carriers.extend(clocks.map(|clock| format!("clock `{}`", clock.id)));
    let reviews = document.review.iter().filter(|review| review.clause == *id);
    carriers.extend(reviews.map(|review| format!("review `{}`", review.id)));
    let failures = &document.failures;
    let failure_rules = [
        &failures.provider_error,
        &failures.own_error,
        &failures.empty_success,
        &failures.hold_timeout,
        &failures.moderation_block,
        &failures.partial_result,
    ];
    let parts = [
        ("the version in force", document.version_clause == *id),
        ("operations", document.operations.iter().any(|each| each.clause == *id)),
        ("failures", failure_rules.iter().any(|rule| rule.clause == *id)),
        ("empty answers", document.empty_success.iter().any(|each| each.clause == *id)),
        ("offers", document.offers.iter().any(|offer| offer.clause == *id)),
        ("left-over credits", document.leftover.as_ref().is_some_and(|each| each.clause == *id)),
        ("what a refund does", document.on_refund_clauses.contains(id)),
        ("intake", document.intake.as_ref().is_some_and(|each| each.clause == *id)),
        ("provider", document.provider.as_ref().is_some_and(|each| each.clause == *id)),
        ("approval", document.approval.as_ref().is_some_and(|each| each.clause == *id)),
        ("the door to a person", document.door.clause == *id),
    ];
    carriers.extend(parts.iter().filter(|(_, acts)| *acts).map(|(part, _)| (*part).to_owned()));
    if carriers.is_empty() {
        // The clause of `[credits]` is the one reference that only the check of the document keeps.
        carriers.push("renewals".to_owned());
    }
    carriers
}
