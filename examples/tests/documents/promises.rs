//! What each document promises beside its rules: clocks, offers, what people review, and which answers hold
//! nothing.

use policy::{
    Document, Effect, Fact, FailureKind, GenerationEnding, GenerationOutcome, Mode, OfferKind, OnResubscribe,
    Outcome, Reason, RemedyRule, ServiceLevelStart,
};
use serde_json::{Value, json};

use crate::case::{Case, DAY_MS, NOW_MS, charged_ms, document_of, music_studio};
use crate::leftover::expiry_after_late_failure_ms;

/// A clock: its name, its clause, what starts it, whether it is promised and stands still, and what it is
/// about.
type Written<'w> = (&'w str, &'w str, ServiceLevelStart, bool, bool, &'w [Reason], &'w [&'w str]);

fn clocks_are(document: &Document, written: &[Written<'_>]) {
    for (id, clause, starts, firm, pauses, reasons, products) in written {
        let clock = document.service_levels.iter().find(|clock| clock.id == *id).unwrap();
        assert_eq!((clock.clause.as_str(), clock.starts), (*clause, *starts), "{id}");
        assert_eq!((clock.firm, clock.pauses), (*firm, *pauses), "{id}");
        assert_eq!((clock.reasons.as_slice(), &clock.products[..]), (*reasons, &named(products)[..]), "{id}");
    }
}

fn named(products: &[&str]) -> Vec<String> {
    products.iter().map(|product| (*product).to_owned()).collect()
}

#[test]
fn s0_9_s0_12_s0_26_s0_28_the_suite_aims_and_stands_still_for_nobody() {
    use ServiceLevelStart::{RefundSucceeded, RequestSubmitted};
    clocks_are(
        document_of("assistant"),
        &[
            (
                "assistant-first-response",
                "assistant-first-response",
                RequestSubmitted,
                false,
                false,
                &[],
                &["assistant"],
            ),
            ("audio-first-response", "audio-first-response", RequestSubmitted, false, false, &[], &["audio"]),
            (
                "assistant-bank-time",
                "assistant-bank-time",
                RefundSucceeded,
                false,
                false,
                &[],
                &["assistant"],
            ),
            ("audio-bank-time", "audio-bank-time", RefundSucceeded, false, false, &[], &["audio"]),
        ],
    );
}

#[test]
fn s2_3_s2_18_s2_21_s2_31_s2_32_what_the_music_studio_promises_and_what_is_usual() {
    use ServiceLevelStart::{GenerationFailed, PaymentCharged, RequestComplete, RequestSubmitted};
    let errors = [
        Reason::ChargedAfterCancellation,
        Reason::WrongCardCharged,
        Reason::WrongPlanCharged,
        Reason::DuplicatePayment,
    ];
    let within = "failed-generation-within-the-hour";
    clocks_are(
        music_studio(),
        &[
            ("give-back", within, GenerationFailed, true, false, &[Reason::GenerationFailed], &[]),
            ("pack-credit", "pack-credit-clock", PaymentCharged, true, false, &[Reason::CreditsMissing], &[]),
            ("billing-error", "billing-error-clock", RequestComplete, true, true, &errors, &[]),
            ("first-response", "first-response", RequestSubmitted, false, false, &[], &[]),
            ("same-day", "same-day", RequestComplete, false, true, &[], &[]),
        ],
    );
}

#[test]
fn s4_1_mail_is_answered_as_usual_and_for_every_reason() {
    let starts = ServiceLevelStart::RequestSubmitted;
    clocks_are(document_of("image-web"), &[("answer", "answered-by-mail", starts, false, false, &[], &[])]);
}

/// An offer: its clause, its kind, how it is computed, its percentage, and how long its credits can be used.
fn offer_is(
    product: &str,
    id: &str,
    (clause, kind, remedy): (&str, OfferKind, Option<RemedyRule>),
    (percent, usable_s): (Option<u32>, Option<u64>),
) {
    let offer = document_of(product).offers.iter().find(|offer| offer.id == id).unwrap();
    assert_eq!((offer.clause.as_str(), offer.kind, offer.remedy), (clause, kind, remedy), "{id}");
    assert_eq!((offer.percent, offer.usable_s), (percent, usable_s), "{id}");
}

#[test]
fn s0_13_s0_29_a_part_is_by_the_time_that_is_left() {
    let remedy = Some(RemedyRule::PaymentByUnusedTime);
    for product in ["assistant", "audio"] {
        let (id, clause) = (format!("{product}_part_by_time"), format!("{product}-abuse"));
        offer_is(product, &id, (&clause, OfferKind::ProratedRefund, remedy), (None, None));
    }
}

#[test]
fn s2_8_s2_19_s2_21_what_the_music_studio_offers() {
    let outage = "extended-outage";
    let of = |id, what, bounds| offer_is("music-studio", id, what, bounds);
    of("another_generation", ("another-generation", OfferKind::Retry, None), (None, None));
    let credits = Some(RemedyRule::CreditsForOutage);
    of("part_of_the_credits", (outage, OfferKind::ProratedCredits, credits), (None, Some(60 * 86_400)));
    of("discount", (outage, OfferKind::Discount, None), (Some(20), None));
    let missing = "pack-not-credited";
    of("pack_credits", (missing, OfferKind::Credits, Some(RemedyRule::CreditsOfPurchase)), (None, None));
    of("pack_money", (missing, OfferKind::Refund, Some(RemedyRule::RestOfPayment)), (None, None));
}

#[test]
fn s3_19_s3_21_s3_27_s4_21_what_the_services_for_models_and_pictures_offer() {
    let by_credits = Some(RemedyRule::PaymentByUnusedCredits);
    let of = |id, what| offer_is("image-to-3d", id, what, (None, None));
    of("part_by_credits", ("partial-goodwill", OfferKind::ProratedRefund, by_credits));
    of("before_a_dispute", ("before-a-dispute", OfferKind::ManualHelp, None));
    let what = ("quality-is-in-the-prompt", OfferKind::Advice, None);
    offer_is("image-web", "guides", what, (None, None));
}

#[test]
fn s3_19_goodwill_between_the_uses_offers_a_part() {
    let charged = charged_ms("image-to-3d");
    let little = Case::purchase("image-to-3d", "subscription")
        .with(Fact::CreditsSpent, 10)
        .with(Fact::CreditsLastUsedAt, charged)
        .after(5 * DAY_MS);
    for case in [little, Case::purchase("image-to-3d", "subscription").with(Fact::CreditsSpent, 100)] {
        let decision = case.decide(Reason::ChangedMind);
        assert_eq!(crate::case::offered(&decision), ["replacement_credits", "part_by_credits"]);
        let part = decision.offers.iter().find(|offer| offer.offer == "part_by_credits").unwrap();
        assert_eq!(part.clause, "partial-goodwill");
        assert!(part.remedy.is_some());
    }
}

/// The document as if the machine had the last word in every rule.
fn by_machine(document: &Document) -> Document {
    let mut document = document.clone();
    for rule in &mut document.rules {
        match &mut rule.effect {
            Effect::Grant(_, mode) | Effect::Refuse(mode) => *mode = Mode::Auto,
            Effect::Person | Effect::NeedsInformation(_) => {}
        }
    }
    document
}

#[test]
fn s0_8_s0_25_people_process_what_a_rule_would_leave_to_the_machine() {
    for product in ["assistant", "audio"] {
        let document = by_machine(document_of(product));
        for case in [
            Case::purchase(product, "subscription"),
            Case::purchase(product, "subscription").after(20 * DAY_MS),
        ] {
            let decision = policy::decide(&document, &case.0, Reason::ChangedMind, charged_ms(product));
            let outcome = &decision.outcome;
            assert!(matches!(outcome, Outcome::Person { recommendation: Some(_) }), "{product}: {outcome:?}");
            let by_people = format!("{product}-by-people");
            assert!(decision.clauses.iter().any(|cited| cited.clause == by_people), "{product}");
        }
    }
}

#[test]
fn s3_1_people_review_refusals_and_the_machine_may_give() {
    let document = by_machine(document_of("image-to-3d"));
    let decide = |case: &Case, reason| policy::decide(&document, &case.0, reason, charged_ms("image-to-3d"));
    let late = Case::purchase("image-to-3d", "pack").after(20 * DAY_MS);
    let refused = decide(&late, Reason::AccidentalPurchase);
    assert_eq!(refused.outcome, crate::case::recommends_refusal());
    assert!(refused.clauses.iter().any(|cited| cited.clause == "case-by-case"));
    let failed = Case::generation_of("image-to-3d", "failed");
    assert!(matches!(decide(&failed, Reason::GenerationFailed).outcome, Outcome::Grant { .. }));
    for kind in [FailureKind::ModerationBlock, FailureKind::PartialResult, FailureKind::UnknownAnswer] {
        let outcome = document.classify("texture", GenerationEnding::Failed(kind));
        let GenerationOutcome::Person { clauses, .. } = outcome else { panic!("{kind:?}: {outcome:?}") };
        assert_eq!(clauses[0].id, "case-by-case");
    }
}

/// Each of these operations gives back for each of these answers, by this signature.
fn empty(product: &str, operations: &[&str], answers: &[(&str, Value)]) {
    let document = document_of(product);
    for operation in operations {
        for (known, answer) in answers {
            let outcome = document.classify(operation, GenerationEnding::Answered(answer));
            let GenerationOutcome::GiveBack { kind: FailureKind::EmptySuccess, signature, .. } = outcome
            else {
                panic!("{operation} {answer}: {outcome:?}")
            };
            assert_eq!(signature, Some(*known), "{operation} {answer}");
        }
    }
}

#[test]
fn s2_2_s2_4_s2_6_every_operation_knows_its_empty_answers() {
    let songs = [
        "music_simple",
        "music_custom",
        "section_replacement",
        "song_extension",
        "add_vocals",
        "add_instrumental",
    ];
    empty(
        "music-studio",
        &songs,
        &[("no_songs", json!({"songs": []})), ("songs_missing", json!({"status": "success"}))],
    );
    empty(
        "music-studio",
        &["lyrics"],
        &[("no_lyrics", json!({"lyrics": ""})), ("lyrics_missing", json!({}))],
    );
    empty(
        "music-studio",
        &["stems_2", "stems_12"],
        &[("no_stems", json!({"stems": []})), ("stems_missing", json!({}))],
    );
    empty("music-studio", &["voice_cloning"], &[("no_voice", json!({"status": "success"}))]);
    empty("music-studio", &["wav_export", "midi_export"], &[("no_file", json!({"url": null}))]);
}

#[test]
fn s3_7_every_operation_knows_its_failures_and_empty_answers() {
    let document = document_of("image-to-3d");
    for operation in ["model_from_image", "model_from_views", "texture", "rigging", "mesh_export"] {
        for kind in [
            FailureKind::ProviderError,
            FailureKind::OwnError,
            FailureKind::HoldTimeout,
            FailureKind::EmptySuccess,
        ] {
            let outcome = document.classify(operation, GenerationEnding::Failed(kind));
            let GenerationOutcome::GiveBack { clauses, .. } = outcome else { panic!("{operation} {kind:?}") };
            assert_eq!(clauses[0].id, "failed-job");
        }
    }
    let no_model = [("no_model", json!({"status": "succeeded"}))];
    empty("image-to-3d", &["model_from_image", "model_from_views", "rigging"], &no_model);
    let no_faces = [("no_faces", json!({"model_url": "u", "mesh": {"faces": 0}}))];
    empty("image-to-3d", &["model_from_image", "model_from_views"], &no_faces);
    empty(
        "image-to-3d",
        &["texture"],
        &[("no_textures", json!({"textures": []})), ("textures_missing", json!({}))],
    );
    empty("image-to-3d", &["mesh_export"], &[("no_file", json!({"file_url": null}))]);
}

#[test]
fn s4_2_s4_3_every_operation_knows_its_failures_and_empty_answers() {
    let document = document_of("image-web");
    let pictures = ["picture", "picture_edit", "upscale", "background_removal"];
    for operation in pictures.iter().chain(&["prompt_enhancement"]) {
        for kind in [FailureKind::ProviderError, FailureKind::OwnError, FailureKind::EmptySuccess] {
            let outcome = document.classify(operation, GenerationEnding::Failed(kind));
            let GenerationOutcome::GiveBack { clauses, .. } = outcome else { panic!("{operation} {kind:?}") };
            assert_eq!(clauses[0].id, "failed-is-not-charged");
        }
    }
    empty(
        "image-web",
        &pictures,
        &[
            ("no_pictures", json!({"images": []})),
            ("pictures_missing", json!({})),
            ("no_address", json!({"status": "completed", "images": [{"width": 1}]})),
        ],
    );
    empty(
        "image-web",
        &["prompt_enhancement"],
        &[("no_prompt", json!({"prompt": ""})), ("prompt_missing", json!({}))],
    );
    // A picture with an address is one, and an answer without a status is none that is known to be empty.
    let full = json!({"status": "completed", "images": [{"url": "https://a/b"}]});
    let unknown = json!({"status": "queued", "images": [{"width": 1}]});
    for operation in pictures {
        assert_eq!(
            document.classify(operation, GenerationEnding::Answered(&full)),
            GenerationOutcome::Succeeded
        );
        let outcome = document.classify(operation, GenerationEnding::Answered(&unknown));
        assert!(matches!(outcome, GenerationOutcome::Person { .. }), "{operation}: {outcome:?}");
    }
}

#[test]
fn s0_16_s4_12_left_over_credits_of_two_businesses_end_with_their_plan() {
    for product in ["studio", "image-web"] {
        let document = document_of(product);
        let leftover = document.leftover.as_ref().unwrap();
        assert_eq!(
            (leftover.after_end_s, leftover.on_resubscribe),
            (0, OnResubscribe::KeepClock),
            "{product}"
        );
        assert_eq!(expiry_after_late_failure_ms(document, NOW_MS), Some(NOW_MS + DAY_MS), "{product}");
    }
}

#[test]
fn s0_14_s0_15_s0_16_s0_17_s1_1_s1_2_what_the_suite_says_of_cancelling() {
    let every = ["available-until-the-period-ends", "renew-after-the-period"];
    let studio =
        ["studio-end-of-cycle", "studio-credits-until-the-end", "studio-account-stays", "studio-cancelled"];
    said("studio", &[&every[..], &studio[..]].concat());
    for product in ["assistant", "audio"] {
        said(product, &every);
    }
}

#[test]
fn s2_10_s2_11_s2_13_s2_26_s3_16_s3_17_s4_16_s4_17_what_the_others_say_of_cancelling() {
    said(
        "music-studio",
        &[
            "cancellation-takes-effect",
            "benefits-until-the-period-ends",
            "rights-until-the-period-ends",
            "leftover-credits",
            "free-after-the-period",
            "mid-period",
        ],
    );
    said("image-to-3d", &["cancel-at-any-time", "cancelling-is-no-refund"]);
    said("image-web", &["cancel-at-the-end", "refund-of-a-subscription"]);
}

/// The clauses that are shown to who cancels a subscription of a product.
fn said(product: &str, expected: &[&str]) {
    let clauses = document_of(product).cancellation_clauses(product);
    assert_eq!(clauses.map(|clause| clause.id.as_str()).collect::<Vec<_>>(), expected, "{product}");
}

#[test]
fn s4_19_exceptional_cases_have_a_way_in_and_a_door() {
    let document = document_of("image-web");
    let intake = document.intake.as_ref().unwrap();
    assert_eq!((intake.channel.as_str(), intake.clause.as_str()), ("email", "exceptional-cases"));
    assert_eq!(document.door.clause, "exceptional-cases");
    assert!(document.door.text.contains("a person will look at it"));
}
