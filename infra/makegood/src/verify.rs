//! Checking live data against the twelve invariants.
//!
//! Everything is read once. The tables change meanwhile, so that of two items of one transaction, one can be
//! read before it and the other after. An account with findings is read again, and only findings that stay
//! are reported.

mod check;
mod report;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::Write;

use ledger::{AccountId, PaymentId, Timestamp};

use crate::arguments::VerifyArguments;
use crate::connection::Store;
use crate::failure::Failure;
use crate::material::Material;
use crate::outcome::CommandOutcome;
use check::{BrokenInvariant, check};
use report::Report;

/// How often an account is read again: a write between two reads of one account is rare, and one between
/// each of two pairs of reads rarer still.
const READ_AGAIN: usize = 2;

/// Checks all accounts or one, and prints what was found.
pub(crate) async fn run(
    store: &Store,
    arguments: &VerifyArguments,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let now = arguments.at.unwrap_or_else(lambda::clock::now);
    let material = match &arguments.account {
        Some(account) => Material::of_account_with_anchor(store, account, &BTreeSet::new()).await?,
        None => Material::everything(store, progress).await?,
    };
    let breaches = confirm(store, &material, now).await?;
    let report = Report::new(&material, breaches, now);
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        report.write(output)?;
    }
    Ok(if report.is_sound() { CommandOutcome::Sound } else { CommandOutcome::Fault })
}

/// What is wrong with `material` and still is when it is read again.
async fn confirm(
    store: &Store,
    material: &Material,
    now: Timestamp,
) -> Result<Vec<BrokenInvariant>, Failure> {
    let mut breaches = check(material, now);
    for _ in 0..READ_AGAIN {
        let accounts: BTreeSet<AccountId> = breaches.into_iter().map(|finding| finding.account).collect();
        breaches = Vec::new();
        for account in accounts {
            let payments: BTreeSet<PaymentId> = material.payments_of(&account);
            let again = Material::of_account_with_anchor(store, &account, &payments).await?;
            breaches.extend(check(&again, now).into_iter().filter(|finding| finding.account == account));
        }
    }
    Ok(breaches)
}
