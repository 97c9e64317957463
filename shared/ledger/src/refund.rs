//! How a refund takes back the credits of its payment, and how a refund that failed gives them back. A
//! payment that brings its credits month by month has several lots; a refund of all of it also ends what is
//! still to come.

use crate::planner::{Planner, Step};
use crate::{
    ApplyError, Change, CommandOutcome, Credits, LotCredits, LotId, PaymentId, PutBack, Rejection, TakeBack,
    Takes,
};

impl Planner {
    /// Each of them, as far as its lots are there.
    pub(crate) fn revoke_each(&mut self, parts: &[TakeBack]) -> Result<Step, ApplyError> {
        for part in parts {
            self.revoke(&part.payment, part.takes, part.owe_spent)?;
        }
        Ok(Step::Write)
    }

    /// Each of them, as far as its lots are there.
    pub(crate) fn restore_each(&mut self, parts: &[PutBack]) -> Result<Step, ApplyError> {
        for part in parts {
            self.restore(&part.payment, part.credits, part.debt)?;
        }
        Ok(Step::Write)
    }

    pub(crate) fn revoke(
        &mut self,
        payment: &PaymentId,
        takes: Takes,
        owe_spent: bool,
    ) -> Result<Step, ApplyError> {
        let lots = self.lots_of(payment);
        if lots.is_empty() {
            return Ok(Step::Answer(CommandOutcome::Refused(Rejection::NoSuchLot)));
        }
        let disputes = self.yield_disputes(&lots)?;
        self.expire_due_lots()?;
        let limits = match takes {
            Takes::Remaining => None,
            Takes::UpTo(limit) | Takes::Last(limit) => Some(self.divide(&lots, limit)?),
        };
        let mut changed = false;
        for (place, id) in lots.iter().enumerate() {
            let limit = limits.as_ref().map(|limits| limits.get(place).copied().unwrap_or_default());
            changed |= self.revoke_lot(*id, limit, owe_spent)?;
        }
        if !matches!(takes, Takes::UpTo(_)) {
            changed |= self.stop_grants(payment)?;
        }
        self.charge_back_again(&disputes)?;
        Ok(if changed { Step::Write } else { Step::Answer(CommandOutcome::Unchanged(Vec::new())) })
    }

    /// Takes so much of a lot that is open, or all of it and closes it; whether that changes it.
    fn revoke_lot(&mut self, id: LotId, limit: Option<Credits>, owe_spent: bool) -> Result<bool, ApplyError> {
        let lot = self.lot_now(id)?;
        if lot.is_closed() {
            return Ok(false);
        }
        // What an earlier part made a debt of is owed once.
        let spent = lot.spent.saturating_minus(lot.owed);
        let (credits, used) = match limit {
            None => (lot.available, spent),
            Some(limit) => {
                let credits = lot.available.min(limit);
                (credits, limit.saturating_minus(credits).min(spent))
            }
        };
        let debt = if owe_spent { used } else { Credits::ZERO };
        let closes = limit.is_none();
        if !closes && credits.is_zero() && debt.is_zero() {
            return Ok(false);
        }
        self.change(Change::Revoked { part: LotCredits { lot: id, credits }, debt, closes })?;
        Ok(true)
    }

    pub(crate) fn restore(
        &mut self,
        payment: &PaymentId,
        credits: Credits,
        debt: Credits,
    ) -> Result<Step, ApplyError> {
        let lots = self.lots_of(payment);
        let Some(oldest) = lots.last().copied() else {
            return Ok(Step::Answer(CommandOutcome::Refused(Rejection::NoSuchLot)));
        };
        let disputes = self.yield_disputes(&lots)?;
        let (mut credits, mut debt) = (credits, debt);
        let mut changed = self.resume_grants(payment)?;
        for id in lots {
            let lot = self.lot_now(id)?;
            // The newest gets back first, as it was taken from; the oldest all that is left.
            let returned = lot.closed.unwrap_or(Credits::ZERO);
            let (back, struck) = if id == oldest {
                (credits, debt)
            } else {
                (credits.min(lot.revoked.saturating_minus(returned)), debt.min(lot.owed))
            };
            (credits, debt) = (credits.minus(back)?, debt.minus(struck)?);
            changed |= self.restore_lot(id, back, struck)?;
        }
        self.charge_back_again(&disputes)?;
        Ok(if changed { Step::Write } else { Step::Answer(CommandOutcome::Unchanged(Vec::new())) })
    }

    /// Puts credits and debt back to a lot, and opens it; whether that changes it.
    fn restore_lot(&mut self, id: LotId, credits: Credits, debt: Credits) -> Result<bool, ApplyError> {
        let lot = self.lot_now(id)?;
        let returned = lot.closed.unwrap_or(Credits::ZERO);
        // No debt is struck that this lot did not make; what came back in place of a debt returns as credits.
        let offset = debt.saturating_minus(lot.owed);
        let debt = debt.min(lot.owed);
        let part =
            LotCredits { lot: lot.id, credits: credits.plus(returned)?.plus(offset)?.min(lot.revoked) };
        if !lot.is_closed() && part.credits.is_zero() && debt.is_zero() {
            return Ok(false);
        }
        let struck = debt.min(self.account.debt);
        let repaid = self.payers(debt.saturating_minus(struck))?;
        self.change(Change::Restored { part, debt: struck, repaid: repaid.clone() })?;
        self.returned(&repaid, 0)?;
        Ok(true)
    }
}
