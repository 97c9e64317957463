//! Refunds and disputes of payments that bring their credits month by month.

use ledger::contract::{at, place, settle};
use ledger::{
    Answer, Change, Command, Credits, DisputeEffect, DisputeId, DisputeReport, Ending, PaymentId, Takes,
};

use crate::months::{bought, monthly, sweep};
use crate::story::{DAY_S, Story};

fn credits(count: u64) -> Credits {
    Credits::new(count).unwrap()
}

fn payment() -> PaymentId {
    PaymentId::new("pi_1").unwrap()
}

fn revoke(takes: Takes, owe_spent: bool) -> Command {
    Command::Revoke { payment: payment(), takes, owe_spent }
}

fn restore(count: u64, debt: u64) -> Command {
    Command::Restore { payment: payment(), credits: credits(count), debt: credits(debt) }
}

fn report(order: u64, effect: DisputeEffect) -> Command {
    let dispute = DisputeId::new("du_1").unwrap();
    Command::Dispute(DisputeReport { payment: payment(), dispute, order: at(order), effect })
}

/// Three months have come; 130 of their credits were spent.
async fn three_months() -> Story {
    let story = bought(false).await;
    sweep(&story, 61).await;
    story.run(&place("g1", 130), 62 * DAY_S).await;
    story.run(&settle("g1", Ending::Succeeded), 62 * DAY_S).await;
    assert_eq!([1, 2, 3].map(|lot| story.numbers(lot)[1]), [0, 70, 100]);
    story
}

#[tokio::test]
async fn a_whole_refund_takes_what_is_left_of_all_months_and_no_more_come() {
    for (owe_spent, debt) in [(false, 0), (true, 130)] {
        let story = three_months().await;
        story.run(&revoke(Takes::Remaining, owe_spent), 70 * DAY_S).await;
        assert_eq!((story.available(70 * DAY_S), story.debt()), (0, debt));
        assert_eq!([1, 2, 3].map(|lot| story.numbers(lot)[5]), [0, 70, 100]);
        assert!(monthly(&story).stopped);
        assert_eq!(sweep(&story, 300).await, Answer::Unchanged(Vec::new()));
        // The refund fails: all of it is back, and the months that were due meanwhile come.
        story.run(&restore(170, debt), 310 * DAY_S).await;
        assert_eq!((story.available(310 * DAY_S), story.debt()), (170, 0));
        sweep(&story, 310).await;
        assert_eq!(story.available(310 * DAY_S), 170 + 800);
    }
}

#[tokio::test]
async fn a_refund_that_takes_nothing_of_what_has_come_ends_what_is_still_to_come() {
    for (limit, left) in [(0, 170), (40, 130)] {
        let story = three_months().await;
        story.run(&revoke(Takes::Last(credits(limit)), false), 70 * DAY_S).await;
        assert_eq!(story.available(70 * DAY_S), left);
        assert!(!story.lot(3).is_closed());
        assert_eq!(sweep(&story, 300).await, Answer::Unchanged(Vec::new()));
        assert_eq!(
            story.run(&revoke(Takes::Last(credits(0)), false), 300 * DAY_S).await,
            Answer::Unchanged(Vec::new())
        );
        story.run(&restore(limit, 0), 310 * DAY_S).await;
        sweep(&story, 310).await;
        assert_eq!(story.available(310 * DAY_S), 170 + 800);
    }
}

#[tokio::test]
async fn a_part_takes_the_newest_credits_first_and_further_months_come() {
    let story = three_months().await;
    story.run(&revoke(Takes::UpTo(credits(150)), false), 70 * DAY_S).await;
    assert_eq!([1, 2, 3].map(|lot| story.numbers(lot)[1]), [0, 20, 0]);
    sweep(&story, 92).await;
    assert_eq!(story.available(92 * DAY_S), 120);
    story.run(&restore(150, 0), 93 * DAY_S).await;
    assert_eq!([2, 3, 4].map(|lot| story.numbers(lot)[1]), [70, 100, 100]);
}

#[tokio::test]
async fn a_part_owes_what_was_spent_of_all_months_once() {
    let story = three_months().await;
    story.run(&revoke(Takes::UpTo(credits(200)), true), 70 * DAY_S).await;
    assert_eq!((story.available(70 * DAY_S), story.debt()), (0, 30));
    story.run(&revoke(Takes::Remaining, true), 71 * DAY_S).await;
    assert_eq!(story.debt(), 130);
    story.run(&restore(0, 100), 72 * DAY_S).await;
    assert_eq!((story.available(72 * DAY_S), story.debt()), (0, 30));
    story.run(&restore(170, 30), 73 * DAY_S).await;
    assert_eq!((story.available(73 * DAY_S), story.debt()), (170, 0));
}

#[tokio::test]
async fn months_wait_while_a_dispute_is_open_and_come_when_it_is_won() {
    let story = three_months().await;
    let opened = story.run(&report(10, DisputeEffect::Freezes), 70 * DAY_S).await;
    let Answer::Written { entry, .. } = opened else { panic!("{opened:?}") };
    let frozen = entry.changes().iter().filter_map(|change| match change {
        Change::Frozen { part, .. } => Some(part.credits.get()),
        _ => None,
    });
    assert_eq!(frozen.sum::<u64>(), 170);
    assert_eq!(story.available(70 * DAY_S), 0);
    assert_eq!(sweep(&story, 200).await, Answer::Unchanged(Vec::new()));
    story.run(&report(20, DisputeEffect::Frees { until: None }), 200 * DAY_S).await;
    assert_eq!(story.available(200 * DAY_S), 170);
    sweep(&story, 200).await;
    assert_eq!(story.available(200 * DAY_S), 170 + 400);
    // An older report says nothing to a lot that came after it.
    let late = story.run(&report(10, DisputeEffect::Freezes), 201 * DAY_S).await;
    assert_eq!(late, Answer::Unchanged(Vec::new()));
    assert_eq!(story.available(201 * DAY_S), 170 + 400);
}

#[tokio::test]
async fn a_lost_dispute_takes_all_months_and_a_won_appeal_brings_them_back() {
    let story = three_months().await;
    let lost = DisputeEffect::Takes { takes: Takes::Remaining, owe_spent: false };
    story.run(&report(10, lost), 70 * DAY_S).await;
    assert_eq!(story.available(70 * DAY_S), 0);
    assert_eq!(sweep(&story, 200).await, Answer::Unchanged(Vec::new()));
    story.run(&report(20, DisputeEffect::Frees { until: None }), 200 * DAY_S).await;
    sweep(&story, 200).await;
    assert_eq!(story.available(200 * DAY_S), 170 + 400);
}

#[tokio::test]
async fn e14_a_dispute_that_is_lost_in_part_takes_its_part_once_of_all_lots() {
    let story = three_months().await;
    let lost = |limit| DisputeEffect::Takes { takes: Takes::UpTo(credits(limit)), owe_spent: false };
    story.run(&report(10, lost(120)), 70 * DAY_S).await;
    assert_eq!([2, 3].map(|lot| story.numbers(lot)[1]), [50, 0]);
    // A later report of the same loss moves nothing, also after another month has come.
    sweep(&story, 92).await;
    story.run(&report(20, lost(120)), 93 * DAY_S).await;
    assert_eq!([2, 3, 4].map(|lot| story.numbers(lot)[1]), [50, 0, 100]);
    story.run(&report(30, lost(30)), 94 * DAY_S).await;
    assert_eq!([2, 3, 4].map(|lot| story.numbers(lot)[1]), [70, 100, 70]);
    story.run(&report(40, DisputeEffect::Frees { until: None }), 95 * DAY_S).await;
    assert_eq!(story.available(95 * DAY_S), 270);
}
