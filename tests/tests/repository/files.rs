//! The files that the rules look at, and the list of what they find.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders that hold what was built, where no version control says so.
const BUILT: [&str; 7] =
    [".git", "target", ".local", ".aws-sam", "__pycache__", ".pytest_cache", "node_modules"];

/// A text file of the repository.
pub(crate) struct TextFile {
    /// Its path from the root, with slashes.
    pub(crate) path: String,
    /// What it holds.
    pub(crate) text: String,
}

impl TextFile {
    /// What follows the last dot of its name, or the whole name.
    pub(crate) fn kind(&self) -> &str {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.rsplit('.').next().unwrap_or(name)
    }

    /// Its lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_owned()
}

/// Every text file under version control; without git, every one that was not built.
pub(crate) fn text_files() -> Vec<TextFile> {
    let root = root();
    let mut paths = tracked(&root).unwrap_or_else(|| walked(&root));
    paths.sort();
    assert!(paths.len() > 100, "only {} files were found in {}", paths.len(), root.display());
    // A file that is tracked and deleted is not there; one that is not UTF-8 is not text.
    let read =
        |path: String| std::fs::read_to_string(root.join(&path)).ok().map(|text| TextFile { path, text });
    paths.into_iter().filter_map(read).collect()
}

/// A text file by its path from the root.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{path}: cannot be read: {error}"))
}

fn tracked(root: &Path) -> Option<Vec<String>> {
    let listed = Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]).output().ok()?;
    let text = String::from_utf8(listed.stdout).ok().filter(|_| listed.status.success())?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

fn walked(root: &Path) -> Vec<String> {
    let (mut paths, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository").flatten() {
            let path = entry.path();
            if !path.is_dir() {
                let inside = path.strip_prefix(root).expect("it was found below the root");
                paths.push(inside.to_string_lossy().replace('\\', "/"));
            } else if !BUILT.iter().any(|built| entry.file_name() == *built) {
                folders.push(path);
            }
        }
    }
    paths
}

/// What the rules find.
#[derive(Default)]
pub(crate) struct Findings(Vec<String>);

impl Findings {
    /// Something wrong at a line.
    pub(crate) fn at(&mut self, path: &str, line: usize, wrong: impl std::fmt::Display) {
        self.0.push(format!("{path}:{line}: {wrong}"));
    }

    /// Something wrong with a whole file.
    pub(crate) fn of(&mut self, path: &str, wrong: impl std::fmt::Display) {
        self.0.push(format!("{path}: {wrong}"));
    }

    /// Fails when anything was found.
    pub(crate) fn none(self) {
        assert!(self.0.is_empty(), "{} found:\n{}", self.0.len(), self.0.join("\n"));
    }
}
