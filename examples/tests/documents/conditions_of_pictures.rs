//! Each rule of the two services for pictures and models about purchases hinges on each of its conditions.

use policy::{Fact, Reason, RemedyRule};

use crate::case::{Case, DAY_MS, charged_ms};
use crate::written::{
    ADVISES_GRANT, ADVISES_REFUSAL, ANY, ASKS, PERSON, REFUSES, Written, gives, sets_aside,
};

const REGRETS: &[Reason] = &[Reason::AccidentalPurchase, Reason::ChangedMind];
const DISLIKES: &[Reason] = &[Reason::AccidentalPurchase, Reason::ResultNotLiked, Reason::ChangedMind];

/// A purchase with so many of its 1,000 credits used, and a request so long after its charge.
fn used(product: &str, kind: &str, credits: i64, ms: i64) -> Case {
    Case::purchase(product, kind).with(Fact::CreditsSpent, credits).after(ms)
}

#[test]
fn s4_17_a_subscription_within_the_window_by_how_much_was_used() {
    let (within, clauses) = (14 * DAY_MS, &["refund-of-a-subscription"]);
    let after = (Fact::RequestedAt, (charged_ms("image-web") + within + 1).into());
    let pack = || (Fact::PaymentKind, "pack".into());
    let of = |credits| used("image-web", "subscription", credits, within);
    Written { rule: "hardly-used-subscription", reasons: REGRETS, clauses, says: ADVISES_GRANT }.hinges_on(
        &of(50),
        [pack(), after.clone(), (Fact::CreditsSpent, 51.into()), (Fact::CreditsHeld, 1.into())],
    );
    let used_up = Written { rule: "subscription-used", reasons: REGRETS, clauses, says: ADVISES_REFUSAL };
    used_up.hinges_on(&of(250), [pack(), (Fact::CreditsSpent, 249.into())]);
    used_up.is_not_met_by(&of(0).with(Fact::CreditsGranted, 0), "nothing was granted and nothing used");
    let in_time = (Fact::RequestedAt, (charged_ms("image-web") + within).into());
    let rule = "subscription-after-the-window";
    Written { rule, reasons: REGRETS, clauses, says: ADVISES_REFUSAL }
        .hinges_on(&used("image-web", "subscription", 0, within + 1), [pack(), in_time]);
}

#[test]
fn s4_17_s4_19_between_minimal_and_substantial_use_of_pictures() {
    let after = (Fact::RequestedAt, (charged_ms("image-web") + 14 * DAY_MS + 1).into());
    for credits in [51, 249] {
        let written = Written {
            rule: "between-minimal-and-substantial",
            reasons: REGRETS,
            clauses: &["refund-of-a-subscription", "exceptional-cases"],
            says: PERSON,
        };
        written.hinges_on(
            &used("image-web", "subscription", credits, 14 * DAY_MS),
            [
                (Fact::PaymentKind, "pack".into()),
                after.clone(),
                (Fact::CreditsSpent, 50.into()),
                (Fact::CreditsSpent, 250.into()),
            ],
        );
    }
    let (reasons, clauses) = (&[Reason::DuplicatePayment], &["exceptional-cases"]);
    Written { rule: "double-payment", reasons, clauses, says: PERSON }.hinges_on(
        &Case::purchase("image-web", "pack").with(Fact::DuplicateOfPayment, true),
        [(Fact::DuplicateOfPayment, false.into())],
    );
}

#[test]
fn s4_18_only_packs_whose_credits_were_added_are_final() {
    let clauses = &["packs-are-final"];
    Written { rule: "packs-are-final", reasons: REGRETS, clauses, says: REFUSES }.hinges_on(
        &Case::purchase("image-web", "pack"),
        [(Fact::PaymentKind, "subscription".into()), (Fact::CreditsLanded, false.into())],
    );
}

#[test]
fn s4_21_guidance_is_for_every_dislike() {
    let (reasons, clauses) = (&[Reason::ResultNotLiked], &["quality-is-in-the-prompt"]);
    Written { rule: "quality", reasons, clauses, says: PERSON }
        .is_met_by(&Case::purchase("image-web", "pack"));
}

#[test]
fn s4_6_a_report_is_asked_for_whichever_part_is_missing() {
    let parts = [
        Fact::EmailGiven,
        Fact::PromptGiven,
        Fact::ModelGiven,
        Fact::FailureTimeGiven,
        Fact::ErrorMessageGiven,
    ];
    let all =
        parts.iter().fold(Case::purchase("image-web", "subscription"), |case, part| case.with(*part, true));
    let written = Written {
        rule: "what-a-report-contains",
        reasons: &[Reason::GenerationFailed, Reason::ServiceUnavailable],
        clauses: &["what-a-report-contains"],
        says: ASKS,
    };
    for part in parts {
        written.hinges_on(
            &all.clone().with(part, false),
            [(part, true.into()), (Fact::GenerationNamed, true.into())],
        );
    }
}

#[test]
fn s4_7_s4_23_where_it_came_from_and_what_keeps_failing() {
    let clauses = &["from-the-account-s-address"];
    Written { rule: "from-the-account-s-address", reasons: ANY, clauses, says: ASKS }.hinges_on(
        &Case::purchase("image-web", "pack").with(Fact::RequestedFromAccount, false),
        [(Fact::RequestedFromAccount, true.into())],
    );
    let reasons = &[Reason::GenerationFailed, Reason::ServiceUnavailable];
    Written { rule: "keeps-failing", reasons, clauses: &["keeps-failing"], says: PERSON }
        .hinges_on(&Case::purchase("image-web", "subscription"), [(Fact::GenerationNamed, true.into())]);
}

#[test]
fn s3_4_a_request_contains_address_date_and_reason() {
    let clauses = &["what-a-request-contains"];
    let written = Written { rule: "what-a-request-contains", reasons: ANY, clauses, says: ASKS };
    let named = Case::purchase("image-to-3d", "pack").with(Fact::PurchaseDateGiven, false);
    for fact in [Fact::EmailGiven, Fact::NoteGiven] {
        written.hinges_on(&named.clone().with(fact, false), [(fact, true.into())]);
    }
    written.hinges_on(
        &named.with(Fact::PaymentNamed, false),
        [(Fact::PaymentNamed, true.into()), (Fact::PurchaseDateGiven, true.into())],
    );
}

#[test]
fn s3_5_a_double_payment_is_one_on_record() {
    let (reasons, clauses) = (&[Reason::DuplicatePayment], &["double-payment"]);
    Written { rule: "double-payment", reasons, clauses, says: ADVISES_GRANT }.hinges_on(
        &Case::purchase("image-to-3d", "pack").with(Fact::DuplicateOfPayment, true),
        [(Fact::DuplicateOfPayment, false.into())],
    );
}

#[test]
fn s3_8_s3_19_recent_and_hardly_used_and_promptly() {
    let charged = charged_ms("image-to-3d");
    let unnamed = || (Fact::PaymentNamed, false.into());
    let after = || (Fact::RequestedAt, (charged + 7 * DAY_MS + 1).into());
    let recent = Written {
        rule: "recent-and-unused",
        reasons: REGRETS,
        clauses: &["recent-and-unused"],
        says: ADVISES_GRANT,
    };
    let late = Written {
        rule: "used-and-not-asked-promptly",
        reasons: REGRETS,
        clauses: &["recent-and-unused", "partial-goodwill"],
        says: PERSON,
    };
    for kind in ["subscription", "pack"] {
        recent.hinges_on(&used("image-to-3d", kind, 0, 7 * DAY_MS), [unnamed(), after()]);
        let last_used = charged + 4 * DAY_MS;
        let prompt = used("image-to-3d", kind, 50, 7 * DAY_MS).with(Fact::CreditsLastUsedAt, last_used);
        recent.hinges_on(
            &prompt,
            [
                unnamed(),
                after(),
                (Fact::CreditsSpent, 51.into()),
                (Fact::CreditsHeld, 1.into()),
                (Fact::CreditsLastUsedAt, (last_used - 1).into()),
            ],
        );
        let not_prompt = prompt.with(Fact::CreditsLastUsedAt, last_used - 1);
        late.hinges_on(
            &not_prompt,
            [
                unnamed(),
                after(),
                (Fact::CreditsSpent, 0.into()),
                (Fact::CreditsSpent, 51.into()),
                (Fact::CreditsLastUsedAt, last_used.into()),
            ],
        );
    }
}

#[test]
fn s3_13_s3_19_between_minimal_and_substantial_use_of_models() {
    for credits in [51, 249] {
        let written = Written {
            rule: "between-minimal-and-substantial",
            reasons: REGRETS,
            clauses: &["partial-goodwill", "change-of-mind"],
            says: PERSON,
        };
        written.hinges_on(
            &used("image-to-3d", "subscription", credits, 7 * DAY_MS),
            [
                (Fact::PaymentKind, "pack".into()),
                (Fact::RequestedAt, (charged_ms("image-to-3d") + 7 * DAY_MS + 1).into()),
                (Fact::CreditsSpent, 50.into()),
                (Fact::CreditsSpent, 250.into()),
            ],
        );
    }
}

#[test]
fn s3_20_s3_21_a_pack_by_whether_it_was_used() {
    let after = (Fact::RequestedAt, (charged_ms("image-to-3d") + 7 * DAY_MS + 1).into());
    let subscription = || (Fact::PaymentKind, "subscription".into());
    Written { rule: "pack-unused", reasons: REGRETS, clauses: &["pack-unused"], says: ADVISES_GRANT }
        .hinges_on(
            &used("image-to-3d", "pack", 0, 7 * DAY_MS),
            [subscription(), after, (Fact::CreditsSpent, 1.into()), (Fact::CreditsHeld, 1.into())],
        );
    assert_eq!(gives("image-to-3d", "pack-unused"), Some(RemedyRule::RestOfPayment));
    let clauses = &["pack-partly-used"];
    Written { rule: "pack-partly-used", reasons: DISLIKES, clauses, says: PERSON }.hinges_on(
        &used("image-to-3d", "pack", 1, 20 * DAY_MS),
        [subscription(), (Fact::CreditsSpent, 0.into())],
    );
}

#[test]
fn s3_10_s3_11_s3_12_s3_13_what_speaks_against_a_refund() {
    let charged = charged_ms("image-to-3d");
    let unnamed = || (Fact::PaymentNamed, false.into());
    let says = ADVISES_REFUSAL;
    for kind in ["subscription", "pack"] {
        let of = |credits, ms| used("image-to-3d", kind, credits, ms);
        let clauses = &["after-the-window"];
        Written { rule: "after-the-window", reasons: DISLIKES, clauses, says }.hinges_on(
            &of(0, 7 * DAY_MS + 1),
            [unnamed(), (Fact::RequestedAt, (charged + 7 * DAY_MS).into())],
        );
        let clauses = &["substantial-use", "change-of-mind"];
        let much = Written { rule: "substantial-use", reasons: REGRETS, clauses, says };
        much.hinges_on(&of(250, DAY_MS), [unnamed(), (Fact::CreditsSpent, 249.into())]);
        much.is_not_met_by(&of(0, DAY_MS).with(Fact::CreditsGranted, 0), "nothing was granted");
        let clauses = &["results-taken"];
        Written { rule: "results-taken", reasons: REGRETS, clauses, says }.hinges_on(
            &of(51, DAY_MS).with(Fact::OutputsDownloaded, 1),
            [unnamed(), (Fact::OutputsDownloaded, 0.into()), (Fact::CreditsSpent, 50.into())],
        );
    }
}

#[test]
fn s3_9_goodwill_is_for_a_first_purchase() {
    let written = Written {
        rule: "first-purchase-unusable",
        reasons: &[Reason::ResultNotLiked],
        clauses: &["first-purchase-unusable", "alternatives"],
        says: PERSON,
    };
    written.hinges_on(
        &Case::purchase("image-to-3d", "pack"),
        [(Fact::PaymentNamed, false.into()), (Fact::FirstPurchase, false.into())],
    );
}

#[test]
fn s3_14_s3_15_abuse_and_repeated_requests_are_exceptions_to_every_ground() {
    let abuse = Written { rule: "abuse", reasons: ANY, clauses: &["abuse"], says: PERSON };
    let clauses = &["repeated-requests"];
    let repeated = Written { rule: "repeated-requests", reasons: ANY, clauses, says: PERSON };
    let unused = used("image-to-3d", "pack", 0, DAY_MS);
    let little = used("image-to-3d", "pack", 10, DAY_MS)
        .with(Fact::CreditsLastUsedAt, charged_ms("image-to-3d"))
        .with(Fact::DuplicateOfPayment, true);
    for finding in ["indicated", "confirmed"] {
        let abused = |case: &Case| case.clone().with(Fact::AbuseFinding, finding);
        abuse.hinges_on(&abused(&unused), [(Fact::AbuseFinding, "none".into())]);
        let both = ["recent-and-unused", "pack-unused"];
        sets_aside(&abused(&unused), Reason::ChangedMind, "abuse", &both);
        sets_aside(&abused(&little), Reason::DuplicatePayment, "abuse", &["double-payment"]);
        sets_aside(&abused(&little), Reason::GenerationFailed, "abuse", &["no-usable-result"]);
    }
    for (own, related) in [(2, 0), (1, 1), (0, 2)] {
        let again = little.clone().with(Fact::EarlierRequests, own).with(Fact::RelatedRequests, related);
        repeated.hinges_on(&again, [(Fact::PaymentNamed, false.into()), (Fact::CreditsSpent, 0.into())]);
        for (reason, other) in [
            (Reason::ChangedMind, "recent-and-unused"),
            (Reason::DuplicatePayment, "double-payment"),
            (Reason::GenerationFailed, "no-usable-result"),
        ] {
            sets_aside(&again, reason, "repeated-requests", &[other]);
        }
    }
    let once = little.with(Fact::EarlierRequests, 1).with(Fact::RelatedRequests, 0);
    repeated.is_not_met_by(&once, "one earlier request");
}

#[test]
fn s3_27_s3_28_a_dispute_without_a_word_before_is_answered_with_the_wish_to_talk() {
    let written = Written {
        rule: "dispute-of-delivered-services",
        reasons: ANY,
        clauses: &["dispute-of-delivered-services", "before-a-dispute"],
        says: PERSON,
    };
    let disputed = Case::purchase("image-to-3d", "pack")
        .with(Fact::PaymentDisputed, true)
        .with(Fact::ContactedBeforeDispute, false);
    written.hinges_on(
        &disputed,
        [
            (Fact::PaymentNamed, false.into()),
            (Fact::PaymentDisputed, false.into()),
            (Fact::PaymentDelivered, false.into()),
            (Fact::ContactedBeforeDispute, true.into()),
        ],
    );
}
