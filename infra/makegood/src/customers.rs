//! Whose a customer of a provider is, asked of the webhook function, which writes it; and what was parked for
//! the customer, applied again.

use std::io::Write;

use ledger_dynamodb::Tables;
use webhook_function::EventAnswer;

use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::parked::{pages, replay};

/// Reports a link or its end; whether it is made.
pub(crate) fn report(
    customer: &str,
    answer: &EventAnswer,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let EventAnswer { outcome, reason } = answer;
    let mut columns = Columns::new([Align::Left; 3]);
    columns.row([customer, outcome, reason.as_deref().unwrap_or_default()]);
    columns.write(output)?;
    let is_made = matches!(outcome.as_str(), "linked" | "unlinked");
    Ok(if is_made { CommandOutcome::Sound } else { CommandOutcome::Fault })
}

/// Has applied again what is parked for a customer, in the order in which it was parked.
pub(crate) async fn replay_parked(
    tables: &Tables,
    customer: &str,
    ask: impl AsyncFn(&str) -> Result<EventAnswer, Failure>,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let mut waiting = Vec::new();
    pages::for_each_parked(tables, |parked| {
        let own = parked.about.customer.as_ref().is_some_and(|own| own.as_str() == customer);
        waiting.extend((own && parked.dropped.is_none()).then_some((parked.since, parked.id)));
    })
    .await?;
    waiting.sort();
    if waiting.is_empty() {
        writeln!(output, "Nothing is parked for the customer.")?;
        return Ok(CommandOutcome::Sound);
    }
    let names: Vec<String> = waiting.into_iter().map(|(_, id)| id).collect();
    replay::named(&names, ask, output, progress).await
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use ledger::CustomerId;
    use ledger::contract::at;
    use ledger_dynamodb::{Parked, ParkedDrop, ParkedSubject};

    use super::*;
    use crate::story::Stage;

    #[tokio::test]
    async fn what_is_parked_for_the_customer_is_asked_for_and_nothing_else() {
        let stage = Stage::empty().await;
        let dropped = || Some(ParkedDrop { reason: "twice".to_owned(), by: "ann".to_owned(), at: at(1) });
        for (id, customer, at_s, dropped) in [
            ("evt_1", "cus_1", 20, None),
            ("evt_2", "cus_2", 5, None),
            ("evt_3", "cus_1", 10, None),
            ("evt_4", "cus_1", 1, dropped()),
        ] {
            let about = ParkedSubject {
                customer: Some(CustomerId::new(customer).unwrap()),
                ..ParkedSubject::default()
            };
            let parked = Parked { about, dropped, ..Parked::new(id, "account_unknown", at(at_s), b"{}") };
            stage.tables.park(&parked).await.unwrap();
        }
        let asked = RefCell::new(Vec::new());
        let ask = async |id: &str| {
            asked.borrow_mut().push(id.to_owned());
            Ok(EventAnswer { outcome: "applied".to_owned(), reason: None })
        };
        let (mut output, mut progress) = (Vec::new(), Vec::new());
        let found = replay_parked(&stage.tables, "cus_1", ask, &mut output, &mut progress).await.unwrap();
        assert_eq!(found, CommandOutcome::Sound);
        assert_eq!(*asked.borrow(), ["evt_3", "evt_1"]);
    }

    #[test]
    fn a_refused_link_is_a_fault() {
        for (outcome, found) in [
            ("linked", CommandOutcome::Sound),
            ("unlinked", CommandOutcome::Sound),
            ("refused", CommandOutcome::Fault),
        ] {
            let answer = EventAnswer { outcome: outcome.to_owned(), reason: None };
            assert_eq!(report("cus_1", &answer, &mut Vec::new()).unwrap(), found, "{outcome}");
        }
    }
}
