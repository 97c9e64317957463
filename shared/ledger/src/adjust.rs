//! What people change of an account by adjustments: credits are given and taken back, a debt is written off,
//! an expiry is moved. Each is all of what was asked for, or a refusal.

use crate::planner::{Planner, Step};
use crate::{
    AdjustmentId, AdjustmentKind, ApplyError, Change, CommandOutcome, Credits, GrantPurpose, LOTS_MAX, Lot,
    LotCredits, LotId, LotKind, PAID_LOTS_MAX, ProductId, Record, Rejection, Timestamp,
};

fn refused(rejection: Rejection) -> Step {
    Step::Answer(CommandOutcome::Refused(rejection))
}

impl Planner {
    pub(crate) fn adjust(
        &mut self,
        id: &AdjustmentId,
        product: &ProductId,
        kind: AdjustmentKind,
    ) -> Result<Step, ApplyError> {
        let step = match kind {
            AdjustmentKind::Grant { credits, purpose, expires_at } => {
                self.grant_by_adjustment((id, product, credits), purpose, expires_at)
            }
            AdjustmentKind::TakeBack { lot, credits } => self.take_from_lot(product, lot, credits),
            AdjustmentKind::DebtWriteOff { credits } => self.write_off_debt(id, product, credits),
            AdjustmentKind::ExpiryMove { lot, expires_at } => self.move_expiry(product, lot, expires_at),
            AdjustmentKind::Suspension => self.suspend(true),
            AdjustmentKind::Resumption => self.suspend(false),
        }?;
        if matches!(step, Step::Write) {
            self.records.push(Record::AdjustedOnce(id.clone()));
        }
        Ok(step)
    }

    fn grant_by_adjustment(
        &mut self,
        (id, product, credits): (&AdjustmentId, &ProductId, Credits),
        purpose: GrantPurpose,
        expires_at: Option<Timestamp>,
    ) -> Result<Step, ApplyError> {
        if credits.is_zero() {
            return Ok(refused(Rejection::NoCredits));
        }
        if expires_at.is_some_and(|expiry| expiry <= self.now) {
            return Ok(refused(Rejection::NotAhead));
        }
        if self.is_full(LOTS_MAX) {
            return Ok(refused(Rejection::TooManyLots));
        }
        self.expire_due_lots()?;
        let mut lot = self.lot(LotKind::Adjustment(id.clone(), purpose), product, credits, self.now)?;
        lot.expires_at = expires_at;
        self.change(Change::Granted { lot, settled: Credits::ZERO })?;
        Ok(Step::Write)
    }

    fn take_from_lot(
        &mut self,
        product: &ProductId,
        id: LotId,
        credits: Credits,
    ) -> Result<Step, ApplyError> {
        if credits.is_zero() {
            return Ok(refused(Rejection::NoCredits));
        }
        self.expire_due_lots()?;
        let lot = self.lot_now(id)?;
        if &lot.product != product {
            return Ok(refused(Rejection::OtherProduct));
        }
        let available = lot.available;
        if available < credits {
            return Ok(refused(Rejection::NotEnough { available, needed: credits }));
        }
        self.change(Change::TakenBack(LotCredits { lot: id, credits }))?;
        Ok(Step::Write)
    }

    /// A write-off pays the debt off as a lot would. So a refund that fails later finds what paid its debt,
    /// and no other lot gets credits back for it.
    fn write_off_debt(
        &mut self,
        id: &AdjustmentId,
        product: &ProductId,
        credits: Credits,
    ) -> Result<Step, ApplyError> {
        if credits.is_zero() {
            return Ok(refused(Rejection::NoCredits));
        }
        let owed = self.account.debt;
        if owed < credits {
            return Ok(refused(Rejection::LessOwed { owed, asked: credits }));
        }
        if self.is_full(PAID_LOTS_MAX) {
            return Ok(refused(Rejection::TooManyLots));
        }
        self.expire_due_lots()?;
        let lot = self.lot(LotKind::WriteOff(id.clone()), product, credits, self.now)?;
        let lot = Lot { available: Credits::ZERO, spent: credits, repaid: credits, ..lot };
        self.change(Change::DebtWrittenOff(lot))?;
        Ok(Step::Write)
    }

    fn move_expiry(
        &mut self,
        product: &ProductId,
        id: LotId,
        expires_at: Option<Timestamp>,
    ) -> Result<Step, ApplyError> {
        self.expire_due_lots()?;
        let lot = self.lot_now(id)?;
        if &lot.product != product {
            return Ok(refused(Rejection::OtherProduct));
        }
        if matches!(lot.kind, LotKind::Pack | LotKind::WriteOff(_)) {
            return Ok(refused(Rejection::NeverExpires));
        }
        // Frozen credits do not expire.
        if !lot.is_frozen() && lot.expires_at.is_some_and(|expiry| expiry <= self.now) {
            return Ok(refused(Rejection::Expired));
        }
        if expires_at.is_some_and(|expiry| expiry <= self.now) {
            return Ok(refused(Rejection::NotAhead));
        }
        if lot.expires_at == expires_at {
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        self.change(Change::ExpiryMoved { lot: id, expires_at })?;
        Ok(Step::Write)
    }
}
