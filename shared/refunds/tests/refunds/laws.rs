//! Laws of every clock, through any history of its request.
#![expect(clippy::arithmetic_side_effects, reason = "the instants of a year are small numbers")]

use ledger::Timestamp;
use policy::Reason;
use proptest::prelude::*;
use refunds::{ClockState, State};

use crate::story::{Story, at};

/// A year from the music studio's first day: both changes of Berlin's clocks and every holiday lie within.
const YEAR_S: u64 = 365 * 86_400;
const PRODUCTS: [&str; 4] = ["audio", "music-studio", "image-to-3d", "image-web"];

fn instant(seconds: u64) -> Timestamp {
    at("2026-06-01T00:00:00Z").plus_s(seconds).unwrap()
}

/// The music studio's clocks after questions, each asked and answered after so many seconds.
fn asked(start: u64, questions: &[(u64, u64)]) -> Story {
    let reason = Reason::ChargedAfterCancellation;
    let mut story = Story::submitted("music-studio", reason, State::InReview, instant(start));
    let mut now = start;
    for (until_question, until_answer) in questions {
        now += until_question;
        story.goes(State::NeedsInformation, instant(now));
        now += until_answer;
        story.goes(State::InReview, instant(now));
    }
    story
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Who submits later has no earlier deadline, in every zone and over every night, weekend and holiday.
    #[test]
    fn s0_9_s2_31_s2_32_s4_1_deadlines_come_in_the_order_of_submissions(
        start in 0..YEAR_S,
        later in 0..(4 * 86_400_u64),
    ) {
        for product in PRODUCTS {
            let clocks = |second| {
                let submitted = instant(second);
                Story::submitted(product, Reason::Other, State::InReview, submitted).request.clocks().to_vec()
            };
            for (first, second) in clocks(start).iter().zip(clocks(start + later)) {
                prop_assert!(first.due_at > first.started_at);
                prop_assert!(first.warn_at.is_none_or(|warn_at| warn_at < first.due_at));
                prop_assert!(second.due_at >= first.due_at, "{} {}", first.due_at, second.due_at);
            }
        }
    }

    /// A question takes no time from the answer: with every question the deadline stays or moves on, and what
    /// people have worked until it is what was promised.
    #[test]
    fn s2_18_s2_32_pausing_never_shortens_and_keeps_the_working_time(
        start in 0..YEAR_S,
        questions in prop::collection::vec((0..20_000_u64, 0..(9 * 86_400_u64)), 0..5),
    ) {
        let mut due_at = None;
        for count in 0..=questions.len() {
            let story = asked(start, &questions[..count]);
            let due_now = ["billing-error", "same-day"].map(|id| story.clock(id).due_at);
            let shortened = |before: [Timestamp; 2]| before.iter().zip(&due_now).any(|(was, is)| is < was);
            prop_assert!(!due_at.is_some_and(shortened));
            due_at = Some(due_now);
        }
        let story = asked(start, &questions);
        let (clock, document) = (story.clock("billing-error"), story.document);
        let worked = |from: Timestamp, until: Timestamp| {
            document.time_between("billing_error_limit", from.as_ms(), until.as_ms()).unwrap()
        };
        let mut standing = 0;
        let mut now = start;
        for (until_question, until_answer) in questions {
            now += until_question;
            let asked_at = instant(now);
            now += until_answer;
            if asked_at <= clock.due_at && instant(now) <= clock.due_at {
                standing += worked(asked_at, instant(now));
            }
        }
        prop_assert_eq!(worked(clock.started_at, clock.due_at) - standing, 8 * 3_600_000);
        // The first response stands still for nobody.
        prop_assert_eq!(story.clock("first-response").paused_ms, 0);
    }

    /// Every unmet promise is marked exactly once, at the first look after its deadline, however often and
    /// however late somebody looks.
    #[test]
    fn a_promise_is_broken_once(start in 0..YEAR_S, looks in prop::collection::vec(0..1_500_000_u64, 1..12)) {
        let mut story = Story::submitted("assistant", Reason::Other, State::InReview, instant(start));
        let mut looks = looks;
        looks.sort_unstable();
        let (mut warned, mut broken) = (0, 0);
        for look in looks {
            let now = instant(start + look);
            for mark in story.request.mark_time(now) {
                *if mark.breached { &mut broken } else { &mut warned } += 1;
            }
            let clock = &story.request.clocks()[0];
            prop_assert_eq!(broken == 1, clock.state(now) == ClockState::Breached);
            prop_assert!(story.request.next_due().is_none_or(|due_at| due_at >= now));
        }
        prop_assert!(warned <= 1 && broken <= 1);
    }
}
