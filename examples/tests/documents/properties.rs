//! Properties of every document's decisions over arbitrary facts.

use examples::documents;
use policy::{
    Basis, Decision, Document, Fact, FactType, Facts, Outcome, Reason, Recommendation, Remedy, Value,
};
use proptest::prelude::*;

use crate::case::{Case, DAY_MS, HOUR_MS, charged_ms};

/// When the payments of these tests are charged: a week into the youngest document.
const CHARGED_MS: i64 = 1_780_272_000_000 + 7 * DAY_MS;
const NOW_MS: i64 = CHARGED_MS + 20 * DAY_MS;

/// Values near the thresholds, so that rules are met often.
fn values(fact: Fact) -> Vec<Value> {
    let words = |words: &[&str]| words.iter().map(|word| Value::from(*word)).collect();
    match fact.spec().kind {
        FactType::Boolean => vec![true.into(), false.into()],
        FactType::Quantity(_) => {
            [0, 1, 10, 49, 50, 250, 500, 1_000, i64::MAX].into_iter().map(Value::from).collect()
        }
        FactType::Instant => [
            CHARGED_MS - 60 * DAY_MS,
            CHARGED_MS - DAY_MS,
            CHARGED_MS,
            CHARGED_MS + 48 * HOUR_MS,
            CHARGED_MS + 7 * DAY_MS,
            CHARGED_MS + 14 * DAY_MS,
            NOW_MS,
        ]
        .into_iter()
        .map(Value::from)
        .collect(),
        FactType::Text if fact == Fact::Product => documents()
            .iter()
            .flat_map(|each| &each.products)
            .map(|product| product.as_str().into())
            .collect(),
        FactType::Text => words(&["DE", "BR", "US", "pro", "usd"]),
        FactType::Choice(choices) => words(choices),
    }
}

fn value(fact: Fact) -> impl Strategy<Value = Value> {
    prop::sample::select(values(fact))
}

fn all_facts() -> impl Strategy<Value = Vec<Value>> {
    Fact::ALL.iter().map(|fact| value(*fact)).collect::<Vec<_>>()
}

/// The facts whose place in the registry `known` marks.
fn known(values: &[Value], known: &[bool]) -> Facts {
    let mut facts = Facts::new();
    for ((fact, value), known) in Fact::ALL.iter().zip(values).zip(known) {
        if *known {
            facts.set(*fact, value.clone()).unwrap();
        }
    }
    facts
}

fn document() -> impl Strategy<Value = &'static Document> {
    prop::sample::select(documents().iter().collect::<Vec<_>>())
}

fn reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(Reason::ALL)
}

/// Most facts known, so that the machine decides often.
fn mask() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(prop::bool::weighted(0.9), Fact::ALL.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn unknown_facts_settle_nothing(
        values in all_facts(),
        others in all_facts(),
        mask in mask(),
        reason in reason(),
        document in document(),
    ) {
        let part = known(&values, &mask);
        let outcome = policy::decide(document, &part, reason, NOW_MS).outcome;
        if matches!(outcome, Outcome::Grant { .. } | Outcome::Refuse) {
            let mut whole = known(&others, &vec![true; others.len()]);
            for (fact, value) in part.iter() {
                whole.set(fact, value.clone()).unwrap();
            }
            let settled = policy::decide(document, &whole, reason, NOW_MS).outcome;
            prop_assert_eq!(settled, outcome);
        }
    }

    #[test]
    fn no_decision_exceeds_what_was_paid_and_is_not_refunded(
        values in all_facts(),
        mask in mask(),
        reason in reason(),
        document in document(),
    ) {
        let facts = known(&values, &mask);
        let decision = policy::decide(document, &facts, reason, NOW_MS);
        let remedy = match &decision.outcome {
            Outcome::Grant { remedy }
            | Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => Some(remedy),
            _ => None,
        };
        if let Some(Remedy::Money { amount_minor, .. }) = remedy {
            let integer = |fact| match facts.get(fact) {
                Some(Value::Integer(integer)) => *integer,
                other => panic!("{fact:?}: {other:?}"),
            };
            let rest = integer(Fact::AmountPaid).checked_sub(integer(Fact::AmountRefunded));
            prop_assert!(*amount_minor > 0 && i64::try_from(*amount_minor).ok() <= rest);
            prop_assert_eq!(facts.get(Fact::PaymentDisputed), Some(&Value::Boolean(false)));
        }
    }

    #[test]
    fn every_answer_cites_a_clause_and_leaves_a_way_to_a_person(
        values in all_facts(),
        mask in mask(),
        reason in reason(),
        document in document(),
    ) {
        let decision = policy::decide(document, &known(&values, &mask), reason, NOW_MS);
        prop_assert!(!decision.clauses.is_empty());
        let with_a_person = matches!(decision.outcome, Outcome::Person { .. });
        prop_assert_eq!(decision.doors.is_empty(), with_a_person);
        prop_assert!(!decision.message().is_empty());
    }

    #[test]
    fn claims_alone_never_move_money(
        values in all_facts(),
        others in all_facts(),
        reason in reason(),
        document in document(),
    ) {
        let everything = vec![true; values.len()];
        let facts = known(&values, &everything);
        let outcome = policy::decide(document, &facts, reason, NOW_MS).outcome;
        let mut claimed = facts;
        for (fact, value) in known(&others, &everything).iter() {
            if fact.spec().source == policy::Source::Claimed {
                claimed.set(fact, value.clone()).unwrap();
            }
        }
        let other = policy::decide(document, &claimed, reason, NOW_MS).outcome;
        let automatic = |outcome: &Outcome| matches!(outcome, Outcome::Grant { .. });
        prop_assert_eq!(automatic(&outcome), automatic(&other));
    }

    #[test]
    fn s3_26_declining_an_offer_changes_nothing(
        values in all_facts(),
        mask in mask(),
        reason in reason(),
        document in document(),
    ) {
        let mut facts = known(&values, &mask);
        facts.forget(Fact::OfferDeclined);
        let undecided = policy::decide(document, &facts, reason, NOW_MS);
        for declined in [true, false] {
            facts.set(Fact::OfferDeclined, declined).unwrap();
            prop_assert_eq!(&policy::decide(document, &facts, reason, NOW_MS), &undecided);
        }
    }

    #[test]
    fn the_nearest_change_turns_a_refusal_into_a_grant(
        values in all_facts(),
        mask in mask(),
        reason in reason(),
        document in document(),
    ) {
        let mut facts = known(&values, &mask);
        let decision = policy::decide(document, &facts, reason, NOW_MS);
        if let Some(nearest) = &decision.nearest_change {
            prop_assert!(favour(&decision) <= 1);
            prop_assert!(!nearest.changes.is_empty());
            for change in &nearest.changes {
                prop_assert_eq!(facts.get(change.fact), Some(&change.from));
                facts.set(change.fact, change.to.clone()).unwrap();
            }
            let changed = policy::decide(document, &facts, reason, NOW_MS);
            let asked = matches!(changed.outcome, Outcome::NeedsInformation { .. });
            prop_assert!(asked || favour(&changed) >= 3, "{:?}", changed.outcome);
        }
    }

    #[test]
    fn s0_5_s3_8_s3_20_s4_17_an_earlier_request_with_less_use_is_never_worse(
        product in prop::sample::select(vec!["assistant", "audio", "image-to-3d", "image-web"]),
        kind in prop::sample::select(vec!["subscription", "pack"]),
        (earlier, later) in ordered(0..20 * 24),
        (less, more) in ordered(0..1_000),
        (fewer, most) in ordered(0..20),
    ) {
        let case = |hours: i64, credits: i64, generations: i64| {
            Case::purchase(product, kind)
                .after(hours.saturating_mul(HOUR_MS))
                .with(Fact::CreditsSpent, credits)
                .with(Fact::GenerationsUsed, generations)
                .decide_at(Reason::ChangedMind, charged_ms(product).saturating_add(30 * DAY_MS))
        };
        let (better, worse) = (case(earlier, less, fewer), case(later, more, most));
        prop_assert!(favour(&better) >= favour(&worse), "{:?} and {:?}", better.outcome, worse.outcome);
    }
}

proptest! {
    // Each case tries out up to a thousand combinations of values.
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_smallest_set_of_missing_facts_can_settle_the_decision(
        values in all_facts(),
        mask in mask(),
        reason in reason(),
        document in document(),
    ) {
        let facts = known(&values, &mask);
        let decision = policy::decide(document, &facts, reason, NOW_MS);
        prop_assert!(decision.settled_by.iter().all(|fact| decision.unknown_facts.contains(fact)));
        // Numbers are taken to be free, so that the promise is about truths and words.
        let closed = decision
            .settled_by
            .iter()
            .all(|fact| matches!(fact.spec().kind, FactType::Boolean | FactType::Choice(_)));
        if decision.basis == Basis::UnknownFacts && closed && (1..=3).contains(&decision.settled_by.len()) {
            let settled = settles(document, &facts, reason, &decision.settled_by);
            prop_assert!(settled, "{:?} of {:?}", decision.settled_by, decision.unknown_facts);
        }
    }
}

/// Whether some values of these facts settle the decision.
fn settles(document: &Document, facts: &Facts, reason: Reason, missing: &[Fact]) -> bool {
    let Some((fact, rest)) = missing.split_first() else {
        return policy::decide(document, facts, reason, NOW_MS).basis != Basis::UnknownFacts;
    };
    values(*fact).into_iter().any(|value| {
        let mut with = facts.clone();
        with.set(*fact, value).unwrap();
        settles(document, &with, reason, rest)
    })
}

/// Two numbers, the smaller first.
fn ordered(range: std::ops::Range<i64>) -> impl Strategy<Value = (i64, i64)> {
    (range.clone(), range).prop_map(|(one, other)| (one.min(other), one.max(other)))
}

/// How much an outcome favours the customer.
fn favour(decision: &Decision) -> u8 {
    match &decision.outcome {
        Outcome::Refuse => 0,
        Outcome::Person { recommendation: Some(Recommendation::Refuse) } => 1,
        Outcome::Person { recommendation: None } | Outcome::NeedsInformation { .. } => 2,
        Outcome::Person { recommendation: Some(Recommendation::Grant { .. }) } => 3,
        Outcome::Grant { .. } => 4,
    }
}
