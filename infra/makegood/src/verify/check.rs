//! The invariants over journals, payments and requests together.
//!
//! `ledger::check_journal` checks each journal by itself (1, 2, 3, 5, 6, 7, 8, 12). What is here needs
//! more: 4, 9 and 10, and that payments, lots and requests say the same of each other.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{
    AccountId, Actor, Cause, Change, Credits, Entry, Lot, LotId, Payment, PaymentId, Timestamp, check_journal,
};
use ledger_dynamodb::Anchor;
use refunds::{Payout, RefundRequest, State};

use crate::material::Material;
use crate::words::{instant, money};

/// How long something may be overdue before it counts as stuck, in seconds: the sweep runs every five
/// minutes, and an hour is what customers are promised (`S2-3`).
const OVERDUE_S: i64 = 3600;
/// How long a payout may wait for its end, in seconds. Stripe reports a refund's failure within 30 days.
const PAYOUT_CLOCK_S: i64 = 30 * 24 * 3600;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokenInvariant {
    /// The account that it concerns.
    pub(crate) account: AccountId,
    /// The invariant's number.
    pub(crate) invariant: u8,
    /// What it was found on.
    pub(crate) subject: String,
    /// What is wrong.
    pub(crate) what: String,
}

/// Every breach, account by account.
pub(crate) fn check(material: &Material, now: Timestamp) -> Vec<BrokenInvariant> {
    let mut found = BrokenInvariants(Vec::new());
    for (account, entries) in &material.journals {
        for breach in check_journal(entries) {
            found.add(account, breach.invariant, format!("entry {}", breach.number), breach.what);
        }
        found.causes(account, entries, &material.requests);
        found.holds(account, entries, now);
    }
    for anchor in material.anchors.values() {
        found.anchored(anchor, material.journals.get(&anchor.account).map_or(&[], Vec::as_slice));
    }
    found.lots(material);
    let mut paid_out: BTreeMap<&PaymentId, u64> = BTreeMap::new();
    for request in &material.requests {
        found.steps(request);
        if let Some(payout) = standing(request) {
            found.payout(request, payout, material.payments.get(&payout.payment), now);
        }
        if let Some(payout) = request.payout() {
            let sum = paid_out.entry(&payout.payment).or_default();
            *sum = sum.saturating_add(payout.standing().minor());
        }
    }
    for payment in material.payments.values() {
        found.refunded(payment, paid_out.get(&payment.id).copied().unwrap_or_default());
    }
    found.0.sort_by(|one, other| (&one.account, one.invariant).cmp(&(&other.account, other.invariant)));
    found.0
}

/// Whether a payment says the same as the lots that it bought, in the order of their entries.
fn agrees(payment: &Payment, lots: &[&Lot]) -> bool {
    let Some((first, later)) = lots.split_first() else { return false };
    (first.id, Ok(first.granted)) == (payment.lot, payment.granted_by(0))
        && first.product == payment.product
        && are_months_of(payment, later)
}

/// Whether lots are those that a payment brings month by month after its first.
fn are_months_of(payment: &Payment, lots: &[&Lot]) -> bool {
    let (grants, each) = payment.further.map_or((0, Credits::ZERO), |of| (of.grants, of.each));
    let is_month = |lot: &&Lot| lot.product == payment.product && lot.granted == each;
    lots.iter().all(is_month) && u32::try_from(lots.len()).is_ok_and(|months| months <= grants)
}

/// The payout of a request whose money is on its way or has left.
fn standing(request: &RefundRequest) -> Option<&Payout> {
    let moves = matches!(request.state(), State::Approved | State::Paying | State::Refunded);
    request.payout().filter(|_| moves)
}

struct BrokenInvariants(Vec<BrokenInvariant>);

impl BrokenInvariants {
    fn add(
        &mut self,
        account: &AccountId,
        invariant: u8,
        subject: impl Into<String>,
        what: impl Into<String>,
    ) {
        let (subject, what) = (subject.into(), what.into());
        self.0.push(BrokenInvariant { account: account.clone(), invariant, subject, what });
    }

    /// Invariant 7: the entry that was anchored is still there, and so, by the chain of hashes, is everything
    /// before it; and the stream has reported no entry that was overwritten or removed.
    fn anchored(&mut self, anchor: &Anchor, entries: &[Entry]) {
        if let Some((number, hash)) = anchor.newest {
            let subject = format!("entry {number}");
            match entries.iter().find(|entry| entry.number() == number) {
                None => {
                    self.add(&anchor.account, 7, subject, "is anchored, and the journal does not have it");
                }
                Some(entry) if entry.hash() != hash => {
                    self.add(&anchor.account, 7, subject, "is another one than the one that was anchored");
                }
                Some(_) => {}
            }
        }
        if let Some(number) = anchor.tampered_from {
            let what = "was overwritten or removed after it had been written, or a later one was";
            self.add(&anchor.account, 7, format!("entry {number}"), what);
        }
    }

    /// Invariant 12: what an entry names as its cause exists, and what a policy decided names the policy.
    fn causes(&mut self, account: &AccountId, entries: &[Entry], requests: &[RefundRequest]) {
        let known: BTreeSet<&str> = requests.iter().map(|request| request.id.as_str()).collect();
        for entry in entries {
            let subject = format!("entry {}", entry.number());
            if let Cause::RefundRequest(id) = entry.cause()
                && !known.contains(id.as_str())
            {
                self.add(account, 12, &subject, format!("its cause, request {id}, does not exist"));
            }
            if entry.actor() == &Actor::Policy && entry.policy().is_none() {
                self.add(account, 12, &subject, "a policy decided it, and it does not say which");
            }
        }
    }

    /// Invariant 10: no hold outlives its deadline.
    fn holds(&mut self, account: &AccountId, entries: &[Entry], now: Timestamp) {
        for hold in entries.last().into_iter().flat_map(|entry| &entry.after().holds) {
            if now.seconds_since(hold.deadline) > OVERDUE_S {
                let what = format!("is open, and its deadline was {}", instant(hold.deadline));
                self.add(account, 10, format!("generation {}", hold.generation), what);
            }
        }
    }

    /// Invariants 3 and 8: every payment has bought one lot, or those that come month by month, and every lot
    /// that is no compensation was bought by a payment. A compensation's cause is its request, which
    /// invariant 12 looks for.
    fn lots(&mut self, material: &Material) {
        let mut bought: BTreeMap<&PaymentId, (&AccountId, Vec<&Lot>)> = BTreeMap::new();
        let mut imported: BTreeMap<&PaymentId, (&AccountId, LotId)> = BTreeMap::new();
        for (account, entries) in &material.journals {
            for change in entries.iter().flat_map(Entry::changes) {
                if let Change::Imported(lot) = change {
                    self.imported(account, lot, &mut imported, material);
                }
                let Change::Granted { lot, .. } = change else { continue };
                let Some(id) = &lot.payment else { continue };
                let subject = format!("payment {id}");
                let (owner, lots) = bought.entry(id).or_insert_with(|| (account, Vec::new()));
                if *owner != account {
                    let other = std::mem::replace(owner, account);
                    self.add(account, 3, &subject, format!("bought a lot of account {other}, too"));
                }
                lots.push(lot);
                if !material.payments.contains_key(id) {
                    self.add(account, 3, &subject, "bought a lot and is not recorded: it could buy another");
                }
            }
        }
        for payment in material.payments.values() {
            let subject = format!("payment {}", payment.id);
            if let Some((account, first)) = imported.get(&payment.id) {
                let months = bought.get(&payment.id).map(|(_, lots)| lots.as_slice()).unwrap_or_default();
                if *account != &payment.account || *first != payment.lot || !are_months_of(payment, months) {
                    let what = "says something else than the lots that were imported";
                    self.add(&payment.account, 8, subject, what);
                }
                continue;
            }
            match bought.get(&payment.id) {
                // Its money went back before its credits landed.
                None if payment.lot == LotId::NONE => {}
                None => {
                    self.add(&payment.account, 8, subject, "is recorded, and no entry grants its credits");
                }
                Some((account, lots)) => {
                    if *account != &payment.account || !agrees(payment, lots) {
                        self.add(
                            &payment.account,
                            8,
                            subject,
                            "says something else than the lot that it bought",
                        );
                    }
                }
            }
        }
    }

    /// A lot that moved in: its payment is recorded, so that no event grants it again, and is one account's.
    fn imported<'m>(
        &mut self,
        account: &'m AccountId,
        lot: &'m Lot,
        imported: &mut BTreeMap<&'m PaymentId, (&'m AccountId, LotId)>,
        material: &Material,
    ) {
        let Some(id) = &lot.payment else { return };
        let subject = format!("payment {id}");
        let (owner, first) = imported.entry(id).or_insert((account, lot.id));
        *first = lot.id.min(*first);
        if *owner != account {
            let other = std::mem::replace(owner, account);
            self.add(account, 3, &subject, format!("was imported for account {other}, too"));
        }
        if !material.payments.contains_key(id) {
            self.add(account, 3, &subject, "was imported and is not recorded: it could buy another lot");
        }
    }

    /// Invariant 9: a request has moved along the edges of its state table.
    fn steps(&mut self, request: &RefundRequest) {
        let subject = format!("request {}", request.id);
        let mut states = request.steps().iter().map(|step| step.state);
        let mut at = states.next();
        if at != Some(State::Submitted) {
            self.add(&request.account, 9, &subject, "does not begin as submitted");
        }
        for next in states {
            if let Some(Err(error)) = at.map(|from| from.transition_to(next)) {
                self.add(&request.account, 9, &subject, error.to_string());
            }
            at = Some(next);
        }
        if at != Some(request.state()) {
            let what = format!("is {}, which is not where its last step led", request.state());
            self.add(&request.account, 9, &subject, what);
        }
    }

    /// Invariants 4 and 10: a payout is of the request's own money, and comes to its end.
    fn payout(
        &mut self,
        request: &RefundRequest,
        payout: &Payout,
        payment: Option<&Payment>,
        now: Timestamp,
    ) {
        let (account, subject) = (&request.account, format!("request {}", request.id));
        match payment {
            None => self.add(
                account,
                4,
                &subject,
                format!("pays out of {}, which is not recorded", payout.payment),
            ),
            Some(payment) if &payment.account != account => {
                self.add(
                    account,
                    4,
                    &subject,
                    format!("pays out of {}, which is another account's", payment.id),
                );
            }
            Some(payment) if payment.paid.currency() != payout.amount().currency() => {
                let what = format!("pays {} of a payment of {}", money(payout.amount()), money(payment.paid));
                self.add(account, 4, &subject, what);
            }
            Some(_) => {}
        }
        let refunded = request.state() == State::Refunded;
        if refunded && request.open_plan_end().is_none() {
            return;
        }
        match request.due_at() {
            None => {
                self.add(account, 10, &subject, format!("is {}, and no sweep looks at it", request.state()));
            }
            Some(due_at) if now.seconds_since(due_at) > OVERDUE_S => {
                let what =
                    format!("is {}, and no sweep has looked since {}", request.state(), instant(due_at));
                self.add(account, 10, &subject, what);
            }
            Some(_) => {}
        }
        if refunded {
            return;
        }
        let approved = request.steps().iter().rev().find(|step| step.state == State::Approved);
        if let Some(step) = approved.filter(|step| now.seconds_since(step.at) > PAYOUT_CLOCK_S) {
            let what = format!("was approved at {} and is still {}", instant(step.at), request.state());
            self.add(account, 10, &subject, what);
        }
    }

    /// Invariant 4: refunds that have not failed, and what the cardholder's bank has taken, never exceed the
    /// payment. Its own sum also counts refunds that were made in Stripe's dashboard, so that it may be above
    /// what requests paid out; and those that failed by the dispute, whose money the bank took.
    fn refunded(&mut self, payment: &Payment, paid_out_minor: u64) {
        let subject = format!("payment {}", payment.id);
        let amount = |minor| money(ledger::Money::new(minor, payment.paid.currency()));
        if payment.refunded_minor > payment.paid.minor() {
            let what = format!("{} of {} are refunded", amount(payment.refunded_minor), money(payment.paid));
            self.add(&payment.account, 4, &subject, what);
        }
        if paid_out_minor > payment.paid.minor() {
            let what = format!("requests pay {} out of {}", amount(paid_out_minor), money(payment.paid));
            self.add(&payment.account, 4, &subject, what);
        }
        let disputes = payment.disputes.iter().filter(|dispute| dispute.bars_refunds());
        let withdrawn_minor =
            disputes.fold(0_u64, |sum, dispute| sum.saturating_add(dispute.withdrawn_minor));
        if withdrawn_minor > 0 && paid_out_minor.saturating_add(withdrawn_minor) > payment.paid.minor() {
            let what = format!(
                "requests pay {} out of {}, of which the bank has {}",
                amount(paid_out_minor),
                money(payment.paid),
                amount(withdrawn_minor)
            );
            self.add(&payment.account, 4, &subject, what);
        }
        if paid_out_minor > payment.refunded_minor {
            let what = format!(
                "requests pay {} out of it, and it counts {} as refunded",
                amount(paid_out_minor),
                amount(payment.refunded_minor)
            );
            self.add(&payment.account, 4, &subject, what);
        }
    }
}
