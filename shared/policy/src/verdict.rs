//! From rules and facts to a verdict: the same for a policy and for a law beside it.
//!
//! 1. Every rule of the reason is evaluated; rules that are met set aside the rules they except.
//! 2. Rules that are met and agree decide; if all of them may decide alone (`auto`), and no unsettled
//!    rule could say otherwise, the machine does, else a person with the recommendation.
//! 3. Rules that are met and disagree go to a person, the one that favours the customer first. A rule
//!    that only says `person` disagrees with nobody: what the others say becomes the recommendation.

use crate::condition::{Finding, Inputs, Trace, Truth};
use crate::decision::{Basis, EffectKind, Outcome, Recommendation, RuleFinding};
use crate::document::{Effect, Mode, Rule, Term};
use crate::fact_set::FactSet;
use crate::facts::Facts;
use crate::reason::Reason;
use crate::remedy::{Proposal, propose};

/// A rule that was looked at.
pub(crate) struct RuleEvaluation<'d> {
    pub(crate) rule: &'d Rule,
    pub(crate) finding: Finding,
    pub(crate) set_aside_by: Option<&'d str>,
}

/// An outcome and what it rests on.
pub(crate) struct Verdict<'d> {
    pub(crate) outcome: Outcome,
    pub(crate) basis: Basis,
    /// The rules whose clauses are cited, in that order.
    pub(crate) rules: Vec<&'d Rule>,
    pub(crate) unknown: FactSet,
}

impl Verdict<'_> {
    pub(crate) fn refuses(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Refuse | Outcome::Person { recommendation: Some(Recommendation::Refuse) }
        )
    }
}

impl RuleEvaluation<'_> {
    /// Whether the rule is part of the verdict: not set aside, and more than a question.
    pub(crate) fn stands(&self) -> bool {
        self.set_aside_by.is_none() && !matches!(self.rule.effect, Effect::NeedsInformation(_))
    }
}

pub(crate) fn evaluate_rules<'d>(
    rules: &'d [Rule],
    terms: &[Term],
    facts: &Facts,
    reason: Reason,
    trace: &mut Trace,
) -> Vec<RuleEvaluation<'d>> {
    let inputs = Inputs { facts, terms };
    let mut looked: Vec<RuleEvaluation<'d>> = rules
        .iter()
        .filter(|rule| rule.reasons.is_empty() || rule.reasons.contains(&reason))
        .map(|rule| RuleEvaluation {
            rule,
            finding: rule.condition.evaluate(inputs, trace),
            set_aside_by: None,
        })
        .collect();
    let exceptions: Vec<&'d Rule> = looked
        .iter()
        .filter(|each| each.finding.truth == Truth::Yes && !each.rule.overrides.is_empty())
        .map(|each| each.rule)
        .collect();
    for each in &mut looked {
        each.set_aside_by = exceptions
            .iter()
            .find(|exception| exception.overrides.contains(&each.rule.id))
            .map(|exception| exception.id.as_str());
    }
    looked
}

pub(crate) fn verdict_of<'d>(looked: &[RuleEvaluation<'d>], facts: &Facts, trace: &mut Trace) -> Verdict<'d> {
    let standing = || looked.iter().filter(|each| each.stands());
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
        return Verdict { outcome: Outcome::Person { recommendation: None }, basis, rules, unknown };
    };
    if met.iter().any(|(_, other)| says(other) && other != proposal) {
        let recommendation =
            proposal.recommendation().filter(|each| matches!(each, Recommendation::Grant { .. }));
        return Verdict {
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
    Verdict { outcome, basis, rules, unknown }
}

pub(crate) fn mode(effect: &Effect) -> Option<Mode> {
    match effect {
        Effect::Grant(_, mode) | Effect::Refuse(mode) => Some(*mode),
        Effect::Person | Effect::NeedsInformation(_) => None,
    }
}

/// The form that the decision shows.
pub(crate) fn rule_finding(looked: &RuleEvaluation<'_>) -> RuleFinding {
    RuleFinding {
        rule: looked.rule.id.clone(),
        clauses: looked.rule.clauses.clone(),
        finding: looked.finding.truth,
        effect: match looked.rule.effect {
            Effect::Grant(..) => EffectKind::Grant,
            Effect::Refuse(_) => EffectKind::Refuse,
            Effect::Person => EffectKind::Person,
            Effect::NeedsInformation(_) => EffectKind::NeedsInformation,
        },
        mode: mode(&looked.rule.effect),
        set_aside_by: looked.set_aside_by.map(str::to_owned),
    }
}
