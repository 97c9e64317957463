//! What has to be broken to show that a rule is held, and the fingerprint that shows when that changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use examples::documents;
use policy::Document;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::carriers::{Carrier, carriers, clause_pointer};
use crate::fault::Fault;
use crate::mutants::{Mutant, apply, by_place, of_carrier, of_information, of_part};
use crate::registry::{Entries, Id, Tests, holders};

/// Where mutations are listed that cannot be derived, from the root.
pub(crate) const MUTATIONS: &str = "infra/rules/mutations.toml";

/// What `mutations.toml` adds to what is derived from the documents.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutations {
    #[serde(default)]
    part: Vec<Part>,
    #[serde(default)]
    code: Vec<Code>,
    #[serde(default)]
    spared: Vec<Spared>,
}

/// A part of a document that cites no clause.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    rules: BTreeSet<String>,
    document: String,
    pointer: String,
}

/// A change of the code that breaks rules.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    rules: BTreeSet<String>,
    /// What is broken, for people.
    pub(crate) what: String,
    /// The file, from the root.
    pub(crate) file: String,
    /// What stands before it, where `find` alone would stand there more than once.
    #[serde(default)]
    after: String,
    /// An expression; with what stands before it, it is there exactly once.
    find: String,
    /// What takes its place.
    replace: String,
}

impl Code {
    /// What readers of the record see.
    pub(crate) fn label(&self) -> String {
        format!("{}: {}", self.file, self.what)
    }

    /// Whether it is compiled, or a text that tests read.
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.file).extension().is_some_and(|extension| extension == "rs")
    }

    /// The text of the file with the replacement.
    pub(crate) fn replaced(&self, text: &str) -> String {
        self.with(text, &self.replace)
    }

    /// The text of a Rust file in which the variable of the environment chooses the replacement by its place.
    pub(crate) fn switched(&self, text: &str, variable: &str, place: usize) -> String {
        let (find, replace) = (&self.find, &self.replace);
        let chosen = format!("::std::env::var_os({variable:?}).is_some_and(|place| place == \"{place}\")");
        self.with(text, &format!("(if {chosen} {{ {replace} }} else {{ {find} }})"))
    }

    fn with(&self, text: &str, replacement: &str) -> String {
        let after = &self.after;
        text.replacen(&format!("{after}{}", self.find), &format!("{after}{replacement}"), 1)
    }
}

/// Mutants that break no promise, with the reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spared {
    rules: BTreeSet<String>,
    /// How their labels begin.
    mutants: Vec<String>,
    #[serde(rename = "why")]
    _why: String,
}

/// A document with its form as JSON.
pub(crate) struct Original {
    pub(crate) document: Document,
    pub(crate) json: Value,
    /// The clauses, the rules that each covers, and what carries it out.
    clauses: Vec<(String, BTreeSet<Id>, Vec<Carrier>)>,
}

/// A broken document.
pub(crate) struct Broken {
    /// The place of its original among the documents.
    pub(crate) original: usize,
    pub(crate) mutant: Mutant,
    /// The other rules that rest on what is broken.
    pub(crate) sharers: BTreeSet<Id>,
}

/// Everything that has to be broken for one rule.
pub(crate) struct Plan {
    pub(crate) documents: Vec<Broken>,
    /// Places in the list of code mutations.
    pub(crate) code: BTreeSet<usize>,
    /// The Rust tests that hold the rule.
    pub(crate) holders: BTreeSet<String>,
    /// Changes when the mutants or the tests of the rule do.
    pub(crate) fingerprint: String,
}

/// The plans of every rule that is claimed to be held.
pub(crate) struct Plans {
    pub(crate) originals: Vec<Original>,
    pub(crate) code: Vec<Code>,
    pub(crate) rules: BTreeMap<Id, Plan>,
}

impl Plans {
    /// The tests that hold any of these rules.
    pub(crate) fn holders(&self, ids: &BTreeSet<Id>) -> BTreeSet<String> {
        let plans = ids.iter().filter_map(|id| self.rules.get(id));
        plans.flat_map(|plan| plan.holders.iter().cloned()).collect()
    }
}

impl Original {
    fn of(document: &Document) -> Result<Self, Fault> {
        let json = serde_json::to_value(document).map_err(|error| Fault::file(&document.id, error))?;
        let ids = document.clauses.iter().map(|clause| {
            let covers = clause.covers.iter().filter_map(|id| id.parse().ok()).collect();
            (clause.id.clone(), covers, carriers(&json, &clause.id))
        });
        let clauses = ids.collect();
        Ok(Self { document: document.clone(), clauses, json })
    }

    /// The rules that rest on what stands at a pointer.
    fn resting_on(&self, pointer: &str) -> BTreeSet<Id> {
        let resting = self.clauses.iter().filter(|(_, _, carriers)| {
            carriers.iter().any(|carrier| carrier.pointers.iter().any(|each| each == pointer))
        });
        resting.flat_map(|(_, covers, _)| covers.iter().copied()).collect()
    }

    /// What carries a rule out, for docs/rules.md.
    pub(crate) fn carriers_of(&self, id: Id) -> impl Iterator<Item = &str> {
        let covering = self.clauses.iter().filter(move |(_, covers, _)| covers.contains(&id));
        covering.flat_map(|(_, _, carriers)| carriers.iter().map(|carrier| carrier.label.as_str()))
    }

    /// A part with its terms' ids and values in place of their places, which move with other terms.
    fn resolved(&self, part: &Value) -> Value {
        let term = |place: &Value| {
            let term = self.json.pointer(&format!("/terms/{place}"));
            term.map_or_else(|| place.clone(), |term| json!([term["id"], term["value"]]))
        };
        match part {
            Value::Object(members) => {
                let member = |(key, member): (&String, &Value)| {
                    let member = match (key.as_str(), member) {
                        ("Term", place) => term(place),
                        ("Share" | "LastInstant", Value::Array(parts)) => {
                            let of = parts.get(1).map_or(Value::Null, |of| self.resolved(of));
                            json!([parts.first().map(term), of])
                        }
                        (_, member) => self.resolved(member),
                    };
                    (key.clone(), member)
                };
                Value::Object(members.iter().map(member).collect())
            }
            Value::Array(elements) => elements.iter().map(|each| self.resolved(each)).collect(),
            other => other.clone(),
        }
    }

    /// The document with a mutation, or `None` where that is no document.
    pub(crate) fn broken(&self, mutant: &Mutant) -> Option<Document> {
        let mut json = self.json.clone();
        apply(&mut json, &mutant.edits);
        serde_json::from_value(json).ok().filter(|broken| *broken != self.document)
    }

    /// The mutants of a rule with the pointer of what each breaks.
    fn mutants_of(&self, id: Id) -> Vec<(String, Mutant)> {
        let mut mutants = Vec::new();
        for (clause, _, carriers) in self.clauses.iter().filter(|(_, covers, _)| covers.contains(&id)) {
            for carrier in carriers {
                let pointer = carrier.pointers.first().cloned().unwrap_or_default();
                let of_carrier = of_carrier(&self.json, carrier, clause);
                mutants.extend(of_carrier.into_iter().map(|mutant| (pointer.clone(), mutant)));
            }
            let kind = clause_pointer(&self.json, clause).filter(|_| carriers.is_empty());
            if let Some(pointer) = kind.filter(|pointer| {
                self.json.pointer(&format!("{pointer}/kind")) == Some(&json!("information"))
            }) {
                let of_clause = of_information(&self.json, &pointer, clause);
                mutants.extend(of_clause.into_iter().map(|mutant| (pointer.clone(), mutant)));
            }
        }
        mutants
    }
}

/// Reads the documents and `mutations.toml`, and derives what has to be broken for each claimed rule.
pub(crate) fn plans(root: &Path, entries: &Entries, tests: &Tests) -> Result<Plans, Fault> {
    let text =
        std::fs::read_to_string(root.join(MUTATIONS)).map_err(|error| Fault::file(MUTATIONS, error))?;
    let mutations: Mutations = toml::from_str(&text).map_err(|error| Fault::file(MUTATIONS, error))?;
    let originals = documents().iter().map(Original::of).collect::<Result<Vec<_>, _>>()?;
    let mut faults = Vec::new();
    for code in &mutations.code {
        faults.extend(unfit(root, code));
    }
    for part in &mutations.part {
        let document = originals.iter().find(|original| original.document.id == part.document);
        if document.and_then(|document| of_part(&document.json, &part.pointer)).is_none() {
            faults.push(format!("{MUTATIONS}: `{}` has no {}", part.document, part.pointer));
        }
    }
    let mut rules = BTreeMap::new();
    let mut spared_used = BTreeSet::new();
    for (id, entry) in entries.iter().filter(|(_, entry)| entry.is_claimed()) {
        match holders(*id, entry, tests) {
            Ok(names) => {
                let (plan, used) = plan(*id, &originals, &mutations, &names, tests);
                spared_used.extend(used);
                rules.insert(*id, plan);
            }
            Err(fault) => faults.push(fault),
        }
    }
    for (place, spared) in mutations.spared.iter().enumerate() {
        for (of, label) in spared.mutants.iter().enumerate() {
            if !spared_used.contains(&(place, of)) {
                faults.push(format!("{MUTATIONS}: nothing to spare begins with `{label}`"));
            }
        }
    }
    if faults.is_empty() { Ok(Plans { originals, code: mutations.code, rules }) } else { Err(Fault(faults)) }
}

/// Why a code mutation cannot be made.
fn unfit(root: &Path, code: &Code) -> Option<String> {
    let text = match std::fs::read_to_string(root.join(&code.file)) {
        Ok(text) => text,
        Err(error) => return Some(format!("{MUTATIONS}: {}: {error}", code.file)),
    };
    let times = text.matches(&format!("{}{}", code.after, code.find)).count();
    (times != 1).then(|| {
        format!("{MUTATIONS}: `{}`: the text stands {times} times in {}; expected once", code.what, code.file)
    })
}

type Used = Vec<(usize, usize)>;

fn plan(
    id: Id,
    originals: &[Original],
    mutations: &Mutations,
    names: &BTreeSet<&str>,
    tests: &Tests,
) -> (Plan, Used) {
    let of_rule = |rules: &BTreeSet<String>| rules.contains(&id.to_string());
    let (mut broken, mut used) = (Vec::new(), Used::new());
    let mut digest = Sha256::new();
    let mut digested = |part: &str| {
        digest.update(part.as_bytes());
        digest.update([0]);
    };
    for (place, original) in originals.iter().enumerate() {
        let parts = mutations.part.iter().filter(|part| of_rule(&part.rules));
        let of_parts = parts.filter(|part| part.document == original.document.id).flat_map(|part| {
            let mutants = of_part(&original.json, &part.pointer).unwrap_or_default();
            let pointer = by_place(&original.json, &part.pointer).unwrap_or_default();
            mutants.into_iter().map(move |mutant| (pointer.clone(), mutant))
        });
        for (pointer, mutant) in original.mutants_of(id).into_iter().chain(of_parts) {
            let sparing = mutations.spared.iter().enumerate().filter(|(_, spared)| of_rule(&spared.rules));
            let found = sparing
                .flat_map(|(place, spared)| {
                    spared.mutants.iter().enumerate().map(move |(of, label)| (place, of, label))
                })
                .filter(|(_, _, label)| mutant.label.starts_with(label.as_str()))
                .map(|(place, of, _)| (place, of))
                .collect::<Used>();
            if !found.is_empty() {
                used.extend(found);
            } else if original.broken(&mutant).is_some() {
                digested(&mutant.label);
                digested(
                    &original.resolved(original.json.pointer(&pointer).unwrap_or(&Value::Null)).to_string(),
                );
                let sharers = original.resting_on(&pointer).into_iter().filter(|each| *each != id).collect();
                broken.push(Broken { original: place, mutant, sharers });
            }
        }
    }
    let of_code = mutations.code.iter().enumerate().filter(|(_, code)| of_rule(&code.rules));
    let mut code = BTreeSet::new();
    for (place, each) in of_code {
        digested(&each.file);
        digested(&each.after);
        digested(&each.find);
        digested(&each.replace);
        code.insert(place);
    }
    let mut rust = BTreeSet::new();
    for name in names {
        if let Some(test) = tests.get(*name).filter(|test| test.is_rust()) {
            digested(&test.source);
            rust.insert((*name).to_owned());
        }
    }
    let fingerprint =
        digest.finalize().iter().take(8).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    (Plan { documents: broken, code, holders: rust, fingerprint }, used)
}

#[cfg(test)]
mod tests {
    use examples::documents;
    use serde_json::{Value, json};

    use super::{Mutations, Original, plan};
    use crate::registry::{Id, Test, Tests};

    const NAME: &str = "s4_18_a_pack_is_refused";

    fn json() -> Value {
        serde_json::to_value(documents().iter().find(|document| document.id == "image-web").unwrap()).unwrap()
    }

    fn tests(name: &str, source: &str) -> Tests {
        let test = |source: &str| Test { file: "a/tests/b/c.rs".to_owned(), source: source.to_owned() };
        [(name.to_owned(), test(source)), ("another".to_owned(), test("fn another() {}"))].into()
    }

    fn fingerprint(json: Value, tests: &Tests) -> String {
        let document = serde_json::from_value(json).unwrap();
        let id: Id = "S4-18".parse().unwrap();
        let names = tests.keys().map(String::as_str).filter(|name| name.starts_with("s4_18_")).collect();
        plan(id, &[Original::of(&document).unwrap()], &Mutations::default(), &names, tests).0.fingerprint
    }

    /// Every place of a term moved on by one, as by another term before all.
    fn moved(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    match (key.as_str(), &mut *member) {
                        ("Term", Value::Number(place)) => {
                            *member = json!(place.as_u64().unwrap().saturating_add(1));
                        }
                        ("Share" | "LastInstant", Value::Array(parts)) => {
                            parts[0] = json!(parts[0].as_u64().unwrap().saturating_add(1));
                            moved(&mut parts[1]);
                        }
                        _ => moved(member),
                    }
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(moved),
            _ => {}
        }
    }

    #[test]
    fn every_mutant_is_a_document_unless_it_drops_what_has_to_be_there() {
        for document in documents().iter() {
            let original = Original::of(document).unwrap();
            let ids =
                document.clauses.iter().flat_map(|clause| &clause.covers).filter_map(|id| id.parse().ok());
            for (_, mutant) in ids.flat_map(|id: Id| original.mutants_of(id)) {
                let broken = original.broken(&mutant).is_some();
                assert!(broken || mutant.label.ends_with(": dropped"), "{}: {}", document.id, mutant.label);
            }
        }
    }

    #[test]
    fn a_fingerprint_is_of_the_rules_own_mutants_and_tests() {
        let shown = fingerprint(json(), &tests(NAME, "fn s4_18() {}"));
        assert_ne!(fingerprint(json(), &tests(NAME, "fn s4_18() { assert!(true); }")), shown);
        // A test that is renamed reads otherwise, and one of another rule is none of this one's.
        assert_ne!(fingerprint(json(), &tests("s4_19_a_pack_is_refused", "fn s4_19() {}")), shown);
        let mut edited = json();
        let rules = edited["rules"].as_array_mut().unwrap();
        let rule = rules.iter_mut().find(|rule| rule["id"] == "packs-are-final").unwrap();
        rule["reasons"] = json!(["changed_mind"]);
        assert_ne!(fingerprint(edited, &tests(NAME, "fn s4_18() {}")), shown);
    }

    #[test]
    fn a_fingerprint_stays_when_other_parts_of_the_document_change() {
        let tests = tests(NAME, "fn s4_18() {}");
        let shown = fingerprint(json(), &tests);
        let mut other = json();
        moved(&mut other);
        let mut terms = other["terms"].as_array().unwrap().clone();
        terms.insert(0, json!({"id": "another", "value": terms[0]["value"], "reason": "", "owner": ""}));
        other["terms"] = json!(terms);
        let rule = other["rules"].as_array().unwrap().last().unwrap().clone();
        other["rules"].as_array_mut().unwrap().insert(0, rule);
        assert_eq!(fingerprint(other, &tests), shown);
    }
}
