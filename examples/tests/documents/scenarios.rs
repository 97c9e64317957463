//! Named scenarios of the four businesses, each decision in a few lines.

use std::fmt::Write as _;

use policy::{Fact, Reason, Value};

use crate::case::{Case, DAY_MS, HOUR_MS, charged_ms, in_short};

/// A scenario: its name, what differs from the plain case, the reason.
type Scenario = (&'static str, Case, Reason);

fn check(name: &str, scenarios: Vec<Scenario>) {
    let (mut text, mut messages) = (String::new(), String::new());
    for (name, case, reason) in scenarios {
        let decision = case.decide(reason);
        writeln!(text, "{name}\n  {}", in_short(&decision)).unwrap();
        writeln!(messages, "{name}\n  {}\n", decision.message()).unwrap();
    }
    insta::assert_snapshot!(name, text);
    insta::assert_snapshot!(format!("{name}_messages"), messages);
}

fn with(case: &Case, facts: &[(Fact, Value)]) -> Case {
    facts.iter().fold(case.clone(), |case, (fact, value)| case.with(*fact, value.clone()))
}

#[test]
fn assistant_suite() {
    let assistant = Case::purchase("assistant", "subscription");
    let audio = Case::purchase("audio", "subscription");
    let studio = Case::purchase("studio", "subscription");
    let platform = Case::purchase("platform-api", "pack");
    let used = |case: &Case, used: i64| case.clone().with(Fact::GenerationsUsed, used);
    check(
        "assistant_suite",
        vec![
            ("a day after the charge, nothing used", assistant.clone(), Reason::ChangedMind),
            ("a day after the charge, 2 % used", used(&assistant, 10), Reason::ChangedMind),
            ("three days after the charge", assistant.clone().after(3 * DAY_MS), Reason::ChangedMind),
            (
                "the use is not on record",
                assistant.clone().without(Fact::GenerationsUsed),
                Reason::ChangedMind,
            ),
            (
                "a yearly plan after a day",
                with(&assistant, &[(Fact::BillingInterval, "year".into())]),
                Reason::ChangedMind,
            ),
            (
                "a child bought it, two weeks ago",
                assistant.clone().after(14 * DAY_MS),
                Reason::AccidentalPurchase,
            ),
            ("a child bought it yesterday", assistant.clone(), Reason::AccidentalPurchase),
            ("a stranger's charge", assistant.clone().after(5 * DAY_MS), Reason::UnauthorisedPayment),
            (
                "a stranger's charge that the bank disputes",
                with(&assistant, &[(Fact::PaymentDisputed, true.into())]),
                Reason::UnauthorisedPayment,
            ),
            (
                "signs of abuse",
                with(&assistant, &[(Fact::AbuseFinding, "indicated".into())]),
                Reason::ChangedMind,
            ),
            (
                "charged twice",
                with(&assistant, &[(Fact::DuplicateOfPayment, true.into())]),
                Reason::DuplicatePayment,
            ),
            (
                "a charge before the text applied",
                with(&assistant, &[(Fact::PaymentChargedAt, 1_777_000_000_000.into())]),
                Reason::ChangedMind,
            ),
            (
                "from France, ten days after the charge",
                with(&assistant.clone().after(10 * DAY_MS), &[(Fact::CustomerCountry, "FR".into())]),
                Reason::ChangedMind,
            ),
            ("audio, a day after the charge", audio.clone(), Reason::ResultNotLiked),
            ("audio, everything used", used(&audio, 500), Reason::ResultNotLiked),
            (
                "audio, half refunded already",
                with(&audio, &[(Fact::AmountRefunded, 500.into())]),
                Reason::ChangedMind,
            ),
            ("studio, cancelled", studio.clone(), Reason::ChangedMind),
            (
                "studio, a failed generation that kept its credits",
                Case::generation_of("studio", "failed"),
                Reason::GenerationFailed,
            ),
            ("studio, a partial result", Case::generation_of("studio", "partial"), Reason::GenerationFailed),
            ("service credits, changed mind", platform.clone(), Reason::ChangedMind),
            (
                "service credits, from Germany",
                with(&platform, &[(Fact::CustomerCountry, "DE".into())]),
                Reason::ChangedMind,
            ),
            ("service credits, never ordered", platform, Reason::UnauthorisedPayment),
        ],
    );
}

#[test]
fn music_studio() {
    let late = Case::renewal_after_cancellation();
    let renewal = Case::renewal();
    let pack = Case::pack();
    let missing = Case::missing_pack();
    let outage = with(
        &renewal,
        &[(Fact::Outage, (72 * 3_600).into()), (Fact::PeriodStartsAt, crate::case::CHARGED_MS.into())],
    );
    check(
        "music_studio",
        vec![
            ("charged after a cancellation", late.clone(), Reason::ChargedAfterCancellation),
            (
                "charged after a cancellation, half refunded",
                with(&late, &[(Fact::AmountRefunded, 400.into())]),
                Reason::ChargedAfterCancellation,
            ),
            (
                "charged after a cancellation, disputed",
                with(&late, &[(Fact::PaymentDisputed, true.into())]),
                Reason::ChargedAfterCancellation,
            ),
            (
                "a proration after a cancellation",
                with(&late, &[(Fact::BillingReason, "subscription_update".into())]),
                Reason::ChargedAfterCancellation,
            ),
            ("charged without a cancellation", renewal.clone(), Reason::ChargedAfterCancellation),
            ("changed mind in the middle of a period", renewal.clone(), Reason::ChangedMind),
            (
                "changed mind, from Germany, within the window",
                with(&renewal.clone().after(DAY_MS), &[(Fact::CustomerCountry, "DE".into())]),
                Reason::ChangedMind,
            ),
            (
                "withdrawal, everything on record",
                with(
                    &renewal.clone().after(DAY_MS),
                    &[
                        (Fact::CustomerCountry, "DE".into()),
                        (Fact::CountryEvidence, "both".into()),
                        (Fact::BoughtAsBusiness, false.into()),
                    ],
                ),
                Reason::StatutoryWithdrawal,
            ),
            ("the wrong card", renewal.clone(), Reason::WrongCardCharged),
            (
                "the wrong plan, as recorded",
                with(&renewal, &[(Fact::PlanOrdered, "free".into())]),
                Reason::WrongPlanCharged,
            ),
            (
                "the wrong plan, as the customer says",
                with(&renewal, &[(Fact::PlanRequested, "free".into())]),
                Reason::WrongPlanCharged,
            ),
            ("the wrong plan, not said which", renewal.clone(), Reason::WrongPlanCharged),
            ("an outage of three days", outage.clone(), Reason::ServiceUnavailable),
            (
                "an outage of an hour",
                with(&outage, &[(Fact::Outage, 3_600.into())]),
                Reason::ServiceUnavailable,
            ),
            ("an unspent pack", pack.clone(), Reason::ChangedMind),
            ("a spent pack", with(&pack, &[(Fact::CreditsSpent, 500.into())]), Reason::ChangedMind),
            (
                "a missing pack, credits chosen",
                with(&missing, &[(Fact::RemedyChosen, "credits".into())]),
                Reason::CreditsMissing,
            ),
            (
                "a missing pack, money chosen",
                with(&missing, &[(Fact::RemedyChosen, "money".into())]),
                Reason::CreditsMissing,
            ),
            ("a missing pack, nothing chosen", missing, Reason::CreditsMissing),
            (
                "a failed generation that kept its credits",
                Case::generation("failed"),
                Reason::GenerationFailed,
            ),
            ("a generation stopped by moderation", Case::generation("blocked"), Reason::GenerationFailed),
            ("a song that is not liked", Case::generation("succeeded"), Reason::ResultNotLiked),
            ("a request without a note", with(&pack, &[(Fact::NoteGiven, false.into())]), Reason::Other),
        ],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of scenarios")]
fn image_to_3d() {
    let subscription = Case::purchase("image-to-3d", "subscription");
    let pack = Case::purchase("image-to-3d", "pack");
    let charged = charged_ms("image-to-3d");
    let used = |case: &Case, credits: i64| {
        case.clone().with(Fact::CreditsSpent, credits).with(Fact::CreditsLastUsedAt, charged + HOUR_MS)
    };
    let late = charged + 6 * DAY_MS;
    check(
        "image_to_3d",
        vec![
            ("unused after a day", subscription.clone(), Reason::ChangedMind),
            (
                "5 % used on the seventh day",
                with(&used(&subscription, 50).after(7 * DAY_MS), &[(Fact::CreditsLastUsedAt, late.into())]),
                Reason::ChangedMind,
            ),
            (
                "5 % used on the first day, and asked about on the seventh",
                used(&subscription, 50).after(7 * DAY_MS),
                Reason::ChangedMind,
            ),
            ("a tenth used", used(&subscription, 100), Reason::ChangedMind),
            ("a quarter used", used(&subscription, 250), Reason::ChangedMind),
            (
                "a tenth used and downloaded",
                with(&used(&subscription, 100), &[(Fact::OutputsDownloaded, 3.into())]),
                Reason::ChangedMind,
            ),
            ("unused after eight days", subscription.clone().after(8 * DAY_MS), Reason::ChangedMind),
            (
                "a quarter used after eight days",
                used(&subscription, 250).after(8 * DAY_MS),
                Reason::ChangedMind,
            ),
            (
                "the use is not on record",
                subscription.clone().without(Fact::CreditsSpent),
                Reason::ChangedMind,
            ),
            (
                "a double payment",
                with(&subscription, &[(Fact::DuplicateOfPayment, true.into())]),
                Reason::DuplicatePayment,
            ),
            ("a double payment that nothing shows", subscription.clone(), Reason::DuplicatePayment),
            ("no usable result at all", used(&subscription, 300), Reason::GenerationFailed),
            (
                "one usable result",
                with(&used(&subscription, 300), &[(Fact::UsableResults, 1.into())]),
                Reason::GenerationFailed,
            ),
            (
                "a failed job that kept its credits",
                Case::generation_of("image-to-3d", "failed"),
                Reason::GenerationFailed,
            ),
            (
                "a job stopped by moderation",
                Case::generation_of("image-to-3d", "blocked"),
                Reason::GenerationFailed,
            ),
            ("a poor model, first purchase", subscription.clone(), Reason::ResultNotLiked),
            (
                "a poor model, later purchase",
                with(&subscription, &[(Fact::FirstPurchase, false.into())]),
                Reason::ResultNotLiked,
            ),
            (
                "abuse on record",
                with(&subscription, &[(Fact::AbuseFinding, "confirmed".into())]),
                Reason::ChangedMind,
            ),
            (
                "the third request in a year",
                with(&used(&subscription, 10), &[(Fact::EarlierRequests, 2.into())]),
                Reason::ChangedMind,
            ),
            ("an unused pack", pack.clone(), Reason::AccidentalPurchase),
            ("a pack, a tenth used", used(&pack, 100), Reason::ChangedMind),
            ("a pack, spent", used(&pack, 1_000), Reason::ChangedMind),
            (
                "a pack, spent, from Brazil within the week",
                with(&used(&pack, 1_000), &[(Fact::CustomerCountry, "BR".into())]),
                Reason::ChangedMind,
            ),
            (
                "disputed without asking first",
                with(
                    &subscription,
                    &[(Fact::PaymentDisputed, true.into()), (Fact::ContactedBeforeDispute, false.into())],
                ),
                Reason::ChangedMind,
            ),
            (
                "bought in May",
                with(&subscription, &[(Fact::PaymentChargedAt, 1_779_000_000_000.into())]),
                Reason::ChangedMind,
            ),
            (
                "no payment named, no date",
                Case::request().with(Fact::Product, "image-to-3d").with(Fact::PurchaseDateGiven, false),
                Reason::Other,
            ),
        ],
    );
}

#[test]
fn image_web() {
    let monthly = Case::purchase("image-web", "subscription");
    let yearly = monthly.clone().with(Fact::BillingInterval, "year");
    let pack = Case::purchase("image-web", "pack");
    let used = |case: &Case, credits: i64| case.clone().with(Fact::CreditsSpent, credits);
    check(
        "image_web",
        vec![
            ("a month, hardly used", used(&monthly, 20), Reason::ChangedMind),
            ("a year, unused, on the fourteenth day", yearly.after(14 * DAY_MS), Reason::ChangedMind),
            ("a month, a tenth used", used(&monthly, 100), Reason::ChangedMind),
            ("a month, half used", used(&monthly, 500), Reason::ChangedMind),
            (
                "a month, unused, after the window",
                monthly.clone().after(14 * DAY_MS + HOUR_MS),
                Reason::ChangedMind,
            ),
            (
                "a month, half used, from Spain, with a waiver",
                with(
                    &used(&monthly, 500),
                    &[(Fact::CustomerCountry, "ES".into()), (Fact::WithdrawalWaived, true.into())],
                ),
                Reason::ChangedMind,
            ),
            (
                "a month, half used, from Spain, without a waiver",
                with(&used(&monthly, 500), &[(Fact::CustomerCountry, "ES".into())]),
                Reason::ChangedMind,
            ),
            ("bought by accident", monthly.clone(), Reason::AccidentalPurchase),
            ("a pack, unused, after a month", pack.clone().after(30 * DAY_MS), Reason::ChangedMind),
            (
                "a pack, unused, from Germany",
                with(&pack, &[(Fact::CustomerCountry, "DE".into())]),
                Reason::ChangedMind,
            ),
            (
                "a pack, unused, country unknown",
                pack.clone().without(Fact::CustomerCountry),
                Reason::ChangedMind,
            ),
            (
                "a pack that has not landed",
                with(&pack, &[(Fact::CreditsLanded, false.into())]),
                Reason::ChangedMind,
            ),
            (
                "a failed picture that kept its credits",
                Case::generation_of("image-web", "failed"),
                Reason::GenerationFailed,
            ),
            ("a stuck picture", Case::generation_of("image-web", "running"), Reason::GenerationFailed),
            (
                "a picture of low quality",
                Case::generation_of("image-web", "succeeded"),
                Reason::ResultNotLiked,
            ),
            (
                "generations keep failing, all of it reported",
                with(
                    &monthly,
                    &[
                        (Fact::PromptGiven, true.into()),
                        (Fact::ModelGiven, true.into()),
                        (Fact::FailureTimeGiven, true.into()),
                        (Fact::ErrorMessageGiven, true.into()),
                    ],
                ),
                Reason::GenerationFailed,
            ),
            ("generations keep failing, and a note alone", monthly.clone(), Reason::GenerationFailed),
            (
                "from another address",
                with(&monthly, &[(Fact::RequestedFromAccount, false.into())]),
                Reason::ChangedMind,
            ),
            ("charged twice", monthly, Reason::DuplicatePayment),
        ],
    );
}
