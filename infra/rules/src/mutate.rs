//! Runs the plans: every chosen rule is broken in each of its parts, and the record says what noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::Fault;
use crate::harness::{Binary, Breach, Harness, Verdict, target_of};
use crate::plan::{Broken, Code, Plan, Plans};
use crate::record::{self, Borne, Record, Shown};
use crate::registry::{Id, Tests};

/// Which rules are broken: those named, all, or else those whose record is out of step.
pub(crate) struct Choice {
    pub(crate) rules: Vec<Id>,
    pub(crate) all: bool,
}

impl Choice {
    fn takes(&self, id: Id, plan: &Plan, record: &Record) -> bool {
        let is_held = || matches!(record::borne(plan, record.get(&id)), Borne::Held(_));
        if self.rules.is_empty() { self.all || !is_held() } else { self.rules.contains(&id) }
    }
}

/// Breaks the chosen rules and writes the record after each of them.
pub(crate) fn mutate(
    root: &Path,
    plans: &Plans,
    tests: &Tests,
    record: &mut Record,
    choice: &Choice,
) -> Result<(), Fault> {
    record.retain(|id, _| plans.rules.contains_key(id));
    let chosen: BTreeMap<Id, &Plan> = plans
        .rules
        .iter()
        .filter(|(id, plan)| choice.takes(**id, plan, record))
        .map(|(id, plan)| (*id, plan))
        .collect();
    if let Some(unknown) = choice.rules.iter().find(|id| !chosen.contains_key(id)) {
        return Err(Fault(vec![format!("{unknown}: rules.toml does not claim that it is held")]));
    }
    if chosen.is_empty() {
        return record::write(root, record);
    }
    let harness = Harness::new(root, &plans.code)?;
    println!("compiling the tests of {} rules", chosen.len());
    let mut shown: BTreeMap<Id, Shown> = BTreeMap::new();
    let concerned: BTreeSet<Id> = chosen
        .iter()
        .flat_map(|(id, plan)| {
            let sharers = plan.documents.iter().flat_map(|broken| broken.sharers.iter().copied());
            sharers.chain([*id])
        })
        .collect();
    let mut binaries = build(&harness, tests, &plans.holders(&concerned))?;
    println!("running them with nothing broken");
    harness.time(&mut binaries, &plans.holders(&concerned))?;
    let runner = Runner { harness: &harness, plans, binaries, details: Mutex::default() };
    for (id, plan) in &chosen {
        let of_rule = runner.documents(plan)?;
        println!("{id}: {} of {} broken documents noticed", of_rule.kills(), plan.documents.len());
        for survivor in &of_rule.survived {
            println!("    survives: {survivor}");
        }
        if plan.code.is_empty() {
            record.insert(*id, of_rule.clone());
            record::write(root, record)?;
        }
        shown.insert(*id, of_rule);
    }
    for (id, plan) in chosen.iter().filter(|(_, plan)| !plan.code.is_empty()) {
        let of_rule = shown.entry(*id).or_default();
        for place in &plan.code {
            let Some(code) = plans.code.get(*place) else { continue };
            let label = format!("{}: {}", code.file, code.what);
            match runner.code(root, plan, *place, code)? {
                Verdict::Killed(test) => {
                    println!("{id}: {test} notices {label}");
                    of_rule.kill(&test);
                }
                Verdict::Survived => {
                    println!("{id}: survives: {label}");
                    of_rule.survived.push(label);
                }
            }
        }
        record.insert(*id, of_rule.clone());
        record::write(root, record)?;
    }
    Ok(())
}

/// Compiles the targets of the tests of these names.
fn build(harness: &Harness, tests: &Tests, names: &BTreeSet<String>) -> Result<Vec<Binary>, Fault> {
    let (mut targets, mut libraries) = (BTreeSet::new(), false);
    for test in names.iter().filter_map(|name| tests.get(name)) {
        match target_of(test) {
            Some(target) => drop(targets.insert(target)),
            None => libraries = true,
        }
    }
    harness.build(&targets, libraries)
}

/// A detail of a document that was broken: its document and its edits.
type Detail = (usize, String);

/// What broken documents are run with.
struct Runner<'r> {
    harness: &'r Harness,
    plans: &'r Plans,
    binaries: Vec<Binary>,
    /// A detail that several rules share is broken once.
    details: Mutex<BTreeMap<Detail, Verdict>>,
}

impl Runner<'_> {
    /// Breaks the documents of one rule, on every core.
    fn documents(&self, plan: &Plan) -> Result<Shown, Fault> {
        let next = AtomicUsize::new(0);
        let found: Mutex<BTreeMap<usize, Verdict>> = Mutex::default();
        let work = |thread: usize| -> Result<(), Fault> {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(broken) = plan.documents.get(place) else {
                    return Ok(());
                };
                let verdict = self.document(plan, broken, thread)?;
                locked(&found).insert(place, verdict);
            }
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..cores).map(|thread| scope.spawn(move || work(thread))).collect();
            let ended = threads.into_iter().map(|thread| {
                thread.join().unwrap_or_else(|_| Err(Fault(vec!["a thread panicked".to_owned()])))
            });
            ended.collect::<Result<Vec<()>, Fault>>()
        })?;
        let mut shown = Shown { fingerprint: plan.fingerprint.clone(), ..Shown::default() };
        for (place, verdict) in &*locked(&found) {
            match verdict {
                Verdict::Killed(test) => shown.kill(test),
                Verdict::Survived => {
                    let broken = plan.documents.get(*place);
                    shown.survived.extend(broken.map(|broken| broken.mutant.label.clone()));
                }
            }
        }
        Ok(shown)
    }

    /// Changes the code, or a text that tests read, in one place.
    fn code(&self, root: &Path, plan: &Plan, place: usize, code: &Code) -> Result<Verdict, Fault> {
        let run = |breach| self.harness.run(&self.binaries, &plan.holders, breach, 0);
        if code.is_rust() {
            return run(Breach::Code(place));
        }
        let path = Path::new(&code.file);
        let text = fs::read_to_string(root.join(path)).map_err(|error| Fault::file(&code.file, error))?;
        self.harness.write(path, code.replaced(&text).as_bytes())?;
        let verdict = run(Breach::Text);
        self.harness.write(path, text.as_bytes())?;
        verdict
    }

    fn document(&self, plan: &Plan, broken: &Broken, thread: usize) -> Result<Verdict, Fault> {
        let detail = (broken.original, format!("{:?}", broken.mutant.edits));
        if !broken.mutant.core
            && let Some(verdict) = locked(&self.details).get(&detail)
        {
            return Ok(verdict.clone());
        }
        let original = self.plans.originals.get(broken.original);
        let document = original.and_then(|original| original.broken(&broken.mutant));
        let documents =
            self.harness.documents(document.as_ref().map(|each| (broken.original, each)), thread)?;
        let run = |names| self.harness.run(&self.binaries, names, Breach::Documents(&documents), thread);
        let own = run(&plan.holders)?;
        if broken.mutant.core {
            return Ok(own);
        }
        let verdict = match own {
            Verdict::Survived => run(&self.plans.holders(&broken.sharers))?,
            killed @ Verdict::Killed(_) => killed,
        };
        locked(&self.details).insert(detail, verdict.clone());
        Ok(verdict)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
