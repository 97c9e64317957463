//! Compiles the tests in a copy of the workspace and runs them against one mutant after another.
//!
//! The copy lies below `target/` and is compiled in a folder of its own: cargo takes a library of the
//! copy for that of the workspace. Nothing else is ever changed, so that an interrupted run leaves no
//! broken file behind. The tests are compiled once with the feature `examples/mutants`, and see
//! each broken document through a file. So are the changes of the code: each stands beside the original,
//! and a variable of the environment chooses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use examples::{catalogue, documents};
use policy::{Document, VersionHead};
use serde_json::Value;

use crate::fault::Fault;
use crate::plan::{Code, MUTATIONS};
use crate::registry::Test;

/// The longest that the tests of one rule run for one mutant: the slowest take seconds, and a mutant that
/// never ends is noticed.
const RUN_MAX: Duration = Duration::from_mins(2);
/// Tests that take longer, such as those of properties, run by themselves after the quick ones.
const QUICK_MAX: Duration = Duration::from_millis(400);
/// How often a running test is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The variable that `examples` reads with its feature `mutants`.
const DOCUMENTS: &str = "MAKEGOOD_DOCUMENTS";
/// The variable that chooses a change of the code.
const CODE: &str = "MAKEGOOD_CODE_MUTANT";

/// A compiled test target.
#[derive(Debug, Clone)]
pub(crate) struct Binary {
    /// The package's folder, where its tests expect to run.
    folder: PathBuf,
    pub(crate) target: String,
    executable: PathBuf,
    /// Its tests by the names of their functions.
    tests: BTreeMap<String, Timed>,
}

/// A test within its target.
#[derive(Debug, Clone)]
struct Timed {
    path: String,
    /// How long it takes where nothing is broken.
    takes: Duration,
}

/// How the tests of a rule took a mutant.
#[derive(Clone)]
pub(crate) enum Verdict {
    /// The name of the first test that failed.
    Killed(String),
    Survived,
}

/// What is broken while tests run.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Breach<'b> {
    /// The documents of a file.
    Documents(&'b Path),
    /// The change of the code with this place in `mutations.toml`.
    Code(usize),
    /// A text of the copy that tests read.
    Text,
}

/// The copy of the workspace.
pub(crate) struct Harness {
    root: PathBuf,
    copy: PathBuf,
}

impl Harness {
    /// Brings the copy up to date with every file that is, or could be, under version control, and puts each
    /// change of the code beside its original.
    pub(crate) fn new(root: &Path, code: &[Code]) -> Result<Self, Fault> {
        let copy = target(root).join("mutants/workspace");
        let listed = Command::new("git")
            .arg("-C")
            .arg(root)
            .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
            .output()
            .map_err(|error| Fault::file("git ls-files", error))?;
        if !listed.status.success() {
            return Err(Fault::file("git ls-files", String::from_utf8_lossy(&listed.stderr)));
        }
        let paths: BTreeSet<PathBuf> = String::from_utf8_lossy(&listed.stdout)
            .split_terminator('\0')
            .map(PathBuf::from)
            .filter(|path| root.join(path).is_file())
            .collect();
        let harness = Self { root: root.to_owned(), copy };
        for path in &paths {
            let failed = |error| Fault::file(&path.to_string_lossy(), error);
            let content = fs::read(root.join(path)).map_err(failed)?;
            let of_file = code.iter().enumerate().filter(|(_, code)| Path::new(&code.file) == path);
            let mut switched: Option<String> = None;
            for (place, code) in of_file.filter(|(_, code)| code.is_rust()) {
                let text = switched.unwrap_or_else(|| String::from_utf8_lossy(&content).into_owned());
                let beside = code.switched(&text, CODE, place);
                if beside == text {
                    let before = "a mutation before it takes the place of its text";
                    return Err(Fault(vec![format!("{MUTATIONS}: `{}`: {before}", code.what)]));
                }
                switched = Some(beside);
            }
            harness.write(path, switched.as_deref().map_or(content.as_slice(), str::as_bytes))?;
        }
        harness.prune(&harness.copy, &paths)?;
        Ok(harness)
    }

    /// Writes a file of the copy where it differs: one that does not is not compiled again.
    pub(crate) fn write(&self, path: &Path, content: &[u8]) -> Result<(), Fault> {
        let place = self.copy.join(path);
        if fs::read(&place).is_ok_and(|present| present == content) {
            return Ok(());
        }
        let folder = place.parent().unwrap_or(&self.copy);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&place, content))
            .map_err(|error| Fault::file(&place.to_string_lossy(), error))
    }

    /// Removes what the workspace does not have.
    fn prune(&self, folder: &Path, paths: &BTreeSet<PathBuf>) -> Result<(), Fault> {
        let failed = |error| Fault::file(&folder.to_string_lossy(), error);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() {
                self.prune(&path, paths)?;
            } else if path.strip_prefix(&self.copy).is_ok_and(|path| !paths.contains(path)) {
                fs::remove_file(&path).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Compiles the test targets of these names, and the tests within the crates where `libraries` says so.
    pub(crate) fn build(&self, targets: &BTreeSet<String>, libraries: bool) -> Result<Vec<Binary>, Fault> {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .current_dir(&self.copy)
            .env("CARGO_TARGET_DIR", target(&self.root).join("mutants/target"))
            .args(["test", "--no-run", "--workspace", "--quiet", "--locked"])
            .args(["--features", "examples/mutants", "--message-format", "json"])
            .stderr(Stdio::inherit());
        for target in targets {
            cargo.args(["--test", target]);
        }
        if libraries {
            cargo.arg("--lib");
        }
        let built = cargo.output().map_err(|error| Fault::file("cargo test --no-run", error))?;
        if !built.status.success() {
            let text = String::from_utf8_lossy(&built.stdout);
            let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            // The switches are not as tidy as code that people read: what is a warning there is no matter.
            let errors =
                messages.filter(|message| message.pointer("/message/level") == Some(&"error".into()));
            let rendered = errors.filter_map(|message| {
                message.pointer("/message/rendered").and_then(Value::as_str).map(str::to_owned)
            });
            return Err(Fault(rendered.chain(["the tests do not compile".to_owned()]).collect()));
        }
        let mut binaries = Vec::new();
        for message in String::from_utf8_lossy(&built.stdout).lines() {
            let Ok(message) = serde_json::from_str::<Value>(message) else {
                continue;
            };
            let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
            let is_test = message.pointer("/profile/test") == Some(&Value::Bool(true));
            let Some(executable) = text("/executable").filter(|_| is_test) else {
                continue;
            };
            let manifest = Path::new(text("/manifest_path").unwrap_or_default());
            let mut binary = Binary {
                folder: manifest.parent().unwrap_or(&self.copy).to_owned(),
                target: text("/target/name").unwrap_or_default().to_owned(),
                executable: executable.into(),
                tests: BTreeMap::new(),
            };
            binary.tests = self.listed(&binary)?;
            binaries.push(binary);
        }
        Ok(binaries)
    }

    fn listed(&self, binary: &Binary) -> Result<BTreeMap<String, Timed>, Fault> {
        let listed = self
            .command(binary, Breach::Text)
            .args(["--list", "--format", "terse"])
            .output()
            .map_err(|error| Fault::file(&binary.target, error))?;
        let text = String::from_utf8_lossy(&listed.stdout);
        let names = text.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(names
            .map(|path| {
                let timed = Timed { path: path.to_owned(), takes: Duration::ZERO };
                (path.rsplit("::").next().unwrap_or(path).to_owned(), timed)
            })
            .collect())
    }

    fn command(&self, binary: &Binary, breach: Breach<'_>) -> Command {
        let mut command = Command::new(&binary.executable);
        command
            .current_dir(&binary.folder)
            .env("CARGO_MANIFEST_DIR", &binary.folder)
            .env("INSTA_WORKSPACE_ROOT", &self.copy)
            .env("INSTA_UPDATE", "no")
            // What a mutant breaks is no example to keep, and the first one is enough.
            .env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1")
            .env("PROPTEST_MAX_SHRINK_ITERS", "0")
            // The copy lies in an ignored folder of a repository, but is not part of that repository.
            .env("GIT_DIR", "none")
            .env("RUST_BACKTRACE", "0");
        match breach {
            Breach::Documents(path) => command.env(DOCUMENTS, path),
            Breach::Code(place) => command.env(CODE, place.to_string()),
            Breach::Text => &mut command,
        };
        command
    }

    /// Runs the tests of these names, each by itself, with nothing broken: none may fail, and the quickest
    /// will run first.
    pub(crate) fn time(&self, binaries: &mut [Binary], names: &BTreeSet<String>) -> Result<(), Fault> {
        let documents = self.documents(None, 0)?;
        let mut timed: Vec<(&str, &Binary, Timed)> = Vec::new();
        for binary in &*binaries {
            let chosen = binary.tests.iter().filter(|(name, _)| names.contains(*name));
            timed.extend(chosen.map(|(_, test)| (binary.target.as_str(), binary, test.clone())));
        }
        let outcomes = on_every_core(timed.len(), |place, thread| {
            let Some((target, binary, test)) = timed.get(place) else { return Ok(Ok(Duration::ZERO)) };
            let begun = Instant::now();
            let failed =
                self.run_one(binary, &[test.path.as_str()], Breach::Documents(&documents), thread)?;
            let failed =
                failed.map(|_| format!("{target}: `{}` fails although nothing is broken", test.path));
            Ok(failed.map_or_else(|| Ok(begun.elapsed()), Err))
        })?;
        let (mut failures, mut durations) = (Vec::new(), BTreeMap::new());
        for ((_, binary, test), outcome) in timed.iter().zip(outcomes) {
            match outcome {
                Ok(taken) => drop(durations.insert((binary.executable.clone(), test.path.clone()), taken)),
                Err(failure) => failures.push(failure),
            }
        }
        if !failures.is_empty() {
            return Err(Fault(failures));
        }
        for binary in binaries {
            for test in binary.tests.values_mut() {
                let taken = durations.get(&(binary.executable.clone(), test.path.clone()));
                test.takes = taken.copied().unwrap_or(test.takes);
            }
        }
        Ok(())
    }

    /// Runs the tests of these names until one fails, the quick ones first.
    pub(crate) fn run(
        &self,
        binaries: &[Binary],
        names: &BTreeSet<String>,
        breach: Breach<'_>,
        thread: usize,
    ) -> Result<Verdict, Fault> {
        let mut batches: Vec<(Duration, &Binary, Vec<&str>)> = Vec::new();
        for binary in binaries {
            let chosen = || names.iter().filter_map(|name| binary.tests.get(name));
            let quick: Vec<&Timed> = chosen().filter(|timed| timed.takes <= QUICK_MAX).collect();
            if !quick.is_empty() {
                let takes = quick.iter().map(|timed| timed.takes).max().unwrap_or_default();
                batches.push((takes, binary, quick.iter().map(|timed| timed.path.as_str()).collect()));
            }
            for slow in chosen().filter(|timed| timed.takes > QUICK_MAX) {
                batches.push((slow.takes, binary, vec![slow.path.as_str()]));
            }
        }
        batches.sort_by_key(|(takes, _, _)| *takes);
        for (_, binary, chosen) in batches {
            if let Some(killer) = self.run_one(binary, &chosen, breach, thread)? {
                return Ok(Verdict::Killed(killer));
            }
        }
        Ok(Verdict::Survived)
    }

    fn run_one(
        &self,
        binary: &Binary,
        chosen: &[&str],
        breach: Breach<'_>,
        thread: usize,
    ) -> Result<Option<String>, Fault> {
        let failed = |error| Fault::file(&binary.target, error);
        let output = target(&self.root).join(format!("mutants/output-{thread}"));
        let mut child = self
            .command(binary, breach)
            .arg("--exact")
            .args(chosen)
            .stdout(File::create(&output).map_err(failed)?)
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let begun = Instant::now();
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break Some(status),
                None if begun.elapsed() > RUN_MAX => {
                    child.kill().map_err(failed)?;
                    child.wait().map_err(failed)?;
                    break None;
                }
                None => sleep(LOOK_EVERY),
            }
        };
        if status.is_some_and(|status| status.success()) {
            return Ok(None);
        }
        let text = fs::read(&output).map_err(failed)?;
        let text = String::from_utf8_lossy(&text);
        let failed = text.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
        // A test that aborts its process, or never ends, fails without a line.
        let name = failed.or(chosen.first().copied()).unwrap_or_default();
        Ok(Some(name.rsplit("::").next().unwrap_or(name).to_owned()))
    }

    /// The file of a thread with every document, one of them broken.
    pub(crate) fn documents(
        &self,
        broken: Option<(usize, &Document)>,
        thread: usize,
    ) -> Result<PathBuf, Fault> {
        let encoded = documents()
            .iter()
            .enumerate()
            .map(|(place, document)| {
                let document =
                    broken.filter(|(each, _)| *each == place).map_or(document, |(_, broken)| broken);
                Ok((VersionHead::of(document), postcard::to_allocvec(document)?))
            })
            .collect::<Result<Vec<_>, postcard::Error>>()
            .and_then(|versions| postcard::to_allocvec(&(versions, catalogue())))
            .map_err(|error| Fault::file("the broken documents", error))?;
        let path = target(&self.root).join(format!("mutants/documents-{thread}"));
        fs::write(&path, encoded).map_err(|error| Fault::file(&path.to_string_lossy(), error))?;
        Ok(path)
    }
}

/// Calls `work` for each place below `things` on every core, with the place and the number of the core, and
/// returns the results in the order of the places.
pub(crate) fn on_every_core<T: Send>(
    things: usize,
    work: impl Fn(usize, usize) -> Result<T, Fault> + Sync,
) -> Result<Vec<T>, Fault> {
    let next = AtomicUsize::new(0);
    let cores = thread::available_parallelism().map_or(1, usize::from).min(things.max(1));
    let of_core = |core: usize| -> Result<Vec<(usize, T)>, Fault> {
        let places = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
        places.take_while(|place| *place < things).map(|place| Ok((place, work(place, core)?))).collect()
    };
    let of_core = &of_core;
    let mut done = thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|core| scope.spawn(move || of_core(core))).collect();
        let ended = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err(Fault(vec!["a thread panicked".to_owned()]))));
        ended.collect::<Result<Vec<_>, Fault>>()
    })?
    .into_iter()
    .flatten()
    .collect::<Vec<_>>();
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, thing)| thing).collect())
}

/// Where cargo builds.
fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// The test target that a file belongs to; `None` for a test within a crate.
pub(crate) fn target_of(test: &Test) -> Option<String> {
    let parts: Vec<&str> = test.file.split('/').collect();
    if parts.contains(&"src") {
        return None;
    }
    let tests = parts.iter().rposition(|part| *part == "tests")?;
    Some(parts.get(tests.checked_add(1)?)?.trim_end_matches(".rs").to_owned())
}
