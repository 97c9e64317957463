//! Written refund policies as data, and the pure decision over recorded facts.
//!
//! A [`Document`] is one version of a written policy: clauses, named terms, rules, operations. The
//! [`Facts`] of a request are typed values that the ledger and signed Stripe events recorded, or that
//! the customer claimed. [`decide()`] holds the rules against the facts in three-valued logic and returns
//! a [`Decision`] with its clauses. Nothing in this crate reads a clock, the environment or a file. The
//! crate `policy-authoring` turns TOML texts into checked documents.

mod catalogue;
mod condition;
mod currency;
mod customer_preference;
mod decide;
mod decision;
mod document;
mod documents;
mod evaluate;
mod facts;
mod generation;
mod message;
mod named;
mod reason;
mod statutory;
mod window;

pub use catalogue::{
    Catalogue, PeriodGrants, Price, PriceKind, PriceProvider, Product, UnitAmount, UnknownPrice,
};
pub use condition::{Comparison, Condition, Evaluation, Inputs, Operand, TermUsed, Trace, Truth, Words};
pub use currency::{money_text, payable, payable_step};
pub use customer_preference::Turn;
pub use decide::{decide, outcome_of};
pub use decision::{
    Basis, Citation, Decision, Discount, DoorShown, EffectKind, FactChange, FactUsed, LawFinding, Missing,
    NearestChange, OfferMade, Outcome, Recommendation, Remedy, RuleFinding,
};
pub use document::{
    AnswerMatch, AnswerShape, ApprovalLimits, Calendar, Cancellation, Clause, ClauseKind, DeclaredConflict,
    DeclaredGap, DisputeMeasure, Document, Door, Effect, EmptySuccess, FailureEffect, FailureKind,
    FailureRule, FailureRules, Intake, KnownResult, LateSuccess, LateSuccessRule, LawPack, Leftover, Mode,
    OfferKind, OfferRule, OnDispute, OnFraudWarning, OnLostDispute, OnOutsideRefund, OnRefund, OnRenewal,
    OnResubscribe, OnUpgrade, Operation, PlanChangeClauses, RemedyRule, ReviewRule, ReviewScope, Revocation,
    Rule, ServiceLevel, ServiceLevelStart, StatedProvider, Term, TermUnit, TermValue,
};
pub use documents::{Documents, DocumentsError, InForce, VersionHead};
pub use facts::{Fact, FactError, FactSet, FactSpec, FactType, Facts, Source, Unit, Value};
pub use generation::{GenerationEnding, GenerationOutcome};
pub use reason::Reason;
pub use statutory::last_instant;
pub use window::window_until;
