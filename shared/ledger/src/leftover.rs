//! What is left of a subscription's credits after its end: it expires, unless another subscription takes it
//! over.

use crate::planner::{Planner, Step};
use crate::{ApplyError, Change, CommandOutcome, Ended, Lot, LotId, SubscriptionId, Timestamp};

impl Planner {
    pub(crate) fn start_expiry(
        &mut self,
        ended: Ended,
        pauses_leftover_expiry: bool,
    ) -> Result<Step, ApplyError> {
        let id = ended.subscription.clone();
        if self.account.ended(&id).is_some() {
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        self.end_grants_of(&id, ended.ended_at)?;
        self.grant_due_months()?;
        self.reinstate_months(&id, ended.ended_at)?;
        // A lot with an expiry was replaced by a renewal, and stays as it is.
        let left = self.account.lots.iter().filter(|lot| lot.subscription() == Some(&id));
        let lots = left
            .filter(|lot| lot.expires_at.is_none())
            .map(|lot| Ok((lot.id, self.expiry_by(&ended, lot)?)))
            .collect::<Result<Vec<_>, ApplyError>>()?;
        let handed_over = Some(ended.clone()).filter(|_| pauses_leftover_expiry);
        self.change(Change::ExpiryStarted { ended, lots })?;
        if let Some(ended) = handed_over {
            self.hand_over_leftover(&ended)?;
        }
        Ok(Step::Write)
    }

    /// What is left of an ended subscription goes to the one that has taken its place, if there is one.
    pub(crate) fn hand_over_leftover(&mut self, ended: &Ended) -> Result<(), ApplyError> {
        let Some(successor) = self.successor_of(ended) else { return Ok(()) };
        self.stop_leftover_expiry(&successor)?;
        self.end_taken_lots(&successor)
    }

    /// When a lot of an ended subscription expires. A month that came before the end was known, and would not
    /// have come after it, ends with the subscription.
    fn expiry_by(&self, ended: &Ended, lot: &Lot) -> Result<Timestamp, ApplyError> {
        if self.account.is_further(lot) && lot.granted_at >= ended.ended_at {
            return Ok(ended.ended_at);
        }
        leftover_expiry(ended, lot.granted_at, lot.leftover_s)
    }

    /// The newest lot of a subscription that has not ended, or ended later, of the product of the ended one's
    /// lots.
    fn successor_of(&self, ended: &Ended) -> Option<Lot> {
        let is_of = |lot: &&Lot, id: &SubscriptionId| lot.subscription() == Some(id);
        let lots = &self.account.lots;
        let product = &lots.iter().find(|lot| is_of(lot, &ended.subscription))?.product;
        let runs = |lot: &&Lot| {
            let subscription = lot.subscription().filter(|id| *id != &ended.subscription);
            &lot.product == product
                && subscription.is_some_and(|id| {
                    self.account.ended(id).is_none_or(|other| other.ended_at > ended.ended_at)
                })
        };
        lots.iter().filter(runs).max_by_key(|lot| lot.id).cloned()
    }

    /// A subscription begins: the left-over lots of ended ones of its product lose their expiry, also
    /// those that are empty, because credits may come back to them. A lot whose time has run out, that a
    /// renewal has replaced or that is in the grace of a failed job keeps its expiry. So does one of a
    /// subscription that ended after this one: it came later, although it is reported earlier.
    pub(crate) fn stop_leftover_expiry(&mut self, begun: &Lot) -> Result<(), ApplyError> {
        let Some(subscription) = begun.subscription().cloned() else { return Ok(()) };
        let end = self.account.ended(&subscription).map(|ended| ended.ended_at);
        let came_before = |lot: &Lot| {
            let ended = lot.subscription().and_then(|id| self.account.ended(id));
            end.is_none_or(|end| ended.is_some_and(|ended| ended.ended_at <= end))
        };
        let stopped = self.account.lots.iter().filter(|lot| {
            lot.product == begun.product
                && came_before(lot)
                && lot.subscription() != Some(&subscription)
                && lot.expires_at.is_some_and(|expiry| self.now < expiry)
                && lot.expires_at == self.leftover_expiry_of(lot)
        });
        let lots: Vec<LotId> = stopped.map(|lot| lot.id).collect();
        if lots.is_empty() { Ok(()) } else { self.change(Change::ExpiryStopped { subscription, lots }) }
    }

    /// When a lot's time as a left-over of its ended subscription runs out.
    fn leftover_expiry_of(&self, lot: &Lot) -> Option<Timestamp> {
        let ended = self.account.ended(lot.subscription()?)?;
        leftover_expiry(ended, lot.granted_at, lot.leftover_s).ok()
    }

    /// If the subscription that takes lots over has ended already, the lots end with it: Stripe may report
    /// its end before its first payment.
    pub(crate) fn end_taken_lots(&mut self, begun: &Lot) -> Result<(), ApplyError> {
        let ended = begun.subscription().and_then(|subscription| self.account.ended(subscription)).cloned();
        let Some(ended) = ended else { return Ok(()) };
        let taken = self.account.lots.iter().filter(|lot| lot.subscription() == Some(&ended.subscription));
        let taken = taken.filter(|lot| lot.expires_at.is_none());
        let ends = taken.map(|lot| Ok((lot.id, leftover_expiry(&ended, lot.granted_at, lot.leftover_s)?)));
        let ends = ends.collect::<Result<Vec<_>, ApplyError>>()?;
        ends.into_iter().try_for_each(|(lot, until)| self.change(Change::Extended { lot, until }))
    }
}

/// Left-over credits stay usable for the time of the policy that their payment pinned (`pinned_s`), or
/// else of the one at the end, from the end, or from the charge where Stripe charged an ended subscription.
pub(crate) fn leftover_expiry(
    ended: &Ended,
    charged_at: Timestamp,
    pinned_s: Option<u64>,
) -> Result<Timestamp, ApplyError> {
    let start = ended.ended_at.max(charged_at);
    let leftover_s = pinned_s.unwrap_or(ended.leftover_s);
    Ok(start.plus_s(leftover_s).map_err(|_| crate::AmountError::Overflow)?)
}
