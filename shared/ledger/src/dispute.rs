//! How a dispute freezes what is left of its payment's lots, frees it when the company wins, and takes it
//! when the company loses.
//!
//! What a dispute takes comes after what refunds of the payment took: a refund that is reported later finds
//! the lots as if the dispute had not been, and the dispute then takes what is left. So money that was
//! refunded before is never lost twice, in either order of the reports.
//!
//! Of a payment that brings its credits month by month, every lot has every report: one that comes later
//! begins with those of the lot before it. What is still to come waits while a dispute is open.

use crate::planner::{Planner, Step};
use crate::{
    ApplyError, Change, CommandOutcome, Credits, DISPUTES_MAX, DisputeEffect, DisputeId, DisputeReport,
    DisputeState, Lot, LotCredits, LotDispute, LotId, Rejection, Takes, Timestamp,
};

impl Planner {
    /// A report of a dispute. One that is not newer than the newest that is known changes nothing.
    pub(crate) fn dispute(&mut self, seen: &DisputeReport) -> Result<Step, ApplyError> {
        let lots = self.lots_of(&seen.payment);
        let Some(newest) = lots.first() else {
            return Ok(Step::Answer(CommandOutcome::Refused(Rejection::NoSuchLot)));
        };
        let known = self.lot_now(*newest)?.dispute(&seen.dispute);
        if known.is_some_and(|known| known.order >= seen.order) {
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        let count = self.account.lots.iter().flat_map(|lot| &lot.disputes).count();
        if known.is_none() && count.saturating_add(lots.len()) > DISPUTES_MAX {
            return Ok(Step::Answer(CommandOutcome::Refused(Rejection::OutOfRange)));
        }
        self.expire_due_lots()?;
        let takes = match seen.effect {
            DisputeEffect::Takes { takes: Takes::Remaining, owe_spent } => Some((None, owe_spent)),
            DisputeEffect::Takes { takes: Takes::UpTo(limit) | Takes::Last(limit), owe_spent } => {
                Some((Some(limit), owe_spent))
            }
            DisputeEffect::Freezes | DisputeEffect::Frees { .. } => None,
        };
        let repeats = takes.is_some() && self.loses_of(&lots, &seen.dispute)? == takes;
        if !repeats {
            for id in &lots {
                if let Some(known) = self.lot_now(*id)?.dispute(&seen.dispute).cloned() {
                    self.regain(*id, &known)?;
                }
            }
        }
        match takes {
            Some(takes) if repeats => self.repeat_loss(&lots, seen, takes)?,
            Some((limit, owe_spent)) => {
                let limits = limit.map(|limit| self.divide(&lots, limit)).transpose()?;
                for (place, id) in lots.iter().enumerate() {
                    let limit = limits.as_ref().map(|of| of.get(place).copied().unwrap_or_default());
                    self.charge_back(*id, &seen.dispute, seen.order, (limit, owe_spent))?;
                }
            }
            None => lots.iter().try_for_each(|id| self.freeze_or_thaw(*id, seen))?,
        }
        lots.into_iter().try_for_each(|id| self.collect(id))?;
        Ok(Step::Write)
    }

    /// What a dispute takes of all lots of a payment together, and whether it made a debt; `None` of one that
    /// is not lost.
    fn loses_of(
        &self,
        lots: &[LotId],
        dispute: &DisputeId,
    ) -> Result<Option<(Option<Credits>, bool)>, ApplyError> {
        let mut sum: Option<(Option<Credits>, bool)> = None;
        for id in lots {
            let Some(loses) = self.lot_now(*id)?.dispute(dispute).and_then(LotDispute::loses) else {
                continue;
            };
            sum = Some(match (sum, loses) {
                (None, loses) => loses,
                (Some((Some(sum), _)), (Some(limit), owe_spent)) => (Some(sum.plus(limit)?), owe_spent),
                (Some(_), (_, owe_spent)) => (None, owe_spent),
            });
        }
        Ok(sum)
    }

    /// A later report of a loss that is known: each lot keeps its part.
    fn repeat_loss(
        &mut self,
        lots: &[LotId],
        seen: &DisputeReport,
        (limit, owe_spent): (Option<Credits>, bool),
    ) -> Result<(), ApplyError> {
        for id in lots {
            let loses = self.lot_now(*id)?.dispute(&seen.dispute).and_then(LotDispute::loses);
            let limit = loses.map_or(limit.map(|_| Credits::ZERO), |(limit, _)| limit);
            let (part, debt) = (LotCredits { lot: *id, credits: Credits::ZERO }, Credits::ZERO);
            let (dispute, order) = (seen.dispute.clone(), seen.order);
            self.change(Change::ChargedBack { part, debt, dispute, order, limit, owe_spent })?;
        }
        Ok(())
    }

    /// What a dispute that is not lost does to a lot.
    fn freeze_or_thaw(&mut self, id: LotId, seen: &DisputeReport) -> Result<(), ApplyError> {
        let was_frozen = self.lot_now(id)?.is_frozen();
        let (dispute, order) = (seen.dispute.clone(), seen.order);
        let DisputeEffect::Frees { until } = seen.effect else {
            let credits = if was_frozen { Credits::ZERO } else { self.lot_now(id)?.available };
            return self.change(Change::Frozen { part: LotCredits { lot: id, credits }, dispute, order });
        };
        let frozen_by = |lot: &LotDispute| lot.state == DisputeState::Frozen;
        let is_only =
            self.lot_now(id)?.disputes.iter().all(|other| !frozen_by(other) || other.dispute == dispute);
        let thaws = was_frozen && is_only;
        let credits = if thaws { self.lot_now(id)?.available } else { Credits::ZERO };
        self.change(Change::Thawed { part: LotCredits { lot: id, credits }, dispute, order })?;
        self.prolong(id, until)?;
        self.expire_due_lots()
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

    /// What the lost disputes of these lots took comes back for a moment, so that a refund moves the lots as
    /// if there had been no dispute. [`Planner::charge_back_again`] follows.
    pub(crate) fn yield_disputes(&mut self, lots: &[LotId]) -> Result<Vec<(LotId, LotDispute)>, ApplyError> {
        let mut lost = Vec::new();
        for id in lots {
            let is_lost = |known: &&LotDispute| matches!(known.state, DisputeState::Lost { .. });
            lost.extend(self.lot_now(*id)?.disputes.iter().filter(is_lost).map(|known| (*id, known.clone())));
        }
        lost.iter().try_for_each(|(id, known)| self.regain(*id, known))?;
        Ok(lost)
    }

    /// The lots' lost disputes take what is left after the refund.
    pub(crate) fn charge_back_again(&mut self, lost: &[(LotId, LotDispute)]) -> Result<(), ApplyError> {
        lost.iter().try_for_each(|(id, known)| match known.state {
            DisputeState::Lost { limit, owe_spent, .. } => {
                self.charge_back(*id, &known.dispute, known.order, (limit, owe_spent))
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
