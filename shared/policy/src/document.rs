//! One version of a written policy: clauses, terms, rules and what follows from them, as data.
//!
//! Documents are made by `authoring` alone, which checks every reference between their parts. The
//! serde derives are the embedded form, in which a checked document travels inside a binary.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::fact::Fact;
use crate::generation::{EmptySuccess, FailureRules, KnownResult, LateSuccessRule, Operation};
use crate::law::LawPack;
use crate::practice::{Approval, Calendar, DeclaredConflict, DeclaredGap, Intake, Provider, Review};
use crate::promise::{Cancellation, Clock, Door, Leftover, Offer, OnRefund, OnRenewal};
use crate::reason::Reason;

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
    pub offers: Vec<Offer>,
    /// Promises with a deadline.
    pub clocks: Vec<Clock>,
    /// When left-over subscription credits expire; nothing when they never do.
    pub leftover: Option<Leftover>,
    /// What is said of cancelling a subscription.
    pub cancellations: Vec<Cancellation>,
    /// What a refund of a payment does to its credits and its subscription.
    pub on_refund: OnRefund,
    /// What a renewal's grant does to what is left of the grant before it.
    pub on_renewal: OnRenewal,
    /// The clauses about what a refund does.
    pub on_refund_clauses: Vec<String>,
    /// The way to a person that every refusal shows.
    pub door: Door,
    /// Where requests come in.
    pub intake: Option<Intake>,
    /// Who pays refunds out.
    pub provider: Option<Provider>,
    /// What people review although a rule would let the machine decide.
    pub review: Vec<Review>,
    /// Above what a second person approves.
    pub approval: Option<Approval>,
    /// When people work; every document with a clock of business time has one.
    pub calendar: Option<Calendar>,
    /// Rules that may be met together and disagree, because the text does.
    pub conflicts: Vec<DeclaredConflict>,
    /// Within how many seconds of the same purchase another one counts as its duplicate, both instants
    /// inside; `None` where the policy does not speak of duplicates.
    pub duplicates_within_s: Option<u64>,
    /// The products whose services report every download of a result: of these, no report means no download.
    pub downloads_reported: Vec<String>,
    /// What no rule covers although rules exist for its reason.
    pub gaps: Vec<DeclaredGap>,
    /// The laws that stand beside the policy.
    pub law: Vec<LawPack>,
}

/// One clause of the written text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// Its name within the document.
    pub id: String,
    /// The ids of the written rules that it covers, such as `S2-16`.
    pub covers: Vec<String>,
    /// What kind of promise it is.
    pub kind: ClauseKind,
    /// The day since which it reads so.
    pub date: String,
    /// What customers read.
    pub text: String,
    /// SHA-256 of the text, in lower-case hexadecimal.
    pub sha256: String,
}

/// What kind of promise a clause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClauseKind {
    /// Something of the document acts on it: a rule, an operation, a signature, an expiry.
    Rule,
    /// A clock of the document measures it.
    Clock,
    /// It always holds, and a test would notice a breach.
    Invariant,
    /// It is shown to people.
    Information,
}

/// A named number or list: a reading of a vague word, with its reason and its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// Its name within the document.
    pub id: String,
    /// Its value.
    pub value: TermValue,
    /// Why this value.
    pub reason: String,
    /// Who may change it.
    pub owner: String,
}

/// The value of a term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TermValue {
    /// A number and what it counts.
    Number(u32, TermUnit),
    /// A list of words, such as countries.
    Words(Vec<String>),
    /// Money by currency, each in the smallest unit that Stripe counts in.
    Amounts(BTreeMap<String, u32>),
}

/// What a term's number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermUnit {
    /// Seconds.
    Seconds,
    /// 60 seconds.
    Minutes,
    /// 60 minutes.
    Hours,
    /// 24 hours, independent of the calendar.
    Days,
    /// Days of a statutory period, as the law counts them: to the end of the last one, in the customer's
    /// country. Only after `within`.
    CalendarDays,
    /// Hours of the business calendar; only for clocks.
    BusinessHours,
    /// Days of the business calendar, each as long as its working hours; only for clocks.
    BusinessDays,
    /// Ends of working hours; only for clocks. One is the end of the business day at hand, or of the next one
    /// outside working hours.
    BusinessDayEnds,
    /// Hundredths of a quantity.
    Percent,
    /// Credits.
    Credits,
    /// Things.
    Count,
    /// The smallest unit of any currency.
    Minor,
}

impl TermUnit {
    /// Every unit.
    pub const ALL: &'static [Self] = &[
        Self::Seconds,
        Self::Minutes,
        Self::Hours,
        Self::Days,
        Self::CalendarDays,
        Self::BusinessHours,
        Self::BusinessDays,
        Self::BusinessDayEnds,
        Self::Percent,
        Self::Credits,
        Self::Count,
        Self::Minor,
    ];

    /// The name used in documents.
    pub fn id(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Minutes => "minutes",
            Self::Hours => "hours",
            Self::Days => "days",
            Self::CalendarDays => "calendar_days",
            Self::BusinessHours => "business_hours",
            Self::BusinessDays => "business_days",
            Self::BusinessDayEnds => "business_day_ends",
            Self::Percent => "percent",
            Self::Credits => "credits",
            Self::Count => "count",
            Self::Minor => "minor",
        }
    }

    /// How many seconds one of it lasts, for the units of plain time.
    pub(crate) fn seconds(self) -> Option<u64> {
        match self {
            Self::Seconds => Some(1),
            Self::Minutes => Some(60),
            Self::Hours => Some(3_600),
            Self::Days => Some(86_400),
            Self::CalendarDays
            | Self::BusinessHours
            | Self::BusinessDays
            | Self::BusinessDayEnds
            | Self::Percent
            | Self::Credits
            | Self::Count
            | Self::Minor => None,
        }
    }
}

impl Term {
    /// A duration in seconds; `None` for everything that is not plain time.
    pub fn seconds(&self) -> Option<u64> {
        match &self.value {
            TermValue::Number(number, unit) => u64::from(*number).checked_mul(unit.seconds()?),
            TermValue::Words(_) | TermValue::Amounts(_) => None,
        }
    }

    /// The number as conditions compute with it: milliseconds for plain time, else the number itself.
    pub(crate) fn base_value(&self) -> Option<i64> {
        match (&self.value, self.seconds()) {
            (TermValue::Number(..), Some(seconds)) => milliseconds(seconds),
            (TermValue::Number(number, _), None) => Some(i64::from(*number)),
            (TermValue::Words(_) | TermValue::Amounts(_), _) => None,
        }
    }

    /// Whether it is more time than `other`; a day of business outlasts any hours of business.
    #[cfg(feature = "authoring")]
    pub(crate) fn is_longer_than(&self, other: &Self) -> bool {
        let length = |term: &Self| match (&term.value, term.seconds()) {
            (_, Some(seconds)) => Some((false, seconds)),
            // The end of a business day comes within a business day.
            (TermValue::Number(days, TermUnit::BusinessDays), None) => {
                Some((true, u64::from(*days).saturating_mul(2)))
            }
            (TermValue::Number(ends, TermUnit::BusinessDayEnds), None) => {
                Some((true, u64::from(*ends).saturating_mul(2).saturating_sub(1)))
            }
            (TermValue::Number(hours, _), None) => Some((false, u64::from(*hours).saturating_mul(3_600))),
            (TermValue::Words(_) | TermValue::Amounts(_), None) => None,
        };
        length(self) > length(other)
    }

    /// The value as a person reads it: `14 days`.
    pub fn value_text(&self) -> String {
        match &self.value {
            TermValue::Number(number, TermUnit::Percent) => format!("{number} %"),
            TermValue::Number(number, unit) => format!("{number} {}", unit.id().replace('_', " ")),
            TermValue::Words(words) => words.join(", "),
            TermValue::Amounts(amounts) => {
                let each = amounts.iter().map(|(currency, minor)| format!("{minor} {currency}"));
                each.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

/// What follows when a condition holds for a request of one of these reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name within the document.
    pub id: String,
    /// The clauses that it carries out.
    pub clauses: Vec<String>,
    /// The reasons of a request for which it is looked at; none means every reason.
    pub reasons: Vec<Reason>,
    /// When it holds.
    pub condition: Condition,
    /// What follows.
    pub effect: Effect,
    /// Rules that this one sets aside when it holds, because its clause is the exception to theirs.
    pub overrides: Vec<String>,
    /// What is offered along with it.
    pub offers: Vec<String>,
}

/// What follows from a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// A remedy.
    Grant(RemedyRule, Mode),
    /// A refusal.
    Refuse(Mode),
    /// A person decides, without a recommendation.
    Person,
    /// The customer is asked for those of these facts that are missing, when a person would decide.
    NeedsInformation(Vec<Fact>),
}

/// Who has the last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A machine, on recorded facts.
    Auto,
    /// A person; the rule is the recommendation.
    Recommend,
}

/// What a grant gives. Amounts come from recorded facts, never from a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemedyRule {
    /// Money: what was paid and is not refunded.
    RestOfPayment,
    /// Credits: what the payment bought and is not on the balance.
    CreditsOfPurchase,
    /// Credits: what the generation cost and was not given back.
    CreditsOfGeneration,
    /// Money: the part of the payment whose credits are neither spent nor held.
    PaymentByUnusedCredits,
    /// Money: the part of the payment whose time lies after the request.
    PaymentByUnusedTime,
    /// Credits: the part of the period's credits that the outage took of its time.
    CreditsForOutage,
}

impl RemedyRule {
    /// Every remedy.
    pub const ALL: &'static [Self] = &[
        Self::RestOfPayment,
        Self::CreditsOfPurchase,
        Self::CreditsOfGeneration,
        Self::PaymentByUnusedCredits,
        Self::PaymentByUnusedTime,
        Self::CreditsForOutage,
    ];

    /// The name used in documents.
    pub fn id(self) -> &'static str {
        match self {
            Self::RestOfPayment => "rest_of_payment",
            Self::CreditsOfPurchase => "credits_of_purchase",
            Self::CreditsOfGeneration => "credits_of_generation",
            Self::PaymentByUnusedCredits => "payment_by_unused_credits",
            Self::PaymentByUnusedTime => "payment_by_unused_time",
            Self::CreditsForOutage => "credits_for_outage",
        }
    }
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

    /// The clause with this id.
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.id == id)
    }

    /// The term with this id.
    pub fn term(&self, id: &str) -> Option<&Term> {
        self.terms.iter().find(|term| term.id == id)
    }

    /// The first instant at which this version may be in force if it is material (S2-33), in milliseconds
    /// since 1970; `None` where the policy promises no notice.
    pub fn earliest_if_material(&self) -> Option<i64> {
        self.announced_at_ms.checked_add(milliseconds(self.notice_s?)?)
    }

    /// The instant at which a clock that starts at `start_ms` runs out, in milliseconds since 1970; `None`
    /// for a limit of business time in a document without a calendar.
    pub fn deadline(&self, clock: &Clock, start_ms: i64) -> Option<i64> {
        self.time_limit(&clock.limit, start_ms)
    }

    /// The instant from which a clock that starts at `start_ms` warns people.
    pub fn warning(&self, clock: &Clock, start_ms: i64) -> Option<i64> {
        self.time_limit(clock.warn.as_ref()?, start_ms)
    }

    /// How much of a term's time lies between two instants, in milliseconds: working time for a term of
    /// business time, plain time for any other. Nothing where the second instant is not later.
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

    /// The instant from which the left-over credits of a subscription that ended at `ended_at_ms` are
    /// unusable, in milliseconds since 1970; `None` when they never expire.
    pub fn leftover_expiry(&self, ended_at_ms: i64) -> Option<i64> {
        ended_at_ms.checked_add(milliseconds(self.leftover.as_ref()?.after_end_s)?)
    }

    /// The expiry of credits that a failed job gives back at `returned_at_ms` after their own expiry;
    /// `None` when left-over credits never expire.
    pub fn grace_expiry(&self, returned_at_ms: i64) -> Option<i64> {
        returned_at_ms.checked_add(milliseconds(self.leftover.as_ref()?.grace_after_failed_job_s)?)
    }
}

fn milliseconds(seconds: u64) -> Option<i64> {
    i64::try_from(seconds).ok()?.checked_mul(1_000)
}
