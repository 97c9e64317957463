//! Parked events applied again: asked of the stripe-webhook function, which applies each as it would have
//! been applied when it came. Nothing is written here.

use std::io::Write;

use ledger_dynamodb::Tables;
use webhook_function::EventAnswer;

use super::pages::for_each_parked;
use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::words::count;

/// The event is parked as before: it could not be applied, was too long to be kept, or the function failed.
fn is_still_parked(answer: &EventAnswer) -> bool {
    !matches!(answer.outcome.as_str(), "applied" | "repeated" | "ignored" | "not_parked")
}

/// Has the named events applied again.
pub(crate) async fn named(
    names: &[String],
    ask: impl AsyncFn(&str) -> Result<EventAnswer, Failure>,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let mut ended = Vec::new();
    for id in names {
        ended.push((id.clone(), ask_for(id, &ask, progress).await?));
    }
    report(&ended, output)
}

/// Has every event applied again, and those that stay parked once more as long as another one was applied:
/// they may have waited for it.
pub(crate) async fn all(
    tables: &Tables,
    ask: impl AsyncFn(&str) -> Result<EventAnswer, Failure>,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let (mut ended, mut waiting) = (Vec::new(), Vec::new());
    for_each_parked(tables, |parked| {
        // What an operator has dropped needs nothing.
        waiting.extend(parked.dropped.is_none().then_some(parked.id));
    })
    .await?;
    while !waiting.is_empty() {
        let (mut left, mut is_applied) = (Vec::new(), false);
        for id in waiting {
            let replayed = ask_for(&id, &ask, progress).await?;
            is_applied |= replayed.outcome == "applied";
            let of = if is_still_parked(&replayed) { &mut left } else { &mut ended };
            of.push((id, replayed));
        }
        if !is_applied {
            ended.append(&mut left);
        }
        waiting = left.into_iter().map(|(id, _)| id).collect();
    }
    report(&ended, output)
}

async fn ask_for(
    id: &str,
    ask: &impl AsyncFn(&str) -> Result<EventAnswer, Failure>,
    progress: &mut impl Write,
) -> Result<EventAnswer, Failure> {
    let replayed = ask(id).await?;
    let mut columns = Columns::new([Align::Left; 2]);
    columns.row([id, &replayed.outcome]);
    columns.write(progress)?;
    Ok(replayed)
}

fn report(ended: &[(String, EventAnswer)], output: &mut impl Write) -> Result<CommandOutcome, Failure> {
    if ended.is_empty() {
        writeln!(output, "Nothing is parked.")?;
        return Ok(CommandOutcome::Sound);
    }
    let left = ended.iter().filter(|(_, replayed)| is_still_parked(replayed)).count();
    let asked = count(ended.len(), "event was asked for", "events were asked for");
    writeln!(output, "{asked}; {}.\n", count(left, "stays parked", "stay parked"))?;
    let mut columns = Columns::new([Align::Left; 3]);
    columns.row(["event", "outcome", "reason"]);
    for (id, EventAnswer { outcome, reason }) in ended {
        columns.row([id, outcome, reason.as_deref().unwrap_or_default()]);
    }
    columns.write(output)?;
    Ok(if left == 0 { CommandOutcome::Sound } else { CommandOutcome::Fault })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use ledger::contract::at;
    use ledger_dynamodb::{Parked, ParkedDrop};

    use super::*;
    use crate::story::Stage;

    fn replayed(outcome: &str, reason: Option<&str>) -> EventAnswer {
        EventAnswer { outcome: outcome.to_owned(), reason: reason.map(str::to_owned) }
    }

    async fn park(stage: &Stage, ids: &[&str]) {
        for id in ids {
            stage.tables.park(&Parked::new(*id, "account_unknown", at(0), b"{}")).await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_stays_parked_is_asked_for_again_after_what_it_waited_for() {
        let stage = Stage::empty().await;
        park(&stage, &["evt_1", "evt_2", "evt_3"]).await;
        let dropped = Some(ParkedDrop { reason: "twice".to_owned(), by: "ann".to_owned(), at: at(1) });
        let parked = Parked { dropped, ..Parked::new("evt_4", "account_unknown", at(0), b"{}") };
        stage.tables.park(&parked).await.unwrap();
        let asked = RefCell::new(Vec::new());
        // The first one waits for the second, and the last one for something that does not come.
        let ask = async |id: &str| {
            let has_link = asked.borrow().iter().any(|each: &String| each == "evt_2");
            asked.borrow_mut().push(id.to_owned());
            Ok(match id {
                "evt_1" if has_link => replayed("applied", None),
                "evt_2" => replayed("applied", None),
                _ => replayed("parked", Some("account_unknown")),
            })
        };
        let (mut output, mut progress) = (Vec::new(), Vec::new());
        let found = all(&stage.tables, ask, &mut output, &mut progress).await.unwrap();
        assert_eq!(found, CommandOutcome::Fault);
        assert_eq!(*asked.borrow(), ["evt_1", "evt_2", "evt_3", "evt_1", "evt_3", "evt_3"]);
        assert_eq!(String::from_utf8(progress).unwrap().lines().count(), 6);
        let shown = String::from_utf8(output).unwrap();
        insta::assert_snapshot!(shown, @r"
        3 events were asked for; 1 stays parked.

          event  outcome  reason
          evt_2  applied
          evt_1  applied
          evt_3  parked   account_unknown
        ");
    }

    #[tokio::test]
    async fn nothing_stays_parked_where_every_event_is_applied_or_needs_nothing() {
        for (outcome, found) in [
            ("applied", CommandOutcome::Sound),
            ("repeated", CommandOutcome::Sound),
            ("ignored", CommandOutcome::Sound),
            ("not_parked", CommandOutcome::Sound),
            ("not_kept", CommandOutcome::Fault),
            ("failed", CommandOutcome::Fault),
        ] {
            let ask = async |_: &str| Ok(replayed(outcome, None));
            let (mut output, mut progress) = (Vec::new(), Vec::new());
            let names = ["evt_1".to_owned()];
            assert_eq!(named(&names, ask, &mut output, &mut progress).await.unwrap(), found, "{outcome}");
            assert_eq!(String::from_utf8(progress).unwrap(), format!("  evt_1  {outcome}\n"));
        }
    }

    #[tokio::test]
    async fn without_parked_events_nothing_is_asked() {
        let stage = Stage::empty().await;
        let ask = async |_: &str| panic!("nothing is parked");
        let (mut output, mut progress) = (Vec::new(), Vec::new());
        assert_eq!(all(&stage.tables, ask, &mut output, &mut progress).await.unwrap(), CommandOutcome::Sound);
        assert_eq!(String::from_utf8(output).unwrap(), "Nothing is parked.\n");
    }
}
