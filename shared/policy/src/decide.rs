//! The decision: a document, the facts, a reason and an instant go in, a [`Decision`] comes out.
//!
//! The rules of the reason are evaluated first, all of them, and lead to a verdict. Then, in this order:
//!
//! 1. a payment without a date, or from before the document, goes to a person;
//! 2. the laws beside the policy are held against the facts, and the better of both wins;
//! 3. what the document reserves for review goes to a person, with the recommendation;
//! 4. a request that goes to a person is first checked against the list of what a request must contain.
//!
//! Invariants: *unknown settles nothing* (an automatic outcome is the same for every value that an
//! unknown fact could have), and *never above the rest* (money never exceeds what was paid and is not
//! refunded). Nothing here fails: what cannot be computed goes to a person.

use crate::condition::{Trace, Truth};
use crate::decision::{
    Basis, Decision, Discount, DoorShown, FactUsed, Missing, NearestChange, OfferMade, Outcome,
    Recommendation, Remedy, cite,
};
use crate::document::{Document, Effect, Rule};
use crate::fact::Fact;
use crate::fact_set::FactSet;
use crate::facts::Facts;
use crate::law::{LawEvaluation, stronger_of};
use crate::nearest::changes;
use crate::practice::ReviewScope;
use crate::promise::{Offer, OfferKind};
use crate::reason::Reason;
use crate::remedy::{Proposal, remedy_of};
use crate::settle::settled_by;
use crate::verdict::{RuleEvaluation, Verdict, evaluate_rules, rule_finding, verdict_of};

/// Bound on the changes that are tried out for a refusal, cheapest first.
const CHANGES_TRIED_MAX: usize = 3;

/// Everything that was looked at, and what follows.
struct Judgement<'d> {
    looked: Vec<RuleEvaluation<'d>>,
    laws: Vec<LawEvaluation<'d>>,
    verdict: Verdict<'d>,
    /// The clause that lets people review what a machine could have decided.
    reviewed_by: Option<&'d str>,
    trace: Trace,
}

/// Decides one request by one version of a policy.
///
/// `facts` are those of the instant of submission; `now_ms` is milliseconds since 1970 and becomes the
/// fact [`Fact::DecidedAt`].
pub fn decide(document: &Document, facts: &Facts, reason: Reason, now_ms: i64) -> Decision {
    let facts = at_instant(facts, now_ms);
    let judgement = judge(document, &facts, reason);
    let nearest =
        if judgement.verdict.refuses() { nearest_change(document, &facts, reason, &judgement) } else { None };
    report(document, &facts, reason, now_ms, judgement, nearest)
}

/// The outcome of [`decide()`] without its report, for callers that decide very many requests.
pub(crate) fn outcome_of(document: &Document, facts: &Facts, reason: Reason, now_ms: i64) -> Outcome {
    judge(document, &at_instant(facts, now_ms), reason).verdict.outcome
}

/// The facts with the instant of the decision among them.
fn at_instant(facts: &Facts, now_ms: i64) -> Facts {
    let mut facts = facts.clone();
    if facts.set(Fact::DecidedAt, now_ms).is_err() {
        facts.forget(Fact::DecidedAt);
    }
    facts
}

fn judge<'d>(document: &'d Document, facts: &Facts, reason: Reason) -> Judgement<'d> {
    let mut trace = Trace::default();
    let looked = evaluate_rules(&document.rules, &document.terms, facts, reason, &mut trace);
    let verdict =
        date_guard(document, facts, &mut trace).unwrap_or_else(|| verdict_of(&looked, facts, &mut trace));
    let mut laws: Vec<LawEvaluation<'d>> =
        document.law.iter().filter_map(|pack| pack.consider(facts, reason, &mut trace)).collect();
    let mut verdict = stronger_of(verdict, &mut laws);
    let reviewed_by = review(document, facts, &mut verdict, &mut trace);
    let verdict = ask(&looked, facts, verdict);
    Judgement { looked, laws, verdict, reviewed_by, trace }
}

/// S2-35: a purchase is judged by the version in force at its own time, which must be known.
fn date_guard<'d>(document: &'d Document, facts: &Facts, trace: &mut Trace) -> Option<Verdict<'d>> {
    trace.facts.insert(Fact::PaymentNamed);
    if facts.boolean(Fact::PaymentNamed) == Some(false) {
        return None;
    }
    trace.facts.insert(Fact::PaymentChargedAt);
    let (basis, unknown) = match facts.integer(Fact::PaymentChargedAt) {
        Some(charged_at_ms) if charged_at_ms >= document.in_force_from_ms => return None,
        Some(_) => (Basis::BeforeFirstVersion, FactSet::EMPTY),
        None => (Basis::UndatedPayment, [Fact::PaymentChargedAt].into_iter().collect()),
    };
    Some(Verdict { outcome: Outcome::Person { recommendation: None }, basis, rules: Vec::new(), unknown })
}

/// S0-8, S0-25, S3-1: what people review is recommended to them and never decided by the machine. A
/// request whose product is not known may be about any product of the document.
fn review<'d>(
    document: &'d Document,
    facts: &Facts,
    verdict: &mut Verdict<'d>,
    trace: &mut Trace,
) -> Option<&'d str> {
    let recommendation = match &verdict.outcome {
        Outcome::Grant { remedy } => Recommendation::Grant { remedy: remedy.clone() },
        Outcome::Refuse => Recommendation::Refuse,
        Outcome::Person { .. } | Outcome::NeedsInformation { .. } => return None,
    };
    if document.review.is_empty() {
        return None;
    }
    trace.facts.insert(Fact::Product);
    let product = facts.text(Fact::Product);
    let review = document.review.iter().find(|review| {
        let about = product.is_none_or(|product| review.products.iter().any(|each| each == product));
        about && (review.of == ReviewScope::Everything || recommendation == Recommendation::Refuse)
    })?;
    verdict.outcome = Outcome::Person { recommendation: Some(recommendation) };
    Some(&review.clause)
}

/// Turns a person's case into questions to the customer when something is missing that they can supply.
fn ask<'d>(looked: &[RuleEvaluation<'d>], facts: &Facts, mut verdict: Verdict<'d>) -> Verdict<'d> {
    if !matches!(verdict.outcome, Outcome::Person { .. }) {
        return verdict;
    }
    let mut asked = FactSet::EMPTY;
    let mut asking: Vec<&'d Rule> = Vec::new();
    for each in looked.iter().filter(|each| each.finding.truth == Truth::Yes) {
        if let Effect::NeedsInformation(wanted) = &each.rule.effect {
            asked.extend(
                wanted
                    .iter()
                    .copied()
                    .filter(|fact| facts.get(*fact).is_none_or(|value| *value == false.into())),
            );
            asking.push(each.rule);
        }
    }
    if verdict.basis == Basis::UnknownFacts {
        asked = asked.union(verdict.unknown);
    }
    let missing: Vec<Missing> = asked
        .iter()
        .filter_map(|fact| {
            fact.spec().question.map(|question| Missing { fact, question: question.to_owned() })
        })
        .collect();
    if !missing.is_empty() {
        asking.append(&mut verdict.rules);
        verdict.rules = asking;
        verdict.outcome = Outcome::NeedsInformation { missing };
    }
    verdict
}

/// The cheapest change under which a rule that grants is met and the request is not refused.
fn nearest_change(
    document: &Document,
    facts: &Facts,
    reason: Reason,
    judgement: &Judgement<'_>,
) -> Option<NearestChange> {
    let of_law = judgement.laws.iter().flat_map(|law| law.looked.iter().map(|each| (each, Some(law.pack))));
    let of_policy = judgement.looked.iter().map(|each| (each, None));
    let mut candidates: Vec<_> = of_policy
        .chain(of_law)
        .filter(|(each, _)| matches!(each.rule.effect, Effect::Grant(..)))
        .filter_map(|(each, pack)| {
            let terms = pack.map_or(&document.terms, |pack| &pack.terms);
            Some((each.rule, pack, changes(&each.rule.condition, facts, terms)?))
        })
        .collect();
    candidates.sort_by_key(|(_, _, changes)| changes.cost);
    candidates.into_iter().take(CHANGES_TRIED_MAX).find_map(|(rule, pack, found)| {
        let mut changed = facts.clone();
        for change in &found.changes {
            changed.set(change.fact, change.to.clone()).ok()?;
        }
        let outcome = judge(document, &changed, reason).verdict.outcome;
        let granted = matches!(
            outcome,
            Outcome::Grant { .. } | Outcome::Person { recommendation: Some(Recommendation::Grant { .. }) }
        );
        granted.then(|| NearestChange {
            pack: pack.map(|pack| pack.id.clone()),
            rule: rule.id.clone(),
            clauses: rule.clauses.clone(),
            changes: found.changes,
        })
    })
}

fn report(
    document: &Document,
    facts: &Facts,
    reason: Reason,
    decided_at_ms: i64,
    judgement: Judgement<'_>,
    nearest_change: Option<NearestChange>,
) -> Decision {
    let Judgement { looked, laws, verdict, reviewed_by, mut trace } = judgement;
    let mut cited: Vec<&str> = Vec::new();
    if matches!(verdict.basis, Basis::BeforeFirstVersion | Basis::UndatedPayment) {
        cited.push(&document.version_clause);
    }
    cited.extend(verdict.rules.iter().flat_map(|rule| rule.clauses.iter().map(String::as_str)));
    cited.extend(reviewed_by);
    if cited.is_empty() {
        cited.push(&document.door.clause);
    }
    let offers = document
        .offers
        .iter()
        .filter(|offer| verdict.rules.iter().any(|rule| rule.offers.contains(&offer.id)))
        .map(|offer| offer_made(offer, facts, &mut trace))
        .collect();
    let doors = match verdict.outcome {
        Outcome::Person { .. } => Vec::new(),
        Outcome::Grant { .. } | Outcome::Refuse | Outcome::NeedsInformation { .. } => {
            vec![DoorShown { clause: document.door.clause.clone(), text: document.door.text.clone() }]
        }
    };
    if trace.facts.contains(Fact::GenerationCreditsReturned) {
        // The answer says when.
        trace.facts.insert(Fact::GenerationReturnedAt);
    }
    let decided = matches!(verdict.outcome, Outcome::Grant { .. } | Outcome::Refuse);
    let settled_by = if decided || verdict.unknown.is_empty() {
        Vec::new()
    } else {
        smallest_set(document, facts, &looked, &laws, &verdict)
    };
    Decision {
        document: document.id.clone(),
        version: document.version.clone(),
        title: document.title.clone(),
        reason,
        decided_at_ms,
        outcome: verdict.outcome,
        basis: verdict.basis,
        clauses: cite(&document.id, &document.version, &document.clauses, &cited),
        rules: looked.iter().map(rule_finding).collect(),
        facts: trace
            .facts
            .iter()
            .filter_map(|fact| {
                let value = facts.get(fact)?.clone();
                Some(FactUsed { fact, value, source: fact.spec().source })
            })
            .collect(),
        terms: trace.terms_used(&document.terms),
        unknown_facts: verdict.unknown.iter().collect(),
        offers,
        doors,
        settled_by,
        nearest_change,
        law: laws.into_iter().map(LawEvaluation::report).collect(),
    }
}

/// What settles the policy's rules, and then what settles the laws' as well.
fn smallest_set(
    document: &Document,
    facts: &Facts,
    looked: &[RuleEvaluation<'_>],
    laws: &[LawEvaluation<'_>],
    verdict: &Verdict<'_>,
) -> Vec<Fact> {
    let of_rules = looked
        .iter()
        .filter(|each| each.stands())
        .fold(FactSet::EMPTY, |all, each| all.union(each.finding.unknown));
    // A payment that the document cannot judge is not settled by what its rules ask for.
    let judged = of_rules.iter().all(|fact| verdict.unknown.contains(fact));
    let looked = if judged { looked } else { &[] };
    // Unknowns that no rule asked for are those of the amount or of the date.
    let needed: FactSet = verdict
        .unknown
        .iter()
        .filter(|fact| {
            let of_law =
                laws.iter().any(|law| law.looked.iter().any(|each| each.finding.unknown.contains(*fact)));
            !of_rules.contains(*fact) && !of_law
        })
        .collect();
    let settled = settled_by(looked, needed, facts, &document.terms);
    laws.iter().fold(settled, |settled, law| {
        settled_by(&law.looked, settled.into_iter().collect(), facts, &law.pack.terms)
    })
}

fn offer_made(offer: &Offer, facts: &Facts, trace: &mut Trace) -> OfferMade {
    let computed = offer.remedy.and_then(|remedy| match remedy_of(remedy, facts, trace) {
        Proposal::Grant(remedy) => Some(remedy),
        Proposal::Refuse | Proposal::Person | Proposal::Blocked(..) => None,
    });
    let discount = offer.percent.filter(|_| offer.kind == OfferKind::Discount);
    let remedy = computed.or(discount.map(|percent| Remedy::Discount(Discount::Percent { percent })));
    OfferMade {
        offer: offer.id.clone(),
        clause: offer.clause.clone(),
        text: offer.text.clone(),
        kind: offer.kind,
        remedy,
        percent: offer.percent,
    }
}
