//! What is installed for the work on this repository is what its lists name, to the byte.

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
