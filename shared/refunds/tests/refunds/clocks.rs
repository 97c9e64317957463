//! When promises begin, stand still, are met and are broken.

use ledger::Timestamp;
use policy::{Fact, Reason};
use policy_documents::documents;
use refunds::{ClaimError, ClockState, Mark, Priority, State, credit_promise};

use crate::story::{Story, at};

/// A Friday, 12:00 in New York.
const FRIDAY_NOON: &str = "2026-06-05T16:00:00Z";

fn mark(clock: &str, firm: bool, breached: bool) -> Mark {
    Mark { clock: clock.to_owned(), firm, breached }
}

#[test]
fn s0_9_s0_26_the_first_response_warns_after_two_business_days_and_is_broken_after_three() {
    for product in ["assistant", "audio"] {
        let name = format!("{product}-first-response");
        let mut story = Story::submitted(product, Reason::ChangedMind, State::InReview, at(FRIDAY_NOON));
        let clock = story.clock(&name);
        // Tuesday noon and Wednesday noon: two days of the weekend are nobody's.
        assert_eq!(clock.warn_at, Some(at("2026-06-09T16:00:00Z")));
        assert_eq!(clock.due_at, at("2026-06-10T16:00:00Z"));
        assert_eq!(story.request.clocks().len(), 1, "the promise of the other product is not made");
        assert_eq!(story.request.mark_time(at("2026-06-09T15:59:59Z")), []);
        assert_eq!(story.request.mark_time(at("2026-06-09T16:00:00Z")), [mark(&name, false, false)]);
        assert_eq!(story.request.mark_time(at("2026-06-10T16:00:00Z")), [], "the last instant is inside");
        assert_eq!(story.request.priority(), Priority::Normal);
        assert_eq!(story.request.mark_time(at("2026-06-10T16:00:01Z")), [mark(&name, false, true)]);
        assert_eq!(story.request.mark_time(at("2026-06-11T16:00:01Z")), [], "once each");
        assert_eq!((story.request.priority(), story.request.next_due()), (Priority::Raised, None));
    }
}

#[test]
fn s2_31_a_question_is_a_first_response_and_being_put_before_a_person_is_none() {
    // Friday 16:00 in Berlin: an hour is left of the day, three are Monday's.
    let friday = at("2026-06-05T14:00:00Z");
    let mut story = Story::submitted("music-studio", Reason::ChangedMind, State::InReview, friday);
    assert_eq!(story.clock("first-response").due_at, at("2026-06-08T10:00:00Z"));
    assert_eq!(story.clock("first-response").state(friday), ClockState::Running);
    story.goes(State::NeedsInformation, at("2026-06-08T10:00:00Z"));
    assert_eq!(story.clock("first-response").state(friday), ClockState::Met);
    story.goes(State::InReview, at("2026-06-09T10:00:00Z"));
    let first = story.clock("first-response");
    assert_eq!((first.started_at, first.state(friday)), (friday, ClockState::Met), "it is given once");
    let asked = Story::submitted("music-studio", Reason::ChangedMind, State::NeedsInformation, friday);
    assert_eq!(asked.clock("first-response").ended_at, Some(friday));
}

#[test]
fn s2_32_asking_the_customer_stops_the_resolution_clock_alone() {
    let (monday, noon) = (at("2026-06-08T07:00:00Z"), at("2026-06-08T10:00:00Z"));
    let mut story = Story::submitted("music-studio", Reason::ChangedMind, State::InReview, monday);
    // 9:00 to 17:00 in Berlin.
    assert_eq!(story.clock("same-day").due_at, at("2026-06-08T15:00:00Z"));
    story.goes(State::NeedsInformation, noon);
    assert_eq!(story.clock("same-day").state(at("2026-06-20T00:00:00Z")), ClockState::Paused);
    assert_eq!(story.request.next_due(), None, "nothing is promised while the customer is asked");
    // The answer comes on Wednesday at 15:00 in Berlin: nothing is missing on that day, and it ends at 17:00.
    story.goes(State::InReview, at("2026-06-10T13:00:00Z"));
    let clock = story.clock("same-day");
    assert_eq!((clock.due_at, clock.paused_at), (at("2026-06-10T15:00:00Z"), None));
    assert_eq!(clock.paused_ms, 51 * 3_600_000);
    story.goes(State::Refused, at("2026-06-10T15:00:00Z"));
    assert_eq!(story.clock("same-day").state(at("2026-06-30T00:00:00Z")), ClockState::Met);
}

#[test]
fn s2_32_a_request_that_is_complete_by_four_is_due_by_the_end_of_that_day() {
    // In Berlin: Monday 16:00, Monday 17:00 and Saturday noon.
    for (complete, due) in [
        ("2026-06-08T14:00:00Z", "2026-06-08T15:00:00Z"),
        ("2026-06-08T14:59:59.999Z", "2026-06-08T15:00:00Z"),
        ("2026-06-08T15:00:00Z", "2026-06-09T15:00:00Z"),
        ("2026-06-06T10:00:00Z", "2026-06-08T15:00:00Z"),
    ] {
        let story = Story::submitted("music-studio", Reason::ChangedMind, State::InReview, at(complete));
        assert_eq!(story.clock("same-day").due_at, at(due), "{complete}");
    }
}

#[test]
fn s2_18_a_billing_error_has_one_business_day_from_when_nothing_is_missing() {
    let wednesday = at("2026-05-13T14:00:00Z");
    let reason = Reason::ChargedAfterCancellation;
    let mut story = Story::submitted("music-studio", reason, State::NeedsInformation, wednesday);
    assert!(story.find("billing-error").is_none(), "something is missing");
    story.goes(State::InReview, at("2026-05-13T14:00:00Z"));
    let clock = story.clock("billing-error");
    // 16:00 on Wednesday in Berlin; Thursday is a holiday: the rest is Friday's.
    assert_eq!((clock.due_at, clock.firm), (at("2026-05-15T14:00:00Z"), true));
    assert_eq!(
        story.request.mark_time(at("2026-05-15T14:00:01Z")),
        [mark("billing-error", true, true), mark("same-day", false, true)]
    );
    let other = Story::submitted("music-studio", Reason::ChangedMind, State::InReview, wednesday);
    assert!(other.find("billing-error").is_none(), "another reason, another promise");
}

#[test]
fn s2_21_a_pack_has_an_hour_from_its_charge_whenever_the_request_comes() {
    let charged = at("2026-06-06T03:00:00Z");
    let facts = |landed: Option<Timestamp>| {
        let mut facts = vec![(Fact::PaymentChargedAt, charged.as_ms().into())];
        facts.extend(landed.map(|landed| (Fact::CreditsLandedAt, landed.as_ms().into())));
        facts
    };
    let story = |landed, submitted| {
        let (product, reason) = ("music-studio", Reason::CreditsMissing);
        Story::about(product, reason, State::InReview, submitted, &facts(landed))
    };
    let mut late = story(None, at("2026-06-06T04:00:01Z"));
    assert_eq!(late.clock("pack-credit").due_at, at("2026-06-06T04:00:00Z"), "a Saturday is an hour too");
    assert_eq!(late.request.mark_time(at("2026-06-06T04:05:00Z")), [mark("pack-credit", true, true)]);
    for (landed, expected) in [(3_600, ClockState::Met), (3_601, ClockState::Breached)] {
        let landed = charged.plus_s(landed).unwrap();
        let story = story(Some(landed), at("2026-06-06T05:00:00Z"));
        assert_eq!(story.clock("pack-credit").state(landed), expected, "{landed}");
    }
    let other = Story::about("music-studio", Reason::ChangedMind, State::InReview, charged, &facts(None));
    assert!(other.find("pack-credit").is_none());
}

#[test]
fn s0_12_s0_28_money_has_ten_business_days_from_stripes_confirmation() {
    for product in ["assistant", "audio"] {
        let name = format!("{product}-bank-time");
        let mut story = Story::submitted(product, Reason::ChangedMind, State::InReview, at(FRIDAY_NOON));
        story.goes(State::Approved, at(FRIDAY_NOON));
        story.goes(State::Paying, at(FRIDAY_NOON));
        assert!(story.find(&name).is_none(), "nothing is on its way yet");
        story.goes(State::Refunded, at(FRIDAY_NOON));
        // Two weekends and 19 June, a holiday.
        assert_eq!(story.clock(&name).due_at, at("2026-06-22T16:00:00Z"));
        assert_eq!(story.request.mark_time(at("2026-06-12T16:00:00Z")), [mark(&name, false, false)]);
        assert_eq!(story.request.mark_time(at("2026-06-22T16:00:01Z")), [mark(&name, false, true)]);
        assert_eq!(story.request.state(), State::Refunded, "a bank that is slow fails no refund");
        assert_eq!(
            story.request.waiting().unwrap().priority,
            Priority::Raised,
            "a person looks for the money"
        );
        let (mut found, monday) = (story.request.clone(), at("2026-06-22T18:00:00Z"));
        assert_eq!(found.confirm_refund_arrival("customer-1", monday), Err(ClaimError::OwnRequest));
        assert_eq!(
            (found.confirm_refund_arrival("ada", monday), found.confirm_refund_arrival("ada", monday)),
            (Ok(true), Ok(false))
        );
        assert_eq!((found.steps().len(), found.arrived_at()), (story.request.steps().len(), Some(monday)));
        assert!(!found.is_requester("ada"), "a person who found the money may decide what follows");
        found.keep_time(Some(story.document));
        assert_eq!(found.clocks().iter().find(|clock| clock.id == name).unwrap().ended_at, Some(monday));
        assert_eq!((found.waiting(), found.priority()), (None, Priority::Normal));
        assert_eq!((found.confirm_refund_arrival("ada", monday), found.next_due()), (Ok(false), None));
        story.goes(State::Failed, at("2026-06-23T16:00:00Z"));
        assert_eq!(story.clock(&name).ended_at, Some(at("2026-06-23T16:00:00Z")));
        // The money was there, and its refund failed afterwards: another round begins with another refund.
        found
            .transition_to(
                State::Failed,
                at("2026-06-23T16:00:00Z"),
                ledger::Actor::Provider(ledger::Provider::Stripe),
            )
            .unwrap();
        assert_eq!(found.arrived_at(), None);
        for state in [State::InReview, State::Approved, State::Paying, State::Refunded] {
            found
                .transition_to(
                    state,
                    at("2026-06-24T16:00:00Z"),
                    ledger::Actor::Provider(ledger::Provider::Stripe),
                )
                .unwrap();
        }
        found.keep_time(Some(story.document));
        let rounds: Vec<_> = found.clocks().iter().filter(|clock| clock.id == name).collect();
        assert_eq!(rounds.iter().map(|round| round.ended_at).collect::<Vec<_>>(), [Some(monday), None]);
    }
}

#[test]
fn another_provider_has_ten_days_whatever_the_calendar_says() {
    let friday = at(FRIDAY_NOON);
    let mut story = Story::submitted("image-to-3d", Reason::DuplicatePayment, State::InReview, friday);
    for state in [State::Approved, State::Paying, State::Refunded] {
        story.goes(state, friday);
    }
    assert_eq!(story.clock("refund-time").due_at, at("2026-06-15T16:00:00Z"));
}

#[test]
fn s4_1_mail_is_answered_within_a_business_day_of_its_own_hours() {
    // Friday 17:00 in London: half an hour is left, eight hours of Monday.
    let mut story = Story::submitted("image-web", Reason::Other, State::InReview, at("2026-06-05T16:00:00Z"));
    assert_eq!(story.clock("answer").due_at, at("2026-06-08T16:00:00Z"));
    assert_eq!(story.request.mark_time(at("2026-06-08T16:00:00Z")), [], "the last instant is inside");
    assert_eq!(story.request.mark_time(at("2026-06-08T16:00:01Z")), [mark("answer", false, true)]);
}

#[test]
fn s2_18_the_day_of_a_billing_error_stands_still_while_the_customer_is_asked() {
    // Monday 9:00 in Berlin; asked at noon, with five hours left, and answered on Wednesday at 9:00.
    let monday = at("2026-06-08T07:00:00Z");
    let reason = Reason::ChargedAfterCancellation;
    let mut story = Story::submitted("music-studio", reason, State::InReview, monday);
    assert_eq!(story.clock("billing-error").due_at, at("2026-06-08T15:00:00Z"));
    story.goes(State::NeedsInformation, at("2026-06-08T10:00:00Z"));
    assert_eq!(story.clock("billing-error").state(at("2026-06-09T15:00:00Z")), ClockState::Paused);
    story.goes(State::InReview, at("2026-06-10T07:00:00Z"));
    assert_eq!(story.clock("billing-error").due_at, at("2026-06-10T12:00:00Z"));
}

#[test]
fn s2_21_a_case_about_missing_credits_opens_with_the_end_of_the_promised_hour() {
    let charged = at("2026-06-06T03:00:00Z");
    // Where it is not known what was bought, the earliest promise counts, and one hour where there is none.
    for product in [Some("music-studio"), Some("image-web"), None] {
        let (document, due_at) = credit_promise(documents(), product, charged).unwrap();
        assert_eq!(due_at, charged.plus_s(3_600).unwrap(), "{product:?}");
        assert_eq!(document.id, product.unwrap_or("music-studio"));
    }
}

#[test]
fn credits_that_come_back_start_no_clock_of_a_bank() {
    let mut story = Story::submitted("audio", Reason::GenerationFailed, State::InReview, at(FRIDAY_NOON));
    story.goes(State::Approved, at(FRIDAY_NOON));
    story.request = story.request.restored_with(|progress| progress.fulfilment.payout = None);
    story.goes(State::Refunded, at(FRIDAY_NOON));
    assert!(story.find("audio-bank-time").is_none());
}

#[test]
fn a_reopened_request_has_another_round_and_keeps_what_was_broken() {
    let monday = at("2026-06-08T07:00:00Z");
    let mut story = Story::submitted("music-studio", Reason::ChangedMind, State::InReview, monday);
    let late = at("2026-06-09T09:00:00Z");
    assert_eq!(story.request.mark_time(late).len(), 2);
    story.goes(State::Refused, late);
    assert_eq!((story.request.priority(), story.request.next_due()), (Priority::Normal, None));
    let reopened = at("2026-06-10T07:00:00Z");
    story.goes(State::InReview, reopened);
    let rounds: Vec<_> = story.request.clocks().iter().filter(|clock| clock.id == "same-day").collect();
    let states: Vec<_> = rounds.iter().map(|clock| clock.state(reopened)).collect();
    assert_eq!(states, [ClockState::Breached, ClockState::Running]);
    assert_eq!((rounds[0].breached_at, rounds[1].started_at), (Some(late), reopened));
}

#[test]
fn what_ended_late_is_marked_once_although_it_has_ended() {
    let monday = at("2026-06-08T07:00:00Z");
    let mut story = Story::submitted("music-studio", Reason::ChangedMind, State::InReview, monday);
    let late = at("2026-06-08T15:00:01Z");
    story.goes(State::Refused, late);
    assert_eq!(story.request.next_due(), Some(at("2026-06-08T11:00:00Z")));
    assert_eq!(story.request.mark_time(late).len(), 2);
    assert_eq!((story.request.mark_time(late), story.request.next_due()), (Vec::new(), None));
}

#[test]
fn a_breach_is_final_and_no_pause_takes_it_back() {
    let monday = at("2026-06-08T07:00:00Z");
    let mut story = Story::submitted("music-studio", Reason::ChangedMind, State::InReview, monday);
    story.goes(State::NeedsInformation, at("2026-06-08T15:00:01Z"));
    story.goes(State::InReview, at("2026-06-12T07:00:00Z"));
    let clock = story.clock("same-day");
    assert_eq!((clock.due_at, clock.paused_ms), (at("2026-06-08T15:00:00Z"), 0));
    assert_eq!(clock.state(at("2026-06-12T07:00:00Z")), ClockState::Breached);
}

#[test]
fn a_move_without_time_makes_the_request_due_at_once() {
    let monday = at("2026-06-08T07:00:00Z");
    let mut story = Story::submitted("audio", Reason::ChangedMind, State::InReview, monday);
    story.goes(State::Approved, monday);
    let moved = at("2026-06-08T08:00:00Z");
    story.request.transition_to(State::Paying, moved, ledger::Actor::Policy).unwrap();
    assert_eq!(story.request.next_due(), None, "no clock asks about paying");
    story
        .request
        .transition_to(State::Refunded, moved, ledger::Actor::Provider(ledger::Provider::Stripe))
        .unwrap();
    assert_eq!(story.request.next_due(), Some(moved));
    story.request.keep_time(None);
    assert_eq!((story.request.next_due(), story.request.clocks().len()), (None, 0));
}
