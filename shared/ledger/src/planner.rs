//! A plan in the making: the account as it is changed step by step, and the steps that several commands
//! share.
//!
//! Every plan begins by expiring what is past its expiry, so that nothing that follows can use it, and ends
//! by moving the due marker to an earlier instant if it is too late.

use crate::{
    Account, ApplyError, Change, Credits, GenerationId, Hold, LotCredits, LotId, LotKind, PaymentId, Record,
    Rejection, SettlementOutcome, Timestamp,
};

/// A marker within this distance of `now` may have been moved on by a sweep whose clock is ahead
/// (clocks of two functions may be five minutes apart on either side), so it is written anew.
pub const MARK_MARGIN_S: u64 = 600;

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// When: `now`, or the newest entry's instant where that is later.
    pub at: Timestamp,
    /// What happens, in order.
    pub changes: Vec<Change>,
    /// The account afterwards.
    pub after: Account,
    /// Items that guard it against a repeat.
    pub records: Vec<Record>,
    /// The due marker is set to this instant.
    pub mark: Option<Timestamp>,
    /// The outcome of each settlement of [`crate::Command::Settle`], in its order.
    pub outcomes: Vec<SettlementOutcome>,
}

/// What a command leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandOutcome {
    /// An entry is to be written.
    Write(Box<Plan>),
    /// Nothing changes, because all of it happened before or cannot happen yet.
    Unchanged(Vec<SettlementOutcome>),
    /// The same hold was placed before: the stored answer.
    Placed(Hold),
    /// The command is refused.
    Refused(Rejection),
    /// These generations are neither open nor recently settled: their history is needed.
    NeedsHistory(Vec<GenerationId>),
}

/// How a command's own step ended.
pub(crate) enum Step {
    /// The changes are to be written, if there are any.
    Write,
    /// The answer is known, and nothing is to be written.
    Answer(CommandOutcome),
}

/// A plan in the making.
pub(crate) struct Planner {
    pub(crate) account: Account,
    pub(crate) now: Timestamp,
    pub(crate) records: Vec<Record>,
    pub(crate) outcomes: Vec<SettlementOutcome>,
    pub(crate) at: Timestamp,
    changes: Vec<Change>,
}

impl Planner {
    pub(crate) fn new(account: &Account, last_at: Option<Timestamp>, now: Timestamp) -> Self {
        let at = last_at.map_or(now, |last| last.max(now));
        Self {
            account: account.clone(),
            now,
            at,
            changes: Vec::new(),
            records: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    pub(crate) fn change(&mut self, change: Change) -> Result<(), ApplyError> {
        self.account.apply(&change, self.at)?;
        self.changes.push(change);
        Ok(())
    }

    /// Expires what is left of every lot that is past its expiry.
    pub(crate) fn expire_due_lots(&mut self) -> Result<(), ApplyError> {
        let due = self.account.lots.iter().filter(|lot| lot.is_due(self.now));
        let parts: Vec<LotCredits> =
            due.map(|lot| LotCredits { lot: lot.id, credits: lot.available }).collect();
        parts.into_iter().try_for_each(|part| self.change(Change::Expired(part)))
    }

    /// Lots for `credits` of `product` in spend order, or `None` where there are too few.
    pub(crate) fn take(
        &self,
        product: &crate::ProductId,
        credits: Credits,
    ) -> Result<Option<Vec<LotCredits>>, ApplyError> {
        let mut left = credits;
        let mut parts = Vec::new();
        for lot in self.account.spend_order(product, self.now) {
            if left.is_zero() {
                break;
            }
            let taken = left.min(lot.available);
            left = left.minus(taken)?;
            parts.push(LotCredits { lot: lot.id, credits: taken });
        }
        Ok(left.is_zero().then_some(parts))
    }

    /// What follows when credits came back to `parts`: they offset what the account owes for their lot; the
    /// rest is revoked at once where its payment was refunded, and has a grace where the lot has expired.
    /// What wrote off a debt that was none is gone.
    pub(crate) fn returned(&mut self, parts: &[LotCredits], grace_s: u64) -> Result<(), ApplyError> {
        for part in parts {
            let Some(lot) = self.account.lot(part.lot) else { return Err(ApplyError::NoLot(part.lot)) };
            // A lot that is closed owes for what is spent of it, and an open one for what a refund of a part
            // could not take: what comes back is taken for it.
            let excess = if lot.keeps_nothing() { lot.owed.saturating_minus(lot.spent) } else { lot.owed };
            let offset = self.offset(LotCredits { credits: part.credits.min(excess), ..*part })?;
            let part = &LotCredits { credits: part.credits.minus(offset)?, ..*part };
            let Some(lot) = self.account.lot(part.lot) else { return Err(ApplyError::NoLot(part.lot)) };
            if part.credits.is_zero() {
                continue;
            }
            if matches!(lot.kind, LotKind::WriteOff(_)) {
                self.change(Change::TakenBack(*part))?;
                continue;
            }
            if lot.is_closed() {
                self.change(Change::Revoked { part: *part, debt: Credits::ZERO, closes: true })?;
                continue;
            }
            self.collect(part.lot)?;
            let Some(lot) = self.account.lot(part.lot) else { return Err(ApplyError::NoLot(part.lot)) };
            let part = &LotCredits { credits: part.credits.min(lot.available), ..*part };
            if lot.is_due(self.now) {
                if grace_s == 0 {
                    self.change(Change::Expired(*part))?;
                    continue;
                }
                let until = self.now.plus_s(grace_s).map_err(|_| crate::AmountError::Overflow)?;
                self.change(Change::Extended { lot: part.lot, until })?;
            }
        }
        Ok(())
    }

    /// Takes back credits that came back to a lot for debt that it made, as far as the debt stands or its
    /// payers are known, and says how many.
    fn offset(&mut self, part: LotCredits) -> Result<Credits, ApplyError> {
        let debt = part.credits.min(self.account.debt);
        let repaid = self.payers(part.credits.minus(debt)?)?;
        let credits = repaid.iter().try_fold(debt, |sum, part| sum.plus(part.credits))?;
        if !credits.is_zero() {
            let part = LotCredits { credits, ..part };
            self.change(Change::Offset { part, debt, repaid: repaid.clone() })?;
            self.returned(&repaid, 0)?;
        }
        Ok(credits)
    }

    /// The lots whose credits paid off `debt`, the newest first, with what each gets back.
    pub(crate) fn payers(&self, debt: Credits) -> Result<Vec<LotCredits>, ApplyError> {
        let mut left = debt;
        let mut parts = Vec::new();
        for lot in self.account.lots.iter().rev().filter(|lot| !lot.repaid.is_zero()) {
            if left.is_zero() {
                break;
            }
            let credits = left.min(lot.repaid);
            left = left.minus(credits)?;
            parts.push(LotCredits { lot: lot.id, credits });
        }
        Ok(parts)
    }

    /// The payment's lots, newest first.
    pub(crate) fn lots_of(&self, payment: &PaymentId) -> Vec<LotId> {
        let mut lots: Vec<LotId> = self.account.lots_of(payment).map(|lot| lot.id).collect();
        lots.reverse();
        lots
    }

    /// Divides credits that are taken back among a payment's lots: what can be used goes first, of the newest
    /// lot at the head, then what was spent. What is above both falls to the newest.
    pub(crate) fn divide(&self, lots: &[LotId], credits: Credits) -> Result<Vec<Credits>, ApplyError> {
        let mut rest = credits;
        let mut shares = vec![Credits::ZERO; lots.len()];
        let of: [fn(&crate::Lot) -> Credits; 2] =
            [|lot| lot.available, |lot| lot.spent.saturating_minus(lot.owed)];
        for of in of {
            for (share, id) in shares.iter_mut().zip(lots) {
                let part = rest.min(of(self.lot_now(*id)?));
                rest = rest.minus(part)?;
                *share = share.plus(part)?;
            }
        }
        if let Some(newest) = shares.first_mut() {
            *newest = newest.plus(rest)?;
        }
        Ok(shares)
    }

    /// The sweep moves the marker by itself, after its entry: the entry stays a single put.
    pub(crate) fn finish(mut self, before: &Account, by_sweep: bool) -> CommandOutcome {
        if self.changes.is_empty() {
            return CommandOutcome::Unchanged(self.outcomes);
        }
        let mut mark = None;
        if let Some(next) = self.account.next_due() {
            let trusted = before.marked.filter(|marked| {
                let margin_end = self.now.plus_s(MARK_MARGIN_S);
                margin_end.is_ok_and(|end| *marked > end) || before.next_due() == Some(*marked)
            });
            if trusted.is_none_or(|marked| next < marked) {
                let change = Change::Marked(next);
                if self.change(change).is_err() {
                    return CommandOutcome::Refused(Rejection::OutOfRange);
                }
                mark = (!by_sweep).then_some(next);
            }
        }
        self.account.prune(self.at);
        CommandOutcome::Write(Box::new(Plan {
            at: self.at,
            changes: self.changes,
            after: self.account,
            records: self.records,
            mark,
            outcomes: self.outcomes,
        }))
    }
}
