//! Dependency direction: which crate may know which.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::files::{Findings, read, root, text_files};

/// What each shared crate may use of the workspace, in its own code and in its build script.
const SHARED: &[(&str, &[&str])] = &[
    ("primitives", &[]),
    ("ledger", &["primitives"]),
    ("policy", &[]),
    ("policy-authoring", &["policy"]),
    // Its feature `examples` is for tests.
    ("policy-documents", &["examples", "policy"]),
    ("examples", &["policy", "policy-authoring"]),
    ("refunds", &["ledger", "policy"]),
    ("cases", &["ledger", "policy", "policy-documents", "refunds"]),
    ("provider-wire", &["primitives"]),
    ("stripe-events", &["primitives", "provider-wire"]),
    ("creem-events", &["primitives", "provider-wire"]),
    ("provider-http", &[]),
    ("stripe-api", &["primitives", "provider-http", "stripe-events"]),
    ("creem-api", &["creem-events", "primitives", "provider-http"]),
    ("adjustments", &["ledger", "policy", "refunds"]),
    ("ledger-dynamodb", &["adjustments", "ledger", "policy", "refunds"]),
    ("purchase-lines", &["ledger", "policy", "policy-documents", "stripe-events"]),
    ("import-lines", &["ledger", "policy", "policy-documents", "purchase-lines"]),
    ("lambda", &["primitives"]),
    (
        "intake",
        &["lambda", "ledger", "ledger-dynamodb", "policy", "policy-documents", "purchase-lines", "refunds"],
    ),
    ("published-policies", &["lambda", "ledger-dynamodb", "policy", "policy-documents", "primitives"]),
    ("payout-queue", &["primitives"]),
    ("testkit", &["creem-events", "primitives", "stripe-events"]),
    ("webhook-function", &[]),
];
/// What is for tests alone.
const TEST_ONLY: &str = "testkit";
/// What parses and compares documents: no function links it, nor what a function links.
const AUTHORING: &str = "policy-authoring";
/// The businesses that tests decide by: no function links them.
const EXAMPLES: &str = "examples";
/// Crates that decide, and touch nothing: no runtime, no network, no AWS.
const PURE: &[&str] = &[
    "adjustments",
    "cases",
    "creem-events",
    "examples",
    "import-lines",
    "ledger",
    "primitives",
    "policy",
    "policy-authoring",
    "policy-documents",
    "provider-wire",
    "purchase-lines",
    "refunds",
    "stripe-events",
];
/// How the names of crates begin that a pure crate does not use.
const OUTSIDE_WORLD: [&str; 10] =
    ["tokio", "async-std", "aws-", "aws_", "lambda_", "hyper", "http", "reqwest", "axum", "tower"];

/// A crate of the workspace.
struct Package {
    name: String,
    manifest: String,
    /// Name, kind (`normal`, `dev` or `build`), and whether it lies in the workspace.
    dependencies: Vec<(String, String, bool)>,
}

impl Package {
    fn is_function(&self) -> bool {
        self.manifest.starts_with("functions/")
    }
}

fn packages() -> Vec<Package> {
    let cargo = Command::new(env!("CARGO"))
        .current_dir(root())
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .expect("cargo runs");
    assert!(cargo.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("cargo writes JSON");
    let text = |value: &Value| value.as_str().expect("cargo writes a text").to_owned();
    let base = text(&metadata["workspace_root"]);
    let package = |package: &Value| Package {
        name: text(&package["name"]),
        manifest: text(&package["manifest_path"])[base.len()..].trim_start_matches('/').to_owned(),
        dependencies: package["dependencies"]
            .as_array()
            .expect("cargo writes a list")
            .iter()
            .map(|dependency| {
                let kind = dependency["kind"].as_str().unwrap_or("normal").to_owned();
                (text(&dependency["name"]), kind, dependency["path"].is_string())
            })
            .collect(),
    };
    metadata["packages"].as_array().expect("cargo writes a list").iter().map(package).collect()
}

#[test]
fn arrows_point_one_way() {
    let packages = packages();
    let shared: BTreeMap<&str, &[&str]> = SHARED.iter().copied().collect();
    let functions: BTreeSet<&str> = packages
        .iter()
        .filter(|package| package.is_function())
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(functions.len(), 17, "the functions are {functions:?}");
    let for_tools: Vec<&str> = shared.keys().copied().filter(|name| *name != TEST_ONLY).collect();
    let for_functions: Vec<&str> =
        for_tools.iter().copied().filter(|name| ![AUTHORING, EXAMPLES].contains(name)).collect();
    let mut findings = Findings::default();
    for package in &packages {
        let allowed: &[&str] = match shared.get(package.name.as_str()) {
            Some(allowed) => allowed,
            None if package.is_function() => &for_functions,
            None if ["makegood", "rules", "tests"].contains(&&*package.name) => &for_tools,
            None => {
                findings.of(&package.manifest, "is a crate that the table of arrows does not know");
                continue;
            }
        };
        for (used, kind, _) in package.dependencies.iter().filter(|(_, _, inside)| *inside) {
            let wrong = if functions.contains(used.as_str()) {
                "nobody uses a function's crate".to_owned()
            } else if used == AUTHORING && kind == "normal" && shared.contains_key(package.name.as_str()) {
                format!("functions link this crate, and none of them links `{AUTHORING}`")
            } else if kind == "dev" || allowed.contains(&used.as_str()) {
                continue;
            } else if used == TEST_ONLY {
                format!("`{TEST_ONLY}` is a dev-dependency only")
            } else {
                format!("expected no arrow but to {allowed:?}")
            };
            findings.of(&package.manifest, format!("uses `{used}` ({kind}); {wrong}"));
        }
    }
    findings.none();
}

/// What a function links decides by the policies that are installed: it installs them before each invocation.
#[test]
fn whatever_decides_by_policies_reads_those_that_are_published() {
    let packages = packages();
    let normal = |name: &str| -> BTreeSet<String> {
        let of = packages.iter().filter(|package| package.name == name);
        of.flat_map(|package| &package.dependencies)
            .filter(|(_, kind, inside)| *inside && kind == "normal")
            .map(|(used, ..)| used.clone())
            .collect()
    };
    let (mut findings, mut deciding) = (Findings::default(), 0);
    for package in packages.iter().filter(|package| package.is_function()) {
        let mut linked = BTreeSet::new();
        let mut open = vec![package.name.clone()];
        while let Some(next) = open.pop() {
            open.extend(normal(&next).into_iter().filter(|used| linked.insert(used.clone())));
        }
        let path = package.manifest.replace("Cargo.toml", "src/main.rs");
        let reads = read(&path).contains(".before_each(");
        deciding += usize::from(linked.contains("policy-documents"));
        if linked.contains("policy-documents") && !(reads && linked.contains("published-policies")) {
            findings.of(&path, "decides by policies; expected `PublishedPolicies` in `before_each`");
        }
    }
    assert!(deciding >= 9, "{deciding} functions decide by policies");
    findings.none();
}

/// A function that begins with the examples would decide by another company's policy until it reads its own.
#[test]
fn only_tests_begin_with_the_examples() {
    let (mut findings, mut asked) = (Findings::default(), 0);
    for file in text_files().iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let mut table = "";
        for (number, line) in file.lines() {
            if line.starts_with('[') {
                table = line;
            }
            if line.contains("features = [\"examples\"]") {
                asked += 1;
                if table != "[dev-dependencies]" {
                    findings.at(&file.path, number, format!("asks for the examples in {table}: {line}"));
                }
            }
        }
    }
    assert!(asked > 10, "{asked} crates test with the examples");
    findings.none();
}

/// A function whose documents come from a file that its environment names would decide by anybody's policy.
#[test]
fn no_crate_asks_for_documents_from_outside() {
    let mut findings = Findings::default();
    for file in text_files().iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        for (number, line) in file.lines().filter(|(_, line)| line.contains("\"mutants\"")) {
            findings.at(&file.path, number, format!("asks for the feature `mutants`: {line}"));
        }
    }
    findings.none();
}

#[test]
fn pure_crates_touch_nothing() {
    let mut findings = Findings::default();
    for package in packages().iter().filter(|package| PURE.contains(&package.name.as_str())) {
        for (used, kind, inside) in &package.dependencies {
            let outside = !inside && OUTSIDE_WORLD.iter().any(|prefix| used.starts_with(prefix));
            if outside && kind != "dev" {
                let wrong = format!("uses `{used}` ({kind}); a pure crate has no runtime, network or AWS");
                findings.of(&package.manifest, wrong);
            }
        }
    }
    findings.none();
}
