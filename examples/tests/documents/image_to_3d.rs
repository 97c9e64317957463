//! The rules of the service that makes 3D models, each by its id.

use examples::documents;
use policy::{
    Basis, Fact, FailureKind, GenerationEnding, GenerationOutcome, Outcome, Reason, Remedy, Revocation, Value,
};
use serde_json::json;

use crate::case::{
    Case, DAY_MS, charged_ms, cited, document_of, offered, person, recommends, recommends_refusal,
    ten_dollars,
};

const PRODUCT: &str = "image-to-3d";

fn subscription() -> Case {
    Case::purchase(PRODUCT, "subscription")
}

fn pack() -> Case {
    Case::purchase(PRODUCT, "pack")
}

fn spent(case: Case, credits: i64) -> Case {
    case.with(Fact::CreditsSpent, credits)
}

#[test]
fn s3_1_the_machine_never_refuses_alone() {
    for reason in Reason::ALL {
        for case in [
            subscription(),
            spent(subscription().after(20 * DAY_MS), 900),
            spent(pack(), 900),
            Case::generation_of(PRODUCT, "succeeded"),
        ] {
            assert_ne!(case.decide(*reason).outcome, Outcome::Refuse, "{reason:?}");
        }
    }
}

#[test]
fn s3_4_address_date_and_reason_are_needed_and_the_order_id_is_not() {
    let request = Case::request()
        .with(Fact::Product, PRODUCT)
        .with(Fact::PurchaseDateGiven, true)
        .with(Fact::OrderIdGiven, false);
    assert_eq!(request.decide(Reason::Other).outcome, person());
    for fact in [Fact::EmailGiven, Fact::NoteGiven, Fact::PurchaseDateGiven] {
        let outcome = request.clone().with(fact, false).decide(Reason::Other).outcome;
        let Outcome::NeedsInformation { missing } = outcome else { panic!("{outcome:?}") };
        assert_eq!(missing.iter().map(|each| each.fact).collect::<Vec<_>>(), [fact]);
    }
    // A payment that is named has its date.
    let named = subscription().with(Fact::PurchaseDateGiven, false).with(Fact::OrderIdGiven, false);
    assert_eq!(named.decide(Reason::Other).outcome, person());
}

#[test]
fn s3_5_a_double_payment_on_record_is_recommended_for_a_refund() {
    let double = subscription().with(Fact::DuplicateOfPayment, true).decide(Reason::DuplicatePayment);
    assert_eq!((&double.outcome, cited(&double)), (&recommends(ten_dollars()), vec!["double-payment"]));
    let single = subscription().decide(Reason::DuplicatePayment);
    assert_eq!((single.outcome, single.basis), (person(), Basis::Unmatched));
}

#[test]
fn s3_6_a_purchase_without_any_usable_result_is_recommended_for_a_refund() {
    let nothing = spent(subscription(), 100).with(Fact::UsableResults, 0);
    for reason in [Reason::GenerationFailed, Reason::ServiceUnavailable] {
        let decision = nothing.clone().decide(reason);
        assert_eq!(
            (&decision.outcome, cited(&decision)),
            (&recommends(ten_dollars()), vec!["no-usable-result"])
        );
        let offers: Vec<&str> = decision.offers.iter().map(|made| made.offer.as_str()).collect();
        assert_eq!(offers, ["free_retry", "manual_help"], "{reason:?}");
    }
    for (case, what) in [
        (nothing.clone().with(Fact::PaymentNamed, false), "no purchase is named"),
        (nothing.clone().with(Fact::GenerationNamed, true), "it is about one generation"),
        (spent(nothing, 0), "nothing was spent"),
    ] {
        let decision = case.decide(Reason::GenerationFailed);
        assert!(!cited(&decision).contains(&"no-usable-result"), "{what}: {decision:?}");
        assert_ne!(decision.outcome, recommends(ten_dollars()), "{what}");
    }
}

#[test]
fn s3_6_one_usable_result_breaks_the_claim_of_none() {
    for (usable, expected) in [(0, recommends(ten_dollars())), (1, person())] {
        let case = spent(subscription(), 100).with(Fact::UsableResults, usable);
        assert_eq!(case.decide(Reason::GenerationFailed).outcome, expected, "{usable}");
    }
}

#[test]
fn s3_7_credits_of_a_failed_job_are_given_back_at_once() {
    for outcome in ["failed", "empty_success", "timed_out"] {
        for (returned, expected) in [
            (0, Outcome::Grant { remedy: Remedy::Credits { credits: 10 } }),
            (9, Outcome::Grant { remedy: Remedy::Credits { credits: 1 } }),
            (10, person()),
        ] {
            let case = Case::generation_of(PRODUCT, outcome).with(Fact::GenerationCreditsReturned, returned);
            assert_eq!(case.decide(Reason::GenerationFailed).outcome, expected, "{outcome} {returned}");
        }
    }
}

#[test]
fn s3_4_a_generation_names_the_purchase_that_paid_for_it() {
    for outcome in ["failed", "running", "succeeded"] {
        for reason in [Reason::GenerationFailed, Reason::ResultNotLiked] {
            let case = Case::generation_of(PRODUCT, outcome)
                .with(Fact::PaymentNamed, false)
                .with(Fact::PurchaseDateGiven, false);
            let decision = case.decide(reason);
            assert!(!matches!(decision.outcome, Outcome::NeedsInformation { .. }), "{outcome} {reason:?}");
        }
    }
    let back = Case::generation_of(PRODUCT, "failed").with(Fact::GenerationCreditsReturned, 10);
    let message = back.decide(Reason::GenerationFailed).message();
    assert!(message.contains("The 10 credits of this generation went back to your balance"), "{message}");
}

#[test]
fn s3_8_a_recent_purchase_with_minimal_use_is_recommended_for_a_refund() {
    for (used, days, offset, expected) in [
        (0, 1, 0, recommends(ten_dollars())),
        (50, 7, 0, recommends(ten_dollars())),
        (49, 7, -1, recommends(ten_dollars())),
        (51, 7, 0, person()),
        (0, 7, 1, recommends_refusal()),
    ] {
        for kind in ["subscription", "pack"] {
            let case = spent(Case::purchase(PRODUCT, kind), used).after(days * DAY_MS + offset);
            let decision = used_just_before(case).decide(Reason::ChangedMind);
            assert_eq!(decision.outcome, expected, "{kind}: {used} credits, {days} days {offset} ms");
        }
    }
    // What a running job holds counts as used.
    let held = spent(subscription(), 50).with(Fact::CreditsHeld, 1);
    assert_eq!(used_just_before(held).decide(Reason::ChangedMind).outcome, person());
}

/// Used a millisecond before it was asked about.
fn used_just_before(case: Case) -> Case {
    let Some(Value::Integer(requested)) = case.0.get(Fact::RequestedAt).cloned() else {
        panic!("no instant")
    };
    case.with(Fact::CreditsLastUsedAt, requested.saturating_sub(1))
}

#[test]
fn s3_8_who_used_a_little_asks_within_three_days_of_the_last_use() {
    for kind in ["subscription", "pack"] {
        for (used, offset, expected) in [
            (10, -1, recommends(ten_dollars())),
            (10, 0, recommends(ten_dollars())),
            (10, 1, person()),
            // Who used nothing has the whole of the recent time.
            (0, 1, recommends(ten_dollars())),
        ] {
            let last_use = charged_ms(PRODUCT) + DAY_MS;
            let case = spent(Case::purchase(PRODUCT, kind), used).with(Fact::CreditsLastUsedAt, last_use);
            let decision = case.after(4 * DAY_MS + offset).decide(Reason::ChangedMind);
            assert_eq!(decision.outcome, expected, "{kind}: {used} credits, {offset} ms");
        }
    }
}

#[test]
fn s3_9_a_first_purchase_with_an_unusable_result_is_for_a_person_with_every_alternative() {
    let decision = subscription().decide(Reason::ResultNotLiked);
    assert_eq!((&decision.outcome, cited(&decision)[0]), (&person(), "first-purchase-unusable"));
    assert_eq!(offered(&decision), ["free_retry", "model_advice", "replacement_credits", "manual_help"]);
    let later = subscription().with(Fact::FirstPurchase, false).decide(Reason::ResultNotLiked);
    assert_eq!(cited(&later), ["alternatives"]);
}

#[test]
fn s3_10_more_than_seven_days_is_recommended_for_refusal() {
    for (offset, expected) in
        [(-1, recommends(ten_dollars())), (0, recommends(ten_dollars())), (1, recommends_refusal())]
    {
        let decision = pack().after(7 * DAY_MS + offset).decide(Reason::AccidentalPurchase);
        assert_eq!(decision.outcome, expected, "{offset}");
    }
}

#[test]
fn s3_11_s3_13_s3_19_between_minimal_and_substantial_use_a_person_decides() {
    for (used, expected) in [
        (51, person()),
        (249, person()),
        (250, recommends_refusal()),
        (251, recommends_refusal()),
        (1_000, recommends_refusal()),
    ] {
        let decision = spent(subscription(), used).decide(Reason::ChangedMind);
        assert_eq!(decision.outcome, expected, "{used}");
        assert!(cited(&decision).contains(&"change-of-mind"), "{used}");
    }
}

#[test]
fn s3_12_results_that_were_taken_after_meaningful_use_speak_against_a_refund() {
    for (used, downloaded, expected) in
        [(50, 5, recommends(ten_dollars())), (51, 0, person()), (51, 1, recommends_refusal())]
    {
        let case = used_just_before(spent(subscription(), used)).with(Fact::OutputsDownloaded, downloaded);
        assert_eq!(case.decide(Reason::ChangedMind).outcome, expected, "{used} {downloaded}");
    }
}

#[test]
fn s3_14_a_finding_of_abuse_is_for_a_person() {
    for finding in ["indicated", "confirmed"] {
        let decision = subscription().with(Fact::AbuseFinding, finding).decide(Reason::ChangedMind);
        assert_eq!((&decision.outcome, cited(&decision)), (&person(), vec!["abuse"]));
    }
}

#[test]
fn s3_15_repeated_requests_after_use_are_for_a_person() {
    for (own, related, used, expected) in [
        (1, 0, 10, recommends(ten_dollars())),
        (2, 0, 10, person()),
        (1, 1, 10, person()),
        (3, 0, 0, recommends(ten_dollars())),
    ] {
        let case = used_just_before(spent(subscription(), used))
            .with(Fact::EarlierRequests, own)
            .with(Fact::RelatedRequests, related);
        assert_eq!(case.decide(Reason::ChangedMind).outcome, expected, "{own} {related} {used}");
    }
}

#[test]
fn s3_17_a_cancellation_is_no_automatic_refund() {
    let cancelled = subscription()
        .with(Fact::CancellationConfirmed, true)
        .with(Fact::CancellationConfirmedAt, charged_ms(PRODUCT) + 1);
    for reason in Reason::ALL {
        assert!(!matches!(cancelled.decide(*reason).outcome, Outcome::Grant { .. }), "{reason:?}");
    }
}

#[test]
fn s3_18_s3_22_a_refund_cancels_and_takes_back_what_is_left_of_its_own_credits() {
    let document = document_of(PRODUCT);
    let on_refund = &document.on_refund;
    assert_eq!(
        (on_refund.revoke, on_refund.revoke_of_part),
        (Revocation::Remaining, Revocation::Proportional)
    );
    assert!(on_refund.cancel && !on_refund.cancel_for_part && !on_refund.debt_for_spent);
    // The text says "may": a reviewer chooses.
    assert_eq!(on_refund.reviewer_may_revoke, Revocation::ALL);
    assert!(on_refund.reviewer_may_cancel);
    assert_eq!(document.on_refund_clauses, ["refund-of-a-subscription", "refund-of-a-pack"]);
}

#[test]
fn s3_20_an_unused_pack_within_seven_days_is_recommended_for_a_refund() {
    // One credit of a thousand is minimal use, which has a rule of its own.
    for (used, offset, expected) in
        [(0, 0, recommends(ten_dollars())), (51, 0, person()), (0, 1, recommends_refusal())]
    {
        let decision = spent(pack(), used).after(7 * DAY_MS + offset).decide(Reason::ChangedMind);
        assert_eq!(decision.outcome, expected, "{used} {offset}");
    }
}

#[test]
fn s3_21_a_partly_used_pack_is_for_a_person_with_its_unused_part() {
    for (used, part) in [(51, 949), (100, 900), (249, 751)] {
        let decision = spent(pack(), used).decide(Reason::ChangedMind);
        assert_eq!((&decision.outcome, cited(&decision)), (&person(), vec!["pack-partly-used"]));
        assert_eq!(offered(&decision), ["replacement_credits", "part_by_credits"]);
        let part = Remedy::Money { amount_minor: part, currency: "usd".to_owned() };
        assert_eq!(decision.offers[1].remedy, Some(part));
    }
    let much = spent(pack(), 250).decide(Reason::ChangedMind);
    assert_eq!(much.outcome, recommends_refusal());
}

#[test]
fn alternatives_come_with_the_cases_that_they_are_for() {
    for (case, reason) in [
        (Case::generation_of(PRODUCT, "partial"), Reason::GenerationFailed),
        (spent(subscription(), 10), Reason::GenerationFailed),
        (subscription(), Reason::ResultNotLiked),
        (spent(subscription(), 100), Reason::ChangedMind),
    ] {
        assert!(!case.decide(reason).offers.is_empty(), "{reason:?}");
    }
}

#[test]
fn s3_27_a_refusal_asks_to_talk_before_a_dispute() {
    let decision = subscription().after(8 * DAY_MS).decide(Reason::ChangedMind);
    assert_eq!((&decision.outcome, offered(&decision)), (&recommends_refusal(), vec!["before_a_dispute"]));
}

#[test]
fn s3_28_a_dispute_of_delivered_services_without_asking_first_is_for_a_person() {
    for (delivered, asked, clause) in [(true, false, true), (true, true, false), (false, false, false)] {
        let decision = subscription()
            .with(Fact::PaymentDisputed, true)
            .with(Fact::PaymentDelivered, delivered)
            .with(Fact::ContactedBeforeDispute, asked)
            .decide(Reason::ChangedMind);
        assert_eq!(decision.outcome, person());
        assert_eq!(
            cited(&decision).contains(&"dispute-of-delivered-services"),
            clause,
            "{delivered} {asked}"
        );
    }
}

#[test]
fn s3_30_a_purchase_in_may_cannot_be_placed() {
    let in_force = document_of(PRODUCT).in_force_from_ms;
    assert_eq!(in_force, 1_780_272_000_000, "1 June 2026, 0:00 UTC");
    for (offset, expected) in [(-1, Basis::BeforeFirstVersion), (0, Basis::Rules), (1, Basis::Rules)] {
        let case = subscription().with(Fact::PaymentChargedAt, in_force + offset).after(DAY_MS);
        let decision = case.decide(Reason::ChangedMind);
        assert_eq!(decision.basis, expected, "{offset}");
    }
    let before = documents().in_force(PRODUCT, in_force - 1);
    assert!(matches!(before, policy::InForce::BeforeFirstVersion(_)));
}

#[test]
fn s3_7_known_empty_answers_are_failures() {
    let document = document_of(PRODUCT);
    for (operation, empty, full) in [
        (
            "model_from_image",
            json!({"status": "succeeded"}),
            json!({"status": "succeeded", "model_url": "u"}),
        ),
        ("model_from_views", json!({"model_url": "u", "mesh": {"faces": 0}}), json!({"model_url": "u"})),
        ("texture", json!({"textures": []}), json!({"textures": ["t"]})),
        ("texture", json!({"code": 200, "data": {"successFlag": 3}}), json!({"textures": ["t"]})),
        ("mesh_export", json!({"file_url": null}), json!({"file_url": "u"})),
    ] {
        let outcome = document.classify(operation, GenerationEnding::Answered(&empty));
        assert!(
            matches!(outcome, GenerationOutcome::GiveBack { kind: FailureKind::EmptySuccess, .. }),
            "{operation}: {outcome:?}"
        );
        assert_eq!(
            document.classify(operation, GenerationEnding::Answered(&full)),
            GenerationOutcome::Succeeded
        );
    }
}
