//! What an operator decides about a parked event, asked of the function that carries it out.

use std::io::Write;

use webhook_function::EventAnswer;

use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;

/// Writes the outcome of an event, and whether nothing is left to do.
pub(crate) fn report(
    id: &str,
    answer: &EventAnswer,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let EventAnswer { outcome, reason } = answer;
    let mut columns = Columns::new([Align::Left; 3]);
    columns.row([id, outcome, reason.as_deref().unwrap_or_default()]);
    columns.write(output)?;
    let is_done = matches!(outcome.as_str(), "applied" | "repeated" | "ignored" | "dropped");
    Ok(if is_done { CommandOutcome::Sound } else { CommandOutcome::Fault })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_link_and_an_event_that_stays_parked_are_faults() {
        for (outcome, reason, found) in [
            ("applied", None, CommandOutcome::Sound),
            ("dropped", None, CommandOutcome::Sound),
            ("refused", Some("account_mismatch"), CommandOutcome::Fault),
            ("parked", Some("price_unknown"), CommandOutcome::Fault),
            ("not_parked", None, CommandOutcome::Fault),
        ] {
            let answer = EventAnswer { outcome: outcome.to_owned(), reason: reason.map(str::to_owned) };
            let mut output = Vec::new();
            assert_eq!(report("evt_1", &answer, &mut output).unwrap(), found, "{outcome}");
            let shown = String::from_utf8(output).unwrap();
            assert!(shown.contains(outcome) && shown.contains(reason.unwrap_or_default()), "{shown}");
        }
    }
}
