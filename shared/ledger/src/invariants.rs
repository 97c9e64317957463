//! The invariants that a journal by itself can show, checked entry by entry.
//!
//! Invariants 4, 10 and 11 need payments, requests and queues; they are checked where those are, and 9 as far
//! as it is about requests.

use std::collections::HashSet;

use crate::{Account, AmountError, Cause, Change, Entry, GenerationId, Hash, Lot, LotKind, MonthlyGrants};

/// A broken invariant, with the entry that breaks it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {number}: invariant {invariant}: {what}")]
pub struct Breach {
    /// The entry's number.
    pub number: u64,
    /// The invariant's number.
    pub invariant: u8,
    /// What is wrong.
    pub what: String,
}

/// Checks a whole journal, oldest entry first, against invariants 1, 2, 3, 5 to 9 and 12.
pub fn check_journal(entries: &[Entry]) -> Vec<Breach> {
    let mut check = Check { breaches: Vec::new(), number: 0 };
    let mut account = Account::default();
    let Some(first) = entries.first() else { return check.breaches };
    let mut previous = (0, Hash::genesis(first.account()));
    let mut facts: HashSet<String> = HashSet::new();
    for entry in entries {
        check.number = entry.number();
        check.chain(entry, previous);
        check.postings(entry);
        check.fold(entry, &mut account, &mut facts);
        check.lots(entry.after());
        previous = (entry.number(), entry.hash());
    }
    check.breaches
}

struct Check {
    breaches: Vec<Breach>,
    number: u64,
}

impl Check {
    fn breach(&mut self, invariant: u8, what: impl Into<String>) {
        self.breaches.push(Breach { number: self.number, invariant, what: what.into() });
    }

    fn chain(&mut self, entry: &Entry, (number, hash): (u64, Hash)) {
        if entry.number() != number.saturating_add(1) {
            self.breach(7, format!("expected entry {}", number.saturating_add(1)));
        }
        if entry.previous() != hash {
            self.breach(7, "does not name the entry before it");
        }
        if !entry.is_intact() {
            self.breach(7, "its hash is not that of its body");
        }
        if entry.changes().is_empty() {
            self.breach(12, "says nothing");
        }
    }

    fn postings(&mut self, entry: &Entry) {
        let sum = entry.postings().and_then(|postings| {
            postings
                .iter()
                .try_fold(0_i64, |sum, posting| sum.checked_add(posting.credits).ok_or(AmountError::Overflow))
        });
        match sum {
            Ok(0) => {}
            Ok(sum) => self.breach(1, format!("postings sum to {sum}")),
            Err(_) => self.breach(1, "postings overflow"),
        }
    }

    /// One external fact causes at most one change of its kind; credits returned never exceed those charged.
    fn fact(&mut self, change: &Change, account: &Account, facts: &mut HashSet<String>) {
        let of = |kind: &str, generation: &GenerationId| Some(format!("{kind} {generation}"));
        let fact = match change {
            Change::Granted { lot, .. } => match (&lot.kind, &lot.payment) {
                (LotKind::Compensation(request), _) => Some(format!("compensation {request}")),
                (LotKind::Adjustment(id, _), _) => Some(format!("granted by {id}")),
                (_, Some(payment)) => match account.monthly_of(payment) {
                    Some(monthly) => {
                        self.month(lot, monthly);
                        Some(format!("payment {payment} of {}", lot.granted_at))
                    }
                    None => Some(format!("payment {payment}")),
                },
                (_, None) => None,
            },
            // What was imported of a payment is on its lots; it is granted nowhere else.
            Change::Imported(lot) => {
                if let Some(payment) = &lot.payment {
                    let is_new = facts.insert(format!("payment {payment}"));
                    if !is_new && !facts.contains(&format!("import of {payment}")) {
                        self.breach(3, "an external fact caused a second change");
                    }
                    facts.insert(format!("import of {payment}"));
                }
                None
            }
            Change::GivenBack { generation, .. } => of("given back", generation),
            Change::ChargedLate { generation, .. } | Change::Uncollected { generation, .. } => {
                of("charged late", generation)
            }
            Change::DebtWrittenOff(lot) => Some(format!("written off by {:?}", lot.kind)),
            Change::ExpiryStarted { ended, .. } => Some(format!("ended {}", ended.subscription)),
            Change::GrantsScheduled(monthly) => Some(format!("months of {}", monthly.payment)),
            _ => None,
        };
        if fact.is_some_and(|fact| !facts.insert(fact)) {
            self.breach(3, "an external fact caused a second change");
        }
    }

    /// A month's credits come in their order, as many as were bought, and none too many.
    fn month(&mut self, lot: &Lot, monthly: &MonthlyGrants) {
        if monthly.due_at() != Some(lot.granted_at) {
            self.breach(3, "a month's credits are not those that were to come next");
        }
        if lot.granted != monthly.further.each {
            self.breach(3, "a month's credits are not as many as were bought");
        }
    }

    fn fold(&mut self, entry: &Entry, account: &mut Account, facts: &mut HashSet<String>) {
        match entry.cause() {
            Cause::ProviderEvent(_, id) if id.is_empty() => self.breach(12, "its cause has no id"),
            Cause::Adjustment { id, .. } if !facts.insert(format!("adjustment {id}")) => {
                self.breach(3, "an adjustment took effect a second time");
            }
            _ => {}
        }
        for change in entry.changes() {
            self.fact(change, account, facts);
            if let Change::GivenBack { parts, .. } = change {
                let spent = |part: &crate::LotCredits| {
                    account.lot(part.lot).is_some_and(|lot| lot.spent >= part.credits)
                };
                if !parts.iter().all(spent) {
                    self.breach(5, "gives back more than was charged");
                }
            }
            self.disputes(change, account);
            if let Err(error) = account.apply(change, entry.at()) {
                self.breach(2, error.to_string());
            }
        }
        account.prune(entry.at());
        if account != entry.after() {
            self.breach(8, "the account afterwards is not the fold of the entries");
            account.clone_from(entry.after());
        }
    }

    /// A dispute moves by newer reports alone, and nothing is spent of what it has frozen.
    fn disputes(&mut self, change: &Change, account: &Account) {
        match change {
            Change::Frozen { part, dispute, order }
            | Change::Thawed { part, dispute, order }
            | Change::ChargedBack { part, dispute, order, .. } => {
                let known = account.lot(part.lot).and_then(|lot| lot.dispute(dispute));
                if known.is_some_and(|known| known.order > *order) {
                    self.breach(9, "a dispute moves by an older report");
                }
            }
            Change::Held(crate::Hold { parts, .. }) | Change::ChargedLate { parts, .. } => {
                let frozen = |part: &crate::LotCredits| account.lot(part.lot).is_some_and(Lot::is_frozen);
                if parts.iter().any(frozen) {
                    self.breach(9, "frozen credits are used");
                }
            }
            _ => {}
        }
    }

    fn lots(&mut self, account: &Account) {
        for lot in &account.lots {
            if !lot.adds_up() {
                self.breach(6, format!("lot {} does not add up", lot.id.0));
            }
            if matches!(lot.kind, LotKind::WriteOff(_)) && !lot.available.is_zero() {
                self.breach(6, format!("lot {} has usable credits of a debt's write-off", lot.id.0));
            }
            if lot.kind == LotKind::Pack && lot.expires_at.is_some() {
                self.breach(6, format!("pack lot {} expires (`S2-22`)", lot.id.0));
            }
            if lot.repaid > lot.spent {
                self.breach(6, format!("lot {} paid off more debt than was spent of it", lot.id.0));
            }
            let held = account.holds.iter().flat_map(|hold| &hold.parts).filter(|part| part.lot == lot.id);
            if crate::Credits::sum(held.map(|part| part.credits)) != Ok(lot.held) {
                self.breach(6, format!("lot {} does not hold what its holds say", lot.id.0));
            }
        }
    }
}
