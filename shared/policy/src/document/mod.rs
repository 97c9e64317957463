//! One version of a written policy: clauses, terms, rules and what follows from them, as data.
//!
//! Documents are made by `authoring` alone, which checks every reference between their parts. The
//! serde derives are the embedded form, in which a checked document travels inside a binary.

mod calendar;
mod clause;
mod contact;
mod credit_rules;
mod law_pack;
mod offer;
mod operation;
mod rule;
mod service_levels;
mod staffing;
mod term;

use serde::{Deserialize, Serialize};

pub use calendar::Calendar;
pub use clause::{Cancellation, Clause, ClauseKind, PlanChangeClauses};
pub use contact::{Door, Intake};
pub use credit_rules::{
    DisputeMeasure, Leftover, OnDispute, OnFraudWarning, OnLostDispute, OnOutsideRefund, OnRefund, OnRenewal,
    OnResubscribe, OnUpgrade, Revocation,
};
pub use law_pack::LawPack;
pub use offer::{OfferKind, OfferRule};
pub use operation::{
    AnswerMatch, AnswerShape, EmptySuccess, FailureEffect, FailureKind, FailureRule, FailureRules,
    KnownResult, LateSuccess, LateSuccessRule, Operation,
};
pub use rule::{DeclaredConflict, DeclaredGap, Effect, Mode, RemedyRule, Rule};
pub use service_levels::{ServiceLevel, ServiceLevelStart};
pub use staffing::{ApprovalLimits, ReviewRule, ReviewScope, StatedProvider};
pub use term::{Term, TermUnit, TermValue};

use crate::facts::Fact;
use crate::reason::Reason;
use term::milliseconds;

/// One version of a written policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// The policy, such as `music-studio`.
    pub id: String,
    /// The version: the day from which the business applies it, `2026-05-02`.
    pub version: String,
    /// What customers call it.
    pub title: String,
    /// Where the text was published.
    pub source: String,
    /// When it was announced, in milliseconds since 1970.
    pub announced_at_ms: i64,
    /// From when on purchases fall under it: the first millisecond of its day, UTC.
    pub in_force_from_ms: i64,
    /// Whether it changes what customers get, so that it had to be announced in advance.
    pub material: bool,
    /// Why it is material, or why it is not.
    pub material_reason: String,
    /// How long before it is in force a material version is announced, in seconds; `None` if the policy
    /// promises no notice.
    pub notice_s: Option<u64>,
    /// The products that it covers.
    pub products: Vec<String>,
    /// The clause that says which version applies to a purchase.
    pub version_clause: String,
    /// What a person reads, in the order of the file.
    pub clauses: Vec<Clause>,
    /// The named numbers and lists.
    pub terms: Vec<Term>,
    /// What follows from the clauses, in the order of the file.
    pub rules: Vec<Rule>,
    /// The operations whose failures the policy covers: a closed list.
    pub operations: Vec<Operation>,
    /// What each kind of failure leads to where an operation says nothing of its own.
    pub failures: FailureRules,
    /// Answers that claim success and hold nothing.
    pub empty_success: Vec<EmptySuccess>,
    /// Answers that hold a result.
    pub results: Vec<KnownResult>,
    /// What a result costs that comes after its hold was released.
    pub late_success: LateSuccessRule,
    /// How long an operation's hold may stay open, in seconds, where it says nothing of its own.
    pub hold_deadline_s: u64,
    /// What can be offered beside or in place of a refund.
    pub offers: Vec<OfferRule>,
    /// Promises with a deadline.
    #[serde(rename = "clocks")]
    pub service_levels: Vec<ServiceLevel>,
    /// When left-over subscription credits expire; `None` if they never do.
    pub leftover: Option<Leftover>,
    /// The clauses about cancelling a subscription.
    pub cancellations: Vec<Cancellation>,
    /// The clauses about changing the plan of a subscription.
    pub plan_change: PlanChangeClauses,
    /// What a refund of a payment does to its credits and its subscription.
    pub on_refund: OnRefund,
    /// What a renewal's grant does to what is left of the grant before it.
    pub on_renewal: OnRenewal,
    /// What a change of plan within a period brings, where it is paid for.
    pub on_upgrade: OnUpgrade,
    /// What a dispute does to the credits of its payment.
    pub on_dispute: OnDispute,
    /// What a refund that no request made does to the credits of its payment.
    pub on_outside_refund: OnOutsideRefund,
    /// The clauses about what a refund does.
    pub on_refund_clauses: Vec<String>,
    /// The way to a person that every refusal shows.
    pub door: Door,
    /// Where requests come in.
    pub intake: Option<Intake>,
    /// Who pays refunds out.
    pub provider: Option<StatedProvider>,
    /// What people review although a rule would let the machine decide.
    pub review: Vec<ReviewRule>,
    /// Above what a second person approves.
    pub approval: Option<ApprovalLimits>,
    /// When people work; every document with a service level in business time has one.
    pub calendar: Option<Calendar>,
    /// Rules that may be met together and disagree, because the text does. The parser's checks read them and
    /// no decision does, so the encoded form leaves them out.
    #[serde(skip)]
    pub conflicts: Vec<DeclaredConflict>,
    /// Within how many seconds of the same purchase another one counts as its duplicate, both instants
    /// inside; `None` where the policy does not speak of duplicates.
    pub duplicates_within_s: Option<u64>,
    /// The products whose services report every download of a result: of these, no report means no download.
    pub downloads_reported: Vec<String>,
    /// What no rule covers although rules exist for its reason. The encoded form leaves them out, too.
    #[serde(skip)]
    pub gaps: Vec<DeclaredGap>,
    /// The laws that stand beside the policy.
    pub law: Vec<LawPack>,
}

impl Document {
    /// Whether a rule is about this reason by name: the reasons for which the records may open a case.
    pub fn covers(&self, reason: Reason) -> bool {
        self.rules.iter().any(|rule| rule.reasons.contains(&reason))
    }

    /// Whether a rule of the policy rests on this fact.
    pub fn asks(&self, fact: Fact) -> bool {
        self.rules.iter().any(|rule| rule.condition.facts().contains(&fact))
    }

    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.id == id)
    }

    pub fn term(&self, id: &str) -> Option<&Term> {
        self.terms.iter().find(|term| term.id == id)
    }

    /// The first instant at which this version may be in force if it is material (S2-33), in milliseconds
    /// since 1970; `None` where the policy promises no notice.
    pub fn earliest_if_material(&self) -> Option<i64> {
        self.announced_at_ms.checked_add(milliseconds(self.notice_s?)?)
    }

    /// The deadline of a service level whose time starts at `start_ms`, in milliseconds since 1970; `None`
    /// for business time in a document without a calendar.
    pub fn deadline(&self, level: &ServiceLevel, start_ms: i64) -> Option<i64> {
        self.time_limit(&level.limit, start_ms)
    }

    /// The instant from which people are warned of a deadline whose time starts at `start_ms`.
    pub fn warning(&self, level: &ServiceLevel, start_ms: i64) -> Option<i64> {
        self.time_limit(level.warn.as_ref()?, start_ms)
    }

    /// How much of a term's time lies between two instants, in milliseconds: working time for a term of
    /// business time, plain time for any other. 0 if the second instant is not later.
    pub fn time_between(&self, term: &str, from_ms: i64, until_ms: i64) -> Option<i64> {
        match (self.term(term)?.seconds(), &self.calendar) {
            (Some(_), _) => Some(until_ms.checked_sub(from_ms)?.max(0)),
            (None, calendar) => calendar.as_ref()?.working_ms(from_ms, until_ms),
        }
    }

    /// The instant at which `left_ms` of a term's time have passed since `from_ms`: the other direction of
    /// [`Document::time_between`]. A term of business day ends begins anew at `from_ms`: it is about the day
    /// on which nothing is missing.
    pub fn time_after(&self, term: &str, from_ms: i64, left_ms: i64) -> Option<i64> {
        if matches!(self.term(term)?.value, TermValue::Number(_, TermUnit::BusinessDayEnds)) {
            return self.time_limit(term, from_ms);
        }
        match (self.term(term)?.seconds(), &self.calendar) {
            (Some(_), _) => from_ms.checked_add(left_ms),
            (None, calendar) => calendar.as_ref()?.after_working(from_ms, left_ms),
        }
    }

    fn time_limit(&self, term: &str, start_ms: i64) -> Option<i64> {
        let term = self.term(term)?;
        match (term.seconds(), &self.calendar, &term.value) {
            (Some(seconds), _, _) => start_ms.checked_add(milliseconds(seconds)?),
            (None, Some(calendar), TermValue::Number(count, unit)) => {
                calendar.deadline(start_ms, *count, *unit)
            }
            (None, _, _) => None,
        }
    }

    /// The clauses about cancelling a subscription of `product`, in the order in which they are shown.
    pub fn cancellation_clauses<'d>(&'d self, product: &str) -> impl Iterator<Item = &'d Clause> {
        let of_product =
            |each: &&Cancellation| each.products.is_empty() || each.products.iter().any(|id| id == product);
        let ids: Vec<&str> = self
            .cancellations
            .iter()
            .filter(of_product)
            .flat_map(|each| &each.clauses)
            .map(String::as_str)
            .collect();
        ids.into_iter().filter_map(|id| self.clause(id))
    }

    /// The clauses about changing a plan, at once or with the end of the period, in the order in which they
    /// are shown.
    pub fn plan_change_clauses(&self, at_once: bool) -> impl Iterator<Item = &Clause> {
        let PlanChangeClauses { at_once: now, at_period_end: later } = &self.plan_change;
        let ids = if at_once { now } else { later };
        ids.iter().filter_map(|id| self.clause(id))
    }

    /// How long credits can be used that a failed job gives back after their own expiry, in seconds; 0 where
    /// left-over credits never expire.
    pub fn grace_s(&self) -> u64 {
        self.leftover.as_ref().map_or(0, |leftover| leftover.grace_after_failed_job_s)
    }
}
