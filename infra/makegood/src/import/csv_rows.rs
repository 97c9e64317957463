//! CSV files of an import: one for each kind of thing, joined by the column `account`.
//!
//! Columns have the names of the members of a line. A column that is empty in a row is not given. What is
//! nested in a line has its own columns: `period_starts_at` and `period_ends_at` of a payment, and the
//! members of its buyer. Names of a payment are separated by spaces.

use std::io;

use import_lines::{AccountLine, RefundLine};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::joined::{Fault, Files, Place};

/// Columns of whole numbers.
const NUMBERS: [&str; 7] =
    ["amount_minor", "credits", "granted", "left", "expired", "revoked", "generations"];
/// Columns of `true` and `false`.
const FLAGS: [&str; 2] = ["business", "withdrawal_waived"];
/// Columns of a payment's buyer.
const BUYER: [&str; 4] = ["billing_country", "card_country", "business", "withdrawal_waived"];

/// What the files of a kind hold.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Accounts,
    Customers,
    Subscriptions,
    Payments,
    Refunds,
    Lots,
}

impl Kind {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Accounts, "accounts"),
        (Self::Customers, "customers"),
        (Self::Subscriptions, "subscriptions"),
        (Self::Payments, "payments"),
        (Self::Refunds, "refunds"),
        (Self::Lots, "lots"),
    ];
}

/// Reads a file whose name begins with its kind: `payments.csv`, `payments-2026.csv`.
pub(crate) fn read(files: &mut Files, file: usize, name: &str, from: impl io::Read) -> io::Result<()> {
    let kind = Kind::ALL.iter().find(|(_, kind)| name.starts_with(kind)).map(|(kind, _)| *kind);
    let Some(kind) = kind else {
        let expected =
            "a name that begins with accounts, customers, subscriptions, payments, refunds or lots";
        let (place, field) = (Place { file, line: 1 }, "file name".to_owned());
        files.refuse(None, Fault { place, field, expected: expected.to_owned() });
        return Ok(());
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(from);
    let columns: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let account = columns.iter().position(|column| column == "account");
    for row in reader.records() {
        let row = row?;
        let place = Place { file, line: row.position().map_or(1, |position| line_of(position.line())) };
        let named = account.and_then(|at| row.get(at)).filter(|name| !name.is_empty());
        let added = if row.len() == columns.len() {
            let cells = columns.iter().map(String::as_str).zip(row.iter());
            members(cells.filter(|(_, cell)| !cell.is_empty()))
                .and_then(|members| add(files, kind, place, members))
        } else {
            Err(("row".to_owned(), format!("{} columns", columns.len())))
        };
        if let Err((field, expected)) = added {
            files.refuse(named, Fault { place, field, expected });
        }
    }
    Ok(())
}

fn line_of(line: u64) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

/// A field and what was expected there.
type Unfit = (String, String);

/// The cells of a row as the members of what it describes.
fn members<'a>(cells: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Map<String, Value>, Unfit> {
    let (mut members, mut buyer, mut period) = (Map::new(), Map::new(), Map::new());
    for (column, cell) in cells {
        let unfit = |expected: &str| (column.to_owned(), expected.to_owned());
        let value = if NUMBERS.contains(&column) {
            Value::from(cell.parse::<u64>().map_err(|_| unfit("a whole number"))?)
        } else if FLAGS.contains(&column) {
            Value::from(cell.parse::<bool>().map_err(|_| unfit("`true` or `false`"))?)
        } else if column == "names" {
            cell.split_whitespace().collect()
        } else {
            Value::from(cell)
        };
        match column {
            "period_starts_at" => period.insert("starts_at".to_owned(), value),
            "period_ends_at" => period.insert("ends_at".to_owned(), value),
            _ if BUYER.contains(&column) => buyer.insert(column.to_owned(), value),
            _ => members.insert(column.to_owned(), value),
        };
    }
    if !buyer.is_empty() {
        members.insert("buyer".to_owned(), Value::Object(buyer));
    }
    if !period.is_empty() {
        members.insert("period".to_owned(), Value::Object(period));
    }
    Ok(members)
}

fn text(members: &mut Map<String, Value>, column: &str) -> Result<String, Unfit> {
    match members.remove(column) {
        Some(Value::String(text)) => Ok(text),
        _ => Err((column.to_owned(), "a value in each row".to_owned())),
    }
}

/// What is left of a row, as one element of a line.
fn element<T: DeserializeOwned>(members: Map<String, Value>) -> Result<T, Unfit> {
    serde_json::from_value(Value::Object(members)).map_err(|error| ("row".to_owned(), error.to_string()))
}

fn add(files: &mut Files, kind: Kind, place: Place, mut members: Map<String, Value>) -> Result<(), Unfit> {
    let account = text(&mut members, "account")?;
    let mut line = AccountLine { account, ..AccountLine::default() };
    match kind {
        Kind::Accounts => {
            line.as_of = text(&mut members, "as_of")?;
            if let Some(column) = members.keys().next() {
                return Err((column.clone(), "no such column; expected `account` and `as_of`".to_owned()));
            }
        }
        Kind::Customers => line.customers.push(text(&mut members, "customer")?),
        Kind::Subscriptions => {
            if let Some(ends_at) = members.remove("period") {
                let ends_at = ends_at.get("ends_at").cloned().unwrap_or_default();
                members.insert("period_ends_at".to_owned(), ends_at);
            }
            line.subscriptions.push(element(members)?);
        }
        Kind::Payments => line.payments.push(element(members)?),
        Kind::Lots => line.lots.push(element(members)?),
        Kind::Refunds => {
            let id = text(&mut members, "payment")?;
            let refund: RefundLine = element(members)?;
            let Some(payment) = files.payment(&line.account, &id) else {
                let expected = "a payment of the account, in a file before this one";
                return Err(("payment".to_owned(), expected.to_owned()));
            };
            payment.refunds.push(refund);
            return Ok(());
        }
    }
    files.add(place, line);
    Ok(())
}
