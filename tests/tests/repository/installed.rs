//! What is installed for the work on this repository is what its lists name, to the byte.

use std::collections::BTreeSet;

use crate::files::{Findings, read, text_files};

#[test]
fn every_python_package_is_installed_by_its_hash() {
    let mut findings = Findings::default();
    let files = text_files();
    let lists: Vec<_> = files.iter().filter(|file| file.path.contains("/requirements-")).collect();
    assert!(lists.len() >= 4, "only {} lists were found", lists.len());
    for list in lists {
        for (number, line) in list.lines().filter(|(_, line)| line.contains("==") && !line.starts_with('#')) {
            let hash = list.text.lines().nth(number).unwrap_or_default();
            if !hash.trim_start().starts_with("--hash=sha256:") {
                findings.at(&list.path, number, format!("expected a hash after `{line}`"));
            }
        }
    }
    let makefile = read("Makefile");
    for line in makefile.lines().filter(|line| line.contains("pip install")) {
        if !line.contains("--no-deps --require-hashes --requirement") {
            findings.of("Makefile", format!("installs something else than a list with hashes: {line}"));
        }
    }
    findings.none();
}

/// The packages of a lock file, each with its version and its hash.
fn locked(path: &str) -> BTreeSet<String> {
    let text = read(path);
    let packages = text.split("\n[[package]]\n").skip(1);
    // What follows is of the features that one workspace asks for and the other does not.
    packages
        .map(|package| package.split("\ndependencies").next().unwrap_or(package).trim().to_owned())
        .collect()
}

/// Advisories and licences are looked up for the workspace. The fuzzer has crates of the same versions, so
/// that they hold for it too.
#[test]
fn the_fuzzer_is_made_of_crates_of_the_workspace() {
    const FUZZER: &str = "shared/stripe-events/fuzz/Cargo.lock";
    let (fuzzer, workspace) = (locked(FUZZER), locked("Cargo.lock"));
    assert!(fuzzer.len() > 10, "only {} packages were found", fuzzer.len());
    let mut findings = Findings::default();
    for package in fuzzer.difference(&workspace).filter(|package| !package.contains("\"stripe-events-fuzz\""))
    {
        findings.of(FUZZER, format!("expected a package of the workspace's lock file: {package}"));
    }
    findings.none();
}
