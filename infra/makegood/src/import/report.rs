//! The dry run: what the files hold, and what in them does not fit.

use std::collections::BTreeMap;
use std::io::Write;

use import_lines::{CheckedAccount, FieldMistake, check as check_line};
use ledger::{Currency, Money, Timestamp};

use super::joined::{Fault, Files, Joined};
use crate::columns::{Align, Columns};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::words::{count, money};

/// Mistakes that are named: the first ones show what an export does wrong.
pub(crate) const FAULTS_SHOWN_MAX: usize = 50;

/// What the accounts without a mistake hold together.
#[derive(Debug, Default)]
struct Sums {
    accounts: usize,
    customers: usize,
    subscriptions: usize,
    payments: usize,
    refunds: usize,
    lots: usize,
    /// Of each product, what was granted and what is left.
    credits: BTreeMap<String, (u64, u64)>,
    /// Of each currency, what was paid and what was refunded.
    money: BTreeMap<Currency, (u64, u64)>,
}

impl Sums {
    fn add(&mut self, account: &CheckedAccount) {
        let add = |sum: &mut usize, number: usize| *sum = sum.saturating_add(number);
        add(&mut self.accounts, 1);
        add(&mut self.customers, account.customers.len());
        add(&mut self.subscriptions, account.subscriptions.len());
        add(&mut self.payments, account.payments.len());
        add(&mut self.lots, account.lots.len());
        for lot in &account.lots {
            let (granted, left) = self.credits.entry(lot.product.to_string()).or_default();
            *granted = granted.saturating_add(lot.granted.get());
            *left = left.saturating_add(lot.left.get());
        }
        for payment in &account.payments {
            add(&mut self.refunds, payment.refunds.len());
            let (paid, refunded) = self.money.entry(payment.paid.currency()).or_default();
            *paid = paid.saturating_add(payment.paid.minor());
            let minor = payment.refunds.iter().map(|refund| refund.minor).fold(0, u64::saturating_add);
            *refunded = refunded.saturating_add(minor);
        }
    }

    fn write(&self, output: &mut impl Write) -> Result<(), Failure> {
        let mut columns = Columns::new([Align::Right, Align::Left]);
        for (number, what) in [
            (self.accounts, "accounts that fit"),
            (self.customers, "customers"),
            (self.subscriptions, "subscriptions"),
            (self.payments, "payments"),
            (self.refunds, "refunds"),
            (self.lots, "lots"),
        ] {
            columns.row([number.to_string(), what.to_owned()]);
        }
        columns.write(output)?;
        writeln!(output)?;
        let mut columns = Columns::new([Align::Left, Align::Right, Align::Right]);
        columns.row(["product", "granted", "left"]);
        for (product, (granted, left)) in &self.credits {
            columns.row([product, &granted.to_string(), &left.to_string()]);
        }
        columns.write(output)?;
        writeln!(output)?;
        let mut columns = Columns::new([Align::Left, Align::Right, Align::Right]);
        columns.row(["currency", "paid", "refunded"]);
        for (currency, (paid, refunded)) in &self.money {
            let shown = |minor: u64| money(Money::new(minor, *currency));
            columns.row([currency.as_str(), &shown(*paid), &shown(*refunded)]);
        }
        columns.write(output)?;
        Ok(())
    }
}

/// The accounts of the files, each checked.
pub(crate) fn checked(
    files: &Files,
    now: Timestamp,
) -> impl Iterator<Item = (&Joined, Result<CheckedAccount, Vec<FieldMistake>>)> {
    let mut shared = files.shared();
    files.accounts.iter().enumerate().map(move |(index, joined)| {
        if files.is_unfit(&joined.line.account) {
            let expected = "an account whose lines all have its form: one of them is named above".to_owned();
            let mistake = FieldMistake { pointer: "#".to_owned(), expected };
            return (joined, Err(vec![mistake]));
        }
        let checked = match (check_line(&joined.line, now), shared.remove(&index)) {
            (checked, None) => checked,
            (Ok(_), Some(mistakes)) => Err(mistakes),
            (Err(mut found), Some(mistakes)) => {
                found.extend(mistakes);
                Err(found)
            }
        };
        (joined, checked)
    })
}

/// Reports what the files hold.
pub(crate) fn check(
    files: &Files,
    now: Timestamp,
    output: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let (mut sums, mut faults, mut unfit) = (Sums::default(), files.faults.clone(), 0_usize);
    for (joined, checked) in checked(files, now) {
        match checked {
            Ok(account) => sums.add(&account),
            Err(mistakes) => {
                unfit = unfit.saturating_add(1);
                faults.extend(mistakes.iter().map(|mistake| joined.fault(mistake)));
            }
        }
    }
    sums.write(output)?;
    writeln!(output)?;
    if faults.is_empty() {
        writeln!(output, "Everything fits. Nothing was written.")?;
        return Ok(CommandOutcome::Sound);
    }
    let accounts = count(unfit, "account does not fit", "accounts do not fit");
    let mistakes = count(faults.len(), "mistake", "mistakes");
    writeln!(output, "{accounts}, with {mistakes}. Nothing was written.\n")?;
    write_faults(files, faults.iter(), output)?;
    Ok(CommandOutcome::Fault)
}

/// Names faults with file, line, field and what was expected.
pub(crate) fn write_faults<'f>(
    files: &Files,
    faults: impl Iterator<Item = &'f Fault>,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let mut columns = Columns::new([Align::Left; 3]);
    columns.row(["where", "field", "expected"]);
    let mut left_out = 0_usize;
    for (index, fault) in faults.enumerate() {
        if index < FAULTS_SHOWN_MAX {
            columns.row([&files.shown(fault.place), &fault.field, &fault.expected]);
        } else {
            left_out = left_out.saturating_add(1);
        }
    }
    columns.write(output)?;
    if left_out > 0 {
        writeln!(output, "\n… and {left_out} more.")?;
    }
    Ok(())
}
