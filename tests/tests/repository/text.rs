//! Lengths, words and names.

use std::path::Path;

use crate::files::{Findings, TextFile, root, text_files};

/// Lines of a source file: what a reader can hold in mind.
const FILE_LINES_MAX: usize = 500;
/// Characters of a line of Rust, as in `rustfmt.toml`.
const RUST_LINE_MAX: usize = 110;
/// Characters of a line of what no formatter breaks.
const OTHER_LINE_MAX: usize = 120;
/// Words that tell of a change: a comment describes the code, and history is in the commits.
const OF_CHANGE: [&str; 5] = ["previously", "no longer", "used to be", "instead of the old", "from now on"];
/// Marks of unfinished work.
const UNFINISHED: [&str; 4] = ["TODO", "FIXME", "XXX", "HACK"];
/// Code of unfinished work.
const UNFINISHED_CODE: [&str; 3] = ["todo!(", "unimplemented!(", "#[ignore"];
/// Where people keep their files.
const HOMES: [&str; 4] = ["/home/", "/root/", "/Users/", "/mnt/"];
/// Names that say nothing of what is inside.
const EMPTY_NAMES: [&str; 10] =
    ["util", "utils", "helper", "helpers", "common", "manager", "service", "services", "misc", "shared_code"];
/// The file that lists the words.
const THIS_FILE: &str = "tests/tests/repository/text.rs";
/// Files that machines write, or that are kept as they were received.
const WRITTEN_BY_MACHINES: [&str; 5] = ["lock", "snap", "json", "pem", "gz"];
/// The folder of what is generated for a client, in its sources.
const GENERATED: &str = "/generated/";

#[test]
fn files_and_lines_are_short() {
    let mut findings = Findings::default();
    for file in text_files().iter().filter(|file| !file.path.contains(GENERATED)) {
        let line_max = match file.kind() {
            "rs" => RUST_LINE_MAX,
            "py" | "ts" | "yaml" | "yml" | "Makefile" => OTHER_LINE_MAX,
            _ => continue,
        };
        let lines = file.text.lines().count();
        if ["rs", "py", "ts"].contains(&file.kind()) && lines > FILE_LINES_MAX {
            findings.of(&file.path, format!("has {lines} lines; expected at most {FILE_LINES_MAX}"));
        }
        for (number, line) in file.lines() {
            let characters = breakable(line);
            if characters > line_max {
                let wrong = format!("has {characters} characters; expected at most {line_max}");
                findings.at(&file.path, number, wrong);
            }
        }
    }
    findings.none();
}

#[test]
fn comments_describe_the_code() {
    let mut findings = Findings::default();
    for file in text_files() {
        if file.path == THIS_FILE || WRITTEN_BY_MACHINES.contains(&file.kind()) {
            continue;
        }
        for (number, line) in file.lines() {
            let comment = comment_of(&file, line).to_lowercase();
            for words in OF_CHANGE.iter().filter(|words| has_words(&comment, words)) {
                findings.at(&file.path, number, format!("says `{words}`; expected what the code does"));
            }
            let marks = UNFINISHED.iter().filter(|mark| has_words(line, mark));
            for mark in marks.chain(UNFINISHED_CODE.iter().filter(|code| line.contains(**code))) {
                findings.at(&file.path, number, format!("says `{mark}`; expected finished work"));
            }
        }
    }
    findings.none();
}

#[test]
fn no_path_is_of_one_machine() {
    let mut findings = Findings::default();
    let mut paths: Vec<String> = HOMES.iter().map(|home| (*home).to_owned()).collect();
    // Where this very checkout lies, unless that is a place that everybody has.
    let around = root().parent().map(Path::to_owned).filter(|path| *path != std::env::temp_dir());
    paths.extend(around.map(|path| format!("{}/", path.display())).filter(|path| path.len() > 2));
    for file in text_files().iter().filter(|file| file.path != THIS_FILE) {
        for (number, line) in file.lines() {
            for path in paths.iter().filter(|path| starts_a_path(line, path)) {
                findings.at(&file.path, number, format!("names `{path}`; expected a path of the repository"));
            }
        }
    }
    findings.none();
}

#[test]
fn names_say_what_is_inside() {
    let mut findings = Findings::default();
    for file in text_files() {
        let stems = file.path.split('/').map(|part| part.split('.').next().unwrap_or(part));
        for stem in stems.filter(|stem| EMPTY_NAMES.contains(stem)) {
            findings.of(&file.path, format!("is called `{stem}`; expected a name of what is inside"));
        }
        for (number, line) in file.lines().filter(|_| file.kind() == "rs") {
            let name = line.trim().trim_start_matches("pub ").strip_prefix("mod ").unwrap_or_default();
            let name = name.trim_end_matches([' ', '{', ';']);
            if EMPTY_NAMES.contains(&name) {
                findings.at(&file.path, number, format!("has a module `{name}`; expected what is inside"));
            }
        }
    }
    findings.none();
}

#[test]
fn every_crate_takes_the_workspaces_lints() {
    let mut findings = Findings::default();
    let files = text_files();
    let manifests = files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    // The fuzzer is a workspace of its own, because the compiler calls a function of it that is `unsafe`.
    let members = manifests.filter(|file| !file.text.contains("\n[workspace]\n"));
    for file in members.filter(|file| !file.text.contains("\n[lints]\nworkspace = true\n")) {
        findings.of(&file.path, "has lints of its own; expected `[lints]` with `workspace = true`");
    }
    findings.none();
}

/// How many characters of a line could be elsewhere: not those of a text in quotes, and none of a line with
/// an address or of a table's row.
fn breakable(line: &str) -> usize {
    let content = line.trim_start().trim_start_matches(['/', '!', ' ']);
    if line.contains("://") || content.starts_with('|') {
        return 0;
    }
    let (start, end) = (line.find(['"', '\'']), line.rfind(['"', '\'']));
    let quoted = start.zip(end).map_or(0, |(start, end)| line[start..end].chars().count());
    line.chars().count().saturating_sub(quoted)
}

/// The comment of a line; texts for people have none.
fn comment_of<'line>(file: &TextFile, line: &'line str) -> &'line str {
    let start = match file.kind() {
        "rs" | "ts" => line.match_indices("//").map(|(at, _)| at).find(|at| !line[..*at].ends_with(':')),
        "md" => None,
        _ => line.match_indices('#').map(|(at, _)| at).find(|at| *at == 0 || line[..*at].ends_with(' ')),
    };
    start.map_or("", |start| &line[start..])
}

/// Whether `words` stand in `text` by themselves.
fn has_words(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let beside = |character: Option<char>| !character.is_some_and(|c| c.is_alphanumeric() || c == '_');
        beside(text[..at].chars().next_back()) && beside(text[at..].chars().nth(words.chars().count()))
    })
}

/// Whether `path` begins a path in `line`, and is not the middle of one.
fn starts_a_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "}_-.*".contains(c))
    })
}

#[test]
fn a_text_in_quotes_and_a_row_cannot_be_broken() {
    for (line, characters) in [
        ("let a = 1;", 10),
        ("    text(\"quoted\");", 12),
        ("//! | a | b |", 0),
        ("see https://example.com", 0),
        ("it's", 4),
    ] {
        assert_eq!(breakable(line), characters, "{line}");
    }
}

#[test]
fn words_and_paths_are_told_from_their_neighbours() {
    for (text, words, found) in [
        ("// a TODO: this", "TODO", true),
        ("MASTODON_TODOS", "TODO", false),
        ("it is no longer so", "no longer", true),
        ("piano longer", "no longer", false),
    ] {
        assert_eq!(has_words(text, words), found, "{text}");
    }
    for (line, found) in
        [("cd /root/x", true), ("`/root/x`", true), ("a/root/x", false), ("${X}/root/x", false)]
    {
        assert_eq!(starts_a_path(line, "/root/"), found, "{line}");
    }
    let file = |path: &str| TextFile { path: path.to_owned(), text: String::new() };
    for (path, line, comment) in [
        ("a.rs", "let a = 1; // why", "// why"),
        ("a.rs", "let a = \"https://x\";", ""),
        ("a.ts", "const a = 1; // why", "// why"),
        ("a.py", "a = 1  # why", "# why"),
        ("a.yaml", "a: b#c", ""),
        ("a.md", "# Why", ""),
    ] {
        assert_eq!(comment_of(&file(path), line), comment, "{line}");
    }
}
