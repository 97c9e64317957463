//! How far a request has come, in parts that can be read one by one.

use ledger::{Actor, Credits, Timestamp};
use policy::{ApprovalLimits, Missing};

use crate::{Action, Claim, Clock, EdgeError, FirstApproval, Offer, Payout, RenewalDiscount, State};

/// A request's state and all that led to it, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub timeline: Timeline,
    /// What people did with it since, oldest first.
    pub actions: Vec<Action>,
    /// What a person asks the customer for, while the request waits for it.
    pub asked: Vec<Missing>,
    /// The offers of the decision.
    pub offers: Vec<Offer>,
    pub approvals: Approvals,
    pub fulfilment: Fulfilment,
    pub clocks: Clocks,
    /// Who is at work on it.
    pub claim: Option<Claim>,
    /// How often it was saved; the lock of concurrent writers.
    pub version: u64,
}

/// One step of a request's time-line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state it led to.
    pub state: State,
    pub at: Timestamp,
    pub actor: Actor,
}

/// Where a request stands, and the way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    pub state: State,
    pub submitted_at: Timestamp,
    /// Every step, oldest first.
    pub steps: Vec<Step>,
}

impl Timeline {
    /// A request that `actor` submits and the policy moves to `state` at once.
    pub(crate) fn begin(actor: Actor, state: State, now: Timestamp) -> Self {
        let steps = vec![
            Step { state: State::Submitted, at: now, actor },
            Step { state, at: now, actor: Actor::Policy },
        ];
        Self { state, submitted_at: now, steps }
    }

    pub(crate) fn transition_to(
        &mut self,
        state: State,
        at: Timestamp,
        actor: Actor,
    ) -> Result<(), EdgeError> {
        self.state = self.state.transition_to(state)?;
        self.steps.push(Step { state, at, actor });
        Ok(())
    }
}

/// Who has to approve, and who did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approvals {
    /// The limits above which two approvals are needed.
    pub limits: Option<ApprovalLimits>,
    /// The first of two approvals, while the second is awaited and for what was carried out with it.
    pub first: Option<FirstApproval>,
    /// Who approved; `None` if the policy decided.
    pub by: Option<String>,
}

impl Approvals {
    /// The request is before people again: nobody has approved what they will decide.
    pub(crate) fn withdraw(&mut self) {
        self.first = None;
        self.by = None;
    }
}

/// What the customer gets: money, a discount or credits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fulfilment {
    /// The payout, once there is an intent.
    pub payout: Option<Payout>,
    /// The discount on the next renewal, once there is an intent.
    pub discount: Option<RenewalDiscount>,
    /// The credits that were given back or granted.
    pub credits_given: Option<Credits>,
    /// The credits that were taken back for a refund that nobody asked us for, and the debt that it made.
    pub taken_back: Option<(Credits, Credits)>,
    /// When the sweep has to look at the payout or the discount.
    pub due_at: Option<Timestamp>,
}

/// The promises of the policy to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clocks {
    pub all: Vec<Clock>,
    /// When the sweep has to look at them: at once after a move, until time is kept.
    pub due_at: Option<Timestamp>,
}

impl Clocks {
    /// The sweep looks again at the next warning or deadline.
    pub(crate) fn schedule(&mut self) {
        self.due_at = self.all.iter().filter_map(Clock::next_mark).min();
    }
}
