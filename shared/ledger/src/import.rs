//! How an account moves in: its lots as they stood in another system, in one entry.
//!
//! What is imported stands as of an instant. An account that has credits from then or from before is in use
//! and is refused, because nobody can know whether its credits are among those to be imported. What was
//! charged later may have come first: a renewal that has landed takes the place of the imported period.

use crate::planner::{Planner, Step};
use crate::{
    Account, ApplyError, Change, CommandOutcome, Import, Lot, LotCredits, LotId, MonthlyGrants,
    PAID_LOTS_MAX, PastUse, Payment, PaymentKind, Record, Rejection, Timestamp,
};

impl Planner {
    pub(crate) fn import(&mut self, import: &Import) -> Result<Step, ApplyError> {
        let refused = |rejection| Ok(Step::Answer(CommandOutcome::Refused(rejection)));
        if !began_after(&self.account, import.as_of) {
            return refused(Rejection::AccountInUse);
        }
        self.expire_due_lots()?;
        self.grant_due_months()?;
        for lot in &import.lots {
            self.import_lot(lot)?;
        }
        if self.is_full(PAID_LOTS_MAX.saturating_add(1)) {
            return refused(Rejection::TooManyLots);
        }
        for payment in &import.payments {
            let first = self.account.lots_of(&payment.id).map(|lot| lot.id).min();
            let Some(first) = first else { return Err(ApplyError::NoLot(LotId::NONE)) };
            let payment = Payment { lot: first, ..payment.clone() };
            self.import_grants(&payment, import)?;
            self.records.push(Record::NewPayment(Box::new(payment)));
        }
        for (ended, pauses_leftover_expiry) in &import.ended {
            self.start_expiry(ended.clone(), *pauses_leftover_expiry)?;
        }
        self.expire_due_lots()?;
        self.grant_due_months()?;
        self.records.push(Record::ImportedOnce { import: import.id.clone(), digest: import.digest });
        Ok(Step::Write)
    }

    fn import_lot(&mut self, lot: &Lot) -> Result<(), ApplyError> {
        let id = self.lot(lot.kind.clone(), &lot.product, lot.granted, lot.granted_at)?.id;
        let mut lot = Lot { id, ..lot.clone() };
        let ended = lot.subscription().and_then(|subscription| self.account.ended(subscription)).cloned();
        if let (None, Some(ended)) = (lot.expires_at, ended) {
            lot.expires_at = Some(crate::leftover::leftover_expiry(&ended, lot.granted_at, lot.leftover_s)?);
        }
        let replaced =
            self.is_replaced_already(&lot).then_some(LotCredits { lot: id, credits: lot.available });
        self.change(Change::Imported(lot))?;
        match replaced.filter(|part| !part.credits.is_zero()) {
            Some(part) => self.replace(vec![part]),
            None => Ok(()),
        }
    }

    /// Of what the payment brings month by month, what was due when the balance was read is on the lots.
    fn import_grants(&mut self, payment: &Payment, import: &Import) -> Result<(), ApplyError> {
        let (Some(further), Some(ends_at)) = (payment.further, payment.period_ends_at) else { return Ok(()) };
        let PaymentKind::Subscription { subscription, .. } = &payment.kind else { return Ok(()) };
        let first = self.account.lot(payment.lot).ok_or(ApplyError::NoLot(payment.lot))?;
        let (leftover_s, began_at) = (first.leftover_s, first.began_at());
        let known = self.account.ended(subscription).into_iter();
        let ended = known.chain(import.ended.iter().map(|(ended, _)| ended));
        let ended_at = ended.filter(|ended| &ended.subscription == subscription).map(|ended| ended.ended_at);
        let renewed_at = self.renewed_at(subscription, &payment.product, began_at);
        let mut monthly = MonthlyGrants {
            payment: payment.id.clone(),
            first: payment.lot,
            subscription: subscription.clone(),
            product: payment.product.clone(),
            ends_at,
            further,
            made: 0,
            leftover_s,
            until: renewed_at.into_iter().chain(ended_at).min(),
            stopped: false,
            past: PastUse::default(),
        };
        while monthly.due_at().is_some_and(|due_at| due_at <= import.as_of) {
            monthly.made = monthly.made.saturating_add(1);
        }
        monthly.stopped = payment.refunded_minor > 0 && payment.refunded_minor >= payment.paid.minor();
        self.change(Change::GrantsScheduled(monthly))
    }
}

/// Whether nothing of the account is from `as_of` or from before: each of its lots is there, and was bought
/// later.
fn began_after(account: &Account, as_of: Timestamp) -> bool {
    let is_later = |lot: &Lot| lot.payment.is_some() && lot.granted_at > as_of;
    let known = u32::try_from(account.lots.len()).unwrap_or(u32::MAX);
    known == account.lot_count && account.lots.iter().all(is_later) && account.debt.is_zero()
}
