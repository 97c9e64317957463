//! Adjustments of accounts, asked of the account-adjustment function in an operator's name. It checks them as
//! it checks those of support.

use std::io::Write;
use std::time::Duration;

use lambda::config::Env;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::{AdjustCommand, AdjustmentDecision, ExpiryArguments, FunctionName, SubmitArguments};
use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::function::AskedFunction;
use crate::outcome::CommandOutcome;
use crate::parked::ask::operator;

/// The function's own time of 10 s, a cold start before it, and a little more.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(15);

/// What the function answers: the status and the body of the route that does the same.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerWire {
    status_code: u16,
    /// JSON text.
    body: String,
}

/// Carries out one command.
pub(crate) async fn run(
    command: &AdjustCommand,
    env: &Env,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let request = match command {
        AdjustCommand::Waiting(arguments) => {
            let function = open(&arguments.function, env)?;
            return waiting(async |request| function.ask(request).await, output).await;
        }
        AdjustCommand::Approve(arguments) => json!({"approve": decided(&arguments.decide, env)?}),
        AdjustCommand::Refuse(arguments) => {
            let with = json!({"reason": arguments.reason});
            json!({"refuse": merged(decided(&arguments.decide, env)?, &with)})
        }
        AdjustCommand::Grant(arguments) => {
            let purpose = format!("{:?}", arguments.purpose).to_lowercase();
            let expires_at = expiry(&arguments.expiry);
            let with = json!({"credits": arguments.credits, "purpose": purpose, "expires_at": expires_at});
            submitted(&arguments.submit, "grant", &with, env)?
        }
        AdjustCommand::TakeBack(arguments) => {
            let with = json!({"lot": arguments.lot, "credits": arguments.credits});
            submitted(&arguments.submit, "take_back", &with, env)?
        }
        AdjustCommand::WriteOff(arguments) => {
            submitted(&arguments.submit, "debt_write_off", &json!({"credits": arguments.credits}), env)?
        }
        AdjustCommand::MoveExpiry(arguments) => {
            let with = json!({"lot": arguments.lot, "expires_at": expiry(&arguments.expiry)});
            submitted(&arguments.submit, "expiry_move", &with, env)?
        }
        AdjustCommand::Suspend(arguments) => submitted(&arguments.submit, "suspension", &json!({}), env)?,
        AdjustCommand::Resume(arguments) => submitted(&arguments.submit, "resumption", &json!({}), env)?,
    };
    let function = open(asked(command), env)?;
    report(&function.ask(request).await?, output)
}

fn asked(command: &AdjustCommand) -> &FunctionName {
    match command {
        AdjustCommand::Grant(arguments) => &arguments.submit.function,
        AdjustCommand::TakeBack(arguments) => &arguments.submit.function,
        AdjustCommand::WriteOff(arguments) => &arguments.submit.function,
        AdjustCommand::MoveExpiry(arguments) => &arguments.submit.function,
        AdjustCommand::Suspend(arguments) => &arguments.submit.function,
        AdjustCommand::Resume(arguments) => &arguments.submit.function,
        AdjustCommand::Waiting(arguments) => &arguments.function,
        AdjustCommand::Approve(arguments) => &arguments.decide.function,
        AdjustCommand::Refuse(arguments) => &arguments.decide.function,
    }
}

fn open(arguments: &FunctionName, env: &Env) -> Result<AskedFunction, Failure> {
    let name = match &arguments.function {
        Some(name) => name.clone(),
        None => env.required("ACCOUNT_ADJUSTMENT_FUNCTION")?,
    };
    AskedFunction::open(name, INVOCATION_TIMEOUT, env)
}

/// The request that submits an adjustment of a kind, with the kind's own members.
fn submitted(arguments: &SubmitArguments, kind: &str, members: &Value, env: &Env) -> Result<Value, Failure> {
    let SubmitArguments { account, product, clause, reason, key, .. } = arguments;
    let said = json!({"kind": kind, "product": product, "clause": clause, "reason": reason});
    let operator = operator(arguments.operator.as_ref(), env)?;
    Ok(json!({"submit": {
        "account": account.as_str(), "operator": operator, "key": key, "adjustment": merged(said, members),
    }}))
}

fn decided(arguments: &AdjustmentDecision, env: &Env) -> Result<Value, Failure> {
    let operator = operator(arguments.operator.as_ref(), env)?;
    Ok(json!({"account": arguments.account.as_str(), "id": arguments.id.as_str(), "operator": operator}))
}

fn expiry(arguments: &ExpiryArguments) -> Value {
    arguments.expires_at.map_or(Value::Null, |at| Value::String(at.to_string()))
}

fn merged(mut object: Value, members: &Value) -> Value {
    if let (Some(object), Some(members)) = (object.as_object_mut(), members.as_object()) {
        object.extend(members.clone());
    }
    object
}

/// Writes how an adjustment stands, or why it is refused.
fn report(answer: &AnswerWire, output: &mut impl Write) -> Result<CommandOutcome, Failure> {
    let body: Value = serde_json::from_str(&answer.body).map_err(Failure::Answer)?;
    let mut columns = Columns::new([Align::Left; 2]);
    if answer.status_code < 300 {
        for name in ["id", "state", "kind", "credits", "lot", "expires_at", "entry", "lapses_at"] {
            if let Some(value) = body.get(name) {
                columns.row([name, &shown(value)]);
            }
        }
        columns.write(output)?;
        return Ok(CommandOutcome::Sound);
    }
    for name in ["title", "detail"] {
        if let Some(value) = body.get(name) {
            columns.row(["refused", &shown(value)]);
        }
    }
    for error in body.get("errors").and_then(Value::as_array).into_iter().flatten() {
        let of = |name| error.get(name).and_then(Value::as_str).unwrap_or_default();
        columns.row([of("pointer").trim_start_matches("#/"), of("detail")]);
    }
    columns.write(output)?;
    Ok(CommandOutcome::Fault)
}

/// Lists what waits, page by page.
async fn waiting(
    ask: impl AsyncFn(Value) -> Result<AnswerWire, Failure>,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let mut columns = Columns::new([Align::Left; 7]);
    columns.row(["adjustment", "account", "kind", "credits", "lot", "submitted by", "lapses (UTC)"]);
    let (mut found, mut cursor) = (false, Value::Null);
    loop {
        let request = if cursor.is_null() { json!({}) } else { json!({"cursor": cursor}) };
        let answer = ask(json!({"waiting": request})).await?;
        if answer.status_code >= 300 {
            return report(&answer, output);
        }
        let page: Value = serde_json::from_str(&answer.body).map_err(Failure::Answer)?;
        for each in page.get("adjustments").and_then(Value::as_array).into_iter().flatten() {
            found = true;
            let of = |pointer: &str| each.pointer(pointer).map(shown).unwrap_or_default();
            columns
                .row(["/id", "/account", "/kind", "/credits", "/lot", "/submitted/by", "/lapses_at"].map(of));
        }
        cursor = page.get("next_cursor").cloned().unwrap_or_default();
        if cursor.is_null() {
            break;
        }
    }
    if found {
        columns.write(output)?;
    } else {
        writeln!(output, "No adjustment waits.")?;
    }
    Ok(CommandOutcome::Sound)
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "never".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use clap::Parser as _;

    use super::*;
    use crate::Arguments;
    use crate::arguments::Command;

    fn answer(status_code: u16, body: &Value) -> AnswerWire {
        AnswerWire { status_code, body: body.to_string() }
    }

    fn request(line: &str) -> Value {
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        let Command::Adjust(AdjustCommand::Grant(grant)) = arguments.command else { panic!("a grant") };
        let with = json!({"credits": grant.credits, "expires_at": expiry(&grant.expiry)});
        submitted(&grant.submit, "grant", &with, &Env::of([("USER", "ann")])).unwrap()
    }

    #[test]
    fn a_submission_names_the_operator_and_says_an_expiry_also_where_there_is_none() {
        let line = "makegood adjust grant --account cus-1 --product music-studio --clause c --reason r \
                    --key k --credits 5 --purpose trial";
        let asked = request(&format!("{line} --never"));
        assert_eq!(asked["submit"]["operator"], "ann");
        assert_eq!(asked["submit"]["adjustment"].get("expires_at"), Some(&Value::Null));
        let asked = request(&format!("{line} --expires-at 2027-01-01T00:00:00Z --operator bob"));
        assert_eq!(asked["submit"]["operator"], "bob");
        assert_eq!(asked["submit"]["adjustment"]["expires_at"], "2027-01-01T00:00:00Z");
    }

    #[test]
    fn an_adjustment_is_shown_and_a_refusal_says_why() {
        let shown = |answer: &AnswerWire| {
            let mut output = Vec::new();
            let found = report(answer, &mut output).unwrap();
            (found, String::from_utf8(output).unwrap())
        };
        let saved = json!({
            "id": "adj_1", "state": "applied", "kind": "grant", "credits": 5, "expires_at": null, "entry": 7,
            "reason": "private",
        });
        let (found, text) = shown(&answer(201, &saved));
        assert_eq!(found, CommandOutcome::Sound);
        insta::assert_snapshot!(text, @r"
          id          adj_1
          state       applied
          kind        grant
          credits     5
          expires_at  never
          entry       7
        ");
        let refused = json!({
            "title": "The request cannot be carried out",
            "errors": [{"pointer": "#/credits", "detail": "expected at least 1"}],
        });
        let (found, text) = shown(&answer(422, &refused));
        assert_eq!(found, CommandOutcome::Fault);
        insta::assert_snapshot!(text, @r"
          refused  The request cannot be carried out
          credits  expected at least 1
        ");
    }

    #[tokio::test]
    async fn what_waits_is_listed_page_by_page() {
        let asked = RefCell::new(Vec::new());
        let ask = async |request: Value| {
            let first = request["waiting"].get("cursor").is_none();
            asked.borrow_mut().push(request);
            let id = if first { "adj_1" } else { "adj_2" };
            let adjustment = json!({
                "id": id, "account": "cus-1", "kind": "grant", "credits": 2001,
                "submitted": {"by": "ann"}, "lapses_at": "2026-12-12T00:00:00Z",
            });
            let next = if first { json!("more") } else { Value::Null };
            Ok(answer(200, &json!({"adjustments": [adjustment], "next_cursor": next})))
        };
        let mut output = Vec::new();
        assert_eq!(waiting(ask, &mut output).await.unwrap(), CommandOutcome::Sound);
        assert_eq!(*asked.borrow(), [json!({"waiting": {}}), json!({"waiting": {"cursor": "more"}})]);
        insta::assert_snapshot!(String::from_utf8(output).unwrap(), @r"
          adjustment  account  kind   credits  lot  submitted by  lapses (UTC)
          adj_1       cus-1    grant  2001          ann           2026-12-12T00:00:00Z
          adj_2       cus-1    grant  2001          ann           2026-12-12T00:00:00Z
        ");
        let none = async |_: Value| Ok(answer(200, &json!({"adjustments": [], "next_cursor": null})));
        let mut output = Vec::new();
        waiting(none, &mut output).await.unwrap();
        assert_eq!(String::from_utf8(output).unwrap(), "No adjustment waits.\n");
    }
}
