//! How a payment brings its credits month by month.
//!
//! The sweep adds each month's lot within its tick: the account's due marker names the next one, and the entry
//! that adds it counts it, so that none comes twice. Whatever else adds or ends credits first adds what was
//! due, so that it makes no difference when the sweep ran. After a time without a sweep all months come that
//! were due, oldest first; one whose successor takes its place brings nothing to use, and is on record.

use crate::leftover::leftover_expiry;
use crate::planner::Planner;
use crate::{
    ApplyError, Change, Credits, Lot, LotCredits, LotDispute, LotKind, MonthlyGrants, PAID_LOTS_MAX, PastUse,
    Payment, PaymentId, PaymentKind, ProductId, SubscriptionId, Timestamp,
};

impl Planner {
    /// Notes the further lots of a payment whose first one has come. Of a payment that is known its record
    /// refuses the entry, so that nothing is to be noted again.
    pub(crate) fn schedule_grants(
        &mut self,
        payment: &Payment,
        began_at: Timestamp,
        leftover_s: Option<u64>,
    ) -> Result<(), ApplyError> {
        let (Some(further), Some(ends_at)) = (payment.further, payment.period_ends_at) else { return Ok(()) };
        let PaymentKind::Subscription { subscription, .. } = &payment.kind else { return Ok(()) };
        if self.account.monthly_of(&payment.id).is_some() {
            return Ok(());
        }
        let ended_at = self.account.ended(subscription).map(|ended| ended.ended_at);
        let renewed_at = self.renewed_at(subscription, &payment.product, began_at);
        self.change(Change::GrantsScheduled(MonthlyGrants {
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
        }))
    }

    /// When the first of the subscription's renewals begins that takes the place of what began at `began_at`.
    pub(crate) fn renewed_at(
        &self,
        subscription: &SubscriptionId,
        product: &ProductId,
        began_at: Timestamp,
    ) -> Option<Timestamp> {
        let own = self.account.lots.iter().filter(|lot| lot.subscription() == Some(subscription));
        let renewals = own.filter(|lot| &lot.product == product).filter_map(|lot| lot.period);
        let later = renewals.filter(|period| period.replaces && period.starts_at > began_at);
        later.map(|period| period.starts_at).min()
    }

    /// Adds the lots of all months that are due, oldest first. One whose time is over expires at once.
    pub(crate) fn grant_due_months(&mut self) -> Result<(), ApplyError> {
        while let Some((due_at, monthly)) = self.due_month() {
            if self.is_full(PAID_LOTS_MAX) {
                break;
            }
            self.grant_month(&monthly, due_at)?;
            self.expire_due_lots()?;
        }
        Ok(())
    }

    fn due_month(&self) -> Option<(Timestamp, MonthlyGrants)> {
        let due = self.account.monthly.iter().filter_map(|monthly| {
            let due_at = self.account.next_grant_of(monthly).filter(|due_at| *due_at <= self.now)?;
            Some((due_at, monthly))
        });
        due.min_by_key(|(due_at, _)| *due_at).map(|(due_at, monthly)| (due_at, monthly.clone()))
    }

    fn grant_month(&mut self, monthly: &MonthlyGrants, due_at: Timestamp) -> Result<(), ApplyError> {
        let kind = LotKind::Subscription(monthly.subscription.clone());
        let mut lot = self.lot(kind, &monthly.product, monthly.further.each, due_at)?;
        let ended = self.account.ended(&monthly.subscription);
        lot.expires_at = ended.map(|ended| leftover_expiry(ended, due_at, monthly.leftover_s)).transpose()?;
        lot.payment = Some(monthly.payment.clone());
        lot.leftover_s = monthly.leftover_s;
        let newest = self.account.lots_of(&monthly.payment).max_by_key(|lot| lot.id);
        let known = newest.map(|lot| lot.disputes.clone()).unwrap_or_default();
        let replaced = self.is_replaced_already(&lot);
        if monthly.further.replaces {
            let earlier = self.account.lots_of(&monthly.payment).filter(|lot| lot.is_usable(self.now));
            self.replace(earlier.map(|lot| LotCredits { lot: lot.id, credits: lot.available }).collect())?;
        }
        let id = lot.id;
        self.add_lot(lot, replaced)?;
        // It knows of the payment's disputes: an older report of one changes nothing.
        known.into_iter().try_for_each(|LotDispute { dispute, order, .. }| {
            let part = LotCredits { lot: id, credits: Credits::ZERO };
            self.change(Change::Thawed { part, dispute, order })
        })
    }

    /// A renewal that takes the place of what is left of the periods before also takes that of the lots that
    /// were still to come.
    pub(crate) fn end_earlier_grants(&mut self, renewal: &Lot) -> Result<(), ApplyError> {
        let began_at = renewal.began_at();
        let of = |monthly: &MonthlyGrants| {
            Some(&monthly.subscription) == renewal.subscription() && monthly.product == renewal.product
        };
        self.end_grants(of, began_at)
    }

    /// The lots that were to come of a subscription that ended do not come.
    pub(crate) fn end_grants_of(&mut self, ended: &SubscriptionId, at: Timestamp) -> Result<(), ApplyError> {
        self.end_grants(|monthly| &monthly.subscription == ended, at)
    }

    fn end_grants(&mut self, of: impl Fn(&MonthlyGrants) -> bool, at: Timestamp) -> Result<(), ApplyError> {
        let ending = self.account.monthly.iter().filter(|monthly| of(monthly) && monthly.reaches(at));
        let payments: Vec<PaymentId> = ending.map(|monthly| monthly.payment.clone()).collect();
        payments.into_iter().try_for_each(|payment| self.change(Change::GrantsEnded { payment, at }))
    }

    /// What came of a payment after its subscription's end, which was not known yet, took the place of the
    /// month that the customer keeps.
    pub(crate) fn reinstate_months(
        &mut self,
        ended: &SubscriptionId,
        ended_at: Timestamp,
    ) -> Result<(), ApplyError> {
        let own = self.account.monthly.iter().filter(|of| &of.subscription == ended && of.further.replaces);
        let kept = own.filter_map(|monthly| {
            let lots = || self.account.lots_of(&monthly.payment);
            let came_late = lots().any(|lot| lot.id != monthly.first && lot.granted_at >= ended_at);
            let is_last = |lot: &&Lot| lot.id == monthly.first || lot.granted_at < ended_at;
            let last = lots().filter(is_last).max_by_key(|lot| lot.id).filter(|_| came_late)?;
            let is_over = last.expired.is_zero() || last.is_closed() || self.is_replaced_already(last);
            (!is_over).then_some(LotCredits { lot: last.id, credits: last.expired })
        });
        let kept: Vec<LotCredits> = kept.collect();
        kept.into_iter().try_for_each(|part| self.change(Change::Reinstated(part)))
    }

    /// None of a payment's further lots comes, as long as its refund does not fail. Whether that is news.
    pub(crate) fn stop_grants(&mut self, payment: &PaymentId) -> Result<bool, ApplyError> {
        let goes_on = |monthly: &MonthlyGrants| !monthly.stopped && monthly.made < monthly.further.grants;
        let stops = self.account.monthly_of(payment).is_some_and(goes_on);
        if stops {
            self.change(Change::GrantsStopped { payment: payment.clone() })?;
        }
        Ok(stops)
    }

    /// They come again. Whether that is news.
    pub(crate) fn resume_grants(&mut self, payment: &PaymentId) -> Result<bool, ApplyError> {
        let resumes = self.account.monthly_of(payment).is_some_and(|monthly| monthly.stopped);
        if resumes {
            self.change(Change::GrantsResumed { payment: payment.clone() })?;
        }
        Ok(resumes)
    }
}
