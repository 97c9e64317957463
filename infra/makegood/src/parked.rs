//! Events that were put aside: listed with the money behind them and what to do about their reasons, shown
//! with what would unpark each, with their content only on request, and decided about.

use std::collections::BTreeSet;
use std::io::Write;

use ledger::Timestamp;
use ledger_dynamodb::{Parked, Tables};

use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::words::{age, count, instant, money};
use case::{ParkedCase, case_of};
use pages::for_each_parked;
use remedies::remedy;
use unparks::unparks;

pub(crate) mod ask;
mod case;
pub(crate) mod decide;
pub(crate) mod pages;
mod remedies;
pub(crate) mod replay;
mod unparks;

/// Lists those that wait, or those that were dropped; having any that waits is a fault to look at.
pub(crate) async fn list(
    tables: &Tables,
    dropped: bool,
    now: Timestamp,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let (mut waiting, mut put_away) = (Vec::new(), Vec::new());
    for_each_parked(tables, |parked| {
        // A payload may be long, and nothing here shows it.
        let parked = Parked { payload: Vec::new(), fetched: None, ..parked };
        if parked.dropped.is_some() { put_away.push(parked) } else { waiting.push(parked) }
    })
    .await?;
    if dropped {
        return list_dropped(&put_away, output);
    }
    if waiting.is_empty() {
        writeln!(output, "Nothing is parked.")?;
        return Ok(CommandOutcome::Sound);
    }
    waiting.sort_by_key(|parked| {
        let place = match (parked.is_unanswered_money(), parked.about.paid) {
            (true, _) => 0,
            (false, Some(_)) => 1,
            (false, None) => 2,
        };
        (place, parked.since)
    });
    writeln!(output, "{} parked.\n", count(waiting.len(), "event is", "events are"))?;
    let [left, right] = [Align::Left, Align::Right];
    let mut columns = Columns::new([left, right, right, left, left, left]);
    columns.row(["parked since (UTC)", "age", "money", "event", "reason", "case"]);
    for parked in &waiting {
        let paid = parked.about.paid.map(money).unwrap_or_default();
        let case = parked.about.case.as_ref().map_or("", |case| case.as_str());
        let (since, age) = (instant(parked.since), age(parked.since, now));
        columns.row([since.as_str(), age.as_str(), paid.as_str(), &parked.id, &parked.reason, case]);
    }
    columns.write(output)?;
    writeln!(output, "\nWhat to do; `makegood parked show` names the command for one event")?;
    let mut columns = Columns::new([Align::Left; 2]);
    for reason in waiting.iter().map(|parked| parked.reason.as_str()).collect::<BTreeSet<_>>() {
        columns.row([reason, remedy(reason)]);
    }
    columns.write(output)?;
    Ok(CommandOutcome::Fault)
}

fn list_dropped(dropped: &[Parked], output: &mut impl Write) -> Result<CommandOutcome, Failure> {
    writeln!(output, "{} dropped.", count(dropped.len(), "event is", "events are"))?;
    let mut columns = Columns::new([Align::Left; 4]);
    columns.row(["dropped at (UTC)", "event", "by", "why"]);
    for parked in dropped {
        if let Some(dropped) = &parked.dropped {
            columns.row([&instant(dropped.at), &parked.id, &dropped.by, &dropped.reason]);
        }
    }
    columns.write(output)?;
    Ok(CommandOutcome::Sound)
}

/// Shows one: what is known about it and what would unpark it, or its payload as it was signed.
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
    if payload {
        output.write_all(&parked.payload)?;
        return Ok(CommandOutcome::Sound);
    }
    let case = case_of(tables, &parked).await?;
    let mut columns = Columns::new([Align::Left; 2]);
    columns.row(["event", &parked.id]);
    columns.row(["parked since", &format!("{} UTC", instant(parked.since))]);
    columns.row(["reason", &parked.reason]);
    for (name, said) in subject(&parked, case.as_ref()) {
        columns.row([name, &said]);
    }
    if let Some(dropped) = &parked.dropped {
        let when = instant(dropped.at);
        columns.row(["dropped", &format!("{when} UTC by {}: {}", dropped.by, dropped.reason)]);
    } else {
        columns.row(["unparked by", &unparks(&parked, case.as_ref())]);
        columns.row(["what to do", remedy(&parked.reason)]);
    }
    let bytes = count(parked.payload.len(), "byte", "bytes");
    columns.row(["payload", &format!("{bytes}; --payload prints it")]);
    columns.write(output)?;
    Ok(CommandOutcome::Sound)
}

/// What is known of what it is about.
fn subject(parked: &Parked, case: Option<&ParkedCase>) -> Vec<(&'static str, String)> {
    let about = &parked.about;
    let linked = parked.link.as_ref();
    let named = [
        ("money", about.paid.map(money)),
        ("evidence until", about.due_by.map(|due_by| format!("{} UTC", instant(due_by)))),
        ("account", about.account.as_ref().map(ToString::to_string)),
        ("customer", about.customer.as_ref().map(ToString::to_string)),
        ("payment", about.payment.as_ref().map(ToString::to_string)),
        ("price", about.price.clone()),
        ("case", case.map(ParkedCase::shown)),
        ("linked", linked.map(|link| format!("{} UTC to {} by {}", instant(link.at), link.account, link.by))),
    ];
    named.into_iter().filter_map(|(name, said)| Some((name, said?))).collect()
}

#[cfg(test)]
mod tests {
    use ledger::contract::at;
    use ledger::{Currency, Money};
    use ledger_dynamodb::{Parked, ParkedDrop, ParkedSubject};

    use super::list;
    use crate::outcome::CommandOutcome;
    use crate::story::Stage;

    #[tokio::test]
    async fn parked_events_are_listed_without_their_payload() {
        let stage = Stage::empty().await;
        assert_eq!(stage.command("parked list").await.1, "Nothing is parked.\n");
        for number in 0..150 {
            let payload = b"{\"email\":\"someone@example.com\"}";
            let parked = Parked::new(format!("evt_{number:03}"), "unknown price", at(number), payload);
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
        assert!(output.contains("  2026-11-01 00:00:07 "), "{output}");

        let (_, shown, _) = stage.command("parked show evt_007").await;
        assert!(shown.contains("unknown price") && !shown.contains("example.com"), "{shown}");
        let (_, payload, _) = stage.command("parked show evt_007 --payload").await;
        assert_eq!(payload, "{\"email\":\"someone@example.com\"}");
        let (found, missing, _) = stage.command("parked show evt_none").await;
        assert_eq!((found, missing.as_str()), (CommandOutcome::Fault, "  No event evt_none is parked.\n"));
    }

    async fn park(stage: &Stage, parked: Parked, minor: u64, about: ParkedSubject) {
        let paid = (minor > 0).then(|| Money::new(minor, Currency::new("usd").unwrap()));
        stage.tables.park(&Parked { about: ParkedSubject { paid, ..about }, ..parked }).await.unwrap();
    }

    async fn parked_money(stage: &Stage) {
        let of = |id: &str, reason: &str, second| Parked::new(id, reason, at(second), b"{}");
        let about = ParkedSubject::default();
        park(stage, of("evt_unread", "payment_unknown", 0), 0, about.clone()).await;
        let disputed =
            ParkedSubject { goes_back: true, due_by: Some(at(7 * 86_400)), ..ParkedSubject::default() };
        park(stage, of("evt_dispute", "payment_unknown", 5_000), 0, disputed).await;
        let case = Some("rr_1".parse().unwrap());
        let cased = ParkedSubject { case, ..about.clone() };
        park(stage, of("evt_cased", "price_unknown", 10), 1_200, cased).await;
        let customer = Some("cus_1".parse().unwrap());
        let of_customer = ParkedSubject { customer, ..about.clone() };
        park(stage, of("evt_newer", "account_unknown", 7_200), 900, of_customer).await;
        park(stage, of("evt_older", "account_unknown", 3_600), 500, about.clone()).await;
        let dropped = Some(ParkedDrop { reason: "twice".to_owned(), by: "ann".to_owned(), at: at(60) });
        park(stage, Parked { dropped, ..of("evt_dropped", "unreadable", 1) }, 900, about).await;
    }

    #[tokio::test]
    async fn money_that_nobody_has_answered_is_listed_first_and_the_oldest_at_the_top() {
        let stage = Stage::empty().await;
        parked_money(&stage).await;
        let listed = async |dropped| {
            let mut output = Vec::new();
            let found = list(&stage.tables, dropped, at(3 * 86_400), &mut output).await.unwrap();
            (found, String::from_utf8(output).unwrap())
        };
        let (found, output) = listed(false).await;
        assert_eq!(found, CommandOutcome::Fault);
        let table = output.split("\nWhat to do").next().unwrap();
        insta::assert_snapshot!(table, @r"
        5 events are parked.

          parked since (UTC)   age      money  event        reason           case
          2026-11-01 01:00:00  2 d   5.00 USD  evt_older    account_unknown
          2026-11-01 01:23:20  2 d             evt_dispute  payment_unknown
          2026-11-01 02:00:00  2 d   9.00 USD  evt_newer    account_unknown
          2026-11-01 00:00:10  2 d  12.00 USD  evt_cased    price_unknown    rr_1
          2026-11-01 00:00:00  3 d             evt_unread   payment_unknown
        ");
        let (found, output) = listed(true).await;
        assert_eq!(found, CommandOutcome::Sound);
        assert!(output.contains("evt_dropped  ann  twice") && !output.contains("evt_older"), "{output}");
    }

    #[tokio::test]
    async fn a_parked_event_names_what_unparks_it_with_the_command() {
        let stage = Stage::empty().await;
        parked_money(&stage).await;
        for (event, said) in [
            (
                "evt_newer",
                "an account for customer cus_1: `makegood parked link evt_newer --account ACCOUNT`",
            ),
            ("evt_older", "an account for the guest: `makegood parked link evt_older --account ACCOUNT`"),
            ("evt_unread", "then `makegood parked replay evt_unread`"),
            ("evt_dispute", "evidence until  2026-11-08 00:00:00 UTC"),
            ("evt_cased", "publish catalogue.toml`, then `makegood parked replay evt_cased`"),
            ("evt_dropped", "2026-11-01 00:01:00 UTC by ann: twice"),
        ] {
            let (_, shown, _) = stage.command(&format!("parked show {event}")).await;
            assert!(shown.contains(said), "{event}: {shown}");
        }
    }
}
