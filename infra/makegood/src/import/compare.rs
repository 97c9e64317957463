//! The balances of the files against those of the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use futures_util::stream::{self, StreamExt as _};
use import_lines::CheckedAccount;
use ledger::{Credits, LedgerStore as _, Timestamp};
use ledger_dynamodb::{StoreError, Tables};

use super::joined::{Fault, Files};
use super::report::{checked, write_faults};
use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::words::count;

/// Accounts that are read at once.
const AT_ONCE: usize = 32;
/// Differences that are named.
const SHOWN_MAX: usize = 50;

/// Credits that can be used, by product.
type Usable = BTreeMap<String, u64>;

/// Compares every account of the files.
pub(crate) async fn run(
    tables: &Tables,
    files: &Files,
    now: Timestamp,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let mut faults: Vec<Fault> = files.faults.clone();
    let mut accounts: Vec<CheckedAccount> = Vec::new();
    for (joined, checked) in checked(files, now) {
        match checked {
            Ok(account) => accounts.push(account),
            Err(mistakes) => faults.extend(mistakes.iter().map(|mistake| joined.fault(mistake))),
        }
    }
    let read = stream::iter(&accounts).map(async |account| {
        let head = tables.head(&account.account).await?;
        let lots = head.as_ref().map(|head| head.after().lots.as_slice());
        let usable = lots.map(|lots| {
            let usable = lots.iter().filter(|lot| lot.is_usable(now));
            sums(usable.map(|lot| (lot.product.as_str(), lot.available)))
        });
        Ok::<_, StoreError>((account, usable))
    });
    let mut read = std::pin::pin!(read.buffered(AT_ONCE));
    let (mut compared, mut missing, mut different, mut columns) =
        (0_usize, 0_usize, 0_usize, Columns::new([Align::Left, Align::Left, Align::Right, Align::Right]));
    columns.row(["account", "product", "file", "ledger"]);
    while let Some(next) = read.next().await {
        let (account, ledger) = next?;
        let usable = account.lots.iter().filter(|lot| lot.expires_at.is_none_or(|expiry| now < expiry));
        let file = sums(usable.map(|lot| (lot.product.as_str(), lot.left)));
        compared = compared.saturating_add(1);
        if compared.is_multiple_of(5_000) {
            writeln!(progress, "{compared} of {} accounts compared", accounts.len())?;
        }
        if ledger.is_none() {
            missing = missing.saturating_add(1);
        }
        let found = differences(&file, ledger.as_ref());
        if !found.is_empty() || ledger.is_none() {
            different = different.saturating_add(1);
        }
        if different <= SHOWN_MAX {
            for (product, file, ledger) in found {
                let ledger = ledger.map_or_else(|| "missing".to_owned(), |credits| credits.to_string());
                columns.row([account.account.as_str(), &product, &file.to_string(), &ledger]);
            }
        }
    }
    let compared = count(compared, "account was compared", "accounts were compared");
    let differ = count(different, "differs", "differ");
    writeln!(output, "{compared}; {differ}, {missing} of them missing in the ledger.")?;
    if different > 0 {
        writeln!(output)?;
        columns.write(output)?;
    }
    if !faults.is_empty() {
        writeln!(output, "\nNot compared, because it does not fit:\n")?;
        write_faults(files, faults.iter(), output)?;
    }
    Ok(if different == 0 && faults.is_empty() { CommandOutcome::Sound } else { CommandOutcome::Fault })
}

fn sums<'a>(lots: impl Iterator<Item = (&'a str, Credits)>) -> Usable {
    let mut sums = Usable::new();
    for (product, credits) in lots.filter(|(_, credits)| !credits.is_zero()) {
        let sum = sums.entry(product.to_owned()).or_default();
        *sum = sum.saturating_add(credits.get());
    }
    sums
}

/// The products whose credits differ, with both sums; nothing in the ledger if the account is missing there.
fn differences(file: &Usable, ledger: Option<&Usable>) -> Vec<(String, u64, Option<u64>)> {
    let of_ledger = ledger.into_iter().flat_map(BTreeMap::keys);
    let products: BTreeSet<&String> = file.keys().chain(of_ledger).collect();
    let compared = products.into_iter().map(|product| {
        let credits = |usable: &Usable| usable.get(product).copied().unwrap_or_default();
        (product.clone(), credits(file), ledger.map(credits))
    });
    compared.filter(|(_, file, ledger)| Some(*file) != *ledger).collect()
}
