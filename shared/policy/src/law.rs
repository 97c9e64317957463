//! Statutory packs: what consumer law gives beside the policy. The better of the two wins, both are shown.
//!
//! A pack is a small document of its own: clauses, terms and rules, and rules that only grant or go to a
//! person. A business names the packs that it heeds and says who signed its reading of them; a pack that
//! nobody signed recommends and never decides.

use serde::{Deserialize, Serialize};

use crate::condition::Trace;
use crate::decision::{Basis, LawFinding, Outcome, Recommendation, Remedy, TermUsed, cite};
use crate::document::{Clause, RemedyRule, Rule, Term};
use crate::facts::Facts;
use crate::reason::Reason;
use crate::remedy::{Proposal, remedy_of};
use crate::verdict::{RuleEvaluation, Verdict, evaluate_rules, rule_finding, verdict_of};

/// What a law gives, in the reading that the business heeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LawPack {
    /// The pack, such as `eu-withdrawal`.
    pub id: String,
    /// The day since which it reads so.
    pub version: String,
    /// What people call the right.
    pub title: String,
    /// The law.
    pub source: String,
    /// Who signed the reading for this business; nobody for a pack that only recommends.
    pub signed_by: Option<String>,
    /// What customers read.
    pub clauses: Vec<Clause>,
    /// The named numbers and lists.
    pub terms: Vec<Term>,
    /// What follows.
    pub rules: Vec<Rule>,
}

/// A pack that was held against the facts.
pub(crate) struct LawEvaluation<'d> {
    pub(crate) pack: &'d LawPack,
    pub(crate) looked: Vec<RuleEvaluation<'d>>,
    verdict: Verdict<'d>,
    /// The most that any rule could give: all that is left of the payment.
    at_most: Proposal,
    terms: Vec<TermUsed>,
    decisive: bool,
}

impl LawPack {
    /// Nothing when no rule of the pack is about this reason.
    pub(crate) fn consider<'d>(
        &'d self,
        facts: &Facts,
        reason: Reason,
        trace: &mut Trace,
    ) -> Option<LawEvaluation<'d>> {
        let mut own = Trace::default();
        let looked = evaluate_rules(&self.rules, &self.terms, facts, reason, &mut own);
        if looked.is_empty() {
            return None;
        }
        let verdict = verdict_of(&looked, facts, &mut own);
        let at_most = remedy_of(RemedyRule::RestOfPayment, facts, &mut own);
        trace.facts = trace.facts.union(own.facts);
        let terms = own.terms_used(&self.terms);
        Some(LawEvaluation { pack: self, looked, verdict, at_most, terms, decisive: false })
    }
}

/// The better of the policy's verdict and each law's. As long as a law could still give more, the machine
/// neither refuses nor grants less.
pub(crate) fn stronger_of<'d>(mut policy: Verdict<'d>, laws: &mut [LawEvaluation<'d>]) -> Verdict<'d> {
    for law in laws {
        let unsettled = law.verdict.basis == Basis::UnknownFacts;
        if unsettled {
            policy.unknown = policy.unknown.union(law.verdict.unknown);
        }
        let stronger = match &law.verdict.outcome {
            Outcome::Grant { remedy } => !grants(&policy, remedy),
            Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => {
                !grants(&policy, remedy) && !recommends(&policy, remedy)
            }
            // A person must look, which is in vain where the policy already gives all that is left.
            Outcome::Person { .. } if law.verdict.basis == Basis::Rules || unsettled => {
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
        policy.outcome = match (&law.verdict.outcome, policy.outcome) {
            (Outcome::Person { recommendation: None }, Outcome::Grant { remedy }) => {
                Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) }
            }
            (outcome, _) => outcome.clone(),
        };
    }
    policy
}

fn grants(policy: &Verdict<'_>, remedy: &Remedy) -> bool {
    matches!(&policy.outcome, Outcome::Grant { remedy: given } if given.favour() >= remedy.favour())
}

fn recommends(policy: &Verdict<'_>, remedy: &Remedy) -> bool {
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
            self.verdict.rules.iter().flat_map(|rule| rule.clauses.iter().map(String::as_str)).collect();
        LawFinding {
            pack: self.pack.id.clone(),
            version: self.pack.version.clone(),
            title: self.pack.title.clone(),
            signed_by: self.pack.signed_by.clone(),
            gives: match &self.verdict.outcome {
                Outcome::Grant { remedy }
                | Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => {
                    Some(remedy.clone())
                }
                _ => None,
            },
            decisive: self.decisive,
            clauses: cite(&self.pack.id, &self.pack.version, &self.pack.clauses, &ids),
            rules: self.looked.iter().map(rule_finding).collect(),
            terms: self.terms,
            unknown_facts: self.verdict.unknown.iter().collect(),
        }
    }
}
