//! Every threshold of every document at -1, 0 and +1 of its unit, generated from the documents.
//!
//! For each comparison of a rule with a term the search finds facts that stand exactly at the threshold
//! and under which the rule hinges on it. The snapshots show what the rule says on both sides.

use std::fmt::Write as _;

use examples::documents;
use policy::{Comparison, Condition, Document, Fact, FactType, Facts, Operand, Reason, Truth, Value};
use policy_authoring::{Threshold, Wanted, thresholds, witness};

/// The fact that is moved: the first that the comparison's left side names and that moves by itself.
fn moved(condition: &Condition) -> Fact {
    let Condition::Compare(left, _, _) = condition else { panic!("{condition:?}") };
    first(left).unwrap_or_else(|| panic!("{condition:?}"))
}

fn first(operand: &Operand) -> Option<Fact> {
    match operand {
        Operand::Fact(fact) => Some(*fact),
        Operand::Plus(left, _) | Operand::Minus(left, _) => first(left),
        Operand::Term(_)
        | Operand::Zero
        | Operand::Word(_)
        | Operand::Share(..)
        | Operand::LastInstant(..) => None,
    }
}

/// Facts at the threshold under which the rule is met or not by this comparison alone.
fn at_threshold(document: &Document, threshold: &Threshold<'_>) -> Facts {
    let wanted = |condition, holds| Wanted { condition, holds };
    let found = witness(
        document,
        &[wanted(&threshold.exactly, true), wanted(&threshold.given, true), wanted(&threshold.denied, false)],
    );
    found.unwrap().unwrap_or_else(|| {
        panic!("{}, rule {}: nothing hinges on {:?}", document.id, threshold.rule.id, threshold.comparison)
    })
}

fn finding(document: &Document, facts: &Facts, rule: &str, reason: Reason) -> Truth {
    let now_ms = match facts.get(Fact::DecidedAt) {
        Some(Value::Integer(now_ms)) => *now_ms,
        _ => 0,
    };
    let decision = policy::decide(document, facts, reason, now_ms);
    decision.rules.iter().find(|each| each.rule == rule).unwrap().finding
}

/// What a comparison says at -1, 0 and +1 around its threshold.
fn expected(condition: &Condition) -> [Truth; 3] {
    let Condition::Compare(_, comparison, _) = condition else { panic!("{condition:?}") };
    match comparison {
        Comparison::Less => [true, false, false],
        Comparison::LessOrEqual => [true, true, false],
        Comparison::Equal => [false, true, false],
        Comparison::NotEqual => [true, false, true],
        Comparison::GreaterOrEqual => [false, true, true],
        Comparison::Greater => [false, false, true],
    }
    .map(Truth::from)
}

fn check(id: &str) -> String {
    let mut table = String::new();
    for document in documents().iter().filter(|document| document.id == id) {
        for threshold in thresholds(document) {
            let facts = at_threshold(document, &threshold);
            let fact = moved(threshold.comparison);
            let Some(Value::Integer(value)) = facts.get(fact) else { panic!("{fact:?} is no number") };
            let reason = *threshold.rule.reasons.first().unwrap_or(&Reason::Other);
            let findings = [-1, 0, 1].map(|offset| {
                let mut facts = facts.clone();
                facts.set(fact, value.saturating_add(offset)).unwrap();
                finding(document, &facts, &threshold.rule.id, reason)
            });
            assert_eq!(findings, expected(threshold.comparison), "{} {}", document.id, threshold.rule.id);
            let unit = match fact.spec().kind {
                FactType::Instant => "ms",
                FactType::Quantity(_) => "1",
                kind => panic!("{kind:?}"),
            };
            let [below, at, above] =
                findings.map(|truth| if truth == Truth::Yes { "met" } else { "not met" });
            writeln!(
                table,
                "{:<40} {:<20} -1 {unit}: {below:<8} 0: {at:<8} +1 {unit}: {above}",
                threshold.rule.id,
                fact.as_str(),
            )
            .unwrap();
        }
    }
    table
}

#[test]
fn s0_5_s0_24_thresholds_of_the_assistant_suite() {
    insta::assert_snapshot!("assistant_suite", check("assistant-suite"));
}

#[test]
fn s2_19_s2_21_s2_28_thresholds_of_the_music_studio() {
    insta::assert_snapshot!("music_studio", check("music-studio"));
}

#[test]
fn s3_8_s3_10_s3_11_s3_15_s3_20_thresholds_of_image_to_3d() {
    insta::assert_snapshot!("image_to_3d", check("image-to-3d"));
}

#[test]
fn s4_17_thresholds_of_image_web() {
    insta::assert_snapshot!("image_web", check("image-web"));
}
