//! The rules about generations hinge on each of their conditions, in every document that has them.

use policy::{Fact, FailureKind, GenerationEnding, GenerationOutcome, Reason};

use crate::case::{Case, document_of};
use crate::written::{GRANTS, PERSON, REFUSES, Written, sets_aside};

const FAILED: [&str; 3] = ["failed", "empty_success", "timed_out"];
const UNCLEAR: [&str; 4] = ["running", "blocked", "partial", "unclear"];
const EITHER: &[Reason] = &[Reason::GenerationFailed, Reason::ResultNotLiked];

/// The rules of one document about generations that failed, and what they are the exception to.
struct Generations {
    product: &'static str,
    failed: (&'static str, &'static [&'static str]),
    unclear: &'static [&'static str],
    given_back: &'static [&'static str],
    set_aside: Option<&'static str>,
}

const MUSIC: Generations = Generations {
    product: "music-studio",
    failed: (
        "failed-generation-not-given-back",
        &["failed-generation", "what-a-failure-is", "covered-operations"],
    ),
    unclear: &["unclear-endings"],
    given_back: &["failed-generation"],
    set_aside: Some("result-not-liked"),
};
const PICTURES: Generations = Generations {
    product: "image-web",
    failed: ("failed-generation", &["failed-is-not-charged", "reserved-credits-return"]),
    unclear: &["stuck-generation", "keeps-failing"],
    given_back: &["failed-is-not-charged", "reserved-credits-return"],
    set_aside: Some("quality"),
};
const MODELS: Generations = Generations {
    product: "image-to-3d",
    failed: ("failed-job", &["failed-job"]),
    unclear: &["failed-job", "alternatives"],
    given_back: &[],
    set_aside: None,
};

impl Generations {
    fn of(&self, outcome: &str) -> Case {
        Case::generation_of(self.product, outcome)
    }

    fn failed_give_back(&self) {
        let (rule, clauses) = self.failed;
        let written = Written { rule, reasons: EITHER, clauses, says: GRANTS };
        for outcome in FAILED {
            let kept = self.of(outcome).with(Fact::GenerationCreditsReturned, 9);
            written.hinges_on(
                &kept,
                [
                    (Fact::GenerationNamed, false.into()),
                    (Fact::GenerationCovered, false.into()),
                    (Fact::GenerationOutcome, "succeeded".into()),
                    (Fact::GenerationCreditsReturned, 10.into()),
                ],
            );
            if let Some(other) = self.set_aside {
                sets_aside(&kept, Reason::ResultNotLiked, rule, &[other]);
            }
        }
    }

    fn unclear_are_for_a_person(&self) {
        let rule = "unclear-ending";
        let written = Written { rule, reasons: EITHER, clauses: self.unclear, says: PERSON };
        for outcome in UNCLEAR {
            let unclear = self.of(outcome);
            written.hinges_on(
                &unclear,
                [(Fact::GenerationNamed, false.into()), (Fact::GenerationOutcome, "succeeded".into())],
            );
            written.is_met_by(&unclear.clone().with(Fact::GenerationCovered, false));
            if let Some(other) = self.set_aside {
                sets_aside(&unclear, Reason::ResultNotLiked, rule, &[other]);
            }
        }
        // Of an operation that the policy does not list, a failure is unclear as well.
        for outcome in FAILED {
            written.hinges_on(
                &self.of(outcome).with(Fact::GenerationCovered, false),
                [
                    (Fact::GenerationNamed, false.into()),
                    (Fact::GenerationCovered, true.into()),
                    (Fact::GenerationOutcome, "succeeded".into()),
                ],
            );
        }
    }

    fn nothing_is_given_back_twice(&self) {
        let written = Written {
            rule: "given-back-already",
            reasons: &[Reason::GenerationFailed],
            clauses: self.given_back,
            says: REFUSES,
        };
        for outcome in FAILED {
            written.hinges_on(
                &self.of(outcome).with(Fact::GenerationCreditsReturned, 10),
                [
                    (Fact::GenerationNamed, false.into()),
                    (Fact::GenerationOutcome, "succeeded".into()),
                    (Fact::GenerationCreditsReturned, 9.into()),
                    (Fact::GenerationCreditsCharged, 0.into()),
                ],
            );
        }
    }
}

#[test]
fn s2_2_s2_4_s2_5_s2_6_failed_music_gives_its_credits_back() {
    MUSIC.failed_give_back();
    MUSIC.nothing_is_given_back_twice();
}

#[test]
fn s2_5_s2_6_unclear_music_is_for_a_person() {
    MUSIC.unclear_are_for_a_person();
}

#[test]
fn s4_2_s4_3_failed_pictures_give_their_credits_back() {
    PICTURES.failed_give_back();
    PICTURES.nothing_is_given_back_twice();
}

#[test]
fn s4_5_s4_23_unclear_pictures_are_for_a_person() {
    PICTURES.unclear_are_for_a_person();
    for kind in [FailureKind::ModerationBlock, FailureKind::PartialResult, FailureKind::UnknownAnswer] {
        let outcome = document_of("image-web").classify("picture", GenerationEnding::Failed(kind));
        let GenerationOutcome::Person { clauses, .. } = outcome else { panic!("{kind:?}: {outcome:?}") };
        assert_eq!(clauses[0].id, "keeps-failing");
    }
}

#[test]
fn s3_7_failed_models_give_their_credits_back_and_unclear_ones_are_for_a_person() {
    MODELS.failed_give_back();
    MODELS.unclear_are_for_a_person();
    let partial = MODELS.of("partial").decide(Reason::GenerationFailed);
    assert_eq!(crate::case::offered(&partial), ["free_retry", "manual_help"]);
    // Also after the window, which is about purchases.
    let late = MODELS.of("failed").after(8 * crate::case::DAY_MS);
    sets_aside(&late, Reason::ResultNotLiked, "failed-job", &["after-the-window"]);
}
