//! Stripe's lists of a time held against the records: asked of the stripe-reconcile function, run by run,
//! until the time is compared.

use std::io::Write;

use ledger::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::columns::{Align, Columns, wrap};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::words::count;

/// What one run of the function found.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ComparedRun {
    compared: u64,
    differing: u64,
    repaired: u64,
    /// Up to when everything is compared, RFC 3339.
    until: String,
    findings: Vec<DifferingObject>,
}

#[derive(Debug, Clone, Deserialize)]
struct DifferingObject {
    object: String,
    kind: String,
    recorded: String,
    stripe: String,
    created: String,
    repair: String,
}

/// Has the time compared, run by run, and reports what differs.
pub(crate) async fn run(
    (since, before): (Timestamp, Option<Timestamp>),
    repair: bool,
    ask: impl AsyncFn(Value) -> Result<ComparedRun, Failure>,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let (mut from, mut runs) = (since.to_string(), Vec::new());
    loop {
        let mut request = json!({"since": from, "repair": repair});
        if let (Some(before), Some(members)) = (before, request.as_object_mut()) {
            members.insert("before".to_owned(), json!(before.to_string()));
        }
        let status = ask(json!({"compare": request})).await?;
        writeln!(progress, "compared until {}: {} objects", status.until, status.compared)?;
        let until = status.until.clone();
        runs.push(status);
        // Without `before` every run reaches as far as it can; one that stands still has no time for more.
        if before.is_none_or(|before| until == before.to_string()) || until == from {
            return report(&runs, output);
        }
        from = until;
    }
}

fn report(runs: &[ComparedRun], output: &mut impl Write) -> Result<CommandOutcome, Failure> {
    let sum = |of: fn(&ComparedRun) -> u64| runs.iter().map(of).fold(0_u64, u64::saturating_add);
    let counted =
        |number: u64, one: &str, many: &str| count(usize::try_from(number).unwrap_or(usize::MAX), one, many);
    let (differing, repaired) = (sum(|run| run.differing), sum(|run| run.repaired));
    writeln!(
        output,
        "{}; {}; {}.",
        counted(sum(|run| run.compared), "object was compared", "objects were compared"),
        counted(differing, "differs", "differ"),
        counted(repaired, "is repaired", "are repaired"),
    )?;
    for found in runs.iter().flat_map(|run| &run.findings) {
        writeln!(output)?;
        let mut columns = Columns::new([Align::Left; 2]);
        columns.row([&found.object, &format!("{}, made {}", found.kind, found.created)]);
        columns.row(["recorded", &found.recorded]);
        columns.row(["Stripe", &found.stripe]);
        for (number, line) in wrap(&found.repair, 90).iter().enumerate() {
            columns.row([if number == 0 { "repair" } else { "" }, line]);
        }
        columns.write(output)?;
    }
    Ok(if differing == 0 && repaired == 0 { CommandOutcome::Sound } else { CommandOutcome::Fault })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn compared(until: &str, found: &[&str]) -> ComparedRun {
        let findings: Vec<Value> = found
            .iter()
            .map(|object| {
                json!({
                    "object": object, "kind": "refund_missing", "recorded": "nothing",
                    "stripe": "900 usd, succeeded", "created": "2026-08-01T00:10:00.000Z",
                    "repair": "`--repair` applies its events from Stripe's list",
                })
            })
            .collect();
        serde_json::from_value(json!({
            "compared": 3, "differing": found.len(), "repaired": 0, "until": until, "findings": findings,
        }))
        .unwrap()
    }

    #[tokio::test]
    async fn a_time_is_compared_run_by_run_and_what_differs_is_named_with_its_repair() {
        let (since, before) = (at("2026-08-01T00:00:00Z"), at("2026-08-02T00:00:00Z"));
        let asked = RefCell::new(Vec::new());
        let half = at("2026-08-01T12:00:00Z").to_string();
        let ask = async |request: Value| {
            asked.borrow_mut().push(request["compare"].clone());
            Ok(if asked.borrow().len() == 1 {
                compared(&half, &["re_1"])
            } else {
                compared(&before.to_string(), &[])
            })
        };
        let (mut output, mut progress) = (Vec::new(), Vec::new());
        let found = run((since, Some(before)), false, ask, &mut output, &mut progress).await.unwrap();
        assert_eq!(found, CommandOutcome::Fault);
        let times: Vec<Value> = asked.borrow().iter().map(|asked| asked["since"].clone()).collect();
        assert_eq!(times, [json!(since.to_string()), json!(half)]);
        assert!(asked.borrow().iter().all(|asked| asked["repair"] == json!(false)));
        assert_eq!(String::from_utf8(progress).unwrap().lines().count(), 2);
        insta::assert_snapshot!(String::from_utf8(output).unwrap(), @r"
        6 objects were compared; 1 differs; 0 are repaired.

          re_1      refund_missing, made 2026-08-01T00:10:00.000Z
          recorded  nothing
          Stripe    900 usd, succeeded
          repair    `--repair` applies its events from Stripe's list
        ");
    }

    #[tokio::test]
    async fn nothing_that_differs_is_sound_and_a_repair_is_asked_for() {
        let since = at("2026-08-01T00:00:00Z");
        let ask = async |request: Value| {
            assert_eq!(request["compare"]["repair"], json!(true));
            Ok(compared("2026-08-03T00:00:00.000Z", &[]))
        };
        let (mut output, mut progress) = (Vec::new(), Vec::new());
        let found = run((since, None), true, ask, &mut output, &mut progress).await.unwrap();
        assert_eq!(found, CommandOutcome::Sound);
        let shown = String::from_utf8(output).unwrap();
        assert_eq!(shown, "3 objects were compared; 0 differ; 0 are repaired.\n");
    }
}
