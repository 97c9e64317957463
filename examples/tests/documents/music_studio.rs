//! The music studio's rules about money, each by its id.

use policy::{Basis, Fact, Outcome, Reason, Recommendation, Remedy};

use crate::case::{CHARGED_MS, Case, DAY_MS, HOUR_MS, IN_FORCE_MS, NOW_MS, cited};
use crate::staffing::intake;

/// What the laws beside the policy want to know of a customer.
const COUNTRY: [Fact; 3] = [Fact::CustomerCountry, Fact::CountryEvidence, Fact::BoughtAsBusiness];

fn money() -> Remedy {
    Remedy::Money { amount_minor: 1_000, currency: "usd".to_owned() }
}

fn granted() -> Outcome {
    Outcome::Grant { remedy: money() }
}

fn person(recommendation: Option<Recommendation>) -> Outcome {
    Outcome::Person { recommendation }
}

fn recommended() -> Outcome {
    person(Some(Recommendation::Grant { remedy: money() }))
}

fn missing(outcome: &Outcome) -> Vec<Fact> {
    match outcome {
        Outcome::NeedsInformation { missing } => missing.iter().map(|each| each.fact).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn s2_1_a_payment_from_before_the_policy_goes_to_a_person() {
    for (offset, expected) in [(-1, Basis::BeforeFirstVersion), (0, Basis::Rules), (1, Basis::Rules)] {
        let charged = IN_FORCE_MS + offset;
        let case = Case::renewal_after_cancellation()
            .with(Fact::PaymentChargedAt, charged)
            .with(Fact::CancellationConfirmedAt, charged - 2)
            .with(Fact::CancellationEffectiveAt, charged - 1);
        let decision = case.decide(Reason::ChargedAfterCancellation);
        assert_eq!(decision.basis, expected, "{offset}");
        if offset < 0 {
            assert_eq!(decision.outcome, person(None));
            assert_eq!(cited(&decision), ["which-version-applies"]);
        }
    }
}

#[test]
fn s2_13_a_change_of_mind_in_the_middle_of_a_period_is_refused() {
    for (offset, expected) in [(-1, person(None)), (0, person(None)), (1, Outcome::Refuse)] {
        let decision = Case::renewal().with(Fact::PeriodEndsAt, NOW_MS + offset).decide(Reason::ChangedMind);
        assert_eq!(decision.outcome, expected, "{offset}");
    }
    let decision = Case::renewal().decide(Reason::ChangedMind);
    assert_eq!(cited(&decision), ["mid-period"]);
    assert_eq!(decision.doors.len(), 1);
}

#[test]
fn s2_14_a_person_decides_about_the_wrong_card_and_the_clause_is_recommended() {
    for case in [Case::renewal(), Case::pack()] {
        let decision = case.decide(Reason::WrongCardCharged);
        assert_eq!((&decision.outcome, cited(&decision)), (&recommended(), vec!["wrong-card"]));
    }
    // The claim alone is enough for the recommendation, and never for a refund by the machine.
    let charged = Case::renewal().with(Fact::NoteGiven, true).decide(Reason::WrongCardCharged);
    assert!(!matches!(charged.outcome, Outcome::Grant { .. }));
    let unnamed = Case::request().decide(Reason::WrongCardCharged);
    assert_eq!((unnamed.outcome, unnamed.basis), (person(None), Basis::Unmatched));
}

#[test]
fn s2_15_the_wrong_plan_is_recommended_for_a_refund() {
    // Any claim of the customer, or none.
    for said in [None, Some("free"), Some("pro")] {
        let case = Case::renewal().with(Fact::PlanOrdered, "free");
        let case = said.map_or(case.clone(), |said| case.with(Fact::PlanRequested, said));
        let decision = case.decide(Reason::WrongPlanCharged);
        assert_eq!((&decision.outcome, cited(&decision)), (&recommended(), vec!["wrong-plan"]), "{said:?}");
    }
}

#[test]
fn s2_15_the_customer_s_word_alone_goes_to_a_person_without_a_recommendation() {
    for ordered in [None, Some("pro")] {
        let case =
            || ordered.map_or_else(Case::renewal, |plan| Case::renewal().with(Fact::PlanOrdered, plan));
        let decision = case().with(Fact::PlanRequested, "free").decide(Reason::WrongPlanCharged);
        assert_eq!((&decision.outcome, cited(&decision)), (&person(None), vec!["wrong-plan"]), "{ordered:?}");
        let decision = case().with(Fact::PlanRequested, "pro").decide(Reason::WrongPlanCharged);
        assert_eq!(decision.outcome, person(None), "{ordered:?}");
        let decision = case().decide(Reason::WrongPlanCharged);
        assert_eq!(missing(&decision.outcome), [Fact::PlanRequested], "{ordered:?}");
    }
}

#[test]
fn s2_16_charge_after_confirmed_cancellation_is_granted() {
    let decision = Case::renewal_after_cancellation().decide(Reason::ChargedAfterCancellation);
    insta::assert_json_snapshot!("charged_after_cancellation", decision);
    insta::assert_snapshot!("charged_after_cancellation_message", decision.message());
    assert!(decision.facts.iter().all(|used| used.source == policy::Source::Recorded));
}

#[test]
fn s2_16_the_charge_must_follow_the_confirmation_and_its_effect() {
    for (confirmed, effective, expected) in [
        (-1, -1, (granted(), Basis::Rules)),
        (-1, 0, (granted(), Basis::Rules)),
        (-1, 1, (person(None), Basis::Rules)),
        (0, 0, (person(None), Basis::Unmatched)),
        (1, 1, (person(None), Basis::Unmatched)),
        (0, -1, (person(None), Basis::Unmatched)),
    ] {
        let decision = Case::renewal_after_cancellation()
            .with(Fact::CancellationConfirmedAt, CHARGED_MS + confirmed)
            .with(Fact::CancellationEffectiveAt, CHARGED_MS + effective)
            // The period that is paid for begins a little after the charge.
            .with(Fact::PeriodStartsAt, CHARGED_MS + 5)
            .decide(Reason::ChargedAfterCancellation);
        assert_eq!(
            (decision.outcome, decision.basis),
            expected,
            "confirmed {confirmed}, effective {effective}"
        );
    }
}

#[test]
fn s2_16_a_debt_from_before_the_cancellation_took_effect_is_recommended_for_a_refund() {
    let effective = CHARGED_MS - DAY_MS;
    for (period_starts, expected) in [
        (effective - 5 * DAY_MS, recommended()),
        (effective - 1, recommended()),
        (effective, granted()),
        (CHARGED_MS, granted()),
    ] {
        let case = Case::renewal_after_cancellation().with(Fact::PeriodStartsAt, period_starts);
        let decision = case.decide(Reason::ChargedAfterCancellation);
        assert_eq!((&decision.outcome, cited(&decision)), (&expected, vec!["charged-after-cancellation"]));
        // The exception to S2-13 goes as far, and no further.
        let is_exception = case.decide(Reason::ChangedMind).outcome == granted();
        assert_eq!(is_exception, expected == granted(), "{period_starts}");
    }
    let unknown = Case::renewal_after_cancellation().without(Fact::PeriodStartsAt);
    assert_eq!(unknown.decide(Reason::ChargedAfterCancellation).outcome, person(None));
}

#[test]
fn s2_16_other_invoices_after_a_cancellation_go_to_a_person() {
    for billing_reason in ["subscription_create", "subscription_update", "manual", "other"] {
        let case = Case::renewal_after_cancellation().with(Fact::BillingReason, billing_reason);
        let decision = case.decide(Reason::ChargedAfterCancellation);
        assert_eq!((&decision.outcome, decision.basis), (&person(None), Basis::Rules), "{billing_reason}");
        assert_eq!(cited(&decision), ["charged-after-cancellation"]);
    }
}

#[test]
fn s2_16_a_claim_alone_is_never_enough() {
    let decision = Case::renewal().decide(Reason::ChargedAfterCancellation);
    assert_eq!((decision.outcome, decision.basis), (person(None), Basis::Unmatched));
    let case = Case::renewal().without(Fact::CancellationConfirmed);
    let decision = case.decide(Reason::ChargedAfterCancellation);
    assert_eq!((decision.outcome, decision.basis), (person(None), Basis::UnknownFacts));
    assert!(decision.unknown_facts.contains(&Fact::CancellationConfirmed));
}

#[test]
fn s2_16_is_the_exception_to_s2_13() {
    let decision = Case::renewal_after_cancellation().decide(Reason::ChangedMind);
    assert_eq!(decision.outcome, granted());
    let mid_period = decision.rules.iter().find(|rule| rule.rule == "mid-period").unwrap();
    assert_eq!(mid_period.set_aside_by.as_deref(), Some("charged-after-confirmed-cancellation"));
}

#[test]
fn s2_16_what_was_refunded_is_not_refunded_again() {
    for (refunded, expected) in [
        (400, Outcome::Grant { remedy: Remedy::Money { amount_minor: 600, currency: "usd".to_owned() } }),
        (1_000, person(None)),
    ] {
        let case = Case::renewal_after_cancellation().with(Fact::AmountRefunded, refunded);
        assert_eq!(case.decide(Reason::ChargedAfterCancellation).outcome, expected);
    }
    let disputed = Case::renewal_after_cancellation().with(Fact::PaymentDisputed, true);
    let decision = disputed.decide(Reason::ChargedAfterCancellation);
    assert_eq!((decision.outcome, decision.basis), (person(None), Basis::DisputedPayment));
}

#[test]
fn s2_17_a_billing_error_without_its_order_is_asked_for_never_denied() {
    let case = Case::renewal().with(Fact::OrderIdGiven, false);
    let decision = case.decide(Reason::WrongCardCharged);
    assert_eq!(missing(&decision.outcome), [Fact::OrderIdGiven]);
    assert_eq!(cited(&decision), ["billing-error-order", "what-a-request-contains", "wrong-card"]);
    let case = Case::renewal_after_cancellation().with(Fact::OrderIdGiven, false);
    assert_eq!(case.decide(Reason::ChargedAfterCancellation).outcome, granted());
    assert_eq!(intake("music-studio"), ("email", "billing-error-order"));
}

#[test]
fn s2_19_an_extended_outage_is_for_a_person() {
    let decision = Case::renewal().decide(Reason::ServiceUnavailable);
    assert_eq!((&decision.outcome, cited(&decision)), (&person(None), vec!["extended-outage"]));
    let offers: Vec<&str> = decision.offers.iter().map(|offer| offer.offer.as_str()).collect();
    assert_eq!(offers, ["part_of_the_credits", "discount"]);
}

#[test]
fn s2_20_an_unspent_pack_that_landed_goes_to_a_person_with_both_clauses() {
    let decision = Case::pack().decide(Reason::ChangedMind);
    insta::assert_json_snapshot!("unspent_pack", decision);
    insta::assert_snapshot!("unspent_pack_message", decision.message());
}

#[test]
fn s2_20_an_unknown_country_does_not_hide_the_contradiction() {
    let case = Case::pack().without(Fact::CustomerCountry).with(Fact::RequestedAt, CHARGED_MS + HOUR_MS);
    let decision = case.decide(Reason::ChangedMind);
    assert_eq!((&decision.outcome, decision.basis), (&recommended(), Basis::Conflict));
    assert_eq!(cited(&decision), ["pack-final-once-spent", "pack-final-once-landed"]);
    assert_eq!(decision.unknown_facts, COUNTRY);
    assert_eq!(decision.settled_by, [Fact::CustomerCountry]);
}

#[test]
fn s2_20_a_pack_that_is_spent_is_recommended_for_refusal() {
    for (spent, held, conflict) in [(0, 0, true), (1, 0, false), (0, 1, false), (500, 0, false)] {
        let case = Case::pack().with(Fact::CreditsSpent, spent).with(Fact::CreditsHeld, held);
        let decision = case.decide(Reason::ChangedMind);
        if conflict {
            assert_eq!((decision.outcome, decision.basis), (recommended(), Basis::Conflict));
        } else {
            let refusal = person(Some(Recommendation::Refuse));
            assert_eq!((decision.outcome, decision.basis), (refusal, Basis::Rules), "{spent} {held}");
        }
    }
}

#[test]
fn s2_21_the_customer_of_a_missing_pack_chooses() {
    let decision = Case::missing_pack().decide(Reason::CreditsMissing);
    assert_eq!(missing(&decision.outcome), [Fact::RemedyChosen]);
    assert_eq!(cited(&decision), ["pack-not-credited"]);
    let offers: Vec<&str> = decision.offers.iter().map(|offer| offer.offer.as_str()).collect();
    assert_eq!(offers, ["pack_credits", "pack_money"]);
    let money = Case::missing_pack().with(Fact::RemedyChosen, "money").decide(Reason::CreditsMissing);
    assert_eq!(money.outcome, granted());
    let credits = Case::missing_pack().with(Fact::RemedyChosen, "credits").decide(Reason::CreditsMissing);
    assert_eq!(credits.outcome, Outcome::Grant { remedy: Remedy::Credits { credits: 500 } });
}

#[test]
fn s2_21_the_hour_is_over_after_its_last_instant() {
    for (offset, over) in [(-1, false), (0, false), (1, true)] {
        let case = Case::missing_pack().with(Fact::RemedyChosen, "money");
        let decision = case.decide_at(Reason::CreditsMissing, CHARGED_MS + HOUR_MS + offset);
        assert_eq!(decision.outcome, if over { granted() } else { person(None) }, "{offset}");
    }
}

#[test]
fn s2_28_s2_29_the_statutory_window_goes_to_a_person() {
    // Charged on Saturday 9 May, 0:00 UTC: on the 8th in Brazil. The 23rd is a Saturday, and the 25th is Whit
    // Monday in Germany and Norway, and a bank holiday in the United Kingdom.
    let (day, hour) = (DAY_MS, HOUR_MS);
    for (country, end) in [
        ("DE", 18 * day - 2 * hour),
        ("GB", 18 * day - hour),
        ("NO", 18 * day - 2 * hour),
        ("BR", 7 * day + 5 * hour),
    ] {
        for (offset, inside) in [(-1, true), (0, false), (1, false)] {
            let requested_at = CHARGED_MS + end + offset;
            let case =
                Case::renewal().with(Fact::CustomerCountry, country).with(Fact::RequestedAt, requested_at);
            let decision = case.decide(Reason::ChangedMind);
            if inside {
                assert_eq!(decision.outcome, person(None), "{country} {offset}");
                assert_eq!(cited(&decision), ["statutory-rights", "statutory-window"]);
            } else {
                assert_eq!((&decision.outcome, cited(&decision)), (&Outcome::Refuse, vec!["mid-period"]));
            }
            let decision = case.decide(Reason::StatutoryWithdrawal);
            assert_eq!(decision.outcome, person(None), "{country} {offset}");
        }
    }
}

#[test]
fn s2_28_an_unknown_country_within_the_window_is_never_refused() {
    let case = Case::renewal().without(Fact::CustomerCountry).with(Fact::RequestedAt, CHARGED_MS + DAY_MS);
    let decision = case.decide(Reason::ChangedMind);
    assert_eq!((&decision.outcome, decision.basis), (&person(None), Basis::UnknownFacts));
    assert_eq!(decision.unknown_facts, COUNTRY);
    assert_eq!(decision.settled_by, [Fact::CustomerCountry]);
    assert_eq!(cited(&decision), ["mid-period", "statutory-rights", "statutory-window"]);
    let after = Case::renewal().without(Fact::CustomerCountry).decide(Reason::ChangedMind);
    assert_eq!(after.outcome, Outcome::Refuse);
}

#[test]
fn s2_30_a_request_contains_address_order_and_note() {
    for fact in [Fact::EmailGiven, Fact::OrderIdGiven, Fact::NoteGiven] {
        let decision = Case::pack().with(fact, false).decide(Reason::ChangedMind);
        assert_eq!(missing(&decision.outcome), [fact]);
        assert_eq!(cited(&decision)[0], "what-a-request-contains");
    }
    // A generation's purchase is on record: nobody is asked for a receipt.
    let generation = Case::generation("blocked").with(Fact::OrderIdGiven, false);
    assert_eq!(generation.decide(Reason::GenerationFailed).outcome, person(None));
    let unnoted = generation.with(Fact::NoteGiven, false).decide(Reason::GenerationFailed);
    assert_eq!(missing(&unnoted.outcome), [Fact::NoteGiven]);
    let none = Case::pack()
        .with(Fact::EmailGiven, false)
        .with(Fact::OrderIdGiven, false)
        .with(Fact::NoteGiven, false);
    let decision = none.decide(Reason::Other);
    assert_eq!(missing(&decision.outcome), [Fact::EmailGiven, Fact::OrderIdGiven, Fact::NoteGiven]);
    let automatic = Case::renewal().with(Fact::NoteGiven, false).decide(Reason::ChangedMind);
    assert_eq!(automatic.outcome, Outcome::Refuse);
}

#[test]
fn reasons_that_the_text_does_not_know_go_to_a_person() {
    for reason in [Reason::UnauthorisedPayment, Reason::Other] {
        for case in [Case::renewal(), Case::pack(), Case::request()] {
            let decision = case.decide(reason);
            assert_eq!((decision.outcome, decision.basis), (person(None), Basis::Unmatched), "{reason:?}");
        }
    }
}

#[test]
fn a_payment_made_twice_is_a_billing_error_and_recommended_to_be_refunded() {
    for case in [Case::renewal(), Case::pack()] {
        let twice = case.clone().with(Fact::DuplicateOfPayment, true).decide(Reason::DuplicatePayment);
        assert!(matches!(twice.outcome, Outcome::Person { recommendation: Some(_) }), "{:?}", twice.outcome);
        assert_eq!(cited(&twice), ["mid-period"]);
        let once = case.with(Fact::DuplicateOfPayment, false).decide(Reason::DuplicatePayment);
        assert_eq!(once.outcome, person(None));
    }
}
