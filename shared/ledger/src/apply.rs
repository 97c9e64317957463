//! The one place where a change moves an account: `decide` builds its plan with it, the fold of a
//! journal repeats it, and invariant 8 compares the two.

use crate::{
    Account, AmountError, Change, Credits, DisputeId, DisputeState, GenerationId, Lot, LotCredits,
    LotDispute, LotId, MonthlyGrants, PaymentId, Recent, Settled, Timestamp,
};

/// Why a change does not fit an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// An amount would overflow or fall below zero.
    #[error("amount does not fit")]
    Amount(#[from] AmountError),
    /// The account has no such lot.
    #[error("account has no lot {}", .0.0)]
    NoLot(LotId),
    /// The account has no open hold of the generation.
    #[error("account has no such open hold")]
    NoHold,
    /// The payment brings nothing month by month.
    #[error("payment brings nothing month by month")]
    NotMonthly,
}

impl Account {
    /// Moves the account by one change at `at`.
    #[expect(clippy::too_many_lines, reason = "an arm for each kind of change")]
    pub fn apply(&mut self, change: &Change, at: Timestamp) -> Result<(), ApplyError> {
        match change {
            Change::Granted { lot, settled } => {
                let mut lot = lot.clone();
                lot.available = lot.available.minus(*settled)?;
                lot.spent = lot.spent.plus(*settled)?;
                lot.repaid = lot.repaid.plus(*settled)?;
                self.debt = self.debt.minus(*settled)?;
                self.lot_count = self.lot_count.max(lot.id.0);
                let mut known = self.monthly.iter_mut();
                if let Some(monthly) = known.find(|known| Some(&known.payment) == lot.payment.as_ref()) {
                    monthly.made = monthly.made.checked_add(1).ok_or(AmountError::Overflow)?;
                }
                self.lots.push(lot);
            }
            Change::Imported(lot) => {
                self.lot_count = self.lot_count.max(lot.id.0);
                self.lots.push(lot.clone());
            }
            Change::Held(hold) => {
                self.move_parts(&hold.parts, at, available, held)?;
                self.holds.push(hold.clone());
            }
            Change::Captured { generation, parts, usable } => {
                self.close_hold(generation, Settled::Captured)?;
                self.move_parts(parts, at, held, spent)?;
                self.count_capture(parts, *usable, |count| count.checked_add(1))?;
            }
            Change::PartlyReleased { generation, parts } => {
                self.shorten_hold(generation, parts)?;
                self.move_parts(parts, at, held, available)?;
            }
            Change::Released { generation, parts, .. } => {
                self.close_hold(generation, Settled::Released)?;
                self.move_parts(parts, at, held, available)?;
            }
            Change::GivenBack { generation, parts, usable } => {
                self.recent.push(Recent::again(&self.recent, generation, Settled::Released));
                self.move_parts(parts, at, spent, available)?;
                self.count_capture(parts, *usable, |count| count.checked_sub(1))?;
            }
            Change::ChargedLate { generation, parts, .. } => {
                self.recent.push(Recent::again(&self.recent, generation, Settled::Captured));
                self.move_parts(parts, at, available, spent)?;
                self.count_capture(parts, true, |count| count.checked_add(1))?;
            }
            Change::Expired(part) => self.move_parts(&[*part], at, available, expired)?,
            Change::Replaced { part, since } => {
                self.move_parts(&[*part], at, available, expired)?;
                self.lot_mut(part.lot)?.expires_at = Some(*since);
            }
            Change::Reinstated(part) => {
                self.move_parts(&[*part], at, expired, available)?;
                self.lot_mut(part.lot)?.expires_at = None;
            }
            Change::Revoked { part, debt, closes } => {
                self.move_parts(&[*part], at, available, revoked)?;
                let lot = self.lot_mut(part.lot)?;
                lot.owed = lot.owed.plus(*debt)?;
                lot.closed = match lot.closed {
                    Some(returned) => Some(returned.plus(part.credits)?),
                    None => closes.then_some(Credits::ZERO),
                };
                self.debt = self.debt.plus(*debt)?;
            }
            Change::Restored { part, debt, repaid } => {
                self.move_parts(&[*part], at, revoked, available)?;
                let lot = self.lot_mut(part.lot)?;
                let undone = repaid.iter().try_fold(*debt, |sum, part| sum.plus(part.credits))?;
                lot.owed = lot.owed.saturating_minus(undone);
                lot.closed = None;
                self.strike(*debt, repaid, at)?;
            }
            Change::Offset { part, debt, repaid } => {
                self.move_parts(&[*part], at, available, revoked)?;
                let lot = self.lot_mut(part.lot)?;
                lot.owed = lot.owed.minus(part.credits)?;
                self.strike(*debt, repaid, at)?;
            }
            Change::Frozen { .. }
            | Change::Thawed { .. }
            | Change::ChargedBack { .. }
            | Change::Regained { .. } => self.apply_dispute(change, at)?,
            Change::GrantsScheduled(monthly) => self.monthly.push(monthly.clone()),
            Change::GrantsEnded { payment, at } => self.monthly_mut(payment)?.until = Some(*at),
            Change::GrantsStopped { payment } => self.monthly_mut(payment)?.stopped = true,
            Change::GrantsResumed { payment } => self.monthly_mut(payment)?.stopped = false,
            Change::ExpiryStarted { ended, lots } => {
                for (lot, expiry) in lots {
                    self.lot_mut(*lot)?.expires_at = Some(*expiry);
                }
                self.ended.push(ended.clone());
            }
            Change::ExpiryStopped { subscription, lots } => {
                for lot in lots {
                    let lot = self.lot_mut(*lot)?;
                    lot.expires_at = None;
                    lot.kind = crate::LotKind::Subscription(subscription.clone());
                }
            }
            Change::Extended { lot, until } => self.lot_mut(*lot)?.expires_at = Some(*until),
            Change::ExpiryMoved { lot, expires_at } => self.lot_mut(*lot)?.expires_at = *expires_at,
            Change::TakenBack(part) => self.move_parts(&[*part], at, available, revoked)?,
            Change::DebtWrittenOff(lot) => {
                self.debt = self.debt.minus(lot.granted)?;
                self.lot_count = self.lot_count.max(lot.id.0);
                self.lots.push(lot.clone());
            }
            Change::Suspended => self.suspended = true,
            Change::Resumed => self.suspended = false,
            Change::Marked(instant) => self.marked = Some(*instant),
            Change::Uncollected { .. } => {}
        }
        Ok(())
    }

    /// Takes `debt` off, and gives back to its payers what they had paid of it.
    fn strike(&mut self, debt: Credits, repaid: &[LotCredits], at: Timestamp) -> Result<(), ApplyError> {
        self.debt = self.debt.minus(debt)?;
        self.move_parts(repaid, at, spent, available)?;
        for part in repaid {
            let lot = self.lot_mut(part.lot)?;
            lot.repaid = lot.repaid.minus(part.credits)?;
        }
        Ok(())
    }

    /// What a dispute does to a lot.
    fn apply_dispute(&mut self, change: &Change, at: Timestamp) -> Result<(), ApplyError> {
        match change {
            Change::Frozen { part, dispute, order } => {
                self.note_dispute(part.lot, dispute, *order, at)?.state = DisputeState::Frozen;
            }
            Change::Thawed { part, dispute, order } => {
                self.note_dispute(part.lot, dispute, *order, at)?.state = DisputeState::Freed;
            }
            Change::ChargedBack { part, debt, dispute, order, limit, owe_spent } => {
                self.move_parts(&[*part], at, available, revoked)?;
                let lot = self.lot_mut(part.lot)?;
                lot.owed = lot.owed.plus(*debt)?;
                self.debt = self.debt.plus(*debt)?;
                let (limit, owe_spent) = (*limit, *owe_spent);
                let known = self.note_dispute(part.lot, dispute, *order, at)?;
                let (before, owed_before) = match known.state {
                    DisputeState::Lost { taken, owed, .. } => (taken, owed),
                    DisputeState::Frozen | DisputeState::Freed => (Credits::ZERO, Credits::ZERO),
                };
                let (taken, owed) = (before.plus(part.credits)?, owed_before.plus(*debt)?);
                known.state = DisputeState::Lost { limit, owe_spent, taken, owed };
            }
            Change::Regained { part, debt, repaid, dispute } => {
                self.move_parts(&[*part], at, revoked, available)?;
                let lot = self.lot_mut(part.lot)?;
                let undone = repaid.iter().try_fold(*debt, |sum, part| sum.plus(part.credits))?;
                lot.owed = lot.owed.saturating_minus(undone);
                let known = lot.disputes.iter_mut().find(|known| &known.dispute == dispute);
                if let Some(LotDispute { state: DisputeState::Lost { taken, owed, .. }, .. }) = known {
                    (*taken, *owed) = (Credits::ZERO, Credits::ZERO);
                }
                self.strike(*debt, repaid, at)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// The lot's record of a dispute, with the place of its newest report.
    fn note_dispute(
        &mut self,
        lot: LotId,
        dispute: &DisputeId,
        order: Timestamp,
        at: Timestamp,
    ) -> Result<&mut LotDispute, ApplyError> {
        let lot = self.lot_mut(lot)?;
        lot.touched_at = at;
        let place = lot.disputes.iter().position(|known| &known.dispute == dispute).unwrap_or_else(|| {
            let (dispute, state) = (dispute.clone(), DisputeState::Freed);
            lot.disputes.push(LotDispute { dispute, order, state });
            lot.disputes.len().saturating_sub(1)
        });
        let id = lot.id;
        let known = lot.disputes.get_mut(place).ok_or(ApplyError::NoLot(id))?;
        known.order = order;
        Ok(known)
    }

    fn lot_mut(&mut self, id: LotId) -> Result<&mut Lot, ApplyError> {
        self.lots.iter_mut().find(|lot| lot.id == id).ok_or(ApplyError::NoLot(id))
    }

    fn monthly_mut(&mut self, payment: &PaymentId) -> Result<&mut MonthlyGrants, ApplyError> {
        let known = self.monthly.iter_mut().find(|known| &known.payment == payment);
        known.ok_or(ApplyError::NotMonthly)
    }

    fn move_parts(
        &mut self,
        parts: &[LotCredits],
        at: Timestamp,
        from: Field,
        to: Field,
    ) -> Result<(), ApplyError> {
        for part in parts {
            let lot = self.lot_mut(part.lot)?;
            *from(lot) = from(lot).minus(part.credits)?;
            *to(lot) = to(lot).plus(part.credits)?;
            lot.touched_at = at;
        }
        Ok(())
    }

    /// Counts a capture, or takes one off, on each lot that it drew on.
    fn count_capture(
        &mut self,
        parts: &[LotCredits],
        usable: bool,
        count: fn(u32) -> Option<u32>,
    ) -> Result<(), ApplyError> {
        for part in parts {
            let lot = self.lot_mut(part.lot)?;
            lot.captures = count(lot.captures).ok_or(AmountError::Overflow)?;
            if !usable {
                lot.unusable = count(lot.unusable).ok_or(AmountError::Overflow)?;
            }
        }
        Ok(())
    }

    fn shorten_hold(&mut self, generation: &GenerationId, parts: &[LotCredits]) -> Result<(), ApplyError> {
        let hold = self.holds.iter_mut().find(|hold| &hold.generation == generation);
        let hold = hold.ok_or(ApplyError::NoHold)?;
        for part in parts {
            let own = hold.parts.iter_mut().find(|own| own.lot == part.lot);
            let own = own.ok_or(ApplyError::NoLot(part.lot))?;
            own.credits = own.credits.minus(part.credits)?;
        }
        hold.parts.retain(|part| !part.credits.is_zero());
        Ok(())
    }

    fn close_hold(&mut self, generation: &GenerationId, settled: Settled) -> Result<(), ApplyError> {
        let position = self.holds.iter().position(|hold| &hold.generation == generation);
        let hold = self.holds.remove(position.ok_or(ApplyError::NoHold)?);
        self.recent.push(Recent::new(generation, &hold.service, settled));
        Ok(())
    }
}

type Field = fn(&mut Lot) -> &mut Credits;

fn available(lot: &mut Lot) -> &mut Credits {
    &mut lot.available
}

fn held(lot: &mut Lot) -> &mut Credits {
    &mut lot.held
}

fn spent(lot: &mut Lot) -> &mut Credits {
    &mut lot.spent
}

fn expired(lot: &mut Lot) -> &mut Credits {
    &mut lot.expired
}

fn revoked(lot: &mut Lot) -> &mut Credits {
    &mut lot.revoked
}
