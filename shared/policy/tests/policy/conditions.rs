//! What conditions mean, at their boundaries and where facts are unknown.

use policy::{Fact, Truth, Value};

use crate::small::{DAY_MS, IN_FORCE_MS, decide, document_with_rules, facts};

fn finding(when: &str, values: &[(Fact, Value)]) -> (Truth, Vec<Fact>) {
    let document = document_with_rules(&format!(
        "[rules.r]\nclauses = [\"main\"]\nreasons = [\"any\"]\nwhen = \"{when}\"\noutcome = \"person\"\n"
    ));
    let mut facts = facts(values);
    facts.set(Fact::PaymentNamed, false).unwrap();
    let decision = decide(&document, &facts);
    (decision.rules[0].finding, decision.unknown_facts)
}

fn check(when: &str, values: &[(Fact, Value)], expected: Truth) {
    assert_eq!(finding(when, values).0, expected, "{when} with {values:?}");
}

#[test]
fn three_values() {
    let values = |given: Option<bool>, landed: Option<bool>| -> Vec<(Fact, Value)> {
        [(Fact::EmailGiven, given), (Fact::CreditsLanded, landed)]
            .into_iter()
            .filter_map(|(fact, value)| Some((fact, value?.into())))
            .collect()
    };
    let (yes, no, unknown) = (Some(true), Some(false), None);
    for (left, right, and, or) in [
        (yes, yes, Truth::Yes, Truth::Yes),
        (yes, no, Truth::No, Truth::Yes),
        (yes, unknown, Truth::Unknown, Truth::Yes),
        (no, yes, Truth::No, Truth::Yes),
        (no, no, Truth::No, Truth::No),
        (no, unknown, Truth::No, Truth::Unknown),
        (unknown, yes, Truth::Unknown, Truth::Yes),
        (unknown, no, Truth::No, Truth::Unknown),
        (unknown, unknown, Truth::Unknown, Truth::Unknown),
    ] {
        check("email_given and credits_landed", &values(left, right), and);
        check("email_given or credits_landed", &values(left, right), or);
    }
    check("not email_given", &values(yes, no), Truth::No);
    check("not email_given", &values(no, no), Truth::Yes);
    check("not email_given", &values(unknown, no), Truth::Unknown);
}

#[test]
fn only_unknowns_that_matter_are_reported() {
    let landed = [(Fact::CreditsLanded, false.into())];
    let (truth, unknown) = finding("credits_landed and email_given", &landed);
    assert_eq!((truth, unknown), (Truth::No, vec![]));
    let (truth, unknown) = finding("(credits_landed and email_given) or note_given", &landed);
    assert_eq!((truth, unknown), (Truth::Unknown, vec![Fact::NoteGiven]));
}

#[test]
fn precedence_is_not_then_and_then_or() {
    let values = [(Fact::EmailGiven, true.into()), (Fact::NoteGiven, false.into())];
    check("email_given or note_given and note_given", &values, Truth::Yes);
    check("(email_given or note_given) and note_given", &values, Truth::No);
    check("not note_given and email_given", &values, Truth::Yes);
    check("not (note_given and email_given)", &values, Truth::Yes);
    check("not not email_given", &values, Truth::Yes);
}

#[test]
fn within_has_its_last_instant_inside_and_begins_with_its_start() {
    let end = IN_FORCE_MS + 14 * DAY_MS;
    for (requested_at, expected) in [
        (IN_FORCE_MS - 1, Truth::No),
        (IN_FORCE_MS, Truth::Yes),
        (IN_FORCE_MS + 1, Truth::Yes),
        (end - 1, Truth::Yes),
        (end, Truth::Yes),
        (end + 1, Truth::No),
    ] {
        let values = [(Fact::RequestedAt, requested_at.into()), (Fact::PaymentChargedAt, IN_FORCE_MS.into())];
        check("requested_at within window of payment_charged_at", &values, expected);
        check(
            "requested_at - payment_charged_at <= window and requested_at >= payment_charged_at",
            &values,
            expected,
        );
    }
}

#[test]
fn percentages_are_exact() {
    // 5 % of 19 credits is 0.95 credits.
    for (granted, spent, at_most, below) in [
        (100, 4, Truth::Yes, Truth::Yes),
        (100, 5, Truth::Yes, Truth::No),
        (100, 6, Truth::No, Truth::No),
        (19, 0, Truth::Yes, Truth::Yes),
        (19, 1, Truth::No, Truth::No),
        (0, 0, Truth::Yes, Truth::No),
    ] {
        let values = [
            (Fact::CreditsGranted, i64::from(granted).into()),
            (Fact::CreditsSpent, i64::from(spent).into()),
        ];
        check("credits_spent <= minimal of credits_granted", &values, at_most);
        check("credits_spent < minimal of credits_granted", &values, below);
    }
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let values = [(Fact::CreditsGranted, i64::MAX.into()), (Fact::CreditsSpent, i64::MAX.into())];
    check("credits_spent <= minimal of credits_granted", &values, Truth::No);
    check("credits_spent + credits_granted > credits_granted", &values, Truth::Yes);
    let values = [(Fact::RequestedAt, i64::MAX.into()), (Fact::PaymentChargedAt, i64::MIN.into())];
    check("requested_at - payment_charged_at > window", &values, Truth::Yes);
}

#[test]
fn words() {
    let german = [(Fact::CustomerCountry, "DE".into()), (Fact::PaymentKind, "pack".into())];
    check("customer_country in countries", &german, Truth::Yes);
    check("customer_country in ['IT', 'DE']", &german, Truth::Yes);
    check("customer_country = 'FR'", &german, Truth::No);
    check("customer_country != 'FR'", &german, Truth::Yes);
    check("payment_kind = pack", &german, Truth::Yes);
    check("payment_kind in [subscription]", &german, Truth::No);
    check("plan_paid != plan_requested", &german, Truth::Unknown);
    check("customer_country in countries", &[], Truth::Unknown);
    check("customer_country in countries", &[(Fact::CustomerCountry, "US".into())], Truth::No);
}
