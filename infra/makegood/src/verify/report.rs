//! The result of a check, for people and as JSON.

use std::io::{self, Write};

use ledger::Timestamp;
use serde::Serialize;

use super::check::BrokenInvariant;
use crate::columns::{Align, Columns};
use crate::material::Material;
use crate::words::count;

/// The twelve invariants. The eleventh shows in the queues and among the parked events.
const INVARIANTS: [(u8, &str); 12] = [
    (1, "every entry's postings sum to zero"),
    (2, "no balance is below zero"),
    (3, "one external fact causes at most one entry"),
    (4, "refunds never exceed what was paid, per payment"),
    (5, "credits given back never exceed those charged, per generation"),
    (6, "per lot: granted = available + held + spent + expired + revoked"),
    (7, "entries never change, and each names the one before it by hash"),
    (8, "every stored balance is the fold of its entries"),
    (9, "requests move along the edges of their state table only"),
    (10, "holds and payouts come to an end within their clock"),
    (QUEUES, "every message is applied, ignored, parked or a dead letter"),
    (12, "every entry has its cause, its actor and its policy"),
];
/// The invariant that the tables alone cannot show.
const QUEUES: u8 = 11;

/// What was checked and what was found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    checked_at: String,
    accounts: usize,
    entries: usize,
    payments: usize,
    requests: usize,
    invariants: Vec<Invariant>,
    breaches: Vec<Breach>,
}

#[derive(Debug, Serialize)]
struct Invariant {
    number: u8,
    text: &'static str,
    /// `None` where the tables cannot show it.
    holds: Option<bool>,
}

#[derive(Debug, Serialize)]
struct Breach {
    invariant: u8,
    account: String,
    subject: String,
    what: String,
}

impl Report {
    pub(crate) fn new(material: &Material, findings: Vec<BrokenInvariant>, now: Timestamp) -> Self {
        let invariants = INVARIANTS.iter().map(|&(number, text)| Invariant {
            number,
            text,
            holds: (number != QUEUES).then(|| findings.iter().all(|finding| finding.invariant != number)),
        });
        Self {
            checked_at: now.to_string(),
            accounts: material.journals.len(),
            entries: material.journals.values().map(Vec::len).sum(),
            payments: material.payments.len(),
            requests: material.requests.len(),
            invariants: invariants.collect(),
            breaches: findings
                .into_iter()
                .map(|BrokenInvariant { account, invariant, subject, what }| Breach {
                    invariant,
                    account: account.as_str().to_owned(),
                    subject,
                    what,
                })
                .collect(),
        }
    }

    /// Whether nothing was found.
    pub(crate) fn is_sound(&self) -> bool {
        self.breaches.is_empty()
    }

    pub(crate) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        writeln!(
            output,
            "Checked {} with {}, {} and {}.\n",
            count(self.accounts, "account", "accounts"),
            count(self.entries, "entry", "entries"),
            count(self.payments, "payment", "payments"),
            count(self.requests, "refund request", "refund requests"),
        )?;
        let mut columns = Columns::new([Align::Right, Align::Left, Align::Left]);
        for invariant in &self.invariants {
            let holds = match invariant.holds {
                Some(true) => "holds",
                Some(false) => "BROKEN",
                None => "see the dead-letter queues and `makegood parked list`",
            };
            columns.row([&invariant.number.to_string(), invariant.text, holds]);
        }
        columns.write(output)?;
        if self.is_sound() {
            return writeln!(output, "\nNo breach was found.");
        }
        writeln!(output, "\n{}:", count(self.breaches.len(), "breach", "breaches"))?;
        let mut columns = Columns::new([Align::Right, Align::Left, Align::Left, Align::Left]);
        for breach in &self.breaches {
            let account = format!("account {}", breach.account);
            columns.row([&breach.invariant.to_string(), &account, &breach.subject, &breach.what]);
        }
        columns.write(output)
    }
}
