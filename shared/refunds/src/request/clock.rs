//! The clocks of a request: computed from its time-line, marked once each.

use ledger::Timestamp;
use policy::{Document, Fact, ServiceLevel, ServiceLevelStart, Value};

use super::RefundRequest;
use crate::clock::{Effect, effect};
use crate::{ActionKind, Clock, ClockState, Mark, State};

impl RefundRequest {
    /// Brings the clocks up to date with the time-line. Without a document there are none.
    pub fn keep_time(&mut self, document: Option<&Document>) {
        let promises = document.into_iter().flat_map(|document| {
            let applying = document.service_levels.iter().filter(|promise| self.is_promised(promise));
            applying.flat_map(|promise| self.rounds(promise, document)).collect::<Vec<_>>()
        });
        let clocks = promises.map(|mut clock| {
            let before = self
                .progress
                .clocks
                .all
                .iter()
                .find(|old| old.id == clock.id && old.started_at == clock.started_at);
            if let Some(before) = before {
                (clock.warned_at, clock.breached_at) = (before.warned_at, before.breached_at);
            }
            clock
        });
        let clocks: Vec<Clock> = clocks.chain(self.evidence_clocks()).chain(self.by_hand_clocks()).collect();
        self.progress.clocks.all = clocks;
        self.progress.clocks.schedule();
    }

    /// Marks the clocks that warn or have run out at `now`, once each, and returns the marks.
    pub fn mark_time(&mut self, now: Timestamp) -> Vec<Mark> {
        let mut marks = Vec::new();
        for clock in &mut self.progress.clocks.all {
            if clock.next_mark().is_none_or(|due_at| due_at > now) {
                continue;
            }
            let breached = match clock.state(now) {
                ClockState::Breached => true,
                ClockState::Running
                    if clock.warned_at.is_none() && clock.warn_at.is_some_and(|at| at <= now) =>
                {
                    false
                }
                ClockState::Running | ClockState::Paused | ClockState::Met => continue,
            };
            let mark = if breached { &mut clock.breached_at } else { &mut clock.warned_at };
            *mark = Some(now);
            marks.push(Mark { clock: clock.id.clone(), firm: clock.firm, breached });
        }
        self.progress.clocks.schedule();
        marks
    }

    /// When the sweep has to look at it: for its payout or for its clocks.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.progress.fulfilment.due_at.into_iter().chain(self.progress.clocks.due_at).min()
    }

    /// The clocks have to be looked at once it goes to `state` at `at`, unless that means nothing to them.
    /// What was to be looked at before stays so.
    pub(crate) fn untimed(&mut self, state: State, at: Timestamp) {
        let begins = match state {
            State::InReview | State::NeedsInformation => true,
            State::Refunded => self.progress.fulfilment.payout.is_some(),
            State::Submitted
            | State::Approved
            | State::Paying
            | State::Failed
            | State::Refused
            | State::Withdrawn
            | State::Settled => false,
        };
        let touches = |clock: &Clock| {
            let of_evidence = clock.starts == ServiceLevelStart::DisputeOpened;
            clock.is_open() && (of_evidence || effect(clock.starts, state) != Effect::Nothing)
        };
        if begins || self.progress.clocks.all.iter().any(touches) {
            self.progress.clocks.due_at =
                Some(self.progress.clocks.due_at.map_or(at, |due_at| due_at.min(at)));
        }
    }

    /// Whether a promise is one to this request. A promise about some products counts where it is not known
    /// that the request is about another one.
    fn is_promised(&self, promise: &ServiceLevel) -> bool {
        // Nobody waits for an answer to what Stripe reported. Money that follows from it arrives as any.
        if self.case.occasion.is_some() && promise.starts != ServiceLevelStart::RefundSucceeded {
            return false;
        }
        let for_reason = promise.reasons.is_empty() || promise.reasons.contains(&self.case.reason);
        let for_product = promise.products.is_empty()
            || self.product().is_none_or(|product| promise.products.iter().any(|each| each == product));
        for_reason && for_product
    }

    /// The product that it is about, where that is recorded.
    pub fn product(&self) -> Option<&str> {
        match self.case.facts.get(Fact::Product) {
            Some(Value::Text(product)) => Some(product),
            _ => None,
        }
    }

    /// The rounds of one promise, oldest first.
    fn rounds(&self, promise: &ServiceLevel, document: &Document) -> Vec<Clock> {
        let mut rounds: Vec<Clock> = Vec::new();
        if promise.starts == ServiceLevelStart::PaymentCharged {
            let mut clock =
                self.instant(Fact::PaymentChargedAt).and_then(|at| Clock::start(promise, document, at));
            if let (Some(clock), Some(landed_at)) = (&mut clock, self.instant(Fact::CreditsLandedAt)) {
                clock.end(landed_at);
            }
            rounds.extend(clock);
        }
        let mut before = None;
        for step in &self.progress.timeline.steps {
            let (first, decided_at_once) = (rounds.is_empty(), before == Some(State::Submitted));
            let open = rounds.last_mut().filter(|clock| clock.is_open());
            match (effect(promise.starts, step.state), open) {
                (Effect::Runs, Some(clock)) => clock.go_on(promise, document, step.at),
                (Effect::Runs, None) if before != Some(step.state) && self.begins(promise.starts, first) => {
                    rounds.extend(Clock::start(promise, document, step.at));
                }
                (Effect::StandsStill, Some(clock)) if promise.pauses => clock.pause(step.at),
                (Effect::Ends, Some(clock)) => clock.end(step.at),
                // Complete and resolved in the instant of its submission.
                (Effect::Ends, None)
                    if decided_at_once && promise.starts == ServiceLevelStart::RequestComplete =>
                {
                    let clock = Clock::start(promise, document, step.at);
                    rounds.extend(clock.map(|mut clock| {
                        clock.end(step.at);
                        clock
                    }));
                }
                (Effect::Runs | Effect::StandsStill | Effect::Ends | Effect::Nothing, _) => {}
            }
            before = Some(step.state);
        }
        if promise.starts == ServiceLevelStart::RefundSucceeded {
            self.end_with_arrivals(&mut rounds);
        }
        rounds
    }

    /// The money of a round is there once a person has noted it, unless its refund had failed before.
    fn end_with_arrivals(&self, rounds: &mut [Clock]) {
        for arrived in self.progress.actions.iter().filter(|action| action.kind == ActionKind::Arrived) {
            let at = arrived.source.at;
            if let Some(round) = rounds.iter_mut().rev().find(|round| round.started_at <= at) {
                round.ended_at = Some(round.ended_at.map_or(at, |ended_at| ended_at.min(at)));
            }
        }
    }

    /// Whether another round begins: a first answer is given once, and money arrives where there was some.
    fn begins(&self, starts: ServiceLevelStart, first: bool) -> bool {
        match starts {
            ServiceLevelStart::RequestSubmitted => first,
            ServiceLevelStart::RefundSucceeded => self.progress.fulfilment.payout.is_some(),
            ServiceLevelStart::RequestComplete => true,
            ServiceLevelStart::PaymentCharged
            | ServiceLevelStart::GenerationFailed
            | ServiceLevelStart::DisputeOpened
            | ServiceLevelStart::RefundByHand => false,
        }
    }

    /// Whether its refund has been on its way for longer than it takes, as far as that was noted.
    pub(crate) fn is_overdue(&self) -> bool {
        let overdue =
            |clock: &Clock| clock.starts == ServiceLevelStart::RefundSucceeded && clock.breached_at.is_some();
        self.progress.clocks.all.iter().any(|clock| clock.is_open() && overdue(clock))
    }

    pub(super) fn instant(&self, fact: Fact) -> Option<Timestamp> {
        match self.case.facts.get(fact) {
            Some(Value::Integer(milliseconds)) => Timestamp::from_ms(*milliseconds).ok(),
            _ => None,
        }
    }
}
