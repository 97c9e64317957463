//! Every rule of a reason, held against the facts; rules that are met set aside the rules they except.

use crate::condition::{Evaluation, Inputs, Trace, Truth};
use crate::decision::{EffectKind, RuleFinding};
use crate::document::{Effect, Mode, Rule, Term};
use crate::facts::Facts;
use crate::reason::Reason;

/// A rule that was looked at.
pub(crate) struct RuleEvaluation<'d> {
    pub(crate) rule: &'d Rule,
    pub(crate) finding: Evaluation,
    pub(crate) set_aside_by: Option<&'d str>,
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
    let mut evaluations: Vec<RuleEvaluation<'d>> = rules
        .iter()
        .filter(|rule| rule.reasons.is_empty() || rule.reasons.contains(&reason))
        .map(|rule| RuleEvaluation {
            rule,
            finding: rule.condition.evaluate(inputs, trace),
            set_aside_by: None,
        })
        .collect();
    let exceptions: Vec<&'d Rule> = evaluations
        .iter()
        .filter(|each| each.finding.truth == Truth::Yes && !each.rule.overrides.is_empty())
        .map(|each| each.rule)
        .collect();
    for each in &mut evaluations {
        each.set_aside_by = exceptions
            .iter()
            .find(|exception| exception.overrides.contains(&each.rule.id))
            .map(|exception| exception.id.as_str());
    }
    evaluations
}

pub(crate) fn mode(effect: &Effect) -> Option<Mode> {
    match effect {
        Effect::Grant(_, mode) | Effect::Refuse(mode) => Some(*mode),
        Effect::Person | Effect::NeedsInformation(_) => None,
    }
}

/// The form that the decision shows.
pub(crate) fn rule_finding(evaluation: &RuleEvaluation<'_>) -> RuleFinding {
    RuleFinding {
        rule: evaluation.rule.id.clone(),
        clauses: evaluation.rule.clauses.clone(),
        finding: evaluation.finding.truth,
        effect: match evaluation.rule.effect {
            Effect::Grant(..) => EffectKind::Grant,
            Effect::Refuse(_) => EffectKind::Refuse,
            Effect::Person => EffectKind::Person,
            Effect::NeedsInformation(_) => EffectKind::NeedsInformation,
        },
        mode: mode(&evaluation.rule.effect),
        set_aside_by: evaluation.set_aside_by.map(str::to_owned),
    }
}
