//! Each rule hinges on each of its conditions: it is met by an ordinary case, says what is written, and is
//! not met with any one fact otherwise.

use policy::{Fact, Reason};

use crate::case::{Case, DAY_MS, HOUR_MS, charged_ms};
use crate::written::{ADVISES_GRANT, ADVISES_REFUSAL, ANY, PERSON, REFUSES, Written, sets_aside};

/// The two products that share their rules, with the prefix of their clauses and of their rules.
const BY_PEOPLE: [&str; 2] = ["assistant", "audio"];

fn subscription(product: &str) -> Case {
    Case::purchase(product, "subscription")
}

fn pack(product: &str) -> Case {
    Case::purchase(product, "pack")
}

fn names<const N: usize>(product: &str, parts: [&str; N]) -> [String; N] {
    parts.map(|part| format!("{product}-{part}"))
}

#[test]
fn s0_2_s0_5_s0_6_s0_10_s0_21_s0_24_s0_27_early_is_a_subscription_within_the_hours_and_below_the_share() {
    for product in BY_PEOPLE {
        let clauses = names(product, ["circumstances", "early", "late-reply"]);
        let clauses = &clauses.each_ref().map(String::as_str);
        let late = charged_ms(product) + 48 * HOUR_MS + 1;
        let [rule] = names(product, ["early"]);
        for interval in ["month", "year"] {
            let early = subscription(product).after(48 * HOUR_MS).with(Fact::GenerationsUsed, 9);
            Written { rule: &rule, reasons: ANY, clauses, says: ADVISES_GRANT }.hinges_on(
                &early.with(Fact::BillingInterval, interval),
                [
                    (Fact::PaymentKind, "pack".into()),
                    (Fact::Product, "studio".into()),
                    (Fact::RequestedAt, late.into()),
                    (Fact::GenerationsUsed, 10.into()),
                ],
            );
        }
    }
}

#[test]
fn s0_2_s0_3_s0_4_s0_6_s0_21_s0_22_s0_23_accidents_and_unknown_charges_are_of_subscriptions() {
    for product in BY_PEOPLE {
        for (circumstance, reason) in
            [("accident", Reason::AccidentalPurchase), ("unauthorised", Reason::UnauthorisedPayment)]
        {
            let clauses = names(product, ["circumstances", circumstance]);
            let clauses = &clauses.each_ref().map(String::as_str);
            let [rule] = names(product, [circumstance]);
            Written { rule: &rule, reasons: &[reason], clauses, says: PERSON }.hinges_on(
                &subscription(product).after(200 * DAY_MS),
                [(Fact::PaymentKind, "pack".into()), (Fact::Product, "studio".into())],
            );
        }
    }
}

#[test]
fn s0_7_s0_10_s0_27_no_circumstance_is_too_late_or_too_much_of_a_month() {
    for product in BY_PEOPLE {
        let clauses = names(product, ["no-circumstance", "late-reply"]);
        let clauses = &clauses.each_ref().map(String::as_str);
        let [rule] = names(product, ["no-circumstance"]);
        let reasons = [
            Reason::GenerationFailed,
            Reason::ResultNotLiked,
            Reason::ServiceUnavailable,
            Reason::ChangedMind,
        ];
        let written = Written { rule: &rule, reasons: &reasons, clauses, says: ADVISES_REFUSAL };
        let in_time = charged_ms(product) + 48 * HOUR_MS;
        for interval in ["month", "year"] {
            let late = subscription(product).with(Fact::BillingInterval, interval).after(48 * HOUR_MS + 1);
            written.hinges_on(
                &late,
                [
                    (Fact::PaymentKind, "pack".into()),
                    (Fact::Product, "studio".into()),
                    (Fact::RequestedAt, in_time.into()),
                ],
            );
        }
        let much = subscription(product).after(HOUR_MS).with(Fact::GenerationsUsed, 10);
        written.hinges_on(
            &much,
            [
                (Fact::PaymentKind, "pack".into()),
                (Fact::Product, "studio".into()),
                (Fact::GenerationsUsed, 9.into()),
            ],
        );
    }
}

#[test]
fn s0_13_s0_29_abuse_is_the_exception_to_every_circumstance() {
    for product in BY_PEOPLE {
        let [rule, clause] = names(product, ["abuse", "abuse"]);
        let written = Written { rule: &rule, reasons: ANY, clauses: &[&clause], says: PERSON };
        for finding in ["indicated", "confirmed"] {
            let case = subscription(product).with(Fact::AbuseFinding, finding);
            written.hinges_on(&case, [(Fact::AbuseFinding, "none".into()), (Fact::Product, "studio".into())]);
            let late = case.clone().after(3 * DAY_MS);
            for (case, reason, other) in [
                (&case, Reason::ChangedMind, "early"),
                (&late, Reason::AccidentalPurchase, "accident"),
                (&late, Reason::UnauthorisedPayment, "unauthorised"),
                (&late, Reason::ChangedMind, "no-circumstance"),
            ] {
                sets_aside(case, reason, &rule, &[&format!("{product}-{other}")]);
            }
        }
    }
}

#[test]
fn s0_14_only_a_studio_subscription_is_refused_for_a_change_of_mind() {
    let written = Written {
        rule: "studio-cancelled",
        reasons: &[Reason::ChangedMind],
        clauses: &["studio-cancelled"],
        says: ADVISES_REFUSAL,
    };
    written.hinges_on(
        &subscription("studio"),
        [(Fact::PaymentKind, "pack".into()), (Fact::Product, "platform-api".into())],
    );
}

#[test]
fn s0_19_only_service_credits_that_were_paid_are_refused() {
    let written = Written {
        rule: "platform-credits-are-final",
        reasons: &[
            Reason::AccidentalPurchase,
            Reason::ResultNotLiked,
            Reason::ChangedMind,
            Reason::StatutoryWithdrawal,
        ],
        clauses: &["platform-credits-are-final"],
        says: REFUSES,
    };
    for case in [pack("platform-api"), subscription("platform-api")] {
        written.hinges_on(&case, [(Fact::PaymentNamed, false.into()), (Fact::Product, "studio".into())]);
    }
}
