//! What a decision says beside its outcome: what would settle it, and what would have turned it.

use policy::{Basis, Document, Fact, Facts, Outcome, Reason, Recommendation, Value};

use crate::small::{DAY_MS, IN_FORCE_MS, decide, document_with_rules, payment};

fn rule(id: &str, when: &str, outcome: &str, more: &str) -> String {
    let remedy = if outcome == "grant" { "remedy = \"rest_of_payment\"\n" } else { "" };
    format!(
        "[rules.{id}]\nclauses = [\"main\"]\nreasons = [\"any\"]\nwhen = \"{when}\"\noutcome = \
         \"{outcome}\"\nmode = \"recommend\"\n{remedy}{more}\n"
    )
}

fn with(values: &[(Fact, Value)]) -> Facts {
    let mut facts = payment();
    for (fact, value) in values {
        facts.set(*fact, value.clone()).unwrap();
    }
    facts
}

fn settled_by(rules: &str, values: &[(Fact, Value)]) -> Vec<Fact> {
    let decision = decide(&document_with_rules(rules), &with(values));
    assert_eq!(decision.basis, Basis::UnknownFacts);
    decision.settled_by
}

#[test]
fn one_fact_can_settle_what_many_leave_open() {
    let rules = rule("a", "credits_landed and first_purchase and credits_spent = 0", "grant", "");
    // Each of the three is enough where it does not hold; the first is named.
    assert_eq!(settled_by(&rules, &[]), [Fact::CreditsLanded]);
    let rules = rule("a", "credits_landed or first_purchase", "grant", "");
    assert_eq!(settled_by(&rules, &[(Fact::CreditsLanded, false.into())]), [Fact::FirstPurchase]);
    let rules = rule("a", "credits_spent < credits_granted", "grant", "");
    assert_eq!(settled_by(&rules, &[]), [Fact::CreditsGranted, Fact::CreditsSpent]);
}

#[test]
fn rules_that_share_a_fact_are_settled_by_it() {
    let rules = rule("a", "credits_landed and first_purchase", "grant", "")
        + &rule("b", "credits_landed and payment_delivered", "refuse", "");
    assert_eq!(settled_by(&rules, &[]), [Fact::CreditsLanded]);
    let apart = rule("a", "first_purchase", "grant", "") + &rule("b", "payment_delivered", "refuse", "");
    assert_eq!(settled_by(&apart, &[]), [Fact::PaymentDelivered, Fact::FirstPurchase]);
}

#[test]
fn a_word_that_one_rule_needs_and_another_excludes_settles_neither() {
    let rules = rule("a", "billing_reason = subscription_cycle and first_purchase", "grant", "")
        + &rule("b", "billing_reason != subscription_cycle and credits_landed", "refuse", "");
    // Any billing reason leaves one of the rules open.
    assert_eq!(settled_by(&rules, &[]), [Fact::BillingReason, Fact::CreditsLanded]);
    let apart = rule("a", "billing_reason in [manual, other] and first_purchase", "grant", "")
        + &rule("b", "billing_reason = subscription_cycle and credits_landed", "refuse", "");
    assert_eq!(settled_by(&apart, &[]), [Fact::BillingReason]);
}

#[test]
fn an_exception_settles_the_rule_that_it_sets_aside() {
    let rules = rule("a", "first_purchase and payment_delivered", "refuse", "")
        + &rule("b", "credits_landed", "grant", "overrides = [\"a\"]");
    let settled = settled_by(&rules, &[]);
    assert_eq!(settled, [Fact::CreditsLanded]);
}

#[test]
fn what_an_amount_needs_is_needed() {
    let rules = rule("a", "credits_landed", "grant", "");
    let document = document_with_rules(&rules);
    let mut facts = with(&[(Fact::CreditsLanded, true.into())]);
    facts.forget(Fact::Currency);
    facts.forget(Fact::AmountPaid);
    assert_eq!(decide(&document, &facts).settled_by, [Fact::AmountPaid, Fact::Currency]);
}

fn nearest(document: &Document, facts: &Facts) -> Vec<(Fact, Value)> {
    let decision = decide(document, facts);
    let refused = matches!(
        decision.outcome,
        Outcome::Refuse | Outcome::Person { recommendation: Some(Recommendation::Refuse) }
    );
    assert!(refused, "{:?}", decision.outcome);
    let changes = decision.nearest_change.map(|nearest| nearest.changes).unwrap_or_default();
    changes.into_iter().map(|change| (change.fact, change.to)).collect()
}

#[test]
fn the_nearest_change_stops_at_the_threshold() {
    let late = with(&[
        (Fact::RequestedAt, (IN_FORCE_MS + 15 * DAY_MS).into()),
        (Fact::CreditsGranted, 1_010.into()),
        (Fact::CreditsSpent, 700.into()),
        (Fact::CreditsHeld, 10.into()),
    ]);
    for (when, expected) in [
        ("requested_at within window of payment_charged_at", vec![(Fact::RequestedAt, 14 * DAY_MS)]),
        ("requested_at < payment_charged_at + window", vec![(Fact::RequestedAt, 14 * DAY_MS - 1)]),
        // 5 % of 1,010 are 50.5 credits. Running jobs hold 10 of them.
        ("credits_spent + credits_held <= minimal of credits_granted", vec![(Fact::CreditsSpent, 40)]),
        ("credits_spent + credits_held < minimal of credits_granted", vec![(Fact::CreditsSpent, 40)]),
        ("credits_held > credits_spent", vec![(Fact::CreditsHeld, 701)]),
        ("credits_spent = 0 or credits_held = 0 and credits_granted = 0", vec![(Fact::CreditsSpent, 0)]),
    ] {
        let rules = rule("yes", when, "grant", "") + &rule("no", &format!("not ({when})"), "refuse", "");
        let expected: Vec<(Fact, Value)> = expected
            .into_iter()
            .map(|(fact, to)| (fact, if fact == Fact::RequestedAt { IN_FORCE_MS + to } else { to }.into()))
            .collect();
        assert_eq!(nearest(&document_with_rules(&rules), &late), expected, "{when}");
    }
}

#[test]
fn another_case_is_no_change_and_a_change_that_is_not_enough_is_not_shown() {
    let pack = with(&[(Fact::PaymentKind, "pack".into()), (Fact::CreditsLanded, true.into())]);
    let another = rule("yes", "payment_kind = subscription", "grant", "")
        + &rule("no", "payment_kind = pack", "refuse", "");
    assert_eq!(nearest(&document_with_rules(&another), &pack), []);
    // Two changes: the rule that refuses would still be met after the cheaper one alone.
    let disputed = with(&[(Fact::PaymentDisputed, true.into()), (Fact::CreditsLanded, true.into())]);
    let rules = rule("yes", "not credits_landed", "grant", "") + &rule("no", "credits_landed", "refuse", "");
    assert_eq!(nearest(&document_with_rules(&rules), &disputed), []);
    let unknown = rule("yes", "first_purchase and not credits_landed", "grant", "")
        + &rule("no", "credits_landed", "refuse", "overrides = [\"yes\"]");
    assert_eq!(nearest(&document_with_rules(&unknown), &pack), []);
}

#[test]
fn a_rule_that_only_says_person_contradicts_nobody() {
    let rules = rule("yes", "credits_landed", "grant", "")
        + "[rules.look]\nclauses = [\"good\"]\nreasons = [\"any\"]\nwhen = \"first_purchase\"\noutcome = \
           \"person\"\n";
    let document = document_with_rules(&rules);
    for first_purchase in [Some(true), Some(false), None] {
        let mut facts = with(&[(Fact::CreditsLanded, true.into())]);
        if let Some(first_purchase) = first_purchase {
            facts.set(Fact::FirstPurchase, first_purchase).unwrap();
        }
        let decision = decide(&document, &facts);
        let recommended = Outcome::Person {
            recommendation: Some(Recommendation::Grant {
                remedy: policy::Remedy::Money { amount_minor: 1_000, currency: "eur".to_owned() },
            }),
        };
        assert_eq!((decision.outcome, decision.basis), (recommended, Basis::Rules), "{first_purchase:?}");
    }
}

#[test]
fn shares_are_rounded_up_and_never_exceed_the_rest() {
    let day = |days: i64| IN_FORCE_MS + days * DAY_MS;
    for (remedy, values, expected) in [
        (
            "payment_by_unused_credits",
            [(Fact::CreditsGranted, 3), (Fact::CreditsSpent, 1), (Fact::CreditsHeld, 1)],
            Some(334),
        ),
        (
            "payment_by_unused_credits",
            [(Fact::CreditsGranted, 3), (Fact::CreditsSpent, 3), (Fact::CreditsHeld, 0)],
            None,
        ),
        (
            "payment_by_unused_time",
            [(Fact::PeriodStartsAt, day(0)), (Fact::PeriodEndsAt, day(30)), (Fact::RequestedAt, day(20))],
            Some(334),
        ),
        (
            "payment_by_unused_time",
            [(Fact::PeriodStartsAt, day(0)), (Fact::PeriodEndsAt, day(30)), (Fact::RequestedAt, day(31))],
            None,
        ),
        (
            "payment_by_unused_time",
            [(Fact::PeriodStartsAt, day(30)), (Fact::PeriodEndsAt, day(0)), (Fact::RequestedAt, day(1))],
            None,
        ),
        (
            "payment_by_unused_time",
            [(Fact::PeriodStartsAt, day(1)), (Fact::PeriodEndsAt, day(30)), (Fact::AmountRefunded, 900)],
            Some(100),
        ),
    ] {
        let rules = rule("part", "payment_named", "grant", "").replace("rest_of_payment", remedy);
        let document = document_with_rules(&rules);
        let mut facts = payment();
        facts.set(Fact::RequestedAt, day(1)).unwrap();
        for (fact, value) in values {
            facts.set(fact, value).unwrap();
        }
        let outcome = policy::decide(&document, &facts, Reason::Other, day(40)).outcome;
        let amount = match outcome {
            Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => match remedy {
                policy::Remedy::Money { amount_minor, .. } => Some(amount_minor),
                policy::Remedy::Credits { credits } => Some(credits),
                policy::Remedy::Discount(_) => None,
            },
            Outcome::Person { .. } => None,
            other => panic!("{other:?}"),
        };
        assert_eq!(amount, expected, "{remedy} {values:?}");
    }
}

#[test]
fn people_review_what_the_document_says_they_review() {
    let rules = "[rules.no]\nclauses = [\"main\"]\nreasons = [\"any\"]\nwhen = \"credits_landed\"\noutcome = \
                 \"refuse\"\nmode = \"auto\"\n[rules.yes]\nclauses = [\"good\"]\nreasons = \
                 [\"any\"]\nwhen = \"not credits_landed\"\noutcome = \"grant\"\nremedy = \
                 \"rest_of_payment\"\nmode = \"auto\"\n";
    for (of, refuses, grants) in [("refusals", false, true), ("everything", false, false)] {
        let review =
            format!("{rules}[review.all]\nclause = \"good\"\nproducts = [\"toys\"]\nof = \"{of}\"\n");
        let document = document_with_rules(&review);
        for product in [Some("toys"), None] {
            let mut facts = with(&[(Fact::CreditsLanded, true.into())]);
            if let Some(product) = product {
                facts.set(Fact::Product, product).unwrap();
            }
            let refused = decide(&document, &facts);
            assert_eq!(refused.outcome == Outcome::Refuse, refuses, "{of} {product:?}");
            assert_eq!(refused.clauses.last().unwrap().clause, "good");
            facts.set(Fact::CreditsLanded, false).unwrap();
            let granted = matches!(decide(&document, &facts).outcome, Outcome::Grant { .. });
            assert_eq!(granted, grants, "{of} {product:?}");
        }
        let mut other = with(&[(Fact::CreditsLanded, true.into())]);
        other.set(Fact::Product, "books").unwrap();
        assert_eq!(decide(&document, &other).outcome, Outcome::Refuse);
    }
}

#[test]
fn a_signed_pack_may_decide_and_an_unsigned_one_recommends() {
    let refuse = "[rules.no]\nclauses = [\"main\"]\nreasons = [\"any\"]\nwhen = \"payment_named\"\noutcome = \
                  \"refuse\"\nmode = \"auto\"\n";
    let law = |head: &str| document_with_rules(&format!("{refuse}[law.eu-withdrawal]\n{head}"));
    let german = crate::small::facts(&[
        (Fact::RequestedAt, (IN_FORCE_MS + DAY_MS).into()),
        (Fact::CustomerCountry, "DE".into()),
        (Fact::CountryEvidence, "both".into()),
        (Fact::BoughtAsBusiness, false.into()),
        (Fact::CreditsSpent, 0.into()),
        (Fact::CreditsHeld, 0.into()),
    ]);
    let mut all = payment();
    for (fact, value) in german.iter() {
        all.set(fact, value.clone()).unwrap();
    }
    let automatic = decide(&law("signed_by = \"Counsel, 2026\"\nmode = \"auto\"\n"), &all);
    assert!(matches!(automatic.outcome, Outcome::Grant { .. }), "{:?}", automatic.outcome);
    assert_eq!(automatic.law[0].signed_by.as_deref(), Some("Counsel, 2026"));
    for head in ["", "signed_by = \"Counsel, 2026\"\n"] {
        let outcome = decide(&law(head), &all).outcome;
        let recommended =
            matches!(outcome, Outcome::Person { recommendation: Some(Recommendation::Grant { .. }) });
        assert!(recommended, "{head}: {outcome:?}");
    }
    let facts_of_law: Vec<Fact> = automatic.facts.iter().map(|used| used.fact).collect();
    assert!(facts_of_law.contains(&Fact::BoughtAsBusiness));
}
