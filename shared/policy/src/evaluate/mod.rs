//! From rules and facts to a ruling, for the policy and for each law beside it; and what else would settle or
//! change it.

mod counterfactual;
mod law;
mod missing_facts;
mod outcome;
mod remedy;
mod rule;

pub(crate) use counterfactual::changes;
pub(crate) use law::{LawEvaluation, stronger_of};
pub(crate) use missing_facts::settled_by;
pub(crate) use outcome::{Ruling, ruling_of};
pub(crate) use remedy::{Proposal, remedy_of};
pub(crate) use rule::{RuleEvaluation, evaluate_rules, rule_finding};
