//! Within a crate, files use each other in one direction. A stranger can then read a file after those that it
//! rests on, and never has to read two files at once.
//!
//! A file uses another where it names one of its items: in a `use`, or by a path that begins with `crate`,
//! `super`, `self` or a module of its own. A name that a module passes on (`pub use`) counts for the file
//! that defines it. What is compiled for tests alone does not count.

use std::collections::{BTreeMap, BTreeSet};

use syn::visit::{self, Visit};
use syn::{Attribute, ItemMod, ItemUse, Path, UseTree, Visibility};

use crate::files::{Findings, root, text_files};

type Module = Vec<String>;

/// A name is passed on a few times at most.
const PASSED_ON_MAX: usize = 8;

/// What a file says of others.
#[derive(Default)]
struct Names {
    /// Paths as they are written, with `use` flattened.
    used: Vec<Vec<String>>,
    /// What it passes on, by the name under which it does.
    passed_on: BTreeMap<String, Vec<String>>,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if is_for_tests(&item.attrs) {
            return;
        }
        let mut flat = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut flat);
        for (path, name) in flat {
            if matches!(item.vis, Visibility::Inherited) {
                self.used.push(path);
            } else {
                self.passed_on.insert(name, path);
            }
        }
    }

    /// `pub(crate)` names no item.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast Path) {
        self.used.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}

/// Each path of a `use`, with the name that it brings.
fn flatten(tree: &UseTree, before: &mut Vec<String>, flat: &mut Vec<(Vec<String>, String)>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, flat);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, flat)),
        UseTree::Name(name) => {
            flat.push(([&before[..], &[name.ident.to_string()]].concat(), name.ident.to_string()));
        }
        UseTree::Rename(name) => {
            flat.push(([&before[..], &[name.ident.to_string()]].concat(), name.rename.to_string()));
        }
        UseTree::Glob(_) => flat.push((before.clone(), "*".to_owned())),
    }
}

/// The files of one crate, by the module that each is.
struct Crate {
    files: BTreeMap<Module, (String, Names)>,
}

impl Crate {
    /// The file that defines what `path`, written in `module`, names; `None` if that is another crate's.
    /// `passed_on` is how often the name was passed on before it came here.
    fn definer(&self, module: &Module, path: &[String], passed_on: usize) -> Option<Module> {
        if passed_on > PASSED_ON_MAX {
            return None;
        }
        let (first, behind) = path.split_first()?;
        let (mut from, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), behind),
            "self" => (module.clone(), behind),
            "super" => (module.clone(), path),
            child => {
                let child = [&module[..], &[child.to_owned()]].concat();
                self.files.get(&child)?;
                (child, behind)
            }
        };
        while let Some((_, behind)) = rest.split_first().filter(|(segment, _)| *segment == "super") {
            from.pop();
            rest = behind;
        }
        self.within(&from, rest, passed_on)
    }

    /// The file that defines `path` as it is seen from `module`.
    fn within(&self, module: &Module, path: &[String], passed_on: usize) -> Option<Module> {
        let (_, names) = self.files.get(module)?;
        let Some((name, rest)) = path.split_first() else { return Some(module.clone()) };
        let child = [&module[..], std::slice::from_ref(name)].concat();
        if self.files.contains_key(&child) {
            return self.within(&child, rest, passed_on);
        }
        match names.passed_on.get(name) {
            Some(target) => self.definer(module, &[&target[..], rest].concat(), passed_on.saturating_add(1)),
            None => Some(module.clone()),
        }
    }

    /// Which files each file uses.
    fn edges(&self) -> BTreeMap<&Module, BTreeSet<Module>> {
        let used = |(module, (_, names)): (_, &(String, Names))| {
            let used = names.used.iter().filter_map(|path| self.definer(module, path, 0));
            (module, used.filter(|other| other != module).collect())
        };
        self.files.iter().map(used).collect()
    }

    /// Groups of files that use each other, directly or through other files.
    fn circles(&self) -> Vec<Vec<&str>> {
        let edges = self.edges();
        let reach = |from: &Module| {
            let (mut seen, mut todo) = (BTreeSet::new(), vec![from.clone()]);
            while let Some(module) = todo.pop() {
                for next in edges.get(&module).into_iter().flatten() {
                    if seen.insert(next.clone()) {
                        todo.push(next.clone());
                    }
                }
            }
            seen
        };
        let reached: BTreeMap<&Module, BTreeSet<Module>> =
            self.files.keys().map(|module| (module, reach(module))).collect();
        let circle = |module: &Module| -> BTreeSet<&str> {
            let others = reached[module].iter().filter(|other| reached[other].contains(module));
            others.map(|other| self.files[other].0.as_str()).collect()
        };
        let circles: BTreeSet<BTreeSet<&str>> = self.files.keys().map(circle).collect();
        circles
            .into_iter()
            .filter(|files| !files.is_empty())
            .map(|files| files.into_iter().collect())
            .collect()
    }
}

/// Every crate of the workspace, by the folder of its sources.
fn crates() -> BTreeMap<String, Crate> {
    let mut crates: BTreeMap<String, Crate> = BTreeMap::new();
    for file in text_files() {
        let Some((folder, name)) = file.path.split_once("/src/").filter(|_| file.kind() == "rs") else {
            continue;
        };
        let mut module: Module = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if module.iter().any(|part| part == "tests") || module == ["main"] && has_library(folder) {
            continue;
        }
        if module.last().is_some_and(|part| part == "mod") || module == ["lib"] || module == ["main"] {
            module.pop();
        }
        let parsed = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let mut names = Names::default();
        names.visit_file(&parsed);
        let files = crates.entry(folder.to_owned()).or_insert_with(|| Crate { files: BTreeMap::new() });
        files.files.insert(module, (file.path.clone(), names));
    }
    crates
}

fn has_library(folder: &str) -> bool {
    root().join(folder).join("src/lib.rs").exists()
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let mut findings = Findings::default();
    for (folder, files) in crates() {
        for circle in files.circles() {
            let files = circle.join(", ");
            findings.of(&folder, format!("has files that use each other in a circle: {files}"));
        }
    }
    findings.none();
}

#[test]
fn a_circle_is_found_through_names_that_are_passed_on() {
    let file = |text: &str| {
        let mut names = Names::default();
        names.visit_file(&syn::parse_str(text).expect("it is Rust"));
        names
    };
    let of = |two: &str| Crate {
        files: [
            (vec![], ("lib.rs".to_owned(), file("mod one; mod two; pub use one::One; pub use two::Two;"))),
            (vec!["one".to_owned()], ("one.rs".to_owned(), file("use crate::Two; pub struct One(Two);"))),
            (vec!["two".to_owned()], ("two.rs".to_owned(), file(two))),
        ]
        .into(),
    };
    assert_eq!(of("pub struct Two;").circles(), Vec::<Vec<&str>>::new());
    assert_eq!(of("pub struct Two(crate::One);").circles(), [["one.rs", "two.rs"]]);
    assert_eq!(of("pub fn two() { super::one::f(); }").circles(), [["one.rs", "two.rs"]]);
    assert!(of("#[cfg(test)] mod tests { use crate::One; } pub struct Two;").circles().is_empty());
}
