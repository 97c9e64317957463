//! How findings become outcomes.

use std::collections::BTreeSet;

use policy::{
    Basis, Decision, Document, Fact, Facts, FailureKind, OfferKind, Outcome, Reason, Recommendation, Remedy,
    Revocation, Value,
};

use crate::small::{DAY_MS, IN_FORCE_MS, decide, document_with_rules, payment};

const GRANT: &str = "[rules.grant]\nclauses = [\"good\"]\nreasons = [\"changed_mind\"]\noutcome = \
                     \"grant\"\nremedy = \"rest_of_payment\"\n";
const REFUSE: &str =
    "[rules.refuse]\nclauses = [\"bad\"]\nreasons = [\"changed_mind\"]\noutcome = \"refuse\"\n";

fn grant(when: &str, more: &str) -> String {
    format!("{GRANT}when = \"{when}\"\n{more}\n")
}

fn refuse(when: &str, more: &str) -> String {
    format!("{REFUSE}when = \"{when}\"\n{more}\n")
}

fn with(facts: &Facts, fact: Fact, value: impl Into<Value>) -> Facts {
    let mut facts = facts.clone();
    facts.set(fact, value).unwrap();
    facts
}

fn money(amount_minor: u64) -> Remedy {
    Remedy::Money { amount_minor, currency: "eur".to_owned() }
}

fn person(basis: Basis, recommendation: Option<Recommendation>) -> (Outcome, Basis) {
    (Outcome::Person { recommendation }, basis)
}

fn outcome(document: &Document, facts: &Facts) -> (Outcome, Basis) {
    let decision = decide(document, facts);
    (decision.outcome, decision.basis)
}

fn cited(decision: &Decision) -> Vec<&str> {
    decision.clauses.iter().map(|citation| citation.clause.as_str()).collect()
}

#[test]
fn a_grant_never_exceeds_what_was_paid_and_is_not_refunded() {
    let document = document_with_rules(&grant("credits_landed", "mode = \"auto\""));
    let facts = with(&payment(), Fact::CreditsLanded, true);
    for (refunded, expected) in [
        (0, (Outcome::Grant { remedy: money(1_000) }, Basis::Rules)),
        (999, (Outcome::Grant { remedy: money(1) }, Basis::Rules)),
        (1_000, person(Basis::NothingLeft, None)),
        (1_001, person(Basis::NothingLeft, None)),
    ] {
        assert_eq!(outcome(&document, &with(&facts, Fact::AmountRefunded, refunded)), expected, "{refunded}");
    }
    for fact in [Fact::AmountPaid, Fact::AmountRefunded, Fact::Currency, Fact::PaymentDisputed] {
        let mut facts = facts.clone();
        facts.forget(fact);
        let decision = decide(&document, &facts);
        assert_eq!(decision.basis, Basis::UnknownFacts, "{fact:?}");
        assert_eq!(decision.unknown_facts, [fact]);
    }
    let disputed = with(&facts, Fact::PaymentDisputed, true);
    assert_eq!(outcome(&document, &disputed), person(Basis::DisputedPayment, None));
}

#[test]
fn a_recommendation_leaves_the_decision_to_a_person() {
    let facts = with(&payment(), Fact::CreditsLanded, true);
    let document = document_with_rules(&grant("credits_landed", "mode = \"recommend\""));
    let recommended = Some(Recommendation::Grant { remedy: money(1_000) });
    assert_eq!(outcome(&document, &facts), person(Basis::Rules, recommended));
    let document = document_with_rules(&refuse("credits_landed", "mode = \"recommend\""));
    assert_eq!(outcome(&document, &facts), person(Basis::Rules, Some(Recommendation::Refuse)));
}

#[test]
fn clauses_that_contradict_each_other_go_to_a_person_with_the_favourable_one_first() {
    let rules = refuse("credits_landed", "mode = \"auto\"") + &grant("credits_landed", "mode = \"auto\"");
    let decision = decide(&document_with_rules(&rules), &with(&payment(), Fact::CreditsLanded, true));
    assert_eq!(decision.basis, Basis::Conflict);
    assert_eq!(cited(&decision), ["good", "bad"]);
    let recommendation = Some(Recommendation::Grant { remedy: money(1_000) });
    assert_eq!(decision.outcome, Outcome::Person { recommendation });
}

#[test]
fn an_exception_sets_its_rule_aside() {
    let rules = refuse("credits_landed", "mode = \"auto\"")
        + &grant("credits_landed", "mode = \"auto\"\noverrides = [\"refuse\"]");
    let decision = decide(&document_with_rules(&rules), &with(&payment(), Fact::CreditsLanded, true));
    assert_eq!(decision.outcome, Outcome::Grant { remedy: money(1_000) });
    assert_eq!(cited(&decision), ["good"]);
    assert_eq!(decision.rules[0].set_aside_by.as_deref(), Some("grant"));
    assert_eq!(decision.rules[1].set_aside_by, None);
}

#[test]
fn an_unsettled_rule_that_could_say_otherwise_stops_the_machine() {
    let rules = refuse("credits_landed", "mode = \"auto\"") + &grant("note_given", "mode = \"auto\"");
    let document = document_with_rules(&rules);
    let landed = with(&payment(), Fact::CreditsLanded, true);
    assert_eq!(outcome(&document, &with(&landed, Fact::NoteGiven, false)), (Outcome::Refuse, Basis::Rules));
    let decision = decide(&document, &with(&landed, Fact::CustomerCountry, "DE"));
    assert_eq!(decision.basis, Basis::UnknownFacts);
    assert_eq!(decision.unknown_facts, [Fact::NoteGiven]);
    assert_eq!(cited(&decision), ["bad", "good"]);
    let Outcome::NeedsInformation { missing } = &decision.outcome else { panic!("{:?}", decision.outcome) };
    assert_eq!(missing[0].fact, Fact::NoteGiven);
}

#[test]
fn unknown_facts_that_no_customer_can_supply_go_to_a_person() {
    let document = document_with_rules(&grant("credits_landed", "mode = \"auto\""));
    assert_eq!(outcome(&document, &payment()), person(Basis::UnknownFacts, None));
}

#[test]
fn what_no_rule_covers_goes_to_a_person() {
    let document = document_with_rules(&grant("credits_landed", "mode = \"auto\""));
    assert_eq!(
        outcome(&document, &with(&payment(), Fact::CreditsLanded, false)),
        person(Basis::Unmatched, None)
    );
    let other = policy::decide(&document, &payment(), Reason::Other, IN_FORCE_MS);
    assert_eq!(other.outcome, Outcome::Person { recommendation: None });
    assert_eq!(other.basis, Basis::Unmatched);
    assert!(other.rules.is_empty());
    assert_eq!(cited(&other), ["door"]);
}

#[test]
fn information_is_asked_for_only_where_a_person_would_decide() {
    let ask = "[rules.ask]\nclauses = [\"main\"]\nreasons = [\"any\"]\nwhen = \"not (order_id_given and \
               note_given)\"\noutcome = \"needs_information\"\nasks = [\"order_id_given\", \
               \"note_given\"]\n";
    let facts = with(&with(&payment(), Fact::CreditsLanded, true), Fact::OrderIdGiven, false);
    let automatic = document_with_rules(&(refuse("credits_landed", "mode = \"auto\"") + ask));
    assert_eq!(outcome(&automatic, &facts), (Outcome::Refuse, Basis::Rules));

    let recommended = document_with_rules(&(refuse("credits_landed", "mode = \"recommend\"") + ask));
    let decision = decide(&recommended, &facts);
    let Outcome::NeedsInformation { missing } = &decision.outcome else { panic!("{:?}", decision.outcome) };
    assert_eq!(
        missing.iter().map(|each| each.fact).collect::<Vec<_>>(),
        [Fact::OrderIdGiven, Fact::NoteGiven]
    );
    assert_eq!(cited(&decision), ["main", "bad"]);

    let complete = with(&with(&facts, Fact::OrderIdGiven, true), Fact::NoteGiven, true);
    assert_eq!(outcome(&recommended, &complete), person(Basis::Rules, Some(Recommendation::Refuse)));
}

#[test]
fn s2_35_a_payment_is_judged_by_the_version_of_its_own_time() {
    let document = document_with_rules(&grant("credits_landed", "mode = \"auto\""));
    let facts = with(&payment(), Fact::CreditsLanded, true);
    for (offset, expected) in [(-1, Basis::BeforeFirstVersion), (0, Basis::Rules), (1, Basis::Rules)] {
        let decision = decide(&document, &with(&facts, Fact::PaymentChargedAt, IN_FORCE_MS + offset));
        assert_eq!(decision.basis, expected, "{offset}");
    }
    let mut undated = facts;
    undated.forget(Fact::PaymentChargedAt);
    let decision = decide(&document, &undated);
    assert_eq!(decision.basis, Basis::UndatedPayment);
    assert_eq!(decision.unknown_facts, [Fact::PaymentChargedAt]);
    assert_eq!(cited(&decision), ["main"]);
}

#[test]
fn a_decision_shows_what_it_rests_on() {
    let when = "requested_at within window of payment_charged_at and plan_requested = 'pro'";
    let document = document_with_rules(&refuse(when, "mode = \"recommend\"\noffers = [\"again\"]"));
    let facts = with(&with(&payment(), Fact::RequestedAt, IN_FORCE_MS + DAY_MS), Fact::PlanRequested, "pro");
    insta::assert_json_snapshot!(decide(&document, &facts));
}

#[test]
fn a_stored_decision_reads_back_and_is_reproduced_byte_for_byte() {
    let document = document_with_rules(&grant("credits_landed", "mode = \"auto\""));
    let facts = with(&payment(), Fact::CreditsLanded, true);
    let frozen = serde_json::to_string(&facts).unwrap();
    let stored = serde_json::to_string(&decide(&document, &facts)).unwrap();
    let again = decide(&document, &serde_json::from_str(&frozen).unwrap());
    assert_eq!(serde_json::to_string(&again).unwrap(), stored);
    assert_eq!(serde_json::from_str::<Decision>(&stored).unwrap(), again);
}

#[test]
fn facts_keep_to_their_types() {
    let mut facts = Facts::new();
    for (fact, value, expected) in [
        (Fact::NoteGiven, Value::from("yes"), "fact `note_given` has a wrong value; expected true or false"),
        (
            Fact::AmountPaid,
            (-1).into(),
            "fact `amount_paid` has a wrong value; expected an integer from zero up",
        ),
        (
            Fact::RequestedAt,
            true.into(),
            "fact `requested_at` has a wrong value; expected milliseconds since 1970",
        ),
        (Fact::Product, 1.into(), "fact `product` has a wrong value; expected a text"),
        (
            Fact::Product,
            "x".repeat(256).into(),
            "fact `product` has a wrong value; expected a text of at most 255 bytes",
        ),
        (
            Fact::PaymentKind,
            "gift".into(),
            "fact `payment_kind` has a wrong value; expected one of the words that the registry lists",
        ),
    ] {
        assert_eq!(facts.set(fact, value).unwrap_err().to_string(), expected);
    }
    assert!(facts.set_quantity(Fact::AmountPaid, u64::MAX).is_err());
    assert_eq!(facts.iter().count(), 0);
    let read: Facts = serde_json::from_str(r#"{"amount_paid": 5, "product": null}"#).unwrap();
    assert_eq!(read, crate::small::facts(&[(Fact::AmountPaid, 5.into())]));
    for (text, expected) in [
        (r#"{"amount_paid": -5}"#, "fact `amount_paid` has a wrong value"),
        (r#"{"amount": 5}"#, "unknown variant `amount`"),
    ] {
        let error = serde_json::from_str::<Facts>(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn names_that_are_stored_stay_as_they_are() {
    let facts = Fact::ALL.iter().map(|fact| fact.as_str());
    let reasons = Reason::ALL.iter().map(|reason| reason.as_str());
    let kinds = FailureKind::ALL.iter().map(|kind| kind.as_str());
    let offers = OfferKind::ALL.iter().map(|kind| kind.as_str());
    let revocations = Revocation::ALL.iter().map(|revocation| revocation.as_str());
    let lists = [
        ("facts", facts.collect::<Vec<_>>()),
        ("reasons", reasons.collect()),
        ("failures", kinds.collect()),
        ("offers", offers.collect()),
        ("revocations", revocations.collect()),
    ];
    for (list, names) in &lists {
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "two {list} have one name");
    }
    assert_eq!((Fact::parse("note"), Reason::parse("any")), (None, None));
    let lines = lists.map(|(list, names)| format!("{list}: {}", names.join(" ")));
    insta::assert_snapshot!(lines.join("\n"));
}
