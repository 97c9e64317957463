//! Properties of the music studio's decisions over arbitrary facts.

use policy::{Fact, FactType, Facts, Outcome, Reason, Recommendation, Remedy, Value};
use proptest::prelude::*;

use crate::case::{CHARGED_MS, DAY_MS, IN_FORCE_MS, NOW_MS, music_studio};

/// Values near the thresholds, so that rules are met often.
fn value(fact: Fact) -> BoxedStrategy<Value> {
    match fact.spec().kind {
        FactType::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        FactType::Quantity(_) => {
            prop::sample::select(vec![0_i64, 1, 10, 500, 1_000, i64::MAX]).prop_map(Value::from).boxed()
        }
        FactType::Instant => prop::sample::select(vec![
            IN_FORCE_MS - 1,
            CHARGED_MS - DAY_MS,
            CHARGED_MS,
            CHARGED_MS + 7 * DAY_MS,
            CHARGED_MS + 14 * DAY_MS,
            NOW_MS,
        ])
        .prop_map(Value::from)
        .boxed(),
        FactType::Text => prop::sample::select(vec!["DE", "US", "pro", "usd"]).prop_map(Value::from).boxed(),
        FactType::Choice(words) => prop::sample::select(words).prop_map(Value::from).boxed(),
    }
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

fn reason() -> impl Strategy<Value = Reason> {
    prop::sample::select(Reason::ALL)
}

/// Most facts known, so that the machine decides often.
fn mask() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(prop::bool::weighted(0.9), Fact::ALL.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn unknown_facts_settle_nothing(
        values in all_facts(),
        others in all_facts(),
        mask in mask(),
        reason in reason(),
    ) {
        let part = known(&values, &mask);
        let outcome = policy::decide(music_studio(), &part, reason, NOW_MS).outcome;
        if matches!(outcome, Outcome::Grant { .. } | Outcome::Refuse) {
            let mut whole = known(&others, &vec![true; others.len()]);
            for (fact, value) in part.iter() {
                whole.set(fact, value.clone()).unwrap();
            }
            let settled = policy::decide(music_studio(), &whole, reason, NOW_MS).outcome;
            prop_assert_eq!(settled, outcome);
        }
    }

    #[test]
    fn no_decision_exceeds_what_was_paid_and_is_not_refunded(
        values in all_facts(),
        mask in mask(),
        reason in reason(),
    ) {
        let facts = known(&values, &mask);
        let decision = policy::decide(music_studio(), &facts, reason, NOW_MS);
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
    ) {
        let decision = policy::decide(music_studio(), &known(&values, &mask), reason, NOW_MS);
        prop_assert!(!decision.clauses.is_empty());
        let with_a_person = matches!(decision.outcome, Outcome::Person { .. });
        prop_assert_eq!(decision.doors.is_empty(), with_a_person);
        prop_assert!(!decision.message().is_empty());
    }

    #[test]
    fn claims_alone_never_move_money(values in all_facts(), others in all_facts(), reason in reason()) {
        let everything = vec![true; values.len()];
        let facts = known(&values, &everything);
        let outcome = policy::decide(music_studio(), &facts, reason, NOW_MS).outcome;
        let mut claimed = facts;
        for (fact, value) in known(&others, &everything).iter() {
            if fact.spec().source == policy::Source::Claimed {
                claimed.set(fact, value.clone()).unwrap();
            }
        }
        let other = policy::decide(music_studio(), &claimed, reason, NOW_MS).outcome;
        let automatic = |outcome: &Outcome| matches!(outcome, Outcome::Grant { .. });
        prop_assert_eq!(automatic(&outcome), automatic(&other));
    }
}
