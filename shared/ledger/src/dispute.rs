//! How a dispute freezes what is left of its payment's lot, frees it when the company wins, and takes it when
//! the company loses.
//!
//! What a dispute takes comes after what refunds of the payment took: a refund that is reported later finds
//! the lot as if the dispute had not been, and the dispute then takes what is left. So money that was
//! refunded before is never lost twice, in either order of the reports.

use crate::planner::{Planner, Step};
use crate::{
    ApplyError, Change, CommandOutcome, Credits, DISPUTES_MAX, DisputeEffect, DisputeId, DisputeReport,
    DisputeState, Lot, LotCredits, LotDispute, LotId, Rejection, Takes, Timestamp,
};

impl Planner {
    /// A report of a dispute. One that is not newer than the newest that is known changes nothing.
    pub(crate) fn dispute(&mut self, seen: &DisputeReport) -> Result<Step, ApplyError> {
        let Some(lot) = self.lot_of(&seen.payment) else {
            return Ok(Step::Answer(CommandOutcome::Refused(Rejection::NoSuchLot)));
        };
        let (id, known) = (lot.id, lot.dispute(&seen.dispute).cloned());
        if known.as_ref().is_some_and(|known| known.order >= seen.order) {
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        if known.is_none() && self.account.lots.iter().flat_map(|lot| &lot.disputes).count() >= DISPUTES_MAX {
            return Ok(Step::Answer(CommandOutcome::Refused(Rejection::OutOfRange)));
        }
        self.expire_due_lots()?;
        let takes = match seen.effect {
            DisputeEffect::Takes { takes: Takes::Remaining, owe_spent } => Some((None, owe_spent)),
            DisputeEffect::Takes { takes: Takes::UpTo(limit), owe_spent } => Some((Some(limit), owe_spent)),
            DisputeEffect::Freezes | DisputeEffect::Frees { .. } => None,
        };
        let repeats = known.as_ref().is_some_and(|known| takes.is_some() && known.loses() == takes);
        if let Some(known) = known.as_ref().filter(|_| !repeats) {
            self.regain(id, known)?;
        }
        let was_frozen = self.lot_now(id)?.is_frozen();
        let (dispute, order) = (seen.dispute.clone(), seen.order);
        match seen.effect {
            DisputeEffect::Freezes => {
                let credits = if was_frozen { Credits::ZERO } else { self.lot_now(id)?.available };
                self.change(Change::Frozen { part: LotCredits { lot: id, credits }, dispute, order })?;
            }
            DisputeEffect::Frees { until } => {
                let frozen_by = |lot: &LotDispute| lot.state == DisputeState::Frozen;
                let is_only = self
                    .lot_now(id)?
                    .disputes
                    .iter()
                    .all(|other| !frozen_by(other) || other.dispute == dispute);
                let thaws = was_frozen && is_only;
                let credits = if thaws { self.lot_now(id)?.available } else { Credits::ZERO };
                self.change(Change::Thawed { part: LotCredits { lot: id, credits }, dispute, order })?;
                self.prolong(id, until)?;
                self.expire_due_lots()?;
            }
            DisputeEffect::Takes { .. } => {
                let Some((limit, owe_spent)) = takes else { return Ok(Step::Write) };
                if repeats {
                    let (part, debt) = (LotCredits { lot: id, credits: Credits::ZERO }, Credits::ZERO);
                    self.change(Change::ChargedBack { part, debt, dispute, order, limit, owe_spent })?;
                } else {
                    self.charge_back(id, &dispute, order, (limit, owe_spent))?;
                }
            }
        }
        self.collect(id)?;
        Ok(Step::Write)
    }

    /// Credits that were frozen stay usable until then, where their lot expires before.
    fn prolong(&mut self, id: LotId, until: Option<Timestamp>) -> Result<(), ApplyError> {
        let lot = self.lot_now(id)?;
        match until {
            Some(until)
                if !lot.available.is_zero() && lot.expires_at.is_some_and(|expiry| expiry < until) =>
            {
                self.change(Change::Extended { lot: id, until })
            }
            _ => Ok(()),
        }
    }

    /// Takes what a lost dispute takes.
    fn charge_back(
        &mut self,
        id: LotId,
        dispute: &DisputeId,
        order: Timestamp,
        (limit, owe_spent): (Option<Credits>, bool),
    ) -> Result<(), ApplyError> {
        let lot = self.lot_now(id)?;
        let spent = lot.spent.saturating_minus(lot.owed);
        let credits = lot.available.min(limit.unwrap_or(lot.available));
        let used = limit.map_or(spent, |limit| limit.saturating_minus(credits).min(spent));
        let debt = if owe_spent { used } else { Credits::ZERO };
        let part = LotCredits { lot: id, credits };
        let dispute = dispute.clone();
        self.change(Change::ChargedBack { part, debt, dispute, order, limit, owe_spent })
    }

    /// What the lot's lost disputes took comes back for a moment, so that a refund moves the lot as if there
    /// had been no dispute. [`Planner::charge_back_again`] follows.
    pub(crate) fn yield_disputes(&mut self, id: LotId) -> Result<Vec<LotDispute>, ApplyError> {
        let lost = |known: &&LotDispute| matches!(known.state, DisputeState::Lost { .. });
        let lost: Vec<LotDispute> = self.lot_now(id)?.disputes.iter().filter(lost).cloned().collect();
        lost.iter().try_for_each(|known| self.regain(id, known))?;
        Ok(lost)
    }

    /// The lot's lost disputes take what is left after the refund.
    pub(crate) fn charge_back_again(&mut self, id: LotId, lost: &[LotDispute]) -> Result<(), ApplyError> {
        lost.iter().try_for_each(|known| match known.state {
            DisputeState::Lost { limit, owe_spent, .. } => {
                self.charge_back(id, &known.dispute, known.order, (limit, owe_spent))
            }
            DisputeState::Frozen | DisputeState::Freed => Ok(()),
        })
    }

    /// Credits that are back in a lot are taken by its lost disputes, as far as they are owed them.
    pub(crate) fn collect(&mut self, id: LotId) -> Result<(), ApplyError> {
        for known in self.lot_now(id)?.disputes.clone() {
            let DisputeState::Lost { limit, owe_spent, .. } = known.state else { continue };
            let credits = known.takes_of(self.lot_now(id)?.available);
            if !credits.is_zero() {
                let part = LotCredits { lot: id, credits };
                let (dispute, order, debt) = (known.dispute, known.order, Credits::ZERO);
                self.change(Change::ChargedBack { part, debt, dispute, order, limit, owe_spent })?;
            }
        }
        Ok(())
    }

    /// What a dispute took comes back: credits, and the debt that it made.
    fn regain(&mut self, id: LotId, known: &LotDispute) -> Result<(), ApplyError> {
        let DisputeState::Lost { taken, owed, .. } = known.state else { return Ok(()) };
        if taken.is_zero() && owed.is_zero() {
            return Ok(());
        }
        let lot = self.lot_now(id)?;
        // As for a refund that failed: no debt is struck that the lot does not owe any more, and what came
        // back in place of a debt returns as credits.
        let debt = owed.min(lot.owed);
        let credits = taken.plus(owed.minus(debt)?)?.min(lot.revoked);
        let struck = debt.min(self.account.debt);
        let repaid = self.payers(debt.minus(struck)?)?;
        self.change(Change::Regained {
            part: LotCredits { lot: id, credits },
            debt: struck,
            repaid: repaid.clone(),
            dispute: known.dispute.clone(),
        })?;
        self.returned(&repaid, 0)
    }

    pub(crate) fn lot_now(&self, id: LotId) -> Result<&Lot, ApplyError> {
        self.account.lot(id).ok_or(ApplyError::NoLot(id))
    }
}
