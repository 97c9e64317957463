//! From evaluated rules to an outcome: the same for a policy and for a law beside it.
//!
//! 1. Rules that are met and agree decide; if all of them may decide alone (`auto`), and no unsettled
//!    rule could say otherwise, the machine does, else a person with the recommendation.
//! 2. Rules that are met and disagree go to a person, the one that favours the customer first. A rule
//!    that only says `person` disagrees with nobody: what the others say becomes the recommendation.

use super::remedy::{Proposal, propose};
use super::rule::{RuleEvaluation, mode};
use crate::condition::{Trace, Truth};
use crate::decision::{Basis, Outcome, Recommendation};
use crate::document::{Effect, Mode, Rule};
use crate::facts::{FactSet, Facts};

/// An outcome and what it rests on.
pub(crate) struct Ruling<'d> {
    pub(crate) outcome: Outcome,
    pub(crate) basis: Basis,
    /// The rules whose clauses are cited, in that order.
    pub(crate) rules: Vec<&'d Rule>,
    pub(crate) unknown: FactSet,
}

impl Ruling<'_> {
    pub(crate) fn refuses(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Refuse | Outcome::Person { recommendation: Some(Recommendation::Refuse) }
        )
    }
}

pub(crate) fn ruling_of<'d>(
    evaluations: &[RuleEvaluation<'d>],
    facts: &Facts,
    trace: &mut Trace,
) -> Ruling<'d> {
    let standing = || evaluations.iter().filter(|each| each.stands());
    let mut met: Vec<(&'d Rule, Proposal)> = standing()
        .filter(|each| each.finding.truth == Truth::Yes)
        .map(|each| (each.rule, propose(each.rule, facts, trace)))
        .collect();
    // Greatest favour first; rules of equal favour stay in the order of the document.
    met.sort_by_key(|(_, proposal)| std::cmp::Reverse(proposal.favour()));
    let unsettled: Vec<&RuleEvaluation<'d>> =
        standing().filter(|each| each.finding.truth == Truth::Unknown).collect();

    let mut unknown =
        unsettled.iter().fold(FactSet::EMPTY, |unknown, each| unknown.union(each.finding.unknown));
    for (_, proposal) in &met {
        if let Proposal::Blocked(_, facts) = proposal {
            unknown = unknown.union(*facts);
        }
    }
    let mut rules: Vec<&'d Rule> = met.iter().map(|(rule, _)| *rule).collect();
    let says = |proposal: &Proposal| *proposal != Proposal::Person;
    let Some((first, proposal)) = met.iter().find(|(_, proposal)| says(proposal)).or(met.first()) else {
        let basis = if unsettled.is_empty() { Basis::Unmatched } else { Basis::UnknownFacts };
        let rules = unsettled.iter().map(|each| each.rule).collect();
        return Ruling { outcome: Outcome::Person { recommendation: None }, basis, rules, unknown };
    };
    if met.iter().any(|(_, other)| says(other) && other != proposal) {
        let recommendation =
            proposal.recommendation().filter(|each| matches!(each, Recommendation::Grant { .. }));
        return Ruling {
            outcome: Outcome::Person { recommendation },
            basis: Basis::Conflict,
            rules,
            unknown,
        };
    }
    let may_decide = met.iter().all(|(rule, _)| mode(&rule.effect) == Some(Mode::Auto));
    // A person decides anyway where a rule only recommends, so that another `person` changes nothing.
    let undisturbed = unsettled
        .iter()
        .all(|each| each.rule.effect == first.effect || !may_decide && each.rule.effect == Effect::Person);
    let (outcome, basis) = match proposal {
        Proposal::Blocked(basis, _) => (Outcome::Person { recommendation: None }, *basis),
        _ if !undisturbed => (Outcome::Person { recommendation: None }, Basis::UnknownFacts),
        Proposal::Grant(remedy) if may_decide => (Outcome::Grant { remedy: remedy.clone() }, Basis::Rules),
        Proposal::Refuse if may_decide => (Outcome::Refuse, Basis::Rules),
        _ => (Outcome::Person { recommendation: proposal.recommendation() }, Basis::Rules),
    };
    if basis == Basis::UnknownFacts {
        rules.extend(unsettled.iter().map(|each| each.rule));
    }
    Ruling { outcome, basis, rules, unknown }
}
