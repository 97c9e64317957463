//! One refund request: what was asked, what was decided and why, and every step since.

mod by_hand;
mod clock;
mod customer;
mod discount;
mod occasion;
mod offer;
mod payout;
mod queue;
mod review;

use ledger::{
    AccountId, Actor, Credits, Currency, GenerationId, LotId, Money, Payment, PaymentId, RefundRequestId,
    Timestamp,
};
use policy::{ApprovalLimits, Document, Missing, Outcome, Reason, Remedy};

use crate::offer::refreshed;
use crate::progress::{Approvals, Clocks, Fulfilment, Progress, Step, Timeline};
use crate::{
    Action, ActionKind, Case, Claim, Clock, EdgeError, FirstApproval, Offer, Payout, RenewalDiscount, State,
};

/// A refund request. Its progress moves by its methods alone, so that a state is reached by an edge of the
/// table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    pub id: RefundRequestId,
    pub account: AccountId,
    /// What is asked, and what the policy says to it.
    pub case: Case,
    progress: Progress,
}

impl RefundRequest {
    /// A request out of its stored parts.
    pub fn restore((id, account): (RefundRequestId, AccountId), case: Case, progress: Progress) -> Self {
        Self { id, account, case, progress }
    }

    /// The same with another progress: for tests that need a state without its story, and for a look back.
    #[must_use]
    pub fn restored_with(&self, change: impl FnOnce(&mut Progress)) -> Self {
        let mut restored = self.clone();
        change(&mut restored.progress);
        restored
    }

    /// How far it has come, as it is stored.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Where it stands.
    pub fn state(&self) -> State {
        self.progress.timeline.state
    }

    pub fn submitted_at(&self) -> Timestamp {
        self.progress.timeline.submitted_at
    }

    /// Every step, oldest first.
    pub fn steps(&self) -> &[Step] {
        &self.progress.timeline.steps
    }

    /// What people did with it since, oldest first.
    pub fn actions(&self) -> &[Action] {
        &self.progress.actions
    }

    /// What a person asks the customer for, while the request waits for it.
    pub fn asked(&self) -> &[Missing] {
        &self.progress.asked
    }

    /// The offers of the decision.
    pub fn offers(&self) -> &[Offer] {
        &self.progress.offers
    }

    /// The limits above which two approvals are needed.
    pub fn limits(&self) -> Option<&ApprovalLimits> {
        self.progress.approvals.limits.as_ref()
    }

    /// The first of two approvals.
    pub fn first_approval(&self) -> Option<&FirstApproval> {
        self.progress.approvals.first.as_ref()
    }

    /// Who approved; `None` if the policy decided.
    pub fn approved_by(&self) -> Option<&str> {
        self.progress.approvals.by.as_deref()
    }

    /// The payout, once there is an intent.
    pub fn payout(&self) -> Option<&Payout> {
        self.progress.fulfilment.payout.as_ref()
    }

    /// The discount on the next renewal, once there is an intent.
    pub fn discount(&self) -> Option<&RenewalDiscount> {
        self.progress.fulfilment.discount.as_ref()
    }

    /// The credits that were given back or granted.
    pub fn credits_given(&self) -> Option<Credits> {
        self.progress.fulfilment.credits_given
    }

    /// The credits that a person took back for a refund that nobody asked us for, and the debt that it made;
    /// `None` once they are put back.
    pub fn taken_back(&self) -> Option<(Credits, Credits)> {
        self.progress.fulfilment.taken_back
    }

    /// When the sweep has to look at its payout.
    pub fn due_at(&self) -> Option<Timestamp> {
        self.progress.fulfilment.due_at
    }

    /// The promises of the policy to it.
    pub fn clocks(&self) -> &[Clock] {
        &self.progress.clocks.all
    }

    /// When the sweep has to look at its clocks.
    pub fn clocks_due_at(&self) -> Option<Timestamp> {
        self.progress.clocks.due_at
    }

    /// Who is at work on it.
    pub fn claim(&self) -> Option<&Claim> {
        self.progress.claim.as_ref()
    }

    /// How often it was saved.
    pub fn version(&self) -> u64 {
        self.progress.version
    }

    /// It is to be saved once more.
    pub fn count_save(&mut self) {
        self.progress.version = self.progress.version.saturating_add(1);
    }

    /// The same, to be saved once more.
    #[must_use]
    pub(crate) fn with_next_version(mut self) -> Self {
        self.count_save();
        self
    }

    /// Opens a request where its decision, made by `document`, leads to. An approved one has no payout until
    /// [`RefundRequest::record_payout_intent`].
    pub fn open(
        (id, account): (RefundRequestId, AccountId),
        actor: Actor,
        mut case: Case,
        document: &Document,
        now: Timestamp,
    ) -> Self {
        let limits = document.approval.clone();
        case.within(limits.as_ref(), document);
        let state = State::of(&case.decision.outcome);
        let progress = Progress {
            timeline: Timeline::begin(actor, state, now),
            actions: Vec::new(),
            asked: Vec::new(),
            offers: refreshed(&[], &case.decision),
            approvals: Approvals { limits, first: None, by: None },
            fulfilment: Fulfilment::default(),
            clocks: Clocks { all: Vec::new(), due_at: Some(now) },
            claim: None,
            version: 1,
        };
        Self { id, account, case, progress }
    }

    /// What its case is called: the account, the payment or else the generation, the reason, and Stripe's id
    /// of what opened it. Nothing for a request about neither.
    pub fn case_name(&self) -> Option<String> {
        let case = &self.case;
        let payment = case.payment.as_ref().map(PaymentId::as_str);
        let about = payment.or_else(|| case.generation.as_ref().map(GenerationId::as_str))?;
        let occasion =
            case.occasion.as_ref().map(|occasion| format!("#{}", occasion.id())).unwrap_or_default();
        Some(format!("{}#{}#{about}{occasion}", self.account, case.reason.as_str()))
    }

    /// Whether the customer, or a person in the customer's name, turned to us in it before `instant`: a
    /// request that opened itself says nothing of them.
    pub fn customer_spoke_before(&self, instant: Timestamp) -> bool {
        let speaks = |actor: &Actor| matches!(actor, Actor::Customer | Actor::Support(_));
        let filed =
            self.progress.timeline.steps.first().is_some_and(|step| step.at < instant && speaks(&step.actor));
        let acted = |action: &Action| action.source.at < instant && action.source.by == Actor::Customer;
        filed || self.progress.actions.iter().any(acted)
    }

    /// Whether its last act, a reopening or an offer that was accepted, brought it back from a refusal or a
    /// payout that failed, and Stripe has not been asked since.
    pub(crate) fn was_reopened(&self) -> bool {
        let kind = self.progress.actions.last().map(|action| &action.kind);
        let mut since = self.progress.timeline.steps.iter().rev().map(|step| step.state);
        matches!(kind, Some(ActionKind::Reopened { .. } | ActionKind::Accepted { .. }))
            && since
                .find(|state| !matches!(state, State::InReview | State::Approved | State::Refunded))
                .is_some_and(|before| matches!(before, State::Refused | State::Failed))
            && !matches!(self.progress.timeline.state, State::Refused | State::Failed)
    }

    /// Whether another request for the same has to wait for this one: it is open, all of `payment` is
    /// refunded, it brought a discount, or credits were given. Those that were missing are given once; others
    /// keep the case for as long as they count, so that one trouble is not made up for twice. What was
    /// refused, withdrawn or has failed leaves its case to the next.
    pub fn keeps_case(&self, payment: Option<&Payment>, now: Timestamp) -> bool {
        match self.progress.timeline.state {
            State::Refused | State::Withdrawn | State::Failed | State::Settled => false,
            State::Refunded => {
                let all = payment.is_none_or(|payment| payment.refundable().is_ok_and(Money::is_zero));
                let counts = || {
                    let within_s = self.counts_within_s().and_then(|within_s| i64::try_from(within_s).ok());
                    let last = self.progress.timeline.steps.last();
                    last.zip(within_s).is_none_or(|(step, within_s)| now.seconds_since(step.at) < within_s)
                };
                all || self.progress.fulfilment.discount.is_some()
                    || self.progress.fulfilment.credits_given.is_some()
                        && (self.case.reason == Reason::CreditsMissing || counts())
            }
            State::Submitted
            | State::NeedsInformation
            | State::InReview
            | State::Approved
            | State::Paying => true,
        }
    }

    /// The credits of `payment`, which it waits for, have landed by another way, and none of its money has
    /// moved: it is settled. Whether it was open until then.
    pub fn landed(&mut self, payment: &Payment, now: Timestamp) -> bool {
        let case = &self.case;
        let waits = case.reason == Reason::CreditsMissing && case.payment.as_ref() == Some(&payment.id);
        let there = payment.lot != LotId::NONE && payment.refunded_minor == 0 && !payment.bars_refunds();
        if !waits || !there || self.transition_to(State::Settled, now, Actor::Policy).is_err() {
            return false;
        }
        self.progress.asked.clear();
        self.progress.approvals.first = None;
        self.progress.version = self.progress.version.saturating_add(1);
        true
    }

    /// Notes what was taken back, or that it was put back.
    pub(crate) fn take(&mut self, taken: Option<(Credits, Credits)>) {
        self.progress.fulfilment.taken_back = taken;
    }

    /// The money that the decision grants, if it grants money.
    pub fn granted_money(&self) -> Option<Money> {
        match &self.case.decision.outcome {
            Outcome::Grant { remedy: Remedy::Money { amount_minor, currency } } => {
                Some(Money::new(*amount_minor, Currency::new(currency).ok()?))
            }
            _ => None,
        }
    }

    /// Goes to `state`. Nobody is at work on it any more, and its clocks are to be looked at.
    pub fn transition_to(&mut self, state: State, at: Timestamp, actor: Actor) -> Result<(), EdgeError> {
        self.progress.timeline.transition_to(state, at, actor)?;
        self.progress.claim = None;
        self.untimed(state, at);
        Ok(())
    }
}
