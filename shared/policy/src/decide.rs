//! The decision: a document, the facts, a reason and an instant go in, a [`Decision`] comes out.
//!
//! The rules of the reason are evaluated first, all of them. Then, in this order:
//!
//! 1. a payment without a date, or from before the document, goes to a person;
//! 2. rules that are met set aside the rules they are exceptions to;
//! 3. rules that are met and agree decide; if all of them may decide alone (`auto`), and no unsettled
//!    rule could say otherwise, the machine does, else a person with the recommendation;
//! 4. rules that are met and disagree go to a person, the one that favours the customer first;
//! 5. whatever goes to a person is first held against the list of what a request must contain.
//!
//! Invariants: *unknown settles nothing* (an automatic outcome is the same for every value that an
//! unknown fact could have), and *never above the rest* (money never exceeds what was paid and is not
//! refunded). Nothing here fails: what cannot be computed goes to a person.

use std::collections::BTreeSet;

use crate::condition::{Finding, Inputs, Trace, Truth};
use crate::decision::{
    Basis, Citation, Decision, DoorShown, EffectKind, FactUsed, Missing, OfferMade, Outcome, Recommendation,
    Remedy, RuleFinding, TermUsed,
};
use crate::document::{Document, Effect, Mode, RemedyRule, Rule};
use crate::fact::Fact;
use crate::facts::Facts;
use crate::reason::Reason;

/// A rule that was looked at.
struct Looked<'d> {
    rule: &'d Rule,
    finding: Finding,
    set_aside_by: Option<&'d str>,
}

/// What one rule proposes. The order is the favour to the customer, greatest last.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Proposal {
    Refuse,
    Person,
    /// A grant whose amount cannot be computed, and why.
    Blocked(Basis, BTreeSet<Fact>),
    Grant(Remedy),
}

/// The outcome before what the request must contain is looked at.
struct Verdict<'d> {
    outcome: Outcome,
    basis: Basis,
    /// The rules whose clauses are cited, in that order.
    rules: Vec<&'d Rule>,
    unknown: BTreeSet<Fact>,
}

/// Decides one request by one version of a policy.
///
/// `facts` are those of the instant of submission; `now_ms` is milliseconds since 1970 and becomes the
/// fact [`Fact::DecidedAt`].
pub fn decide(document: &Document, facts: &Facts, reason: Reason, now_ms: i64) -> Decision {
    let mut facts = facts.clone();
    if facts.set(Fact::DecidedAt, now_ms).is_err() {
        facts.forget(Fact::DecidedAt);
    }
    let mut trace = Trace::default();
    let looked = look(document, &facts, reason, &mut trace);
    let verdict = match date_guard(document, &facts, &mut trace) {
        Some(verdict) => verdict,
        None => ask(&looked, &facts, conclude(&looked, &facts, &mut trace)),
    };
    report(document, &facts, reason, now_ms, &looked, verdict, &trace)
}

fn look<'d>(document: &'d Document, facts: &Facts, reason: Reason, trace: &mut Trace) -> Vec<Looked<'d>> {
    let inputs = Inputs { facts, terms: &document.terms };
    let mut looked: Vec<Looked<'d>> = document
        .rules
        .iter()
        .filter(|rule| rule.reasons.is_empty() || rule.reasons.contains(&reason))
        .map(|rule| Looked { rule, finding: rule.condition.evaluate(inputs, trace), set_aside_by: None })
        .collect();
    let exceptions: Vec<&'d Rule> =
        looked.iter().filter(|each| each.finding.truth == Truth::Yes).map(|each| each.rule).collect();
    for each in &mut looked {
        each.set_aside_by = exceptions
            .iter()
            .find(|exception| exception.overrides.contains(&each.rule.id))
            .map(|exception| exception.id.as_str());
    }
    looked
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
        Some(_) => (Basis::BeforeFirstVersion, BTreeSet::new()),
        None => (Basis::UndatedPayment, BTreeSet::from([Fact::PaymentChargedAt])),
    };
    Some(Verdict { outcome: Outcome::Person { recommendation: None }, basis, rules: Vec::new(), unknown })
}

fn conclude<'d>(looked: &[Looked<'d>], facts: &Facts, trace: &mut Trace) -> Verdict<'d> {
    let standing = || looked.iter().filter(|each| each.set_aside_by.is_none() && !asks_only(each.rule));
    let mut met: Vec<(&'d Rule, Proposal)> = standing()
        .filter(|each| each.finding.truth == Truth::Yes)
        .map(|each| (each.rule, propose(each.rule, facts, trace)))
        .collect();
    // Greatest favour first; rules of equal favour stay in the order of the document.
    met.sort_by_key(|(_, proposal)| std::cmp::Reverse(proposal.favour()));
    let unsettled: Vec<&Looked<'d>> =
        standing().filter(|each| each.finding.truth == Truth::Unknown).collect();

    let mut unknown: BTreeSet<Fact> =
        unsettled.iter().flat_map(|each| each.finding.unknown.iter().copied()).collect();
    for (_, proposal) in &met {
        if let Proposal::Blocked(_, facts) = proposal {
            unknown.extend(facts);
        }
    }
    let mut rules: Vec<&'d Rule> = met.iter().map(|(rule, _)| *rule).collect();
    let Some((first, proposal)) = met.first() else {
        let basis = if unsettled.is_empty() { Basis::Unmatched } else { Basis::UnknownFacts };
        let rules = unsettled.iter().map(|each| each.rule).collect();
        return Verdict { outcome: Outcome::Person { recommendation: None }, basis, rules, unknown };
    };
    if met.iter().any(|(_, other)| other != proposal) {
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
    let undisturbed = unsettled.iter().all(|each| each.rule.effect == first.effect);
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

/// Turns a person's case into questions to the customer when something is missing that they can supply.
fn ask<'d>(looked: &[Looked<'d>], facts: &Facts, mut verdict: Verdict<'d>) -> Verdict<'d> {
    if !matches!(verdict.outcome, Outcome::Person { .. }) {
        return verdict;
    }
    let mut asked: BTreeSet<Fact> = BTreeSet::new();
    let mut asking: Vec<&'d Rule> = Vec::new();
    for each in looked.iter().filter(|each| each.finding.truth == Truth::Yes) {
        if let Effect::NeedsInformation(wanted) = &each.rule.effect {
            asked.extend(
                wanted.iter().filter(|fact| facts.get(**fact).is_none_or(|value| *value == false.into())),
            );
            asking.push(each.rule);
        }
    }
    if verdict.basis == Basis::UnknownFacts {
        asked.extend(&verdict.unknown);
    }
    let missing: Vec<Missing> = asked
        .into_iter()
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

fn asks_only(rule: &Rule) -> bool {
    matches!(rule.effect, Effect::NeedsInformation(_))
}

fn mode(effect: &Effect) -> Option<Mode> {
    match effect {
        Effect::Grant(_, mode) | Effect::Refuse(mode) => Some(*mode),
        Effect::Person | Effect::NeedsInformation(_) => None,
    }
}

fn propose(rule: &Rule, facts: &Facts, trace: &mut Trace) -> Proposal {
    match rule.effect {
        Effect::Grant(remedy, _) => remedy_of(remedy, facts, trace),
        Effect::Refuse(_) => Proposal::Refuse,
        Effect::Person | Effect::NeedsInformation(_) => Proposal::Person,
    }
}

/// The amount of a grant: *never above the rest*.
fn remedy_of(rule: RemedyRule, facts: &Facts, trace: &mut Trace) -> Proposal {
    let (whole, part, more): (Fact, Fact, &[Fact]) = match rule {
        RemedyRule::RestOfPayment => {
            (Fact::AmountPaid, Fact::AmountRefunded, &[Fact::Currency, Fact::PaymentDisputed])
        }
        RemedyRule::CreditsOfPurchase => {
            (Fact::CreditsPurchased, Fact::CreditsGranted, &[Fact::PaymentDisputed])
        }
        RemedyRule::CreditsOfGeneration => {
            (Fact::GenerationCreditsCharged, Fact::GenerationCreditsReturned, &[])
        }
    };
    let asked: BTreeSet<Fact> = more.iter().copied().chain([whole, part]).collect();
    trace.facts.extend(&asked);
    if more.contains(&Fact::PaymentDisputed) && facts.boolean(Fact::PaymentDisputed) == Some(true) {
        return Proposal::Blocked(Basis::DisputedPayment, BTreeSet::new());
    }
    let unknown: BTreeSet<Fact> = asked.into_iter().filter(|fact| facts.get(*fact).is_none()).collect();
    let (Some(whole), Some(part), true) = (facts.quantity(whole), facts.quantity(part), unknown.is_empty())
    else {
        return Proposal::Blocked(Basis::UnknownFacts, unknown);
    };
    let rest = whole.saturating_sub(part);
    if rest == 0 {
        return Proposal::Blocked(Basis::NothingLeft, BTreeSet::new());
    }
    Proposal::Grant(match rule {
        RemedyRule::RestOfPayment => Remedy::Money {
            amount_minor: rest,
            currency: facts.text(Fact::Currency).unwrap_or_default().to_owned(),
        },
        RemedyRule::CreditsOfPurchase | RemedyRule::CreditsOfGeneration => Remedy::Credits { credits: rest },
    })
}

impl Proposal {
    fn favour(&self) -> (u8, (u8, u64)) {
        match self {
            Self::Refuse => (0, (0, 0)),
            Self::Person => (1, (0, 0)),
            Self::Blocked(..) => (2, (0, 0)),
            Self::Grant(remedy) => (3, remedy.favour()),
        }
    }

    fn recommendation(&self) -> Option<Recommendation> {
        match self {
            Self::Grant(remedy) => Some(Recommendation::Grant { remedy: remedy.clone() }),
            Self::Refuse => Some(Recommendation::Refuse),
            Self::Person | Self::Blocked(..) => None,
        }
    }
}

fn report(
    document: &Document,
    facts: &Facts,
    reason: Reason,
    decided_at_ms: i64,
    looked: &[Looked<'_>],
    verdict: Verdict<'_>,
    trace: &Trace,
) -> Decision {
    let mut cited: Vec<&str> = Vec::new();
    if matches!(verdict.basis, Basis::BeforeFirstVersion | Basis::UndatedPayment) {
        cited.push(&document.version_clause);
    }
    cited.extend(verdict.rules.iter().flat_map(|rule| rule.clauses.iter().map(String::as_str)));
    if cited.is_empty() {
        cited.push(&document.door.clause);
    }
    let offered: BTreeSet<&str> =
        verdict.rules.iter().flat_map(|rule| rule.offers.iter().map(String::as_str)).collect();
    let doors = match verdict.outcome {
        Outcome::Person { .. } => Vec::new(),
        Outcome::Grant { .. } | Outcome::Refuse | Outcome::NeedsInformation { .. } => {
            vec![DoorShown { clause: document.door.clause.clone(), text: document.door.text.clone() }]
        }
    };
    Decision {
        document: document.id.clone(),
        version: document.version.clone(),
        title: document.title.clone(),
        reason,
        decided_at_ms,
        outcome: verdict.outcome,
        basis: verdict.basis,
        clauses: document
            .cited(&cited)
            .into_iter()
            .map(|clause| Citation {
                document: document.id.clone(),
                version: document.version.clone(),
                clause: clause.id.clone(),
                text: clause.text.clone(),
                sha256: clause.sha256.clone(),
            })
            .collect(),
        rules: looked.iter().map(rule_finding).collect(),
        facts: trace
            .facts
            .iter()
            .filter_map(|fact| {
                let value = facts.get(*fact)?.clone();
                Some(FactUsed { fact: *fact, value, source: fact.spec().source })
            })
            .collect(),
        terms: trace
            .terms
            .iter()
            .filter_map(|place| document.terms.get(*place))
            .map(|term| TermUsed { term: term.id.clone(), value: term.value_text() })
            .collect(),
        unknown_facts: verdict.unknown.into_iter().collect(),
        offers: document
            .offers
            .iter()
            .filter(|offer| offered.contains(offer.id.as_str()))
            .map(|offer| OfferMade {
                offer: offer.id.clone(),
                clause: offer.clause.clone(),
                text: offer.text.clone(),
            })
            .collect(),
        doors,
    }
}

fn rule_finding(looked: &Looked<'_>) -> RuleFinding {
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
