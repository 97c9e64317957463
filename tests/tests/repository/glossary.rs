//! One word means one thing: no two crates define a public type of the same name, and each type that the
//! glossary names is there.

use std::collections::BTreeMap;

use syn::{Item, Visibility};

use crate::files::{Findings, read, text_files};

/// Where each public type of the shared crates is defined. The test kit uses the words of what it imitates.
fn public_types() -> BTreeMap<String, Vec<String>> {
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let is_shared = |path: &str| {
        path.starts_with("shared/") && path.contains("/src/") && !path.starts_with("shared/testkit/")
    };
    for file in text_files().iter().filter(|file| is_shared(&file.path) && file.kind() == "rs") {
        if file.path.contains("/tests") {
            continue;
        }
        let parsed = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        for item in parsed.items {
            let (visibility, name) = match item {
                Item::Struct(item) => (item.vis, item.ident),
                Item::Enum(item) => (item.vis, item.ident),
                Item::Trait(item) => (item.vis, item.ident),
                _ => continue,
            };
            if matches!(visibility, Visibility::Public(_)) {
                types.entry(name.to_string()).or_default().push(file.path.clone());
            }
        }
    }
    types
}

#[test]
fn no_two_crates_define_a_public_type_of_the_same_name() {
    let mut findings = Findings::default();
    for (name, files) in public_types().iter().filter(|(_, files)| files.len() > 1) {
        findings.of(name, format!("means several things: it is defined in {}", files.join(" and in ")));
    }
    findings.none();
}

#[test]
fn the_glossary_names_types_that_there_are() {
    let types = public_types();
    let mut findings = Findings::default();
    let page = read("docs/glossary.md");
    let mut rows = 0_usize;
    for (number, line) in (1..).zip(page.lines()) {
        let Some(name) = line.strip_suffix("` |").and_then(|row| row.rsplit_once("| `")) else { continue };
        rows = rows.saturating_add(1);
        if !types.contains_key(name.1) {
            findings.at(
                "docs/glossary.md",
                number,
                format!("`{}` is no public type of a shared crate", name.1),
            );
        }
    }
    assert!(rows > 25, "only {rows} rows were found in docs/glossary.md");
    findings.none();
}
