//! The decision: a document, the facts, a reason and an instant go in, a [`Decision`] comes out.
//!
//! The rules of the reason are evaluated first, all of them, and lead to a ruling. Then, in this order:
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
use crate::document::{Document, Effect, OfferKind, OfferRule, ReviewScope, Rule};
use crate::evaluate::{
    LawEvaluation, Proposal, RuleEvaluation, Ruling, changes, evaluate_rules, remedy_of, rule_finding,
    ruling_of, settled_by, stronger_of,
};
use crate::facts::{Fact, FactSet, Facts};
use crate::reason::Reason;

/// Bound on the changes that are tried out for a refusal, cheapest first.
const CHANGES_TRIED_MAX: usize = 3;

/// Everything that was looked at, and what follows.
struct Judgement<'d> {
    evaluations: Vec<RuleEvaluation<'d>>,
    laws: Vec<LawEvaluation<'d>>,
    ruling: Ruling<'d>,
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
        if judgement.ruling.refuses() { nearest_change(document, &facts, reason, &judgement) } else { None };
    report(document, &facts, reason, now_ms, judgement, nearest)
}

/// The outcome of [`decide()`] without its report, for callers that decide very many requests.
pub fn outcome_of(document: &Document, facts: &Facts, reason: Reason, now_ms: i64) -> Outcome {
    judge(document, &at_instant(facts, now_ms), reason).ruling.outcome
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
    let evaluations = evaluate_rules(&document.rules, &document.terms, facts, reason, &mut trace);
    let ruling =
        date_guard(document, facts, &mut trace).unwrap_or_else(|| ruling_of(&evaluations, facts, &mut trace));
    let mut laws: Vec<LawEvaluation<'d>> =
        document.law.iter().filter_map(|pack| LawEvaluation::of(pack, facts, reason, &mut trace)).collect();
    let mut ruling = stronger_of(ruling, &mut laws);
    let reviewed_by = review(document, facts, &mut ruling, &mut trace);
    let ruling = ask(&evaluations, facts, ruling);
    Judgement { evaluations, laws, ruling, reviewed_by, trace }
}

/// S2-35: a purchase is judged by the version in force at its own time, which must be known.
fn date_guard<'d>(document: &'d Document, facts: &Facts, trace: &mut Trace) -> Option<Ruling<'d>> {
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
    Some(Ruling { outcome: Outcome::Person { recommendation: None }, basis, rules: Vec::new(), unknown })
}

/// S0-8, S0-25, S3-1: what people review is recommended to them and never decided by the machine. A
/// request whose product is not known may be about any product of the document.
fn review<'d>(
    document: &'d Document,
    facts: &Facts,
    ruling: &mut Ruling<'d>,
    trace: &mut Trace,
) -> Option<&'d str> {
    let recommendation = match &ruling.outcome {
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
    ruling.outcome = Outcome::Person { recommendation: Some(recommendation) };
    Some(&review.clause)
}

/// Turns a person's case into questions to the customer when something is missing that they can supply.
fn ask<'d>(evaluations: &[RuleEvaluation<'d>], facts: &Facts, mut ruling: Ruling<'d>) -> Ruling<'d> {
    if !matches!(ruling.outcome, Outcome::Person { .. }) {
        return ruling;
    }
    let mut asked = FactSet::EMPTY;
    let mut asking: Vec<&'d Rule> = Vec::new();
    for each in evaluations.iter().filter(|each| each.finding.truth == Truth::Yes) {
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
    if ruling.basis == Basis::UnknownFacts {
        asked = asked.union(ruling.unknown);
    }
    let missing: Vec<Missing> = asked
        .iter()
        .filter_map(|fact| {
            fact.spec().question.map(|question| Missing { fact, question: question.to_owned() })
        })
        .collect();
    if !missing.is_empty() {
        asking.append(&mut ruling.rules);
        ruling.rules = asking;
        ruling.outcome = Outcome::NeedsInformation { missing };
    }
    ruling
}

/// The cheapest change under which a rule that grants is met and the request is not refused.
fn nearest_change(
    document: &Document,
    facts: &Facts,
    reason: Reason,
    judgement: &Judgement<'_>,
) -> Option<NearestChange> {
    let of_law =
        judgement.laws.iter().flat_map(|law| law.evaluations.iter().map(|each| (each, Some(law.pack))));
    let of_policy = judgement.evaluations.iter().map(|each| (each, None));
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
        let outcome = judge(document, &changed, reason).ruling.outcome;
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
    let Judgement { evaluations, laws, ruling, reviewed_by, mut trace } = judgement;
    let mut cited: Vec<&str> = Vec::new();
    if matches!(ruling.basis, Basis::BeforeFirstVersion | Basis::UndatedPayment) {
        cited.push(&document.version_clause);
    }
    cited.extend(ruling.rules.iter().flat_map(|rule| rule.clauses.iter().map(String::as_str)));
    cited.extend(reviewed_by);
    if cited.is_empty() {
        cited.push(&document.door.clause);
    }
    let offers = document
        .offers
        .iter()
        .filter(|offer| ruling.rules.iter().any(|rule| rule.offers.contains(&offer.id)))
        .map(|offer| offer_made(offer, facts, &mut trace))
        .collect();
    let doors = match ruling.outcome {
        Outcome::Person { .. } => Vec::new(),
        Outcome::Grant { .. } | Outcome::Refuse | Outcome::NeedsInformation { .. } => {
            vec![DoorShown { clause: document.door.clause.clone(), text: document.door.text.clone() }]
        }
    };
    if trace.facts.contains(Fact::GenerationCreditsReturned) {
        // The answer says when.
        trace.facts.insert(Fact::GenerationReturnedAt);
    }
    let decided = matches!(ruling.outcome, Outcome::Grant { .. } | Outcome::Refuse);
    let settled_by = if decided || ruling.unknown.is_empty() {
        Vec::new()
    } else {
        smallest_set(document, facts, &evaluations, &laws, &ruling)
    };
    Decision {
        document: document.id.clone(),
        version: document.version.clone(),
        title: document.title.clone(),
        reason,
        decided_at_ms,
        outcome: ruling.outcome,
        basis: ruling.basis,
        clauses: cite(&document.id, &document.version, &document.clauses, &cited),
        rules: evaluations.iter().map(rule_finding).collect(),
        facts: trace
            .facts
            .iter()
            .filter_map(|fact| {
                let value = facts.get(fact)?.clone();
                Some(FactUsed { fact, value, source: fact.spec().source })
            })
            .collect(),
        terms: trace.terms_used(&document.terms),
        unknown_facts: ruling.unknown.iter().collect(),
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
    evaluations: &[RuleEvaluation<'_>],
    laws: &[LawEvaluation<'_>],
    ruling: &Ruling<'_>,
) -> Vec<Fact> {
    let of_rules = evaluations
        .iter()
        .filter(|each| each.stands())
        .fold(FactSet::EMPTY, |all, each| all.union(each.finding.unknown));
    // A payment that the document cannot judge is not settled by what its rules ask for.
    let judged = of_rules.iter().all(|fact| ruling.unknown.contains(fact));
    let evaluations = if judged { evaluations } else { &[] };
    // Unknowns that no rule asked for are those of the amount or of the date.
    let needed: FactSet = ruling
        .unknown
        .iter()
        .filter(|fact| {
            let of_law = laws
                .iter()
                .any(|law| law.evaluations.iter().any(|each| each.finding.unknown.contains(*fact)));
            !of_rules.contains(*fact) && !of_law
        })
        .collect();
    let settled = settled_by(evaluations, needed, facts, &document.terms);
    laws.iter().fold(settled, |settled, law| {
        settled_by(&law.evaluations, settled.into_iter().collect(), facts, &law.pack.terms)
    })
}

fn offer_made(offer: &OfferRule, facts: &Facts, trace: &mut Trace) -> OfferMade {
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

impl Decision {
    /// The decision where nothing is recorded that its grant could be carried out on, such as a payment whose
    /// lot does not exist: a person carries it out, and the grant is the recommendation. Every other outcome
    /// stays as it is.
    #[must_use]
    pub fn left_to_a_person(mut self) -> Self {
        let recommendation = match self.outcome {
            Outcome::Grant { remedy } => Some(Recommendation::Grant { remedy }),
            // What the rules rest a refusal on is not there either.
            Outcome::Refuse => None,
            Outcome::Person { .. } | Outcome::NeedsInformation { .. } => return self,
        };
        self.outcome = Outcome::Person { recommendation };
        self.basis = Basis::NothingToActOn;
        self.doors.clear();
        self
    }

    /// Turns a grant above the limit of one person into a recommendation to two people, and cites the clause
    /// that says so. Every other outcome stays as it is.
    #[must_use]
    pub fn left_to_two_people(mut self, document: &Document) -> Self {
        let Some(approval) = &document.approval else { return self };
        if !matches!(self.outcome, Outcome::Grant { .. }) {
            return self;
        }
        self = self.left_to_a_person();
        self.basis = Basis::AboveLimit;
        let clause = [approval.clause.as_str()];
        self.clauses.extend(cite(&document.id, &document.version, &document.clauses, &clause));
        self
    }

    /// The decision made again by the same version on the same facts, as of the same instant. It equals
    /// this one byte for byte, or something is not as it was.
    #[must_use]
    pub fn redecide(&self, document: &Document, facts: &Facts) -> Self {
        let again = decide(document, facts, self.reason, self.decided_at_ms);
        match self.basis {
            Basis::NothingToActOn => again.left_to_a_person(),
            Basis::AboveLimit => again.left_to_two_people(document),
            _ => again,
        }
    }
}
