//! Events that were put aside: listed with what to do about their reasons and without their content, shown
//! with it only on request, and applied again.

use std::collections::BTreeSet;
use std::io::Write;

use ledger_dynamodb::{Parked, Tables};

use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::words::{count, instant};
use pages::for_each_parked;
use remedies::remedy;

mod pages;
mod remedies;
pub(crate) mod replay;

/// Lists all of them; having any is a fault to look at.
pub(crate) async fn list(tables: &Tables, output: &mut impl Write) -> Result<CommandOutcome, Failure> {
    let mut columns = Columns::new([Align::Left, Align::Left, Align::Right, Align::Left]);
    columns.row(["parked at (UTC)", "event", "bytes", "reason"]);
    let (mut number, mut reasons) = (0_usize, BTreeSet::new());
    for_each_parked(tables, |parked| {
        columns.row([&instant(parked.at), &parked.id, &parked.payload.len().to_string(), &parked.reason]);
        reasons.insert(parked.reason);
        number = number.saturating_add(1);
    })
    .await?;
    if number == 0 {
        writeln!(output, "Nothing is parked.")?;
        return Ok(CommandOutcome::Sound);
    }
    writeln!(output, "{} parked.\n", count(number, "event is", "events are"))?;
    columns.write(output)?;
    writeln!(output, "\nWhat to do")?;
    let mut columns = Columns::new([Align::Left; 2]);
    for reason in &reasons {
        columns.row([reason, remedy(reason)]);
    }
    columns.write(output)?;
    Ok(CommandOutcome::Fault)
}

/// Shows one: what is known about it, or its payload as it was signed.
pub(crate) async fn show(
    tables: &Tables,
    id: &str,
    payload: bool,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let Some(parked) = tables.parked_event(id).await? else {
        let mut columns = Columns::new([Align::Left]);
        columns.row([format!("No event {id} is parked.")]);
        columns.write(output)?;
        return Ok(CommandOutcome::Fault);
    };
    let Parked { id, reason, at, payload: bytes, .. } = parked;
    if payload {
        output.write_all(&bytes)?;
        return Ok(CommandOutcome::Sound);
    }
    let mut columns = Columns::new([Align::Left; 2]);
    columns.row(["event", &id]);
    columns.row(["parked at", &format!("{} UTC", instant(at))]);
    columns.row(["reason", &reason]);
    columns.row(["what to do", remedy(&reason)]);
    columns.row(["payload", &format!("{}; --payload prints it", count(bytes.len(), "byte", "bytes"))]);
    columns.write(output)?;
    Ok(CommandOutcome::Sound)
}

#[cfg(test)]
mod tests {
    use ledger::contract::at;
    use ledger_dynamodb::Parked;

    use crate::outcome::CommandOutcome;
    use crate::story::Stage;

    #[tokio::test]
    async fn parked_events_are_listed_without_their_payload() {
        let stage = Stage::empty().await;
        assert_eq!(stage.command("parked list").await.1, "Nothing is parked.\n");
        for number in 0..150 {
            let parked = Parked {
                id: format!("evt_{number:03}"),
                reason: "unknown price".to_owned(),
                at: at(number),
                payload: b"{\"email\":\"someone@example.com\"}".to_vec(),
                lookup_at: None,
                fetched: None,
            };
            stage.tables.park(&parked).await.unwrap();
        }
        let (found, output, _) = stage.command("parked list").await;
        assert_eq!(found, CommandOutcome::Fault);
        assert_eq!(
            output.matches("unknown price").count(),
            151,
            "each, and once what to do about it: {output}"
        );
        assert!(output.starts_with("150 events are parked.\n"), "{output}");
        assert!(output.contains("  2026-11-01 00:00:07  evt_007     31  unknown price\n"), "{output}");

        let (_, shown, _) = stage.command("parked show evt_007").await;
        assert!(shown.contains("unknown price") && !shown.contains("example.com"), "{shown}");
        let (_, payload, _) = stage.command("parked show evt_007 --payload").await;
        assert_eq!(payload, "{\"email\":\"someone@example.com\"}");
        let (found, missing, _) = stage.command("parked show evt_none").await;
        assert_eq!((found, missing.as_str()), (CommandOutcome::Fault, "  No event evt_none is parked.\n"));
    }
}
