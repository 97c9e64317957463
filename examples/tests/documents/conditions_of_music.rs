//! Each rule of the music studio about money hinges on each of its conditions.

use policy::{Fact, Reason, RemedyRule};

use crate::case::{CHARGED_MS, Case, DAY_MS, HOUR_MS, NOW_MS};
use crate::written::{
    ADVISES_GRANT, ADVISES_REFUSAL, ANY, ASKS, GRANTS, PERSON, REFUSES, Written, gives, sets_aside,
};

const REGRETS: &[Reason] = &[Reason::AccidentalPurchase, Reason::ChangedMind];

#[test]
fn s2_13_a_period_that_runs_is_refused_to_who_changed_their_mind() {
    let reasons = &[Reason::ChangedMind];
    Written { rule: "mid-period", reasons, clauses: &["mid-period"], says: REFUSES }.hinges_on(
        &Case::renewal().with(Fact::PeriodEndsAt, NOW_MS + 1),
        [(Fact::PaymentKind, "pack".into()), (Fact::PeriodEndsAt, NOW_MS.into())],
    );
    assert_eq!(gives("music-studio", "double-payment"), Some(RemedyRule::RestOfPayment));
    let (reasons, clauses) = (&[Reason::DuplicatePayment], &["mid-period"]);
    Written { rule: "double-payment", reasons, clauses, says: ADVISES_GRANT }.hinges_on(
        &Case::renewal().with(Fact::DuplicateOfPayment, true),
        [(Fact::DuplicateOfPayment, false.into())],
    );
}

#[test]
fn s2_14_s2_15_billing_errors_of_card_and_plan() {
    let reasons = &[Reason::WrongCardCharged];
    Written { rule: "wrong-card", reasons, clauses: &["wrong-card"], says: ADVISES_GRANT }
        .hinges_on(&Case::renewal(), [(Fact::PaymentNamed, false.into())]);
    let (reasons, clauses) = (&[Reason::WrongPlanCharged], &["wrong-plan"]);
    let ordered = Case::renewal().with(Fact::PlanOrdered, "free");
    Written { rule: "wrong-plan", reasons, clauses, says: ADVISES_GRANT }
        .hinges_on(&ordered, [(Fact::PaymentKind, "pack".into()), (Fact::PlanOrdered, "pro".into())]);
    let rule = "wrong-plan-by-word";
    Written { rule, reasons, clauses, says: PERSON }.hinges_on(
        &Case::renewal().with(Fact::PlanRequested, "free"),
        [(Fact::PaymentKind, "pack".into()), (Fact::PlanRequested, "pro".into())],
    );
    let both = ordered.with(Fact::PlanRequested, "free");
    sets_aside(&both, Reason::WrongPlanCharged, "wrong-plan", &[rule]);
}

#[test]
fn s2_13_s2_16_a_charge_after_a_confirmed_cancellation() {
    let written = Written {
        rule: "charged-after-confirmed-cancellation",
        reasons: &[Reason::ChargedAfterCancellation, Reason::ChangedMind],
        clauses: &["charged-after-cancellation"],
        says: GRANTS,
    };
    let after = Case::renewal_after_cancellation()
        .with(Fact::CancellationConfirmedAt, CHARGED_MS - 1)
        .with(Fact::CancellationEffectiveAt, CHARGED_MS);
    written.hinges_on(
        &after,
        [
            (Fact::PaymentKind, "pack".into()),
            (Fact::BillingReason, "manual".into()),
            (Fact::CancellationConfirmed, false.into()),
            (Fact::CancellationConfirmedAt, CHARGED_MS.into()),
            (Fact::CancellationEffectiveAt, (CHARGED_MS + 1).into()),
        ],
    );
    sets_aside(&after, Reason::ChangedMind, written.rule, &["mid-period"]);
    let between = Written {
        rule: "charged-between-cancellation-and-its-effect",
        reasons: &[Reason::ChargedAfterCancellation],
        clauses: &["charged-after-cancellation"],
        says: PERSON,
    };
    // Charged before the cancellation takes effect, for a period from after its confirmation and from before.
    let later = after.clone().with(Fact::CancellationEffectiveAt, CHARGED_MS + 1);
    between.hinges_on(
        &later,
        [
            (Fact::PaymentKind, "pack".into()),
            (Fact::CancellationConfirmed, false.into()),
            (Fact::CancellationConfirmedAt, CHARGED_MS.into()),
            (Fact::CancellationEffectiveAt, CHARGED_MS.into()),
            (Fact::PeriodStartsAt, (CHARGED_MS - 1).into()),
        ],
    );
    let earlier = Written {
        rule: "earlier-period-charged-after-cancellation",
        reasons: &[Reason::ChargedAfterCancellation],
        clauses: &["charged-after-cancellation"],
        says: ADVISES_GRANT,
    };
    let unconfirmed = (Fact::CancellationConfirmed, false.into());
    earlier.hinges_on(
        &later.with(Fact::PeriodStartsAt, CHARGED_MS - 1),
        [
            (Fact::PaymentKind, "pack".into()),
            (Fact::BillingReason, "manual".into()),
            unconfirmed.clone(),
            (Fact::CancellationConfirmedAt, CHARGED_MS.into()),
            (Fact::PeriodStartsAt, CHARGED_MS.into()),
        ],
    );
    // Charged when it has taken effect, for a period from between.
    let between_both = after
        .clone()
        .with(Fact::CancellationConfirmedAt, CHARGED_MS - 3)
        .with(Fact::PeriodStartsAt, CHARGED_MS - 1);
    earlier.hinges_on(
        &between_both,
        [
            (Fact::PaymentKind, "pack".into()),
            (Fact::BillingReason, "manual".into()),
            unconfirmed,
            (Fact::CancellationEffectiveAt, (CHARGED_MS + 1).into()),
            (Fact::PeriodStartsAt, CHARGED_MS.into()),
        ],
    );
    assert_eq!(gives("music-studio", earlier.rule), Some(RemedyRule::RestOfPayment));
    between.hinges_on(
        &after.with(Fact::BillingReason, "manual"),
        [
            (Fact::PaymentKind, "pack".into()),
            (Fact::CancellationConfirmed, false.into()),
            (Fact::CancellationConfirmedAt, CHARGED_MS.into()),
            (Fact::BillingReason, "subscription_cycle".into()),
        ],
    );
}

#[test]
fn s2_17_s2_30_what_is_asked_for() {
    let written = Written {
        rule: "billing-error-names-the-order",
        reasons: &[Reason::ChargedAfterCancellation, Reason::WrongCardCharged, Reason::WrongPlanCharged],
        clauses: &["billing-error-order"],
        says: ASKS,
    };
    let unnamed = Case::renewal().with(Fact::OrderIdGiven, false);
    written.hinges_on(&unnamed, [(Fact::OrderIdGiven, true.into())]);
    let clauses = &["what-a-request-contains"];
    Written { rule: "which-order-it-is-about", reasons: ANY, clauses, says: ASKS }
        .hinges_on(&unnamed, [(Fact::OrderIdGiven, true.into()), (Fact::GenerationNamed, true.into())]);
    let written = Written { rule: "what-a-request-contains", reasons: ANY, clauses, says: ASKS };
    for fact in [Fact::EmailGiven, Fact::NoteGiven] {
        written.hinges_on(&Case::renewal().with(fact, false), [(fact, true.into())]);
    }
}

#[test]
fn s2_19_an_outage_of_two_days_within_a_subscriptions_period() {
    let reasons = &[Reason::ServiceUnavailable];
    Written { rule: "extended-outage", reasons, clauses: &["extended-outage"], says: PERSON }.hinges_on(
        &Case::renewal().with(Fact::Outage, 48 * 3_600),
        [(Fact::PaymentKind, "pack".into()), (Fact::Outage, (48 * 3_600 - 1).into())],
    );
}

#[test]
fn s2_20_a_pack_that_landed_and_whose_credits_are_untouched() {
    let (rule, clauses) = ("pack-final-once-landed", &["pack-final-once-landed"]);
    Written { rule, reasons: REGRETS, clauses, says: ADVISES_REFUSAL }.hinges_on(
        &Case::pack(),
        [(Fact::PaymentKind, "subscription".into()), (Fact::CreditsLanded, false.into())],
    );
    let (rule, clauses) = ("pack-refundable-until-spent", &["pack-final-once-spent"]);
    Written { rule, reasons: REGRETS, clauses, says: ADVISES_GRANT }.hinges_on(
        &Case::pack(),
        [
            (Fact::PaymentKind, "subscription".into()),
            (Fact::CreditsLanded, false.into()),
            (Fact::CreditsSpent, 1.into()),
            (Fact::CreditsHeld, 1.into()),
        ],
    );
}

#[test]
fn s2_21_a_pack_that_is_missing_is_made_up_for_as_the_customer_chooses() {
    for (rule, chosen, other) in
        [("pack-not-credited-money", "money", "credits"), ("pack-not-credited-credits", "credits", "money")]
    {
        let (reasons, clauses) = (&[Reason::CreditsMissing], &["pack-not-credited"]);
        Written { rule, reasons, clauses, says: GRANTS }.hinges_on(
            &Case::missing_pack().with(Fact::RemedyChosen, chosen),
            [
                (Fact::PaymentKind, "subscription".into()),
                (Fact::CreditsLanded, true.into()),
                (Fact::RemedyChosen, other.into()),
                (Fact::PaymentChargedAt, (NOW_MS - HOUR_MS).into()),
            ],
        );
    }
}

#[test]
fn s2_7_s2_8_whatever_is_not_liked_is_refused() {
    let reasons = &[Reason::ResultNotLiked];
    let written =
        Written { rule: "result-not-liked", reasons, clauses: &["result-not-liked"], says: REFUSES };
    for case in [Case::request(), Case::pack(), Case::renewal(), Case::generation("succeeded")] {
        written.is_met_by(&case);
    }
}

#[test]
fn s2_28_s2_29_the_law_of_each_country_and_its_window() {
    let written = Written {
        rule: "statutory-withdrawal",
        reasons: &[Reason::ChangedMind, Reason::StatutoryWithdrawal],
        clauses: &["statutory-rights", "statutory-window"],
        says: PERSON,
    };
    let european = [
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
        "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO", "GB",
    ];
    for (country, inside, outside) in
        european.map(|country| (country, 13, 19)).into_iter().chain([("BR", 6, 9)])
    {
        let case = Case::renewal()
            .with(Fact::CustomerCountry, country)
            .with(Fact::RequestedAt, CHARGED_MS + inside * DAY_MS);
        written.hinges_on(
            &case,
            [
                (Fact::CustomerCountry, "US".into()),
                (Fact::RequestedAt, (CHARGED_MS + outside * DAY_MS).into()),
            ],
        );
        sets_aside(&case, Reason::ChangedMind, written.rule, &["mid-period"]);
    }
    // Charged on Thursday 14 May: the fourteenth day is a working day, and the window ends with it in Berlin.
    let (charged, hour) = (CHARGED_MS + 5 * DAY_MS, HOUR_MS);
    let german = |requested: i64| {
        let case = Case::renewal().with(Fact::CustomerCountry, "DE");
        case.with(Fact::PaymentChargedAt, charged).with(Fact::RequestedAt, requested)
    };
    let ends = charged + 15 * DAY_MS - 2 * hour;
    written.is_met_by(&german(ends - 1));
    written.is_not_met_by(&german(ends), "the day after the fourteenth");
}
