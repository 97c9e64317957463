//! How support's queue stands: counts of the requests that wait for people.

use ledger::Timestamp;

use crate::{ClockState, Priority, State, Waiting};

/// Counts of requests that wait for people, as they stand at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSummary<'w> {
    /// All requests that were counted.
    pub waiting: usize,
    /// Requests by state, in the order of [`State::ALL`]; a state that no request is in is left out.
    pub by_state: Vec<(State, usize)>,
    pub raised: usize,
    pub normal: usize,
    /// Requests whose clock with the earliest deadline warns.
    pub warned: usize,
    /// Requests whose clock with the earliest deadline has run out.
    pub breached: usize,
    /// Requests that somebody is at work on.
    pub claimed: usize,
    /// The request that was submitted first.
    pub oldest: Option<&'w Waiting>,
}

impl<'w> QueueSummary<'w> {
    /// The counts of `waiting` at `now`.
    pub fn of(waiting: &'w [Waiting], now: Timestamp) -> Self {
        let count = |fits: &dyn Fn(&Waiting) -> bool| waiting.iter().filter(|each| fits(each)).count();
        let of_clock = |fits: &dyn Fn(&crate::Urgent) -> bool| {
            count(&|each: &Waiting| each.clock.as_ref().is_some_and(fits))
        };
        Self {
            waiting: waiting.len(),
            by_state: State::ALL
                .iter()
                .map(|state| (*state, count(&|each| each.state == *state)))
                .filter(|(_, requests)| *requests > 0)
                .collect(),
            raised: count(&|each| each.priority == Priority::Raised),
            normal: count(&|each| each.priority == Priority::Normal),
            warned: of_clock(&|clock| clock.warns(now)),
            breached: of_clock(&|clock| clock.state(now) == ClockState::Breached),
            claimed: count(&|each| each.claim_at(now).is_some()),
            oldest: waiting.iter().min_by_key(|each| each.submitted_at),
        }
    }
}
