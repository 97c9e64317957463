//! Stripe's events of a time, applied where they never came: asked of the stripe-reconcile function, run by
//! run, until the time is read. Nothing is written here.

pub(crate) mod lists;
pub(crate) mod watches;

use std::io::Write;
use std::time::Duration;

use lambda::config::Env;
use ledger::{Provider, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::ReconcileArguments;
use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::function::AskedFunction;
use crate::outcome::CommandOutcome;
use crate::words::count;

/// The function's own time of 240 s, and a little more.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(250);

/// What one run of the function found.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RunStatus {
    listed: u64,
    applied: u64,
    parked: u64,
    deferred: u64,
    failed: u64,
    /// Up to when nothing is left, RFC 3339.
    until: String,
    missed: Vec<MissedEvent>,
}

#[derive(Debug, Clone, Deserialize)]
struct MissedEvent {
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    created_at: String,
}

/// The stripe-reconcile function or creem-reconcile, that the arguments name, or else the environment.
pub(crate) fn open(arguments: &ReconcileArguments, env: &Env) -> Result<AskedFunction, Failure> {
    let name = match &arguments.function {
        Some(name) => name.clone(),
        None if arguments.provider == Some(Provider::Creem) => env.required("CREEM_RECONCILE_FUNCTION")?,
        None => env.required("STRIPE_RECONCILE_FUNCTION")?,
    };
    AskedFunction::open(name, INVOCATION_TIMEOUT, env)
}

/// Has the time read, run by run, and reports what had been missed.
pub(crate) async fn run(
    (since, before): (Timestamp, Option<Timestamp>),
    ask: impl AsyncFn(Value) -> Result<RunStatus, Failure>,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let (mut from, mut runs) = (since.to_string(), Vec::new());
    loop {
        let mut request = json!({"since": from});
        if let (Some(before), Some(members)) = (before, request.as_object_mut()) {
            members.insert("before".to_owned(), json!(before.to_string()));
        }
        let status = ask(request).await?;
        writeln!(progress, "read until {}: {} events", status.until, status.listed)?;
        let until = status.until.clone();
        let waits = status.deferred.saturating_add(status.failed) > 0;
        runs.push(status);
        // Without `before` every run reaches as far as it can; one that waits for an event stands still.
        let is_done = before.is_none_or(|before| until == before.to_string()) || until == from || waits;
        if is_done {
            return report(&runs, output);
        }
        from = until;
    }
}

fn report(runs: &[RunStatus], output: &mut impl Write) -> Result<CommandOutcome, Failure> {
    let sum = |of: fn(&RunStatus) -> u64| runs.iter().map(of).fold(0_u64, u64::saturating_add);
    let applied = sum(|run| run.applied);
    let open = sum(|run| run.parked.saturating_add(run.deferred).saturating_add(run.failed));
    let counted =
        |number: u64, one: &str, many: &str| count(usize::try_from(number).unwrap_or(usize::MAX), one, many);
    writeln!(
        output,
        "{}; {}; {}.",
        counted(sum(|run| run.listed), "event was read", "events were read"),
        counted(applied, "had not come and is applied", "had not come and are applied"),
        counted(open, "cannot be applied yet", "cannot be applied yet"),
    )?;
    if open > 0 {
        writeln!(
            output,
            "`makegood parked list` shows what is parked; what waits is tried again every five minutes."
        )?;
    }
    let missed: Vec<&MissedEvent> = runs.iter().flat_map(|run| &run.missed).collect();
    if !missed.is_empty() {
        writeln!(output)?;
        let mut columns = Columns::new([Align::Left; 3]);
        columns.row(["event", "type", "happened"]);
        for event in missed {
            columns.row([&event.id, &event.event_type, &event.created_at]);
        }
        columns.write(output)?;
    }
    Ok(if applied == 0 && open == 0 { CommandOutcome::Sound } else { CommandOutcome::Fault })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn status(until: &str, missed: &[&str]) -> RunStatus {
        let missed: Vec<Value> = missed
            .iter()
            .map(|id| json!({"id": id, "type": "refund.created", "created_at": "2026-08-01T00:10:00.000Z"}))
            .collect();
        serde_json::from_value(json!({
            "listed": 3, "applied": missed.len(), "settled": 0, "parked": 0, "deferred": 0, "failed": 0,
            "until": until, "missed": missed,
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn a_time_is_read_run_by_run_and_what_was_missed_is_listed() {
        let (since, before) = (at("2026-08-01T00:00:00Z"), at("2026-08-02T00:00:00Z"));
        let asked = RefCell::new(Vec::new());
        let half = at("2026-08-01T12:00:00Z").to_string();
        let ask = async |request: Value| {
            asked.borrow_mut().push(request["since"].clone());
            Ok(if asked.borrow().len() == 1 {
                status(&half, &["evt_1"])
            } else {
                status(&before.to_string(), &[])
            })
        };
        let (mut output, mut progress) = (Vec::new(), Vec::new());
        let found = run((since, Some(before)), ask, &mut output, &mut progress).await.unwrap();
        assert_eq!(found, CommandOutcome::Fault);
        assert_eq!(*asked.borrow(), [json!(since.to_string()), json!(half)]);
        assert_eq!(String::from_utf8(progress).unwrap().lines().count(), 2);
        insta::assert_snapshot!(String::from_utf8(output).unwrap(), @r"
        6 events were read; 1 had not come and is applied; 0 cannot be applied yet.

          event  type            happened
          evt_1  refund.created  2026-08-01T00:10:00.000Z
        ");
    }

    #[tokio::test]
    async fn a_run_that_stands_still_ends_the_command() {
        let since = at("2026-08-01T00:00:00Z");
        let stuck = since.to_string();
        let ask = async |_: Value| Ok(status(&stuck, &[]));
        let (mut output, mut progress) = (Vec::new(), Vec::new());
        let time = (since, Some(at("2026-08-02T00:00:00Z")));
        assert_eq!(run(time, ask, &mut output, &mut progress).await.unwrap(), CommandOutcome::Sound);
        assert_eq!(String::from_utf8(progress).unwrap().lines().count(), 1);
    }
}
