//! The rules of the web service for pictures, each by its id.

use policy::{
    Fact, FailureKind, GenerationEnding, GenerationOutcome, LateSuccess, OnRenewal, Outcome, Reason, Remedy,
};
use serde_json::json;

use crate::case::{
    Case, DAY_MS, NOW_MS, cited, document_of, offered, person, recommends, recommends_refusal, ten_dollars,
};
use crate::leftover::leftover_expiry_ms;

const PRODUCT: &str = "image-web";

fn subscription() -> Case {
    Case::purchase(PRODUCT, "subscription")
}

#[test]
fn s4_2_s4_3_a_failed_generation_gives_all_its_credits_back() {
    let document = document_of(PRODUCT);
    for operation in &document.operations {
        for kind in [FailureKind::ProviderError, FailureKind::OwnError, FailureKind::HoldTimeout] {
            let outcome = document.classify(&operation.id, GenerationEnding::Failed(kind));
            assert!(matches!(outcome, GenerationOutcome::GiveBack { .. }), "{} {kind:?}", operation.id);
        }
    }
    for (operation, empty) in [
        ("picture", json!({"images": []})),
        ("upscale", json!({"status": "completed", "images": [{"width": 1}]})),
        ("picture_edit", json!({"code": 200, "data": {"successFlag": 3, "errorMessage": "no"}})),
        ("background_removal", json!({})),
        ("prompt_enhancement", json!({"prompt": ""})),
    ] {
        let outcome = document.classify(operation, GenerationEnding::Answered(&empty));
        assert!(matches!(outcome, GenerationOutcome::GiveBack { signature: Some(_), .. }), "{operation}");
    }
    let kept = Case::generation_of(PRODUCT, "failed");
    let remedy = Remedy::Credits { credits: 10 };
    for reason in [Reason::GenerationFailed, Reason::ResultNotLiked] {
        assert_eq!(kept.decide(reason).outcome, Outcome::Grant { remedy: remedy.clone() });
    }
}

#[test]
fn s4_5_a_stuck_generation_ends_at_its_deadline_and_is_not_charged() {
    let document = document_of(PRODUCT);
    assert_eq!(document.hold_deadline_s("picture"), 30 * 60);
    let outcome = document.classify("picture", GenerationEnding::Failed(FailureKind::HoldTimeout));
    let GenerationOutcome::GiveBack { clauses, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(clauses[0].id, "stuck-generation");
    let decision = Case::generation_of(PRODUCT, "running").decide(Reason::GenerationFailed);
    assert_eq!((&decision.outcome, cited(&decision)[0]), (&person(), "stuck-generation"));
    // A result that comes after all changes nothing.
    let late = &document.late_success;
    assert_eq!((late.then, late.clause.as_str()), (LateSuccess::Free, "stuck-generation"));
}

#[test]
fn other_businesses_charge_a_late_result() {
    for product in ["assistant", "image-to-3d", "music-studio"] {
        let late = &document_of(product).late_success;
        assert_eq!((late.then, late.clause.as_str()), (LateSuccess::Charge, "late-result"), "{product}");
    }
}

/// The parts of a report of a problem, all given.
fn reported() -> Case {
    S4_6.iter().fold(subscription(), |case, fact| case.with(*fact, true))
}

const S4_6: [Fact; 5] =
    [Fact::EmailGiven, Fact::PromptGiven, Fact::ModelGiven, Fact::FailureTimeGiven, Fact::ErrorMessageGiven];

#[test]
fn s4_6_a_report_gives_prompt_model_time_error_message_and_address() {
    for reason in [Reason::GenerationFailed, Reason::ServiceUnavailable] {
        assert_eq!(reported().decide(reason).outcome, person());
        for left_out in S4_6 {
            let decision = reported().with(left_out, false).decide(reason);
            let Outcome::NeedsInformation { missing } = &decision.outcome else {
                panic!("{left_out:?}: {:?}", decision.outcome)
            };
            assert_eq!(missing.iter().map(|each| each.fact).collect::<Vec<_>>(), [left_out]);
            assert_eq!(cited(&decision)[0], "what-a-report-contains");
        }
    }
    // A note is no report.
    let noted = subscription().with(Fact::NoteGiven, true).decide(Reason::GenerationFailed);
    assert!(matches!(noted.outcome, Outcome::NeedsInformation { .. }));
    // A generation that is named is on record.
    let named = Case::generation_of(PRODUCT, "partial").with(Fact::NoteGiven, false);
    assert_eq!(named.decide(Reason::GenerationFailed).outcome, person());
}

#[test]
fn an_answer_without_a_known_result_is_for_a_person() {
    let document = document_of(PRODUCT);
    for (operation, unknown, known) in [
        ("picture", json!({"images": "queued"}), json!({"images": [{"url": "https://a/b"}]})),
        ("upscale", json!({"images": [{"id": 1}]}), json!({"images": [{"url": "https://a/b"}]})),
        ("prompt_enhancement", json!({"prompt": {"text": "x"}}), json!({"prompt": "a cat"})),
    ] {
        let outcome = document.classify(operation, GenerationEnding::Answered(&unknown));
        let GenerationOutcome::Person { kind: FailureKind::UnknownAnswer, clauses } = outcome else {
            panic!("{operation}: {outcome:?}")
        };
        assert_eq!(clauses[0].id, "keeps-failing");
        assert_eq!(
            document.classify(operation, GenerationEnding::Answered(&known)),
            GenerationOutcome::Succeeded
        );
    }
}

#[test]
fn s4_7_a_request_from_elsewhere_is_asked_to_come_from_the_account() {
    let decision = subscription().with(Fact::RequestedFromAccount, false).decide(Reason::ChangedMind);
    let Outcome::NeedsInformation { missing } = &decision.outcome else { panic!("{:?}", decision.outcome) };
    assert_eq!(missing[0].fact, Fact::RequestedFromAccount);
    assert_eq!(cited(&decision)[0], "from-the-account-s-address");
}

#[test]
fn s4_12_a_renewal_replaces_what_is_left() {
    let document = document_of(PRODUCT);
    assert_eq!(document.on_renewal, OnRenewal::Replace);
    assert_eq!(leftover_expiry_ms(document, NOW_MS), Some(NOW_MS));
}

#[test]
fn s4_17_within_14_days_and_hardly_used() {
    for interval in ["month", "year"] {
        for (used, offset, expected) in [
            (50, -1, recommends(ten_dollars())),
            (50, 0, recommends(ten_dollars())),
            (50, 1, recommends_refusal()),
            (51, 0, person()),
            (249, 0, person()),
            (250, 0, recommends_refusal()),
        ] {
            let decision = subscription()
                .with(Fact::BillingInterval, interval)
                .with(Fact::CreditsSpent, used)
                .after(14 * DAY_MS + offset)
                .decide(Reason::ChangedMind);
            assert_eq!(decision.outcome, expected, "{interval}: {used} credits, {offset} ms");
        }
    }
}

#[test]
fn s4_18_a_pack_is_refused_once_its_credits_were_added() {
    let pack = Case::purchase(PRODUCT, "pack").after(20 * DAY_MS);
    let decision = pack.decide(Reason::ChangedMind);
    assert_eq!((&decision.outcome, cited(&decision)), (&Outcome::Refuse, vec!["packs-are-final"]));
    let on_its_way = pack.with(Fact::CreditsLanded, false).decide(Reason::ChangedMind);
    assert_eq!(on_its_way.outcome, person());
}

#[test]
fn s4_19_every_refusal_has_a_door_to_a_person() {
    let decision = Case::purchase(PRODUCT, "pack").after(20 * DAY_MS).decide(Reason::ChangedMind);
    assert_eq!(decision.doors[0].clause, "exceptional-cases");
    assert!(decision.message().ends_with(&document_of(PRODUCT).door.text));
}

#[test]
fn s4_21_low_quality_gets_guidance_and_no_refusal() {
    for case in [Case::generation_of(PRODUCT, "succeeded"), subscription(), Case::purchase(PRODUCT, "pack")] {
        let decision = case.decide(Reason::ResultNotLiked);
        assert_eq!((&decision.outcome, offered(&decision)), (&person(), vec!["guides"]));
    }
}

#[test]
fn s4_23_what_keeps_failing_is_for_a_person() {
    for reason in [Reason::GenerationFailed, Reason::ServiceUnavailable] {
        let decision = reported().decide(reason);
        assert_eq!((&decision.outcome, cited(&decision)), (&person(), vec!["keeps-failing"]));
    }
}
