//! Fault cases and their tests: a test carries the id of its case at the beginning of its name, and
//! `docs/FAULTS.md` lists every case with its tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::cases::{DESIGNS, GROUPS};
use crate::files::{Findings, TextFile, root, text_files};

const TABLE: &str = "docs/FAULTS.md";
/// Set to anything, it has the table written instead of compared.
const REWRITE: &str = "UPDATE_DOCS";

/// A case by its group's letter and its number.
type Case = (char, usize);

/// A test: its file and its name. Ordered by file, then name.
type Test = (String, String);

/// The tests of each case, and what carries an id that is no case's.
fn tests_of_cases(files: &[TextFile]) -> (BTreeMap<Case, BTreeSet<Test>>, Findings) {
    let cases: BTreeSet<Case> = GROUPS
        .iter()
        .flat_map(|(letter, _, titles)| (1..=titles.len()).map(|number| (*letter, number)))
        .collect();
    assert_eq!(cases.len(), 126, "the list of cases is not whole");
    let mut covered: BTreeMap<Case, BTreeSet<Test>> = BTreeMap::new();
    let mut findings = Findings::default();
    for file in files {
        for (line, name) in test_names(file) {
            for case in ids(name) {
                if cases.contains(&case) {
                    let test = (file.path.clone(), name.to_owned());
                    covered.entry(case).or_default().insert(test);
                } else {
                    let id = format!("{}{}", case.0, case.1);
                    findings.at(
                        &file.path,
                        line,
                        format!("`{name}` is of case {id}; expected one of the 126"),
                    );
                }
            }
        }
    }
    (covered, findings)
}

/// The names of the tests of a file, with their lines.
fn test_names(file: &TextFile) -> Vec<(usize, &str)> {
    let mut names = Vec::new();
    let mut attributed = false;
    for (number, line) in file.lines() {
        let line = line.trim();
        match file.kind() {
            "rs" if line.starts_with("#[") => attributed |= line.contains("test"),
            "rs" if line.starts_with("//") => {}
            "rs" => {
                let declared = line.trim_start_matches("async ").strip_prefix("fn ").filter(|_| attributed);
                names.extend(declared.map(|rest| (number, rest)));
                attributed = false;
            }
            "py" => names.extend(line.strip_prefix("def test_").map(|rest| (number, rest))),
            _ => return Vec::new(),
        }
    }
    let identifier = |rest: &'_ str| {
        rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_')
            .unwrap_or(rest.len())
    };
    names.into_iter().map(|(number, rest)| (number, &rest[..identifier(rest)])).collect()
}

/// The ids at the beginning of a test's name: `e2_e3_…` is of two cases.
fn ids(name: &str) -> Vec<Case> {
    name.split('_')
        .map_while(|part| {
            let mut characters = part.chars();
            let letter = characters.next().filter(|letter| ('a'..='i').contains(letter))?;
            let digits = characters.as_str();
            let number = digits.parse().ok().filter(|_| digits.len() <= 2)?;
            Some((letter.to_ascii_uppercase(), number))
        })
        .collect()
}

/// The table, as it is to be.
fn table(covered: &BTreeMap<Case, BTreeSet<Test>>) -> String {
    let mut table = format!(
        "# Faults and their tests\n\n\
         What goes wrong, and which tests show what happens then. A test carries the ids of its cases at\n\
         the beginning of its name. {} of 126 cases have one.\n\n\
         This file is written by `{REWRITE}=1 cargo test -p tests --test repository`.\n",
        covered.len()
    );
    for (letter, group, titles) in GROUPS {
        let _ = write!(table, "\n## {letter}. {group}\n\n| id | case | tests |\n|---|---|---|\n");
        for (number, title) in (1..).zip(titles) {
            let tests: Vec<String> = covered
                .get(&(letter, number))
                .into_iter()
                .flatten()
                .map(|(path, name)| format!("[`{name}`](../{path})"))
                .collect();
            let mut tests = if tests.is_empty() { "not covered yet".to_owned() } else { tests.join("<br>") };
            if let Some((_, why)) = DESIGNS.iter().find(|(case, _)| *case == (letter, number)) {
                let _ = write!(tests, "<br>By design: {why}");
            }
            let _ = writeln!(table, "| {letter}{number} | {title} | {tests} |");
        }
    }
    table
}

#[test]
fn every_fault_case_is_listed_with_its_tests() {
    let (covered, mut findings) = tests_of_cases(&text_files());
    let (path, table) = (root().join(TABLE), table(&covered));
    if std::env::var_os(REWRITE).is_some() {
        std::fs::write(&path, table).expect("the table is written");
    } else {
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        let (mut expected, mut stored) = (table.lines(), stored.lines());
        for number in 1.. {
            let (expected, stored) = match (expected.next(), stored.next()) {
                (None, None) => break,
                (expected, stored) => (expected.unwrap_or("the end"), stored.unwrap_or("the end")),
            };
            if expected != stored {
                let start: String = expected.chars().take(60).collect();
                findings.at(TABLE, number, format!("expected `{start}…`; {REWRITE}=1 writes it"));
            }
        }
    }
    findings.none();
}

#[test]
fn ids_are_read_from_the_beginning_of_names() {
    for (name, expected) in [
        ("a3_any_of_several", vec![('A', 3)]),
        ("e2_e3_another_key", vec![('E', 2), ('E', 3)]),
        ("s2_16_is_a_rule", vec![]),
        ("an_a3_in_the_middle", vec![]),
        ("b999_is_no_id", vec![]),
        ("d2_fa_is_not_two", vec![('D', 2)]),
    ] {
        assert_eq!(ids(name), expected, "{name}");
    }
}

#[test]
fn tests_are_told_from_other_functions() {
    let rust =
        "#[tokio::test]\n#[expect(x)]\n/// Doc.\nasync fn a1_one() {\nfn a2_other() {\n#[test]\nfn plain() {";
    let python = "def test_b1_one(stack):\ndef b2_other():";
    for (path, text, expected) in [("x.rs", rust, vec!["a1_one", "plain"]), ("x.py", python, vec!["b1_one"])]
    {
        let file = TextFile { path: path.to_owned(), text: text.to_owned() };
        let names: Vec<&str> = test_names(&file).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, expected);
    }
}
