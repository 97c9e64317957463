//! How the businesses carry their policies out: intake, provider, clocks, approval.

use policy::{Document, Reason, Remedy, ServiceLevel, ServiceLevelStart, TermUnit, TermValue};

use crate::case::{Case, DAY_MS, HOUR_MS, document_of};

/// 2026-06-05, a Friday, 16:00 UTC.
const FRIDAY_MS: i64 = 1_780_675_200_000;

fn clock<'d>(document: &'d Document, id: &str) -> &'d ServiceLevel {
    document.service_levels.iter().find(|clock| clock.id == id).unwrap_or_else(|| panic!("no clock `{id}`"))
}

/// Where requests come in, and the clause that says so.
pub(crate) fn intake(product: &str) -> (&'static str, &'static str) {
    let intake = document_of(product).intake.as_ref().unwrap();
    (&intake.channel, &intake.clause)
}

/// Hours from the start to the warning and to the limit.
fn hours(product: &str, id: &str) -> (Option<i64>, Option<i64>) {
    let document = document_of(product);
    let clock = clock(document, id);
    let hours = |at: i64| at.saturating_sub(FRIDAY_MS).div_euclid(HOUR_MS);
    (document.warning(clock, FRIDAY_MS).map(hours), document.deadline(clock, FRIDAY_MS).map(hours))
}

#[test]
fn s0_1_requests_come_in_through_the_support_form_and_no_channel_is_refused() {
    assert_eq!(intake("assistant"), ("support_form", "support-form"));
    let decide = |channel: &str| {
        let case = Case::purchase("assistant", "subscription").with(policy::Fact::IntakeChannel, channel);
        case.decide(Reason::ChangedMind).outcome
    };
    for channel in ["email", "chat", "api"] {
        assert_eq!(decide(channel), decide("support_form"), "{channel}");
    }
}

#[test]
fn s3_29_refund_questions_have_one_address() {
    let document = document_of("image-to-3d");
    let address = "refunds@image-to-3d.example";
    let intake = document.intake.as_ref().unwrap();
    assert_eq!((intake.channel.as_str(), intake.address.as_deref()), ("email", Some(address)));
    assert!(document.clause("one-address").unwrap().text.contains(address));
    // No refusal is without it. A person refuses here, and the door goes with the answer.
    assert!(document.door.text.contains(address));
    let others = document.clauses.iter().flat_map(|clause| clause.text.split_whitespace());
    assert!(others.filter(|word| word.contains('@')).all(|word| word.starts_with(address)));
}

#[test]
fn s0_11_s0_28_s3_23_s4_9_every_document_names_its_provider() {
    for (product, name, clause) in [
        ("assistant", "stripe", "paid-through-stripe"),
        ("image-to-3d", "creem", "same-way-back"),
        ("image-web", "stripe", "paid-through-stripe"),
    ] {
        let provider = document_of(product).provider.as_ref().unwrap();
        assert_eq!((provider.name.as_str(), provider.clause.as_str()), (name, clause));
    }
}

#[test]
fn s0_9_s0_26_the_first_response_warns_after_two_business_days_and_breaches_after_three() {
    for product in ["assistant", "audio"] {
        let id = format!("{product}-first-response");
        // Friday noon in New York to Tuesday noon and Wednesday noon, over a weekend.
        assert_eq!(hours(product, &id), (Some(96), Some(120)), "{product}");
        let clock = clock(document_of(product), &id);
        assert_eq!(
            (clock.starts, clock.products.as_slice()),
            (ServiceLevelStart::RequestSubmitted, &[product.to_owned()][..])
        );
        assert!(!clock.pauses);
    }
}

#[test]
fn s0_12_s0_28_the_bank_has_ten_business_days() {
    for product in ["assistant", "audio"] {
        let id = format!("{product}-bank-time");
        assert_eq!(clock(document_of(product), &id).starts, ServiceLevelStart::RefundSucceeded);
        // Two weekends and 19 June, a holiday.
        assert_eq!(hours(product, &id), (Some(7 * 24), Some(17 * 24)));
    }
}

#[test]
fn s3_24_creem_has_ten_days_whatever_the_calendar_says() {
    assert_eq!(hours("image-to-3d", "refund-time"), (Some(5 * 24), Some(10 * 24)));
    // The text says what is usual, and the days run on while a customer is asked for something.
    let clock = clock(document_of("image-to-3d"), "refund-time");
    assert_eq!((clock.firm, clock.pauses), (false, false));
}

#[test]
fn s4_1_mail_is_answered_within_one_business_day() {
    // Friday 17:00 in London: half an hour is left of the day, the rest is Monday's.
    assert_eq!(hours("image-web", "answer"), (None, Some(72)));
}

#[test]
fn s2_18_a_billing_error_is_fixed_within_one_business_day() {
    // Friday 18:00 in Berlin, after work: Monday's whole day.
    let (_, limit) = hours("music-studio", "billing-error");
    assert_eq!(limit, Some(71));
    let document = document_of("music-studio");
    let clock = clock(document, "billing-error");
    assert!(clock.firm && clock.pauses && clock.reasons.contains(&Reason::ChargedAfterCancellation));
}

#[test]
fn s2_31_s2_32_the_first_response_does_not_pause_and_the_resolution_does() {
    let document = document_of("music-studio");
    assert!(!clock(document, "first-response").pauses && clock(document, "same-day").pauses);
    let limit = document.term("same_day_limit").map(|term| &term.value);
    assert_eq!(limit, Some(&TermValue::Number(1, TermUnit::BusinessDayEnds)));
    assert_eq!(hours("music-studio", "first-response"), (None, Some(67)));
    // Friday 18:00 in Berlin is after work: the end of Monday.
    assert_eq!(hours("music-studio", "same-day"), (None, Some(71)));
    for (hours_before, end_in_hours) in [(9, 8), (3, 2), (2, 1)] {
        let complete = FRIDAY_MS - hours_before * HOUR_MS;
        let due = document.deadline(clock(document, "same-day"), complete).unwrap();
        assert_eq!(due - complete, end_in_hours * HOUR_MS, "{hours_before} hours before 18:00 in Berlin");
    }
    // The last instant of work is the day's own; at its end it is over.
    let closes = FRIDAY_MS - HOUR_MS;
    let due = |at| document.deadline(clock(document, "same-day"), at).unwrap();
    assert_eq!((due(closes - 1), due(closes)), (closes, closes + 3 * DAY_MS));
}

#[test]
fn s2_3_s2_21_an_hour_is_an_hour() {
    for id in ["give-back", "pack-credit"] {
        assert_eq!(hours("music-studio", id), (None, Some(1)), "{id}");
    }
}

#[test]
fn a_second_person_is_needed_above_the_limit() {
    for product in ["assistant", "image-to-3d", "image-web", "music-studio"] {
        let approval = document_of(product).approval.as_ref().unwrap();
        for (offset, two) in [(-1, false), (0, false), (1, true)] {
            let at = |limit: u64| limit.checked_add_signed(offset).unwrap();
            for (currency, above) in &approval.money_above {
                let money = Remedy::Money { amount_minor: at(*above), currency: currency.clone() };
                assert_eq!(approval.needs_two(&money), two, "{product} {currency}");
            }
            let credits = Remedy::Credits { credits: at(approval.credits_above) };
            assert_eq!(approval.needs_two(&credits), two, "{product}");
        }
    }
}

/// Each amount is worth about 100 US dollars or clearly more, in the unit that Stripe counts in.
#[test]
fn the_limit_of_one_person_is_that_of_the_currency() {
    for product in ["assistant", "image-to-3d", "image-web", "music-studio"] {
        let approval = document_of(product).approval.as_ref().unwrap();
        for (amount_minor, currency, two) in [
            (12_000, "jpy", false),
            (99_000, "krw", false),
            (2_500_000, "huf", false),
            (9_999, "gbp", true),
            (10_000, "usd", false),
            (10_001, "usd", true),
            // Nobody has said what is much of it.
            (1, "vnd", true),
            (1, "kwd", true),
        ] {
            let money = Remedy::Money { amount_minor, currency: currency.to_owned() };
            assert_eq!(approval.needs_two(&money), two, "{product} {amount_minor} {currency}");
        }
    }
}
