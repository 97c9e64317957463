//! An account's whole story as plain text: the balance, the lots, the open holds, one line per change of the
//! credits, and the refund requests. With an instant, the story ends there.

mod change;
mod request;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use ledger::{Account, AccountId, Entry, Payment, PaymentId, Timestamp};
use ledger_dynamodb::Tables;
use policy::Documents;
use refunds::{PayoutPart, Progress, State};

use crate::arguments::HistoryArguments;
use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::material::Material;
use crate::outcome::CommandOutcome;
use crate::words::{count, instant, lot_kind};
use change::lines;
pub(crate) use request::write as write_request;

/// Prints the history of one account.
pub(crate) async fn run(
    tables: &Tables,
    documents: &Documents,
    arguments: &HistoryArguments,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let now = arguments.at.unwrap_or_else(lambda::clock::now);
    let mut material = Material::of_account(tables, &arguments.account, &BTreeSet::new()).await?;
    if arguments.at.is_some() {
        until(&mut material, now);
    }
    write_history(&arguments.account, (&material, documents), now, output)
}

/// Leaves out what happened after `at`. An account's time never runs backwards, so that its newest entry of
/// then is the account as it was.
fn until(material: &mut Material, at: Timestamp) {
    for entries in material.journals.values_mut() {
        entries.retain(|entry| entry.at() <= at);
    }
    material.requests.retain(|request| request.submitted_at() <= at);
    for request in &mut material.requests {
        *request = request.restored_with(|progress| look_back(progress, at));
    }
}

fn look_back(progress: &mut Progress, at: Timestamp) {
    progress.timeline.steps.retain(|step| step.at <= at);
    progress.actions.retain(|action| action.source.at <= at);
    progress.clocks.all.retain(|clock| clock.started_at <= at);
    progress.timeline.state =
        progress.timeline.steps.last().map_or(progress.timeline.state, |step| step.state);
    let reached = |state| progress.timeline.steps.iter().any(|step| step.state == state);
    if !reached(State::Approved) {
        (progress.fulfilment.payout, progress.fulfilment.credits_given) = (None, None);
    }
    // What Stripe answered is of the step that it led to.
    if let Some(payout) =
        progress.fulfilment.payout.as_mut().filter(|_| progress.timeline.state == State::Approved)
    {
        let later = |part: &&mut PayoutPart| part.asked_at.is_none_or(|asked_at| asked_at > at);
        for part in payout.parts_mut().filter(later) {
            (part.refund, part.paid, part.failure) = (None, false, None);
        }
    }
    for clock in &mut progress.clocks.all {
        let marks = [&mut clock.ended_at, &mut clock.warned_at, &mut clock.breached_at, &mut clock.paused_at];
        for mark in marks {
            *mark = mark.filter(|marked| *marked <= at);
        }
    }
}

fn write_history(
    account: &AccountId,
    (material, documents): (&Material, &Documents),
    now: Timestamp,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let entries = material.journals.get(account).map_or(&[][..], Vec::as_slice);
    if entries.is_empty() && material.requests.is_empty() {
        writeln!(output, "Account {account} has no entries and no refund requests.")?;
        return Ok(CommandOutcome::Fault);
    }
    if let Some(newest) = entries.last() {
        standing(account, newest.after(), now, output)?;
    }
    changes(entries, &material.payments, output)?;
    for request in &material.requests {
        writeln!(output)?;
        request::write(request, documents, output)?;
    }
    Ok(CommandOutcome::Sound)
}

/// The balance, the lots and the open holds.
fn standing(
    id: &AccountId,
    account: &Account,
    now: Timestamp,
    output: &mut impl Write,
) -> Result<(), Failure> {
    writeln!(output, "Account {id} at {} UTC", instant(now))?;
    match account.balance(now) {
        Ok(balance) => {
            let standing = if account.suspended { "; holds are refused" } else { "" };
            writeln!(
                output,
                "  {} credits available, {} held, {} owed{standing}",
                balance.available, balance.held, balance.debt
            )?;
        }
        Err(error) => writeln!(output, "  the balance cannot be added up: {error}")?,
    }
    if !account.lots.is_empty() {
        lots(account, now, output)?;
    }
    if !account.holds.is_empty() {
        holds(account, output)?;
    }
    Ok(())
}

fn holds(account: &Account, output: &mut impl Write) -> Result<(), Failure> {
    writeln!(output, "\nHolds")?;
    let [left, right] = [Align::Left, Align::Right];
    let mut columns = Columns::new([left, left, right, left, left]);
    columns.row(["generation", "operation", "credits", "held (UTC)", "deadline (UTC)"]);
    for hold in &account.holds {
        let credits = hold.credits().map_or_else(|_| "?".to_owned(), |credits| credits.to_string());
        let (held_at, deadline) = (instant(hold.held_at), instant(hold.deadline));
        columns.row([hold.generation.as_str(), &hold.operation, &credits, &held_at, &deadline]);
    }
    columns.write(output)?;
    Ok(())
}

fn lots(account: &Account, now: Timestamp, output: &mut impl Write) -> Result<(), Failure> {
    writeln!(output, "\nLots")?;
    let [left, right] = [Align::Left, Align::Right];
    let mut columns = Columns::new([right, left, right, right, right, right, right, right, left]);
    columns.row([
        "lot",
        "of",
        "granted",
        "available",
        "held",
        "spent",
        "expired",
        "revoked",
        "expires (UTC)",
    ]);
    for lot in &account.lots {
        let expires = match lot.expires_at {
            _ if lot.is_closed() => "closed by a refund".to_owned(),
            Some(expiry) if expiry <= now => format!("{} (past)", instant(expiry)),
            Some(expiry) => instant(expiry),
            None => "never".to_owned(),
        };
        columns.row([
            lot.id.0.to_string(),
            lot_kind(&lot.kind),
            lot.granted.to_string(),
            lot.available.to_string(),
            lot.held.to_string(),
            lot.spent.to_string(),
            lot.expired.to_string(),
            lot.revoked.to_string(),
            expires,
        ]);
    }
    columns.write(output)?;
    Ok(())
}

/// One line per change and lot. The column `left` is what is available after the entry.
fn changes(
    entries: &[Entry],
    payments: &BTreeMap<PaymentId, Payment>,
    output: &mut impl Write,
) -> Result<(), Failure> {
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(output, "\nCredits, in {}", count(entries.len(), "entry", "entries"))?;
    let [left, right] = [Align::Left, Align::Right];
    let mut columns = Columns::new([left, left, right, right, right, left, left]);
    columns.row(["when (UTC)", "what", "credits", "lot", "left", "detail", "cause"]);
    for entry in entries {
        let lines: Vec<change::Line> =
            entry.changes().iter().flat_map(|change| lines(change, payments)).collect();
        let available = entry.after().balance(entry.at()).map(|balance| balance.available.to_string());
        let available = available.unwrap_or_else(|_| "?".to_owned());
        let last = lines.len().saturating_sub(1);
        for (number, line) in lines.into_iter().enumerate() {
            let (at, cause) = match number {
                0 => (instant(entry.at()), crate::words::cause(entry.cause(), entry.actor())),
                _ => (String::new(), String::new()),
            };
            let left = if number == last { available.clone() } else { String::new() };
            let lot = line.lot.map_or_else(String::new, |lot| lot.0.to_string());
            columns.row([at, line.what.to_owned(), line.credits, lot, left, line.detail, cause]);
        }
    }
    columns.write(output)?;
    Ok(())
}
