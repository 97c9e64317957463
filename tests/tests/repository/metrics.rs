//! The metrics of the functions: `docs/LOGGING.md` lists those that are counted and says which of them have
//! an alarm, and the template has these alarms.

use std::collections::BTreeSet;

use crate::files::{Findings, TextFile, read, text_files};
use crate::interfaces::{TEMPLATE, resources, text, yaml};

const LIST: &str = "docs/LOGGING.md";
/// What marks the row of a metric that has an alarm.
const ALARM: &str = "**alarm**";
/// The template's namespace of the functions' own metrics, as `yaml` leaves it of `!Ref AWS::StackName`.
const NAMESPACE: &str = "AWS::StackName";

/// The names in backticks in the first column of the table of metrics, with the rest of their row.
fn listed(document: &str) -> Vec<(String, &str)> {
    let table = document.split_once("\n## Metrics\n").map_or("", |(_, rest)| rest);
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
    rows.flat_map(|(names, rest)| {
        names.split(", ").map(move |name| (name.trim_matches('`').to_owned(), rest))
    })
    .collect()
}

/// The texts in quotes of a function's code that are names of metrics: letters only, an upper-case one first
/// and lower-case ones after it. Nothing else in the functions looks like that but the
/// arguments of attributes.
fn counted(file: &TextFile) -> impl Iterator<Item = (usize, &str)> {
    let code = file.lines().filter(|(_, line)| !line.trim_start().starts_with("#["));
    code.flat_map(|(number, line)| {
        let quoted = line.split('"').skip(1).step_by(2);
        quoted.filter(|text| is_metric(text)).map(move |text| (number, text))
    })
}

fn is_metric(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.contains(|letter: char| letter.is_ascii_lowercase())
        && text.chars().all(|letter| letter.is_ascii_alphabetic())
}

/// Whether a file is the code of a function that counts something.
fn counts(file: &TextFile) -> bool {
    file.kind() == "rs"
        && (file.path.starts_with("functions/") || file.path.starts_with("shared/intake/"))
        && file.path.contains("/src/")
        && file.text.contains("metrics")
}

#[test]
fn every_metric_is_listed() {
    let (document, files) = (read(LIST), text_files());
    let listed: BTreeSet<String> = listed(&document).into_iter().map(|(name, _)| name).collect();
    let (mut found, mut findings) = (BTreeSet::new(), Findings::default());
    for file in files.iter().filter(|file| counts(file)) {
        for (number, name) in counted(file) {
            if !listed.contains(name) {
                findings.at(&file.path, number, format!("counts `{name}`; expected a row in {LIST}"));
            }
            found.insert(name.to_owned());
        }
    }
    for name in listed.difference(&found) {
        findings.of(LIST, format!("lists `{name}`; expected a metric that a function counts"));
    }
    findings.none();
}

#[test]
fn every_alarm_that_is_listed_is_deployed() {
    let document = read(LIST);
    let listed = listed(&document).into_iter().filter(|(_, row)| row.contains(ALARM));
    let listed: BTreeSet<String> = listed.map(|(name, _)| name).collect();
    let deployed: BTreeSet<String> = resources(&yaml(TEMPLATE), "AWS::CloudWatch::Alarm")
        .iter()
        .filter(|(_, alarm)| alarm["Namespace"] == NAMESPACE)
        .map(|(name, alarm)| text(&alarm["MetricName"], name))
        .collect();
    let mut findings = Findings::default();
    for name in listed.difference(&deployed) {
        findings.of(TEMPLATE, format!("has no alarm on `{name}`; {LIST} says that there is one"));
    }
    for name in deployed.difference(&listed) {
        findings.of(LIST, format!("does not mark `{name}` with {ALARM}; {TEMPLATE} has one on it"));
    }
    findings.none();
}

#[test]
fn names_of_metrics_are_told_from_other_texts() {
    let file = TextFile {
        path: "functions/x/src/lib.rs".to_owned(),
        text: "count(\"HoldsPlaced\", 1);\nenv.required(\"PRODUCT\"); // \"applied\"\n(\"A\", \"ClockSkew\")"
            .to_owned(),
    };
    assert_eq!(counted(&file).collect::<Vec<_>>(), [(1, "HoldsPlaced"), (3, "ClockSkew")]);
    let document = "| `field` | what |\n## Metrics\n\n| metric | label |\n|---|---|\n\
                    | `One`, `Two` | | both; **alarm** |\n| `Three` | `reason` | one |\n";
    let names = [("One", true), ("Two", true), ("Three", false)];
    let expected: Vec<_> = names.map(|(name, alarm)| (name.to_owned(), alarm)).into();
    let rows = listed(document).into_iter().map(|(name, row)| (name, row.contains(ALARM)));
    assert_eq!(rows.collect::<Vec<_>>(), expected);
}
