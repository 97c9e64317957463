//! A refund that no call to its payment's provider can make: a person makes it in the provider's dashboard,
//! and what the provider then says of the payment settles it ([`crate::settle_total`]).

use ledger::{Actor, Money, Timestamp};
use policy::ServiceLevelStart;

use super::RefundRequest;
use crate::clock::{BY_HAND_CLOCK, BY_HAND_S, BY_HAND_WARN_S};
use crate::{Clock, EdgeError, Payout, State};

impl RefundRequest {
    /// What is open of the payout is left to a person. Whether that is to be saved.
    pub fn leave_to_person(&mut self, now: Timestamp) -> Result<bool, EdgeError> {
        let state = self.progress.timeline.state;
        let refused = EdgeError { from: state, to: State::Paying };
        let pays = matches!(state, State::Approved | State::Paying);
        let payout = self.progress.fulfilment.payout.as_mut().filter(|_| pays).ok_or(refused)?;
        let was_by_hand = std::mem::replace(&mut payout.by_hand, true);
        if state == State::Approved {
            self.transition_to(State::Paying, now, Actor::Policy)?;
        } else if was_by_hand {
            return Ok(false);
        }
        self.progress.clocks.due_at = Some(now);
        self.await_payout(now);
        Ok(true)
    }

    /// The refund that waits for a person: the payout, and the amount that is to be refunded next.
    pub fn refund_by_hand(&self) -> Option<(&Payout, Money)> {
        let payout = self.progress.fulfilment.payout.as_ref()?;
        let part = payout.part_by_hand().filter(|_| self.progress.timeline.state == State::Paying)?;
        payout.part(part).map(|part| (payout, part.amount))
    }

    /// The clocks of refunds that wait, or waited, for a person: one for each time. Each ends with the step
    /// that follows, once all of the refund is confirmed or the request goes on without it.
    pub(super) fn by_hand_clocks(&self) -> Vec<Clock> {
        let kept = self.clocks().iter().filter(|clock| clock.starts == ServiceLevelStart::RefundByHand);
        let mut clocks: Vec<Clock> = kept.cloned().collect();
        let steps = self.steps();
        for clock in &mut clocks {
            let begun = steps
                .iter()
                .position(|step| step.state == State::Paying && step.at == clock.started_at)
                .map_or(steps.len(), |place| place.saturating_add(1));
            clock.ended_at = clock.ended_at.or_else(|| steps.get(begun).map(|step| step.at));
        }
        let by_hand = self.payout().is_some_and(|payout| payout.by_hand && payout.open_part(0).is_some());
        let paying = steps.last().filter(|step| by_hand && step.state == State::Paying);
        let waits_since = paying.map(|step| step.at);
        let is_known = |since: Timestamp| clocks.iter().any(|clock| clock.started_at == since);
        if let Some(since) = waits_since.filter(|since| !is_known(*since))
            && let Ok(due_at) = since.plus_s(BY_HAND_S)
        {
            clocks.push(Clock {
                id: BY_HAND_CLOCK.to_owned(),
                clause: None,
                firm: true,
                starts: ServiceLevelStart::RefundByHand,
                started_at: since,
                warn_at: since.plus_s(BY_HAND_WARN_S).ok(),
                due_at,
                paused_at: None,
                paused_ms: 0,
                ended_at: None,
                warned_at: None,
                breached_at: None,
            });
        }
        clocks
    }
}
