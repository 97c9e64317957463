//! How a refund takes back the credits of its payment, and how a refund that failed gives them back.

use crate::planner::{Planner, Step};
use crate::{
    ApplyError, Change, CommandOutcome, Credits, LotCredits, PaymentId, PutBack, Rejection, TakeBack, Takes,
};

impl Planner {
    /// Each of them, as far as its lot is there.
    pub(crate) fn revoke_each(&mut self, parts: &[TakeBack]) -> Result<Step, ApplyError> {
        for part in parts {
            self.revoke(&part.payment, part.takes, part.owe_spent)?;
        }
        Ok(Step::Write)
    }

    /// Each of them, as far as its lot is there.
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
        let Some(lot) = self.lot_of(payment) else {
            return Ok(Step::Answer(CommandOutcome::Refused(Rejection::NoSuchLot)));
        };
        if lot.is_closed() {
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        let id = lot.id;
        let disputes = self.yield_disputes(id)?;
        // What an earlier part made a debt of is owed once.
        let lot = self.lot_now(id)?;
        let spent = lot.spent.saturating_minus(lot.owed);
        self.expire_due_lots()?;
        let left = self.lot_now(id)?.available;
        let (credits, used) = match takes {
            Takes::Remaining => (left, spent),
            Takes::UpTo(limit) => {
                let credits = left.min(limit);
                (credits, limit.saturating_minus(credits).min(spent))
            }
        };
        let debt = if owe_spent { used } else { Credits::ZERO };
        let closes = takes == Takes::Remaining;
        if !closes && credits.is_zero() && debt.is_zero() {
            self.charge_back_again(id, &disputes)?;
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        self.change(Change::Revoked { part: LotCredits { lot: id, credits }, debt, closes })?;
        self.charge_back_again(id, &disputes)?;
        Ok(Step::Write)
    }

    pub(crate) fn restore(
        &mut self,
        payment: &PaymentId,
        credits: Credits,
        debt: Credits,
    ) -> Result<Step, ApplyError> {
        let Some(lot) = self.lot_of(payment) else {
            return Ok(Step::Answer(CommandOutcome::Refused(Rejection::NoSuchLot)));
        };
        let id = lot.id;
        let disputes = self.yield_disputes(id)?;
        let lot = self.lot_now(id)?;
        let returned = lot.closed.unwrap_or(Credits::ZERO);
        // No debt is struck that this lot did not make; what came back in place of a debt returns as credits.
        let offset = debt.saturating_minus(lot.owed);
        let debt = debt.min(lot.owed);
        let part =
            LotCredits { lot: lot.id, credits: credits.plus(returned)?.plus(offset)?.min(lot.revoked) };
        if !lot.is_closed() && part.credits.is_zero() && debt.is_zero() {
            self.charge_back_again(id, &disputes)?;
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        let struck = debt.min(self.account.debt);
        let repaid = self.payers(debt.saturating_minus(struck))?;
        self.change(Change::Restored { part, debt: struck, repaid: repaid.clone() })?;
        self.returned(&repaid, 0)?;
        self.charge_back_again(id, &disputes)?;
        Ok(Step::Write)
    }
}
