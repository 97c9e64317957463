//! The laws that stand beside every policy: the better of the two wins, and both are shown.

use policy::{Basis, Fact, Outcome, Reason};

use crate::case::{Case, DAY_MS, HOUR_MS, person, recommends, recommends_refusal, ten_dollars};

/// One product of every policy.
const PRODUCTS: [&str; 4] = ["platform-api", "image-to-3d", "image-web", "music-studio"];

fn german(product: &str) -> Case {
    Case::purchase(product, "pack").with(Fact::CustomerCountry, "DE")
}

#[test]
fn s2_28_the_stronger_right_wins_and_both_are_shown() {
    let decision = german("image-web").decide(Reason::ChangedMind);
    assert_eq!((&decision.outcome, decision.basis), (&recommends(ten_dollars()), Basis::Rules));
    assert_eq!(decision.clauses[0].clause, "packs-are-final");
    let law = decision.law.iter().find(|law| law.pack == "eu-withdrawal").unwrap();
    assert!(law.decisive && law.gives == Some(ten_dollars()) && law.signed_by.is_none());
    assert_eq!(law.clauses[0].clause, "withdrawal");
    assert_eq!(decision.deciding_clause().unwrap().clause, "withdrawal");
    let message = decision.message();
    assert!(message.contains("The law may give you more than our policy does."), "{message}");
}

#[test]
fn s2_28_a_pack_that_nobody_signed_never_decides() {
    for product in PRODUCTS {
        for reason in [Reason::ChangedMind, Reason::StatutoryWithdrawal] {
            let outcome = german(product).decide(reason).outcome;
            assert!(matches!(outcome, Outcome::Person { .. }), "{product} {reason:?}: {outcome:?}");
        }
    }
}

#[test]
fn s2_29_the_window_of_the_law_ends_with_its_last_day() {
    // Charged on Saturday 9 May, 0:00 UTC: on the 8th in Brazil. The 23rd is a Saturday, and the 25th a
    // holiday.
    let (day, hour) = (DAY_MS, HOUR_MS);
    for (country, end) in
        [("DE", 18 * day - 2 * hour), ("GB", 18 * day - hour), ("IS", 18 * day), ("BR", 7 * day + 5 * hour)]
    {
        for (offset, inside) in [(-1, true), (0, false), (1, false)] {
            let case = Case::purchase("image-web", "pack").with(Fact::CustomerCountry, country);
            let decision = case.after(end + offset).decide(Reason::ChangedMind);
            let expected = if inside { recommends(ten_dollars()) } else { Outcome::Refuse };
            assert_eq!(decision.outcome, expected, "{country} {offset}");
        }
    }
}

#[test]
fn s2_28_country_evidence_consumer_and_first_use_decide_what_the_law_gives() {
    let used = |case: Case| case.with(Fact::CreditsSpent, 1);
    for (name, case, expected) in [
        ("unused", german("image-web"), recommends(ten_dollars())),
        ("another country", german("image-web").with(Fact::CustomerCountry, "US"), Outcome::Refuse),
        ("a business", german("image-web").with(Fact::BoughtAsBusiness, true), Outcome::Refuse),
        ("used with a waiver", used(german("image-web")).with(Fact::WithdrawalWaived, true), Outcome::Refuse),
        ("used without a waiver", used(german("image-web")), person()),
        ("only a word for the country", german("image-web").with(Fact::CountryEvidence, "none"), person()),
    ] {
        assert_eq!(case.decide(Reason::ChangedMind).outcome, expected, "{name}");
    }
}

#[test]
fn s2_28_what_is_unknown_about_the_law_keeps_the_machine_from_refusing() {
    for fact in [Fact::CustomerCountry, Fact::CountryEvidence, Fact::BoughtAsBusiness, Fact::CreditsSpent] {
        let decision = german("image-web").without(fact).decide(Reason::ChangedMind);
        assert_eq!((&decision.outcome, decision.basis), (&person(), Basis::UnknownFacts), "{fact:?}");
        assert_eq!(decision.settled_by, [fact]);
    }
    let after = german("image-web").without(Fact::CustomerCountry).after(20 * DAY_MS);
    assert_eq!(after.decide(Reason::ChangedMind).outcome, Outcome::Refuse);
}

#[test]
fn s2_28_the_policy_stands_where_it_gives_as_much() {
    let case = Case::purchase("image-web", "subscription").with(Fact::CustomerCountry, "FR");
    let decision = case.clone().decide(Reason::ChangedMind);
    assert_eq!(decision.outcome, recommends(ten_dollars()));
    assert!(decision.law.iter().all(|law| !law.decisive));
    assert!(decision.law.iter().any(|law| law.gives == Some(ten_dollars())));
    // And a recommendation to refuse gives way to it.
    let suite = Case::purchase("assistant", "subscription").after(10 * DAY_MS);
    assert_eq!(suite.clone().decide(Reason::ChangedMind).outcome, recommends_refusal());
    let french = suite.with(Fact::CustomerCountry, "FR").decide(Reason::ChangedMind);
    assert_eq!(french.outcome, recommends(ten_dollars()));
}
