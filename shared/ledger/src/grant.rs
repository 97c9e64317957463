//! How credits arrive: by a payment, or as a compensation without one.
//!
//! Every lot is of one product (`S0-20`). A payment's lot first pays off debt. The first paid charge of a
//! subscription may stop the clocks of ended ones, and a renewal may take the place of what is left of the
//! earlier charges. A charge of an ended subscription that comes late goes to the one that followed it.

use crate::leftover::leftover_expiry;
use crate::planner::{Planner, Step};
use crate::{
    AmountError, ApplyError, Change, CommandOutcome, Compensation, Credits, Grant, LOTS_MAX, Lot, LotCredits,
    LotId, LotKind, PAID_LOTS_MAX, Payment, PaymentKind, ProductId, Record, Rejection, Timestamp,
};

impl Planner {
    /// All of them, or the refusal of one.
    pub(crate) fn grant_all(&mut self, grants: &[Grant]) -> Result<Step, ApplyError> {
        for grant in grants {
            if let refused @ Step::Answer(_) = self.grant(grant)? {
                return Ok(refused);
            }
        }
        Ok(Step::Write)
    }

    pub(crate) fn grant(&mut self, grant: &Grant) -> Result<Step, ApplyError> {
        if self.is_full(PAID_LOTS_MAX) {
            return Ok(Step::Answer(CommandOutcome::Refused(Rejection::TooManyLots)));
        }
        self.expire_due_lots()?;
        self.grant_due_months()?;
        let payment = &grant.payment;
        let (kind, expires_at) = match &payment.kind {
            PaymentKind::Pack => (LotKind::Pack, None),
            PaymentKind::Subscription { subscription, .. } => {
                let ended = self.account.ended(subscription);
                let expiry = ended
                    .map(|ended| leftover_expiry(ended, payment.charged_at, grant.leftover_s))
                    .transpose()?;
                (LotKind::Subscription(subscription.clone()), expiry)
            }
        };
        let first = payment.granted_by(0)?;
        let mut lot = self.lot(kind, &payment.product, first, payment.charged_at)?;
        lot.payment = Some(payment.id.clone());
        lot.expires_at = expires_at;
        lot.leftover_s = grant.leftover_s;
        lot.period = grant.period;
        lot.fingerprint = grant.fingerprint;
        // Of a subscription whose first charge has landed, a later one stops no clock, however late it comes.
        let begins = self.account.lots.iter().all(|other| other.subscription() != lot.subscription());
        if grant.pauses_leftover_expiry && begins {
            self.stop_leftover_expiry(&lot)?;
            self.end_taken_lots(&lot)?;
        }
        if lot.period.is_some_and(|period| period.replaces) {
            self.replace_earlier(&lot)?;
        }
        let replaced = self.is_replaced_already(&lot);
        let payment = Payment { lot: lot.id, landed_at: self.at, ..(**payment).clone() };
        let began_at = lot.began_at();
        let ended = lot.subscription().and_then(|subscription| self.account.ended(subscription)).cloned();
        self.add_lot(lot, replaced)?;
        if let Some(ended) = ended.filter(|_| grant.pauses_leftover_expiry) {
            self.hand_over_leftover(&ended)?;
        }
        self.schedule_grants(&payment, began_at, grant.leftover_s)?;
        self.grant_due_months()?;
        self.records.push(Record::NewPayment(Box::new(payment)));
        Ok(Step::Write)
    }

    /// Adds a lot that was paid for: it pays off debt first, and may be replaced already.
    pub(crate) fn add_lot(&mut self, lot: Lot, replaced: bool) -> Result<(), ApplyError> {
        let settled = self.account.debt.min(lot.granted);
        let part = LotCredits { lot: lot.id, credits: lot.granted.minus(settled)? };
        self.change(Change::Granted { lot, settled })?;
        if replaced {
            self.change(Change::Replaced { part, since: self.now })?;
        }
        Ok(())
    }

    pub(crate) fn compensate(&mut self, compensation: &Compensation) -> Result<Step, ApplyError> {
        let kind = LotKind::Compensation(compensation.request.clone());
        if self.account.lots.iter().any(|lot| lot.kind == kind) {
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        let refused = |rejection| Ok(Step::Answer(CommandOutcome::Refused(rejection)));
        if compensation.credits.is_zero() {
            return refused(Rejection::NoCredits);
        }
        if self.is_full(LOTS_MAX) {
            return refused(Rejection::TooManyLots);
        }
        self.expire_due_lots()?;
        let mut lot = self.lot(kind, &compensation.product, compensation.credits, self.now)?;
        lot.expires_at = compensation.expires_at;
        self.change(Change::Granted { lot, settled: Credits::ZERO })?;
        self.records.push(Record::CompensatedOnce(compensation.request.clone()));
        Ok(Step::Write)
    }

    pub(crate) fn is_full(&self, lots_max: usize) -> bool {
        self.account.lots.iter().filter(|lot| lot.is_kept(self.at) && !lot.makes_room()).count() >= lots_max
    }

    /// A full lot with the account's next id.
    pub(crate) fn lot(
        &self,
        kind: LotKind,
        product: &ProductId,
        credits: Credits,
        granted_at: Timestamp,
    ) -> Result<Lot, AmountError> {
        Ok(Lot {
            id: LotId(self.account.lot_count.checked_add(1).ok_or(AmountError::Overflow)?),
            kind,
            payment: None,
            product: product.clone(),
            granted_at,
            expires_at: None,
            granted: credits,
            available: credits,
            held: Credits::ZERO,
            spent: Credits::ZERO,
            expired: Credits::ZERO,
            revoked: Credits::ZERO,
            repaid: Credits::ZERO,
            captures: 0,
            unusable: 0,
            leftover_s: None,
            period: None,
            fingerprint: None,
            owed: Credits::ZERO,
            closed: None,
            disputes: Vec::new(),
            touched_at: self.at,
        })
    }

    /// A renewal takes the place of what is left of the subscription's earlier periods, also of what a
    /// dispute has frozen: it would have been replaced without the dispute. Credits in open holds
    /// stay held, and come back as those of an expired lot do; so do those that come back to an empty lot.
    fn replace_earlier(&mut self, renewal: &Lot) -> Result<(), ApplyError> {
        let Some(subscription) = renewal.subscription() else { return Ok(()) };
        let earlier = self.account.lots.iter().filter(|lot| {
            lot.subscription() == Some(subscription)
                && lot.began_at() < renewal.began_at()
                && (lot.is_usable(self.now) || lot.is_frozen())
        });
        let parts: Vec<LotCredits> =
            earlier.map(|lot| LotCredits { lot: lot.id, credits: lot.available }).collect();
        self.replace(parts)?;
        self.end_earlier_grants(renewal)
    }

    pub(crate) fn replace(&mut self, parts: Vec<LotCredits>) -> Result<(), ApplyError> {
        let since = self.now;
        parts.into_iter().try_for_each(|part| self.change(Change::Replaced { part, since }))
    }

    /// Whether a later period's renewal was reported before: what is left is the same in either order (B3).
    pub(crate) fn is_replaced_already(&self, lot: &Lot) -> bool {
        let later = |other: &Lot| {
            other.subscription() == lot.subscription()
                && other.period.is_some_and(|period| period.replaces && period.starts_at > lot.began_at())
        };
        lot.subscription().is_some() && self.account.lots.iter().any(later)
    }
}
