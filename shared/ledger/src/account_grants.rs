//! The lots of one payment together: what was made of them, and what is still to come.

use crate::{
    Account, AmountError, Credits, EMPTY_LOT_KEPT_S, Lot, LotId, MonthlyGrants, Payment, PaymentId, Timestamp,
};

/// Payments whose monthly grants are over and stay known beside those that go on: a year of a customer's
/// plan and its changes.
const OVER_MAX: usize = 16;

/// What was made of a payment's credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaymentUse {
    /// The credits that have come.
    pub granted: Credits,
    /// Credits that can be held once nothing keeps them from it.
    pub available: Credits,
    pub held: Credits,
    /// Captured credits; of a lot that has left the account all that it brought, because it was spent or has
    /// expired.
    pub spent: Credits,
    /// Captures that drew on them; `None` if a lot has left and nothing says how many, or nobody counted them
    /// before the payment was imported.
    pub captures: Option<u32>,
    /// Those of `captures` that may have delivered nothing usable (`S3-6`).
    pub unusable: u32,
    /// When the used ones of its lots last changed.
    pub used_at: Option<Timestamp>,
}

impl Account {
    /// The payment's lots, oldest first, as far as the account keeps them.
    pub fn lots_of(&self, payment: &PaymentId) -> impl Iterator<Item = &Lot> {
        self.lots.iter().filter(move |lot| lot.payment.as_ref() == Some(payment))
    }

    /// What the payment brings month by month, as long as that is known.
    pub fn monthly_of(&self, payment: &PaymentId) -> Option<&MonthlyGrants> {
        self.monthly.iter().find(|monthly| &monthly.payment == payment)
    }

    /// Whether a lot is a further one of its payment, which nobody was charged for when it came.
    pub fn is_further(&self, lot: &Lot) -> bool {
        let monthly = lot.payment.as_ref().and_then(|payment| self.monthly_of(payment));
        monthly.is_some_and(|monthly| monthly.first != lot.id)
    }

    /// When the next lot of a payment comes. `None` after the last one, and while it waits: holds are
    /// refused, or a dispute of the payment is open or has taken all of it.
    pub fn next_grant_of(&self, monthly: &MonthlyGrants) -> Option<Timestamp> {
        let waits = |lot: &Lot| lot.is_frozen() || lot.keeps_nothing();
        if self.suspended || self.lots_of(&monthly.payment).any(waits) { None } else { monthly.due_at() }
    }

    /// When the account's next month's credits come.
    pub fn next_grant(&self) -> Option<Timestamp> {
        self.monthly.iter().filter_map(|monthly| self.next_grant_of(monthly)).min()
    }

    /// What was made of a payment's credits.
    pub fn use_of(&self, payment: &Payment) -> Result<PaymentUse, AmountError> {
        let lots = || self.lots_of(&payment.id);
        let sum = |of: fn(&Lot) -> Credits| Credits::sum(lots().map(of));
        let count = |of: fn(&Lot) -> u32| {
            lots().try_fold(0_u32, |sum, lot| sum.checked_add(of(lot)).ok_or(AmountError::Overflow))
        };
        let is_used = |lot: &&Lot| !lot.spent.is_zero() || !lot.held.is_zero();
        let mut found = PaymentUse {
            granted: payment.credits,
            available: sum(|lot| lot.available)?,
            held: sum(|lot| lot.held)?,
            spent: sum(|lot| lot.spent)?,
            captures: Some(count(|lot| lot.captures)?),
            unusable: count(|lot| lot.unusable)?,
            used_at: lots().filter(is_used).map(|lot| lot.touched_at).max(),
        };
        let add = |one: u32, other: u32| one.checked_add(other).ok_or(AmountError::Overflow);
        if let Some(monthly) = self.monthly_of(&payment.id) {
            found.granted = payment.granted_by(monthly.made)?;
            found.spent = found.spent.plus(monthly.past.spent)?;
            found.captures = Some(add(count(|lot| lot.captures)?, monthly.past.captures)?);
            found.unusable = add(found.unusable, monthly.past.unusable)?;
        } else if payment.further.is_some() || lots().next().is_none() {
            let left = payment.credits.saturating_minus(sum(|lot| lot.granted)?);
            if !left.is_zero() {
                found.spent = found.spent.plus(left)?;
                found.captures = None;
            }
        }
        if payment.uncounted {
            found.captures = None;
        }
        Ok(found)
    }

    /// The newest lot of each payment that brings more. It stays also when it is empty, so that a refund or a
    /// dispute of the payment finds one.
    pub(crate) fn carriers(&self) -> Vec<LotId> {
        let open = self.monthly.iter().filter(|monthly| monthly.due_at().is_some());
        open.filter_map(|monthly| self.lots_of(&monthly.payment).map(|lot| lot.id).max()).collect()
    }

    /// Keeps what was made of a lot that leaves, where its payment brings several.
    pub(crate) fn note_left(&mut self, lot: &Lot) {
        let mut known = self.monthly.iter_mut().filter(|known| Some(&known.payment) == lot.payment.as_ref());
        if let Some(monthly) = known.next() {
            let past = &mut monthly.past;
            // Sums of what was granted, and of captures that were counted one by one.
            past.spent = past.spent.plus(lot.spent).unwrap_or(past.spent);
            past.captures = past.captures.saturating_add(lot.captures);
            past.unusable = past.unusable.saturating_add(lot.unusable);
        }
    }

    /// Forgets what has come completely, some time after the end of its period, and the oldest of what ended
    /// before it was complete.
    pub(crate) fn forget_grants(&mut self, at: Timestamp) {
        let is_past = |monthly: &MonthlyGrants| {
            let over_s = u64::try_from(at.seconds_since(monthly.ends_at)).unwrap_or_default();
            monthly.made >= monthly.further.grants && over_s >= EMPTY_LOT_KEPT_S
        };
        self.monthly.retain(|monthly| !is_past(monthly));
        while self.monthly.iter().filter(|monthly| monthly.due_at().is_none()).count() > OVER_MAX {
            let Some(oldest) = self.monthly.iter().position(|monthly| monthly.due_at().is_none()) else {
                return;
            };
            self.monthly.remove(oldest);
        }
    }
}
