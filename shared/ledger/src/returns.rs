//! How a change of plans takes the credits whose money it returned to the customer's balance at Stripe.
//!
//! The balance is the customer's own money: what it pays later brings credits in full. So the credits of what
//! is returned always go, whatever the policy says of refunds. What is still to come of a payment goes if all
//! of it is returned, then what can be used, the newest payment first. What was spent, is held, or comes
//! month by month of a plan of which a part is left, is owed: the next credits that are paid for make up for
//! it. Credits that expired or were refunded are not owed.

use crate::planner::{Planner, Step};
use crate::{ApplyError, Change, CommandOutcome, Credits, Lot, LotCredits, LotId, MonthlyGrants, TakeReturn};

/// What goes of one lot.
#[derive(Clone, Copy)]
struct Part {
    lot: LotId,
    credits: Credits,
    debt: Credits,
}

impl Planner {
    /// Each of them, as far as there is something to take.
    pub(crate) fn take_returns(&mut self, returns: &[TakeReturn]) -> Result<Step, ApplyError> {
        self.expire_due_lots()?;
        self.grant_due_months()?;
        for returned in returns {
            self.take_return(returned)?;
        }
        if returns.is_empty() {
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        Ok(Step::Write)
    }

    fn take_return(&mut self, returned: &TakeReturn) -> Result<(), ApplyError> {
        let lots: Vec<LotId> = returned.payments.iter().flat_map(|payment| self.lots_of(payment)).collect();
        let disputes = self.yield_disputes(&lots)?;
        let mut rest = self.end_months(returned, returned.credits)?;
        let mut parts: Vec<Part> = Vec::new();
        for id in &lots {
            let credits = rest.min(self.lot_now(*id)?.available);
            rest = rest.minus(credits)?;
            parts.push(Part { lot: *id, credits, debt: Credits::ZERO });
        }
        for part in &mut parts {
            let lot = self.lot_now(part.lot)?;
            if !lot.keeps_nothing() {
                let used = lot.spent.plus(lot.held)?;
                part.debt = rest.min(used.saturating_minus(lot.owed));
                rest = rest.minus(part.debt)?;
            }
        }
        // A part of what comes month by month is returned: it still comes, and pays this off.
        for monthly in self.months_of(returned) {
            let carrier = parts.iter_mut().find(|part| is_of(&self.account.lots, part.lot, &monthly));
            if let Some(part) = carrier {
                let debt = rest.min(to_come(&monthly)?);
                part.debt = part.debt.plus(debt)?;
                rest = rest.minus(debt)?;
            }
        }
        for Part { lot, credits, debt } in parts {
            if !credits.is_zero() || !debt.is_zero() {
                let part = LotCredits { lot, credits };
                self.change(Change::Revoked { part, debt, closes: false })?;
            }
        }
        self.charge_back_again(&disputes)
    }

    /// What still comes month by month of the payments, newest first.
    fn months_of(&self, returned: &TakeReturn) -> Vec<MonthlyGrants> {
        let known = returned.payments.iter().filter_map(|payment| self.account.monthly_of(payment));
        known.filter(|monthly| monthly.due_at().is_some()).cloned().collect()
    }

    /// Ends what is still to come of the payments of which all of it is returned; says what is left to take.
    fn end_months(&mut self, returned: &TakeReturn, mut rest: Credits) -> Result<Credits, ApplyError> {
        for monthly in self.months_of(returned) {
            let to_come = to_come(&monthly)?;
            if to_come <= rest {
                rest = rest.minus(to_come)?;
                let (payment, at) = (monthly.payment, returned.at);
                self.change(Change::GrantsEnded { payment, at })?;
            }
        }
        Ok(rest)
    }
}

fn is_of(lots: &[Lot], id: LotId, monthly: &MonthlyGrants) -> bool {
    lots.iter().any(|lot| lot.id == id && lot.payment.as_ref() == Some(&monthly.payment))
}

fn to_come(monthly: &MonthlyGrants) -> Result<Credits, ApplyError> {
    let lots = u64::from(monthly.left());
    let sum = lots.checked_mul(monthly.further.each.get()).ok_or(crate::AmountError::Overflow)?;
    Ok(Credits::new(sum)?)
}
