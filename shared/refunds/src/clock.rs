//! A request's clocks: every promise of its policy that applies to it, as an object with a deadline.
//!
//! Clocks are computed from the request's time-line and its document alone, so code that moves a request
//! need not update them. [`crate::RefundRequest::keep_time`] brings them up to date. A request that was moved
//! without it is due at once, so that the sweep calls it. Only the marks (warned, breached) are carried over.
//! What starts, stops and ends a clock depends on what the promise is about:
//!
//! | starts | begins | stands still | ends |
//! |---|---|---|---|
//! | `request_submitted` | with the submission | never | with the first answer that says something: a question, an approval, a refusal, or what follows from them; being put before a person is none |
//! | `request_complete` | when nothing is missing, and again when a closed request is reopened | while information is asked for, where the promise says `pauses` | when the request is approved, refused or withdrawn |
//! | `refund_succeeded` | when Stripe confirmed the refund | never | when a person notes that the money is there ([`crate::RefundRequest::confirm_refund_arrival`]), or when that refund fails after all |
//! | `payment_charged` | with the charge | never | when the credits land, or as `request_complete` |
//! | `generation_failed` | no request is needed: the hold's own deadline is this clock | | |
//! | `refund_by_hand` | when a refund is left to a person, who makes it in the provider's dashboard: no promise of a document | never | when the refund is seen, or the request goes on without it |
//! | `dispute_opened` | with the report that says until when Stripe takes evidence: no promise of a document | never | with the report that the evidence is there, or with the case |
//!
//! A deadline is inside: a clock is met at its last instant and breached after it. A breach is final: a
//! pause that begins after the deadline moves nothing. While a clock stands still, the time that was left is
//! kept and runs on from the instant at which it goes on, in the working time of the document's calendar. A
//! reopened request has another round of the same promise beside the first.
//!
//! Bounds: a document's promises times the request's openings, each a few hundred bytes.

use ledger::Timestamp;
use policy::{Document, ServiceLevel, ServiceLevelStart};

use crate::State;

/// The name of the clock until when Stripe takes evidence about a dispute.
pub const EVIDENCE_CLOCK: &str = "evidence";
/// How long before that people are warned, in seconds: three days hold a working day over every weekend, in
/// which a person assembles the evidence and reads it.
pub(crate) const EVIDENCE_WARN_S: u64 = 3 * 86_400;

/// The name of the clock of a refund that a person makes in a provider's dashboard.
pub const BY_HAND_CLOCK: &str = "refund_by_hand";
/// How long that may take, in seconds: three days, in which every weekend has a working day.
pub(crate) const BY_HAND_S: u64 = 3 * 86_400;
/// When people are warned of it, in seconds: after a day, because the customer counts from the approval.
pub(crate) const BY_HAND_WARN_S: u64 = 86_400;

/// One promise of the policy, running for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The promise: the clock's name within the document.
    pub id: String,
    /// The clause that promises it; `None` of a deadline of Stripe's.
    pub clause: Option<String>,
    /// Whether the text promises it, or only says what is usual.
    pub firm: bool,
    /// What the promise is about.
    pub starts: ServiceLevelStart,
    /// When it began.
    pub started_at: Timestamp,
    /// When people are to be warned, for promises that warn.
    pub warn_at: Option<Timestamp>,
    /// Its deadline, the last instant inside. For a paused clock: as it was at the pause.
    pub due_at: Timestamp,
    /// When it was paused.
    pub paused_at: Option<Timestamp>,
    /// For how long it was paused before, in milliseconds.
    pub paused_ms: i64,
    /// When what was promised happened, in time or late.
    pub ended_at: Option<Timestamp>,
    /// When people were warned: the mark of [`crate::RefundRequest::mark_time`].
    pub warned_at: Option<Timestamp>,
    /// When its breach was noted: the mark of [`crate::RefundRequest::mark_time`].
    pub breached_at: Option<Timestamp>,
}

/// Where a clock stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockState {
    /// Its deadline is to come.
    Running,
    /// It stands still while the customer is asked.
    Paused,
    /// The promise was kept.
    Met,
    /// Its deadline passed before what was promised happened.
    Breached,
}

impl ClockState {
    /// The name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Breached => "breached",
        }
    }
}

/// A clock that was found to warn or to have run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The promise.
    pub clock: String,
    /// Whether the text promises it, or only says what is usual.
    pub firm: bool,
    /// Whether it has run out, or only warns.
    pub breached: bool,
}

/// What a state means for a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Runs,
    StandsStill,
    Ends,
    Nothing,
}

/// The table of the module's header.
pub(crate) fn effect(starts: ServiceLevelStart, state: State) -> Effect {
    use State::{
        Approved, Failed, InReview, NeedsInformation, Paying, Refunded, Refused, Settled, Submitted,
        Withdrawn,
    };
    match (starts, state) {
        (ServiceLevelStart::RequestSubmitted, Submitted | InReview)
        | (ServiceLevelStart::RequestComplete, InReview)
        | (ServiceLevelStart::RefundSucceeded, Refunded) => Effect::Runs,
        (ServiceLevelStart::RequestComplete, NeedsInformation) => Effect::StandsStill,
        (ServiceLevelStart::RequestSubmitted, NeedsInformation)
        | (
            ServiceLevelStart::RequestSubmitted
            | ServiceLevelStart::RequestComplete
            | ServiceLevelStart::PaymentCharged,
            Approved | Paying | Refunded | Failed | Refused | Withdrawn | Settled,
        )
        | (ServiceLevelStart::RefundSucceeded, Failed) => Effect::Ends,
        (ServiceLevelStart::RequestComplete | ServiceLevelStart::PaymentCharged, Submitted)
        | (ServiceLevelStart::PaymentCharged, NeedsInformation | InReview)
        | (
            ServiceLevelStart::RefundSucceeded,
            Submitted | NeedsInformation | InReview | Approved | Paying | Refused | Withdrawn | Settled,
        )
        | (
            ServiceLevelStart::GenerationFailed
            | ServiceLevelStart::DisputeOpened
            | ServiceLevelStart::RefundByHand,
            _,
        ) => Effect::Nothing,
    }
}

impl Clock {
    /// `promise`, from `started_at` on; `None` where its calendar does not reach so far.
    pub(crate) fn start(promise: &ServiceLevel, document: &Document, started_at: Timestamp) -> Option<Self> {
        let at = |milliseconds: Option<i64>| Timestamp::from_ms(milliseconds?).ok();
        Some(Self {
            id: promise.id.clone(),
            clause: Some(promise.clause.clone()),
            firm: promise.firm,
            starts: promise.starts,
            started_at,
            warn_at: at(document.warning(promise, started_at.as_ms())),
            due_at: at(document.deadline(promise, started_at.as_ms()))?,
            paused_at: None,
            paused_ms: 0,
            ended_at: None,
            warned_at: None,
            breached_at: None,
        })
    }

    /// Where it stands at `now`.
    pub fn state(&self, now: Timestamp) -> ClockState {
        match (self.ended_at, self.paused_at) {
            (Some(ended_at), _) if ended_at <= self.due_at => ClockState::Met,
            (Some(_), _) => ClockState::Breached,
            (None, Some(_)) => ClockState::Paused,
            (None, None) if now > self.due_at => ClockState::Breached,
            (None, None) => ClockState::Running,
        }
    }

    /// Where it stands as far as it was noted: one whose deadline has passed is breached once the sweep has
    /// marked it.
    pub fn noted(&self) -> ClockState {
        match self.breached_at {
            Some(_) => ClockState::Breached,
            None => self.state(self.started_at),
        }
    }

    /// Whether what it promises is still to come.
    pub fn is_open(&self) -> bool {
        self.ended_at.is_none()
    }

    /// The next instant at which a mark is due: at the deadline of one that ended late, too.
    pub(crate) fn next_mark(&self) -> Option<Timestamp> {
        if self.breached_at.is_some() {
            return None;
        }
        match (self.ended_at, self.paused_at) {
            (Some(ended_at), _) => (ended_at > self.due_at).then_some(self.due_at),
            (None, Some(_)) => None,
            (None, None) => {
                let warning = self.warn_at.filter(|_| self.warned_at.is_none());
                Some(warning.map_or(self.due_at, |warning| warning.min(self.due_at)))
            }
        }
    }

    pub(crate) fn pause(&mut self, at: Timestamp) {
        if self.is_open() && self.paused_at.is_none() && at <= self.due_at {
            self.paused_at = Some(at);
        }
    }

    /// Goes on with the time that was left. A calendar that does not reach so far leaves the deadline.
    pub(crate) fn go_on(&mut self, promise: &ServiceLevel, document: &Document, at: Timestamp) {
        let Some(paused_at) = self.paused_at.take() else { return };
        let moved = |term: &str, instant: Timestamp| {
            let left_ms = document.time_between(term, paused_at.as_ms(), instant.as_ms())?;
            let moved = document.time_after(term, at.as_ms(), left_ms)?;
            Timestamp::from_ms(moved).ok().map(|moved| moved.max(instant))
        };
        self.paused_ms = self.paused_ms.saturating_add(at.as_ms().saturating_sub(paused_at.as_ms()));
        if let (Some(warn_at), Some(term)) = (self.warn_at, &promise.warn)
            && warn_at > paused_at
        {
            self.warn_at = moved(term, warn_at).or(self.warn_at);
        }
        self.due_at = moved(&promise.limit, self.due_at).unwrap_or(self.due_at);
    }

    pub(crate) fn end(&mut self, at: Timestamp) {
        self.paused_at = None;
        self.ended_at = self.ended_at.or(Some(at));
    }
}
