//! Written refund policies as data, and the pure decision over recorded facts.
//!
//! A [`Document`] is one version of a written policy: clauses, named terms, rules, operations. The
//! [`Facts`] of a request are typed values that the ledger and signed Stripe events recorded, or that
//! the customer claimed. [`decide()`] holds the rules against the facts in three-valued logic and returns
//! a [`Decision`] with its clauses. Nothing in this crate reads a clock, the environment or a file; with
//! the feature `authoring` it also turns TOML texts into checked documents.

#[cfg(feature = "authoring")]
pub mod authoring;
mod backtest;
mod catalogue;
mod condition;
mod currency;
mod decide;
mod decision;
mod diff;
mod document;
mod documents;
mod fact;
mod fact_set;
mod facts;
mod favour;
mod generation;
mod law;
mod message;
mod nearest;
mod practice;
mod promise;
mod reason;
mod remedy;
mod settle;
mod statutory;
mod verdict;
mod window;
mod wording;

pub use backtest::{Backtest, ClauseTurns, Flip, PastRequest, Sums, backtest};
pub use catalogue::{Catalogue, Price, PriceKind, Product, UnitAmount, UnknownPrice};
pub use condition::{Comparison, Condition, Operand, Truth, Words};
pub use currency::{payable, payable_step};
pub use decide::decide;
pub use decision::{
    Basis, Citation, Decision, Discount, DoorShown, EffectKind, FactChange, FactUsed, LawFinding, Missing,
    NearestChange, OfferMade, Outcome, Recommendation, Remedy, RuleFinding, TermUsed,
};
pub use diff::{Change, Diff, diff};
pub use document::{Clause, ClauseKind, Document, Effect, Mode, RemedyRule, Rule, Term, TermUnit, TermValue};
pub use documents::{Documents, DocumentsError, Head, InForce};
pub use fact::{Fact, FactSpec, FactType, Source, Unit};
pub use facts::{FactError, Facts, Value};
pub use favour::Turn;
pub use generation::{
    AnswerMatch, AnswerShape, EmptySuccess, Ending, FailureEffect, FailureKind, FailureRule, FailureRules,
    GenerationOutcome, KnownResult, LateSuccess, LateSuccessRule, Operation,
};
pub use law::LawPack;
pub use message::money_text;
pub use practice::{
    Approval, Calendar, DeclaredConflict, DeclaredGap, Intake, Provider, Review, ReviewScope,
};
pub use promise::{
    Cancellation, Clock, ClockStart, Door, Leftover, Offer, OfferKind, OnRefund, OnRenewal, OnResubscribe,
    Revocation,
};
pub use reason::Reason;
pub use window::window_until;
