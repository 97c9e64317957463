//! Past requests as lines of JSON: what a backtest needs of them, and nothing that names a person.

use std::io::Write;

use ledger_dynamodb::Tables;
use policy_authoring::PastRequest;
use refunds::RefundRequest;

use crate::arguments::ExportArguments;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;

/// Writes one line per request.
pub(super) async fn run(
    tables: &Tables,
    arguments: &ExportArguments,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let mut written = 0_usize;
    for request in requests(tables, progress).await? {
        if arguments.document.as_ref().is_none_or(|id| *id == request.document) {
            serde_json::to_writer(&mut *output, &request)?;
            writeln!(output)?;
            written = written.saturating_add(1);
        }
    }
    writeln!(progress, "{written} requests written")?;
    Ok(CommandOutcome::Sound)
}

/// Every request of the table in the form of a backtest; notes and account ids stay behind.
pub(super) async fn requests(
    tables: &Tables,
    progress: &mut impl Write,
) -> Result<Vec<PastRequest>, Failure> {
    let stored = tables.scan_requests(|items| {
        // Progress that cannot be shown is not worth stopping for.
        let _ = writeln!(progress, "{items} items read");
    });
    Ok(stored.await?.into_iter().map(past).collect())
}

fn past(request: RefundRequest) -> PastRequest {
    let decision = request.case.decision;
    PastRequest {
        request: request.id.as_str().to_owned(),
        reason: decision.reason,
        decided_at_ms: decision.decided_at_ms,
        document: decision.document,
        version: decision.version,
        outcome: decision.outcome,
        facts: request.case.facts,
    }
}
