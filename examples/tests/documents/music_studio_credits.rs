//! The music studio's rules about generations and the life of credits, each by its id.

use policy::{
    Basis, Fact, FailureKind, GenerationEnding, GenerationOutcome, OnRenewal, OnResubscribe, Outcome, Reason,
    Remedy, Revocation,
};
use serde_json::json;

use crate::case::{Case, DAY_MS, HOUR_MS, NOW_MS, cited, music_studio};
use crate::leftover::{expiry_after_late_failure_ms, leftover_expiry_ms};

const OPERATIONS: [&str; 12] = [
    "music_simple",
    "music_custom",
    "lyrics",
    "stems_2",
    "stems_12",
    "section_replacement",
    "song_extension",
    "add_vocals",
    "add_instrumental",
    "voice_cloning",
    "wav_export",
    "midi_export",
];

#[test]
fn s2_2_s2_4_explicit_errors_and_timeouts_give_the_credits_back() {
    for operation in OPERATIONS {
        for kind in [FailureKind::ProviderError, FailureKind::OwnError, FailureKind::HoldTimeout] {
            let outcome = music_studio().classify(operation, GenerationEnding::Failed(kind));
            let GenerationOutcome::GiveBack { clauses, signature: None, .. } = outcome else {
                panic!("{operation} {kind:?}: {outcome:?}")
            };
            let cited: Vec<&str> = clauses.iter().map(|clause| clause.id.as_str()).collect();
            assert_eq!(cited, ["failed-generation", "covered-operations"]);
        }
    }
}

#[test]
fn s2_2_s2_4_s2_5_s2_6_a_failed_generation_that_kept_its_credits_is_given_back_on_request() {
    for outcome in ["failed", "empty_success", "timed_out"] {
        for (returned, expected) in [
            (0, Outcome::Grant { remedy: Remedy::Credits { credits: 10 } }),
            (9, Outcome::Grant { remedy: Remedy::Credits { credits: 1 } }),
            (10, Outcome::Refuse),
        ] {
            let case = Case::generation(outcome).with(Fact::GenerationCreditsReturned, returned);
            assert_eq!(case.decide(Reason::GenerationFailed).outcome, expected, "{outcome} {returned}");
        }
    }
}

#[test]
fn s2_3_every_hold_ends_within_the_hour() {
    // The sweep comes every five minutes, so that a hold may stay open for 55 at most.
    for operation in OPERATIONS.iter().chain(&["unlisted"]) {
        assert_eq!(music_studio().hold_deadline_s(operation), 50 * 60, "{operation}");
    }
}

#[test]
fn s2_5_exactly_twelve_operations_are_covered() {
    let listed: Vec<&str> = music_studio().operations.iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!(listed, OPERATIONS);
    for kind in FailureKind::ALL {
        let outcome = music_studio().classify("mastering", GenerationEnding::Failed(*kind));
        assert_eq!(outcome, GenerationOutcome::Person { kind: *kind, clauses: vec![] });
    }
    let decision =
        Case::generation("failed").with(Fact::GenerationCovered, false).decide(Reason::GenerationFailed);
    assert_eq!((decision.outcome, decision.basis), (Outcome::Person { recommendation: None }, Basis::Rules));
}

#[test]
fn s2_2_s2_4_s2_6_known_empty_answers_are_failures() {
    for (operation, empty, full) in [
        ("music_simple", json!({"songs": []}), json!({"songs": [{"id": "s1"}]})),
        ("song_extension", json!({"status": "success", "songs": []}), json!({"songs": [{"id": "s1"}]})),
        ("add_vocals", json!({"code": 200, "data": {"successFlag": 3}}), json!({"songs": [{"id": "s1"}]})),
        ("lyrics", json!({"text": "la la"}), json!({"lyrics": "la"})),
        ("stems_2", json!({"status": "success"}), json!({"stems": ["voice", "band"]})),
        ("lyrics", json!({"lyrics": " "}), json!({"lyrics": "la la"})),
        ("stems_12", json!({"stems": []}), json!({"stems": ["drums"]})),
        ("voice_cloning", json!({"status": "success"}), json!({"status": "success", "voice_id": "v1"})),
        (
            "wav_export",
            json!({"status": "success", "url": null}),
            json!({"status": "success", "url": "https://a/b"}),
        ),
    ] {
        let outcome = music_studio().classify(operation, GenerationEnding::Answered(&empty));
        let GenerationOutcome::GiveBack { kind: FailureKind::EmptySuccess, signature: Some(_), clauses } =
            outcome
        else {
            panic!("{operation}: {outcome:?}")
        };
        let cited: Vec<&str> = clauses.iter().map(|clause| clause.id.as_str()).collect();
        assert_eq!(cited, ["failed-generation", "what-a-failure-is", "covered-operations"]);
        let outcome = music_studio().classify(operation, GenerationEnding::Answered(&full));
        assert_eq!(outcome, GenerationOutcome::Succeeded, "{operation}");
    }
}

#[test]
fn s2_6_moderation_and_partial_results_go_to_a_person() {
    for kind in [FailureKind::ModerationBlock, FailureKind::PartialResult] {
        let outcome = music_studio().classify("music_simple", GenerationEnding::Failed(kind));
        assert!(matches!(outcome, GenerationOutcome::Person { .. }), "{kind:?}");
    }
    let unknown = json!({"songs": "queued"});
    let outcome = music_studio().classify("music_simple", GenerationEnding::Answered(&unknown));
    assert!(matches!(outcome, GenerationOutcome::Person { kind: FailureKind::UnknownAnswer, .. }));
    for outcome in ["running", "blocked", "partial", "unclear"] {
        for reason in [Reason::GenerationFailed, Reason::ResultNotLiked] {
            let decision = Case::generation(outcome).decide(reason);
            assert_eq!(decision.outcome, Outcome::Person { recommendation: None }, "{outcome}");
            assert_eq!(cited(&decision), ["unclear-endings"]);
        }
    }
}

#[test]
fn s2_7_a_result_that_is_not_liked_is_refused_with_a_door() {
    let decision = Case::generation("succeeded").decide(Reason::ResultNotLiked);
    insta::assert_json_snapshot!("result_not_liked", decision);
    insta::assert_snapshot!("result_not_liked_message", decision.message());
    for case in [Case::request(), Case::pack(), Case::renewal()] {
        let decision = case.decide(Reason::ResultNotLiked);
        assert_eq!((&decision.outcome, cited(&decision)), (&Outcome::Refuse, vec!["result-not-liked"]));
        assert_eq!(decision.doors.len(), 1);
    }
}

#[test]
fn s2_7_a_generation_that_failed_is_given_back_although_it_was_not_liked() {
    let decision = Case::generation("failed").decide(Reason::ResultNotLiked);
    assert_eq!(decision.outcome, Outcome::Grant { remedy: Remedy::Credits { credits: 10 } });
    let unknown = Case::generation("failed").without(Fact::GenerationOutcome).decide(Reason::ResultNotLiked);
    assert_eq!(
        (unknown.outcome, unknown.basis),
        (Outcome::Person { recommendation: None }, Basis::UnknownFacts)
    );
}

#[test]
fn s2_8_another_generation_is_offered() {
    let decision = Case::generation("succeeded").decide(Reason::ResultNotLiked);
    assert_eq!(
        decision.offers.iter().map(|offer| offer.offer.as_str()).collect::<Vec<_>>(),
        ["another_generation"]
    );
}

#[test]
fn s2_26_leftover_credits_expire_sixty_days_after_the_end() {
    let expiry = NOW_MS + 60 * DAY_MS;
    assert_eq!(leftover_expiry_ms(music_studio(), NOW_MS), Some(expiry));
    assert_eq!(expiry_after_late_failure_ms(music_studio(), NOW_MS), Some(expiry + 24 * HOUR_MS));
    let leftover = music_studio().leftover.as_ref().unwrap();
    assert_eq!(leftover.on_resubscribe, OnResubscribe::StopClock);
}

#[test]
fn s2_25_a_renewal_adds_to_what_is_left() {
    assert_eq!(music_studio().on_renewal, OnRenewal::Add);
}

#[test]
fn a_refund_revokes_and_cancels_and_makes_no_debt() {
    let on_refund = &music_studio().on_refund;
    assert_eq!(
        (on_refund.revoke, on_refund.revoke_of_part),
        (Revocation::Remaining, Revocation::Proportional)
    );
    assert!(on_refund.cancel && !on_refund.cancel_for_part && !on_refund.debt_for_spent);
}
