//! What is installed for the work on this repository is what its lists name, to the byte.

use std::collections::BTreeSet;

use serde_json::Value;

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

const NPM: &str = "clients/typescript/package.json";
const NPM_LOCK: &str = "clients/typescript/package-lock.json";

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_npm_package_is_installed_by_its_hash() {
    let mut findings = Findings::default();
    let lock = json(NPM_LOCK);
    let packages = lock["packages"].as_object().expect("a lock file lists packages");
    assert!(packages.len() > 10, "only {} packages were found", packages.len());
    for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
        if !package["integrity"].as_str().is_some_and(|hash| hash.starts_with("sha512-")) {
            findings.of(NPM_LOCK, format!("expected the hash of `{name}`"));
        }
    }
    // A range would be another version with the next lock file.
    let manifest = json(NPM);
    for group in ["dependencies", "devDependencies"] {
        for (name, version) in manifest[group].as_object().expect("a group of packages") {
            let is_one_version =
                version.as_str().is_some_and(|text| text.starts_with(|first: char| first.is_ascii_digit()));
            if !is_one_version {
                findings.of(NPM, format!("expected one version of `{name}`, found {version}"));
            }
        }
    }
    findings.none();
}

/// Clients come with the release that they are generated from.
#[test]
fn the_clients_have_the_version_of_the_workspace() {
    let of = |path: &str| {
        let text = read(path);
        let line = text.lines().find_map(|line| line.strip_prefix("version = \"")).map(str::to_owned);
        line.and_then(|rest| rest.strip_suffix('"').map(str::to_owned)).expect("a manifest has a version")
    };
    let version = of("Cargo.toml");
    assert_eq!(of("clients/python/pyproject.toml"), version);
    assert_eq!(json(NPM)["version"], version);
    assert_eq!(json(NPM_LOCK)["version"], version);
    for (readme, package) in [
        ("clients/python/README.md", format!("makegood-{version}-py3-none-any.whl")),
        ("clients/typescript/README.md", format!("makegood-{version}.tgz")),
    ] {
        assert!(read(readme).contains(&package), "{readme}: expected {package}");
    }
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
