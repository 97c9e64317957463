//! A stored request's decision as a person would want to read it, and the proof that it can be made again.

use std::io::Write;

use ledger_dynamodb::Tables;
use policy::{Decision, Document, Documents};
use refunds::{RefundRequest, RequestStore as _};

use crate::arguments::ExplainArguments;
use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::{decision, history};

/// Explains one request; a decision that its frozen facts do not lead to again is a fault.
pub(super) async fn run(
    tables: &Tables,
    documents: &Documents,
    arguments: &ExplainArguments,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let Some(request) = tables.request(&arguments.request).await? else {
        writeln!(output, "There is no request {}.", arguments.request)?;
        return Ok(CommandOutcome::Fault);
    };
    history::write_request(&request, documents, output)?;
    let case = &request.case;
    let stored = &case.decision;
    let document = documents.version(&stored.document, &stored.version);
    writeln!(output, "\nThe decision of {} UTC", crate::words::milliseconds(stored.decided_at_ms))?;
    decision::write(stored, document, output)?;
    writeln!(output, "\nMade again")?;
    let mut columns = Columns::new([Align::Left]);
    let (found, lines) = redecide(&request, document)?;
    for line in lines {
        columns.row([line]);
    }
    columns.write(output)?;
    Ok(found)
}

/// Whether the frozen facts lead to the stored decision, byte for byte.
fn redecide(
    request: &RefundRequest,
    document: Option<&Document>,
) -> Result<(CommandOutcome, Vec<String>), Failure> {
    let case = &request.case;
    let stored = &case.decision;
    let Some(document) = document else {
        let text = format!("{} {} is not published.", stored.document, stored.version);
        return Ok((CommandOutcome::Fault, vec![text]));
    };
    let again = stored.redecide(document, &case.facts);
    let (before, after) = (serde_json::to_string(stored)?, serde_json::to_string(&again)?);
    if before == after {
        let text = format!(
            "The {} frozen facts lead to the same decision again, byte for byte ({} bytes).",
            case.facts.iter().count(),
            before.len()
        );
        return Ok((CommandOutcome::Sound, vec![text]));
    }
    let mut lines = vec!["The frozen facts lead to another decision; these parts differ:".to_owned()];
    lines.extend(differences(stored, &again)?);
    Ok((CommandOutcome::Fault, lines))
}

/// The parts of a decision that differ, with both values.
fn differences(stored: &Decision, again: &Decision) -> Result<Vec<String>, Failure> {
    let parts = |decision| match serde_json::to_value(decision) {
        Ok(serde_json::Value::Object(parts)) => Ok(parts),
        Ok(_) => Ok(serde_json::Map::new()),
        Err(error) => Err(error),
    };
    let (stored, again) = (parts(stored)?, parts(again)?);
    let mut names: Vec<&String> = stored.keys().chain(again.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let text =
        |value: Option<&serde_json::Value>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
    Ok(names
        .into_iter()
        .filter(|name| stored.get(*name) != again.get(*name))
        .map(|name| {
            format!("{name}: stored {}, made again {}", text(stored.get(name)), text(again.get(name)))
        })
        .collect())
}
