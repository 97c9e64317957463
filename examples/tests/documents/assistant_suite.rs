//! The rules of the assistant suite, each by its id: S0 is about refunds, S1 about cancelling.

use policy::{
    Basis, Fact, FailureKind, GenerationEnding, GenerationOutcome, OnRenewal, Outcome, Reason, Remedy,
};
use serde_json::json;

use crate::case::{
    Case, DAY_MS, HOUR_MS, charged_ms, cited, document_of, offered, person, recommends, recommends_refusal,
    ten_dollars,
};
use crate::leftover::leftover_expiry_ms;

/// The two products that share their rules, with the prefix of their clauses.
const BY_PEOPLE: [&str; 2] = ["assistant", "audio"];

fn subscription(product: &str) -> Case {
    Case::purchase(product, "subscription")
}

/// Each circumstance by itself: the request, what it leads to, and the clause that names the circumstance.
fn circumstances(product: &str) -> [(Case, Reason, Outcome, String); 4] {
    let early = subscription(product);
    let late = early.clone().after(20 * DAY_MS).with(Fact::GenerationsUsed, 400);
    let yearly = early.clone().with(Fact::BillingInterval, "year");
    let clause = |circumstance: &str| format!("{product}-{circumstance}");
    [
        (early, Reason::ChangedMind, recommends(ten_dollars()), clause("early")),
        (yearly, Reason::ChangedMind, recommends(ten_dollars()), clause("early")),
        (late.clone(), Reason::AccidentalPurchase, person(), clause("accident")),
        (late, Reason::UnauthorisedPayment, person(), clause("unauthorised")),
    ]
}

#[test]
fn s0_2_s0_21_a_listed_circumstance_is_recommended_and_never_granted_by_the_machine() {
    for product in BY_PEOPLE {
        for (case, reason, outcome, circumstance) in circumstances(product) {
            let decision = case.decide(reason);
            assert_eq!((&decision.outcome, decision.basis), (&outcome, Basis::Rules), "{circumstance}");
            assert_eq!(cited(&decision)[..2], [format!("{product}-circumstances"), circumstance]);
        }
    }
}

#[test]
fn s0_3_s0_22_an_accident_is_for_a_person() {
    for product in BY_PEOPLE {
        let decision = subscription(product).after(20 * DAY_MS).decide(Reason::AccidentalPurchase);
        assert_eq!(decision.outcome, person(), "{product}");
        assert_eq!(cited(&decision), [format!("{product}-circumstances"), format!("{product}-accident")]);
    }
}

#[test]
fn s0_4_s0_23_an_unauthorised_charge_is_for_a_person_and_a_dispute_stops_every_amount() {
    for product in BY_PEOPLE {
        let case = subscription(product);
        let decision = case.clone().after(20 * DAY_MS).decide(Reason::UnauthorisedPayment);
        assert_eq!(decision.outcome, person());
        assert_eq!(cited(&decision)[1], format!("{product}-unauthorised"));
        let decision = case.with(Fact::PaymentDisputed, true).decide(Reason::UnauthorisedPayment);
        assert_eq!((decision.outcome, decision.basis), (person(), Basis::DisputedPayment));
    }
}

#[test]
fn s0_5_s0_24_within_48_hours_and_below_2_percent_of_the_generations() {
    for product in BY_PEOPLE {
        for (offset, used, expected) in [
            (-1, 9, recommends(ten_dollars())),
            (0, 9, recommends(ten_dollars())),
            (1, 9, recommends_refusal()),
            (0, 10, recommends_refusal()),
            (0, 11, recommends_refusal()),
        ] {
            let case = subscription(product).after(48 * HOUR_MS + offset).with(Fact::GenerationsUsed, used);
            let decision = case.decide(Reason::ChangedMind);
            assert_eq!(decision.outcome, expected, "{product}: {offset} ms, {used} of 500");
        }
    }
}

#[test]
fn s0_5_s0_24_a_yearly_plan_is_judged_by_the_generations_of_a_month() {
    for product in BY_PEOPLE {
        let yearly = subscription(product).with(Fact::BillingInterval, "year");
        for (used, expected) in [(9, recommends(ten_dollars())), (10, recommends_refusal())] {
            let decision = yearly.clone().with(Fact::GenerationsUsed, used).decide(Reason::ChangedMind);
            assert_eq!((decision.outcome, decision.basis), (expected, Basis::Rules), "{product} {used}");
        }
        // One that allots none by the month is for a person.
        let unknown = yearly.clone().without(Fact::GenerationsAllotted).decide(Reason::ChangedMind);
        assert_eq!(unknown.outcome, person());
        assert_eq!(yearly.after(48 * HOUR_MS + 1).decide(Reason::ChangedMind).outcome, recommends_refusal());
    }
}

#[test]
fn s0_6_the_circumstances_are_alternatives() {
    for (case, reason, outcome, circumstance) in circumstances("assistant") {
        let decision = case.decide(reason);
        assert_eq!((&decision.outcome, decision.basis), (&outcome, Basis::Rules), "{circumstance}");
        assert!(cited(&decision).contains(&"assistant-circumstances"), "{circumstance}");
    }
    // Two at once are both named, and the better one counts.
    let early = subscription("assistant").decide(Reason::AccidentalPurchase);
    assert_eq!((&early.outcome, early.basis), (&recommends(ten_dollars()), Basis::Rules));
    assert!(cited(&early).contains(&"assistant-accident") && cited(&early).contains(&"assistant-early"));
}

#[test]
fn s0_7_without_a_circumstance_a_person_reads_that_there_is_no_ground() {
    let decision = subscription("assistant").after(3 * DAY_MS).decide(Reason::ResultNotLiked);
    assert_eq!(decision.outcome, recommends_refusal());
    assert_eq!(cited(&decision)[0], "assistant-no-circumstance");
    // A billing error is no change of mind: the text knows no ground, and nothing is recommended.
    let decision = subscription("assistant").after(3 * DAY_MS).decide(Reason::DuplicatePayment);
    assert_eq!((decision.outcome, decision.basis), (person(), Basis::Unmatched));
}

#[test]
fn s0_8_s0_25_no_request_is_decided_by_the_machine_alone() {
    for product in BY_PEOPLE {
        for reason in Reason::ALL {
            for case in [
                subscription(product),
                subscription(product).after(20 * DAY_MS),
                Case::purchase(product, "pack"),
                Case::generation_of(product, "failed"),
            ] {
                let outcome = case.decide(*reason).outcome;
                assert!(!matches!(outcome, Outcome::Grant { .. } | Outcome::Refuse), "{product} {reason:?}");
            }
        }
    }
}

#[test]
fn s0_8_a_request_whose_product_is_unknown_is_not_decided_either() {
    let case = Case::generation_of("platform-api", "failed");
    let remedy = Remedy::Credits { credits: 10 };
    assert_eq!(case.decide(Reason::GenerationFailed).outcome, Outcome::Grant { remedy });
    let document = document_of("platform-api");
    let unknown = case.without(Fact::Product);
    let decision = policy::decide(document, &unknown.0, Reason::GenerationFailed, charged_ms("assistant"));
    assert!(matches!(decision.outcome, Outcome::Person { .. }), "{:?}", decision.outcome);
    assert_eq!(decision.settled_by, [Fact::Product]);
}

#[test]
fn s0_10_s0_27_a_late_reply_judges_the_request_as_it_was_submitted() {
    for product in BY_PEOPLE {
        let yearly = subscription(product).with(Fact::BillingInterval, "year");
        for (case, after_ms, outcome) in [
            (subscription(product), 48 * HOUR_MS, recommends(ten_dollars())),
            (yearly, 48 * HOUR_MS, recommends(ten_dollars())),
            (subscription(product), 48 * HOUR_MS + 1, recommends_refusal()),
        ] {
            let submitted = charged_ms(product) + after_ms;
            let case = case.after(after_ms);
            let at_once = case.decide_at(Reason::ChangedMind, submitted);
            let late = case.decide_at(Reason::ChangedMind, submitted + 40 * DAY_MS);
            assert_eq!((&at_once.outcome, at_once.basis), (&outcome, Basis::Rules), "{product}");
            assert_eq!((&late.outcome, &late.clauses), (&at_once.outcome, &at_once.clauses));
            assert!(cited(&late).contains(&format!("{product}-late-reply").as_str()));
        }
    }
}

#[test]
fn s0_13_s0_29_signs_of_abuse_go_to_a_person_with_what_a_part_would_be() {
    for product in BY_PEOPLE {
        for finding in ["indicated", "confirmed"] {
            let case = subscription(product).with(Fact::AbuseFinding, finding);
            let decision = case.decide(Reason::ChangedMind);
            assert_eq!((&decision.outcome, decision.basis), (&person(), Basis::Rules));
            assert_eq!(cited(&decision), [format!("{product}-abuse")]);
            assert_eq!(offered(&decision), [format!("{product}_part_by_time")]);
            // Each product's own clause is behind the offer.
            assert_eq!(decision.offers[0].clause, format!("{product}-abuse"));
            // 29 of 30 days are left of 10.00 USD; rounded up.
            let part = Remedy::Money { amount_minor: 967, currency: "usd".to_owned() };
            assert_eq!(decision.offers[0].remedy, Some(part));
        }
    }
}

#[test]
fn s0_14_a_cancelled_studio_subscription_is_generally_not_refunded_and_a_person_says_so() {
    let active = subscription("studio");
    let cancelled = active
        .clone()
        .with(Fact::CancellationConfirmed, true)
        .with(Fact::CancellationConfirmedAt, charged_ms("studio") + HOUR_MS)
        .with(Fact::CancellationEffectiveAt, charged_ms("studio") + 30 * DAY_MS);
    let ended = cancelled
        .clone()
        .with(Fact::SubscriptionEnded, true)
        .with(Fact::SubscriptionEndedAt, charged_ms("studio") + 30 * DAY_MS)
        .after(31 * DAY_MS);
    for case in [active, cancelled.clone(), ended] {
        let decision = case.decide(Reason::ChangedMind);
        assert_eq!((&decision.outcome, cited(&decision)), (&recommends_refusal(), vec!["studio-cancelled"]));
    }
    // `Generally` is about cancellations: a request for another reason is not refused by it.
    let down = cancelled.decide(Reason::ServiceUnavailable);
    assert_eq!((&down.outcome, cited(&down)), (&person(), vec!["ask-a-person"]));
}

#[test]
fn s0_16_studio_credits_are_usable_until_the_cycle_ends_and_not_after_it() {
    let ended_at = charged_ms("studio") + 30 * DAY_MS;
    assert_eq!(leftover_expiry_ms(document_of("studio"), ended_at), Some(ended_at));
}

#[test]
fn s0_19_service_credits_are_refused_for_what_a_customer_regrets() {
    for reason in [Reason::ChangedMind, Reason::AccidentalPurchase, Reason::ResultNotLiked] {
        let decision = Case::purchase("platform-api", "pack").decide(reason);
        assert_eq!(decision.outcome, Outcome::Refuse, "{reason:?}");
        assert_eq!((cited(&decision), decision.doors.len()), (vec!["platform-credits-are-final"], 1));
    }
    let unauthorised = Case::purchase("platform-api", "pack").decide(Reason::UnauthorisedPayment);
    assert_eq!(unauthorised.outcome, person());
}

#[test]
fn s0_19_the_law_stands_beside_the_refusal() {
    let german = Case::purchase("platform-api", "pack").with(Fact::CustomerCountry, "DE");
    let decision = german.decide(Reason::ChangedMind);
    assert_eq!(decision.outcome, recommends(ten_dollars()));
    assert!(decision.law.iter().any(|law| law.pack == "eu-withdrawal" && law.decisive));
}

#[test]
fn generations_that_fail_give_their_credits_back() {
    let document = document_of("studio");
    assert_eq!(document.on_renewal, OnRenewal::Replace);
    for (operation, empty) in [
        ("assistant_reply", json!({"output": " "})),
        ("api_completion", json!({"output": ""})),
        ("studio_image", json!({"images": []})),
        ("studio_video", json!({"status": "succeeded"})),
        ("audio_track", json!({"status": "succeeded", "audio_url": null})),
    ] {
        let outcome = document.classify(operation, GenerationEnding::Answered(&empty));
        assert!(matches!(outcome, GenerationOutcome::GiveBack { signature: Some(_), .. }), "{operation}");
        let outcome = document.classify(operation, GenerationEnding::Failed(FailureKind::HoldTimeout));
        assert!(matches!(outcome, GenerationOutcome::GiveBack { .. }), "{operation}");
    }
}

#[test]
fn s0_18_no_rule_turns_service_credits_into_money() {
    for spent in [0, 1, 500, 1_000] {
        let case = Case::purchase("platform-api", "pack").with(Fact::CreditsSpent, spent);
        for reason in Reason::ALL {
            let decision = case.decide(*reason);
            let machine = matches!(decision.outcome, policy::Outcome::Grant { .. });
            assert!(!machine, "{}: {:?}", reason.as_str(), decision.outcome);
            // A person may be advised to refund the payment, never a price of the credits that are left.
            if let Some(policy::Remedy::Money { amount_minor, .. }) = decision.outcome.remedy() {
                assert_eq!(*amount_minor, 1_000, "{}", reason.as_str());
            }
        }
    }
}
