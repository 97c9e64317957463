//! Runs the plans: every chosen rule is broken in each of its parts, and the record says what noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::fault::Fault;
use crate::harness::{Binary, Breach, Harness, Verdict, on_every_core, target_of};
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
    let of_code: Vec<(Id, &Plan, usize, &Code)> = chosen
        .iter()
        .flat_map(|(id, plan)| plan.code.iter().map(|place| (*id, *plan, *place)))
        .filter_map(|(id, plan, place)| Some((id, plan, place, plans.code.get(place)?)))
        .collect();
    let (rust, others): (Vec<_>, Vec<_>) = of_code.into_iter().partition(|(_, _, _, code)| code.is_rust());
    let report = |id: Id, code: &Code, verdict: &Verdict| match verdict {
        Verdict::Killed(test) => println!("{id}: {test} notices {}", code.label()),
        Verdict::Survived => println!("{id}: survives: {}", code.label()),
    };
    let verdicts = on_every_core(rust.len(), |each, core| {
        let Some((id, plan, place, code)) = rust.get(each) else { return Ok(Verdict::Survived) };
        let verdict = runner.harness.run(&runner.binaries, &plan.holders, Breach::Code(*place), core)?;
        report(*id, code, &verdict);
        Ok(verdict)
    })?;
    let mut verdicts: Vec<(Id, &Code, Verdict)> =
        rust.iter().zip(verdicts).map(|((id, _, _, code), verdict)| (*id, *code, verdict)).collect();
    for (id, plan, _, code) in others {
        let verdict = runner.text(root, plan, code)?;
        report(id, code, &verdict);
        verdicts.push((id, code, verdict));
    }
    for (id, code, verdict) in verdicts {
        let of_rule = shown.entry(id).or_default();
        match verdict {
            Verdict::Killed(test) => of_rule.kill(&test),
            Verdict::Survived => of_rule.survived.push(code.label()),
        }
    }
    record.extend(shown);
    record::write(root, record)
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
        let verdicts = on_every_core(plan.documents.len(), |place, core| match plan.documents.get(place) {
            Some(broken) => self.document(plan, broken, core),
            None => Ok(Verdict::Survived),
        })?;
        let mut shown = Shown { fingerprint: plan.fingerprint.clone(), ..Shown::default() };
        for (broken, verdict) in plan.documents.iter().zip(verdicts) {
            match verdict {
                Verdict::Killed(test) => shown.kill(&test),
                Verdict::Survived => shown.survived.push(broken.mutant.label.clone()),
            }
        }
        Ok(shown)
    }

    /// Changes a text that tests read in one place.
    fn text(&self, root: &Path, plan: &Plan, code: &Code) -> Result<Verdict, Fault> {
        let path = Path::new(&code.file);
        let text = fs::read_to_string(root.join(path)).map_err(|error| Fault::file(&code.file, error))?;
        self.harness.write(path, code.replaced(&text).as_bytes())?;
        let verdict = self.harness.run(&self.binaries, &plan.holders, Breach::Text, 0);
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
