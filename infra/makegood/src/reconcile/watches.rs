//! What is open at a provider that keeps no list of its events: asked of the creem-reconcile function, run
//! by run, until nothing is due.

use std::io::Write;

use ledger::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::words::count;

/// What one run of the function found.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PollRun {
    read: u64,
    applied: u64,
    unapplied: u64,
    failed: u64,
    is_complete: bool,
    repaired: Vec<RepairedObject>,
}

#[derive(Debug, Clone, Deserialize)]
struct RepairedObject {
    kind: String,
    id: String,
}

/// Has everything read that is due, or due before an instant, and reports what had been missed.
pub(crate) async fn run(
    due_before: Option<Timestamp>,
    ask: impl AsyncFn(Value) -> Result<PollRun, Failure>,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let request = due_before.map_or_else(|| json!({}), |before| json!({"due_before": before.to_string()}));
    let mut runs = Vec::new();
    loop {
        let status = ask(request.clone()).await?;
        writeln!(progress, "{} objects read", status.read)?;
        // With an instant to come, an object that is looked at again before it would be read for ever.
        let is_last = status.is_complete || status.read == 0 || due_before.is_some();
        runs.push(status);
        if is_last {
            return report(&runs, output);
        }
    }
}

fn report(runs: &[PollRun], output: &mut impl Write) -> Result<CommandOutcome, Failure> {
    let sum = |of: fn(&PollRun) -> u64| runs.iter().map(of).fold(0_u64, u64::saturating_add);
    let applied = sum(|run| run.applied);
    let open = sum(|run| run.unapplied.saturating_add(run.failed));
    let counted =
        |number: u64, one: &str, many: &str| count(usize::try_from(number).unwrap_or(usize::MAX), one, many);
    writeln!(
        output,
        "{}; {}; {}.",
        counted(sum(|run| run.read), "object was read", "objects were read"),
        counted(applied, "said something new, which is applied", "said something new, which is applied"),
        counted(open, "failed and is read again", "failed and are read again"),
    )?;
    let repaired: Vec<&RepairedObject> = runs.iter().flat_map(|run| &run.repaired).collect();
    if !repaired.is_empty() {
        writeln!(output)?;
        let mut columns = Columns::new([Align::Left; 2]);
        columns.row(["object", "id"]);
        for object in repaired {
            columns.row([&object.kind, &object.id]);
        }
        columns.write(output)?;
    }
    let is_complete = runs.last().is_none_or(|run| run.is_complete);
    if !is_complete {
        writeln!(output, "\nMore is due: ask again, or leave it to the function's own runs.")?;
    }
    Ok(if applied == 0 && open == 0 { CommandOutcome::Sound } else { CommandOutcome::Fault })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn status(read: u64, repaired: &[&str], is_complete: bool) -> PollRun {
        let repaired: Vec<Value> =
            repaired.iter().map(|id| json!({"kind": "subscription", "id": id})).collect();
        serde_json::from_value(json!({
            "read": read, "applied": repaired.len(), "settled": 0, "unapplied": 0, "waiting": 0, "failed": 0,
            "given_up": 0, "is_complete": is_complete, "repaired": repaired,
        }))
        .unwrap()
    }

    async fn check(
        due_before: Option<Timestamp>,
        answers: &[PollRun],
    ) -> (CommandOutcome, String, Vec<Value>) {
        let asked = RefCell::new(Vec::new());
        let ask = async |request: Value| {
            asked.borrow_mut().push(request);
            Ok(answers[asked.borrow().len().saturating_sub(1)].clone())
        };
        let (mut output, mut progress) = (Vec::new(), Vec::new());
        let outcome = run(due_before, ask, &mut output, &mut progress).await.unwrap();
        (outcome, String::from_utf8(output).unwrap(), asked.into_inner())
    }

    #[tokio::test]
    async fn what_is_due_is_read_run_by_run_and_what_was_missed_is_listed() {
        let (outcome, output, asked) =
            check(None, &[status(60, &["sub_1"], false), status(2, &[], true)]).await;
        assert_eq!((outcome, asked), (CommandOutcome::Fault, vec![json!({}), json!({})]));
        insta::assert_snapshot!(output, @r"
        62 objects were read; 1 said something new, which is applied; 0 failed and are read again.

          object        id
          subscription  sub_1
        ");
    }

    #[tokio::test]
    async fn what_will_be_due_is_read_once() {
        let before = Timestamp::parse("2026-12-01T00:00:00Z").unwrap();
        let (outcome, output, asked) = check(Some(before), &[status(60, &[], false)]).await;
        assert_eq!(outcome, CommandOutcome::Sound);
        assert_eq!(asked, [json!({"due_before": before.to_string()})]);
        assert!(output.contains("More is due"), "{output}");
    }
}
