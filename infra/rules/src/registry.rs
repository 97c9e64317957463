//! The written rules (`rules.toml`) and the tests that are named for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use crate::fault::Fault;

/// Where the rules are listed, from the root.
const RULES: &str = "examples/rules.toml";
/// Folders that hold no tests of ours.
const SKIPPED: [&str; 4] = ["target", ".git", ".local", ".aws-sam"];

/// A rule's id: the text, and the number within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) text: usize,
    number: u32,
}

impl FromStr for Id {
    type Err = String;

    fn from_str(id: &str) -> Result<Self, String> {
        let parts = id.strip_prefix('S').and_then(|rest| rest.split_once('-'));
        let parsed = parts
            .and_then(|(text, number)| Some(Self { text: text.parse().ok()?, number: number.parse().ok()? }));
        parsed.ok_or_else(|| format!("`{id}` is not the id of a rule; expected one such as S2-16"))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S{}-{}", self.text, self.number)
    }
}

/// What `rules.toml` says about a rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Who has the last word.
    pub(crate) mode: String,
    /// Tests that hold it under another name.
    #[serde(default)]
    pub(crate) tests: Vec<String>,
    /// What a rule out of scope is about.
    pub(crate) about: Option<String>,
    /// What a reader has to know of how it is carried out.
    pub(crate) note: Option<String>,
    /// Why it is not held.
    pub(crate) open: Option<String>,
}

impl Entry {
    /// Whether it is claimed to be held.
    pub(crate) fn is_claimed(&self) -> bool {
        self.about.is_none() && self.open.is_none()
    }
}

/// Every rule, in the order of the texts.
pub(crate) type Entries = BTreeMap<Id, Entry>;

/// Reads `rules.toml`.
pub(crate) fn entries(root: &Path) -> Result<Entries, Fault> {
    let text = fs::read_to_string(root.join(RULES)).map_err(|error| Fault::file(RULES, error))?;
    let table: BTreeMap<String, Entry> = toml::from_str(&text).map_err(|error| Fault::file(RULES, error))?;
    table
        .into_iter()
        .map(|(id, entry)| Ok((id.parse().map_err(|error| Fault::file(RULES, error))?, entry)))
        .collect()
}

/// A test: where it is, and its source.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    /// The file, from the root.
    pub(crate) file: String,
    /// Its lines, from the one that names it to its closing brace.
    pub(crate) source: String,
}

impl Test {
    /// Whether `make mutants` can run it; the end-to-end tests in Python take too long for that.
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.file).extension().is_some_and(|extension| extension == "rs")
    }
}

/// Functions of the workspace's Rust and Python files by their names.
pub(crate) type Tests = BTreeMap<String, Test>;

/// Every function that could be a test.
pub(crate) fn tests(root: &Path) -> Result<Tests, Fault> {
    let mut tests = Tests::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |error| Fault::file(&folder.to_string_lossy(), error);
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
                let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).map_err(|error| Fault::file(&file, error))?;
                tests.extend(functions(&file, &text));
            }
        }
    }
    Ok(tests)
}

/// The functions of a file with their sources.
fn functions(file: &str, text: &str) -> Vec<(String, Test)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function(line) else {
            continue;
        };
        let indent = line.len().saturating_sub(line.trim_start().len());
        let after = lines.iter().skip(at).skip(1);
        let ends = |line: &&&str| {
            line.strip_prefix(line.get(..indent).unwrap_or_default())
                .is_some_and(|rest| rest.starts_with('}') || rest.starts_with("def "))
        };
        let length = after.clone().position(|line| ends(&line)).map_or(usize::MAX, |last| last);
        let body = after.take(length.saturating_add(1));
        let source = std::iter::once(line).chain(body).copied().collect::<Vec<_>>().join("\n");
        found.push((name.to_owned(), Test { file: file.to_owned(), source }));
    }
    found
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
            [text, number] => {
                Some(Id { text: text.strip_prefix('s')?.parse().ok()?, number: number.parse().ok()? })
            }
            _ => None,
        })
        .collect()
}

/// The names of the tests that hold a rule, or the name in `rules.toml` that no test has.
pub(crate) fn holders<'t>(id: Id, entry: &'t Entry, tests: &'t Tests) -> Result<BTreeSet<&'t str>, String> {
    let mut holders: BTreeSet<&str> =
        tests.keys().filter(|name| carried(name).contains(&id)).map(String::as_str).collect();
    for name in &entry.tests {
        if !tests.contains_key(name) {
            return Err(format!("{id}: there is no test `{name}`"));
        }
        holders.insert(name);
    }
    Ok(holders)
}

#[cfg(test)]
mod tests {
    use super::{Id, carried, functions};

    #[test]
    fn a_name_carries_ids() {
        let ids: Vec<String> = carried("s2_28_s0_5_the_window").iter().map(Id::to_string).collect();
        assert_eq!(ids, ["S0-5", "S2-28"]);
        assert!(carried("the_window_of_2_days").is_empty());
    }

    #[test]
    fn a_source_ends_with_its_brace() {
        let text = "mod inner {\n    #[test]\n    fn one() {\n        if x {\n        }\n    }\n\n    fn two() {}\n}\n";
        let found = functions("a.rs", text);
        assert_eq!(found[0].0, "one");
        assert_eq!(found[0].1.source, "    fn one() {\n        if x {\n        }\n    }");
        assert_eq!(found.len(), 2);
    }

    #[test]
    fn an_id_that_is_none_says_what_is_expected() {
        assert!("2-16".parse::<Id>().unwrap_err().contains("such as S2-16"));
    }
}
