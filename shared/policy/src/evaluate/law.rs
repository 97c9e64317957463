//! What the laws beside the policy give: the better of the two wins, both are shown.

use super::outcome::{Ruling, ruling_of};
use super::remedy::{Proposal, remedy_of};
use super::rule::{RuleEvaluation, evaluate_rules, rule_finding};
use crate::condition::{TermUsed, Trace};
use crate::decision::{Basis, LawFinding, Outcome, Recommendation, Remedy, cite};
use crate::document::{LawPack, RemedyRule};
use crate::facts::Facts;
use crate::reason::Reason;

/// A pack that was held against the facts.
pub(crate) struct LawEvaluation<'d> {
    pub(crate) pack: &'d LawPack,
    pub(crate) evaluations: Vec<RuleEvaluation<'d>>,
    ruling: Ruling<'d>,
    /// The most that any rule could give: all that is left of the payment.
    at_most: Proposal,
    terms: Vec<TermUsed>,
    decisive: bool,
}

impl<'d> LawEvaluation<'d> {
    /// `None` when no rule of the pack is about this reason.
    pub(crate) fn of(pack: &'d LawPack, facts: &Facts, reason: Reason, trace: &mut Trace) -> Option<Self> {
        let mut own = Trace::default();
        let evaluations = evaluate_rules(&pack.rules, &pack.terms, facts, reason, &mut own);
        if evaluations.is_empty() {
            return None;
        }
        let ruling = ruling_of(&evaluations, facts, &mut own);
        let at_most = remedy_of(RemedyRule::RestOfPayment, facts, &mut own);
        trace.facts = trace.facts.union(own.facts);
        let terms = own.terms_used(&pack.terms);
        Some(Self { pack, evaluations, ruling, at_most, terms, decisive: false })
    }
}

/// The better of the policy's ruling and each law's. As long as a law could still give more, the machine
/// neither refuses nor grants less.
pub(crate) fn stronger_of<'d>(mut policy: Ruling<'d>, laws: &mut [LawEvaluation<'d>]) -> Ruling<'d> {
    for law in laws {
        let unsettled = law.ruling.basis == Basis::UnknownFacts;
        if unsettled {
            policy.unknown = policy.unknown.union(law.ruling.unknown);
        }
        let stronger = match &law.ruling.outcome {
            Outcome::Grant { remedy } => !grants(&policy, remedy),
            Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => {
                !grants(&policy, remedy) && !recommends(&policy, remedy)
            }
            // A person must look, which is in vain where the policy already gives all that is left.
            Outcome::Person { .. } if law.ruling.basis == Basis::Rules || unsettled => {
                let in_vain = match &law.at_most {
                    Proposal::Grant(most) => grants(&policy, most),
                    Proposal::Blocked(basis, _) => *basis == Basis::NothingLeft,
                    Proposal::Refuse | Proposal::Person => true,
                };
                !in_vain && (matches!(policy.outcome, Outcome::Grant { .. }) || policy.refuses())
            }
            _ => false,
        };
        if !stronger {
            continue;
        }
        law.decisive = true;
        policy.basis = if unsettled { Basis::UnknownFacts } else { Basis::Rules };
        policy.outcome = match (&law.ruling.outcome, policy.outcome) {
            (Outcome::Person { recommendation: None }, Outcome::Grant { remedy }) => {
                Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) }
            }
            (outcome, _) => outcome.clone(),
        };
    }
    policy
}

fn grants(policy: &Ruling<'_>, remedy: &Remedy) -> bool {
    matches!(&policy.outcome, Outcome::Grant { remedy: given } if given.favour() >= remedy.favour())
}

fn recommends(policy: &Ruling<'_>, remedy: &Remedy) -> bool {
    matches!(
        &policy.outcome,
        Outcome::Person { recommendation: Some(Recommendation::Grant { remedy: given }) }
            if given.favour() >= remedy.favour()
    )
}

impl LawEvaluation<'_> {
    /// The form that the decision shows.
    pub(crate) fn report(self) -> LawFinding {
        let ids: Vec<&str> =
            self.ruling.rules.iter().flat_map(|rule| rule.clauses.iter().map(String::as_str)).collect();
        LawFinding {
            pack: self.pack.id.clone(),
            version: self.pack.version.clone(),
            title: self.pack.title.clone(),
            signed_by: self.pack.signed_by.clone(),
            gives: match &self.ruling.outcome {
                Outcome::Grant { remedy }
                | Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => {
                    Some(remedy.clone())
                }
                _ => None,
            },
            decisive: self.decisive,
            clauses: cite(&self.pack.id, &self.pack.version, &self.pack.clauses, &ids),
            rules: self.evaluations.iter().map(rule_finding).collect(),
            terms: self.terms,
            unknown_facts: self.ruling.unknown.iter().collect(),
        }
    }
}
