//! What a change of plans takes, because it returned the money to the customer's balance at Stripe.

use ledger::contract::{at, grant, place, settle};
use ledger::{Answer, Command, Credits, Ending, PaymentId, ReleaseReason, TakeReturn, Takes};

use crate::months::{bought, monthly, sweep};
use crate::story::{DAY_S, Story};

fn returned(payments: &[&str], count: u64, second: u64) -> Command {
    Command::TakeReturns(vec![TakeReturn {
        payments: payments.iter().map(|id| PaymentId::new(*id).unwrap()).collect(),
        credits: Credits::new(count).unwrap(),
        at: at(second),
    }])
}

/// The payments of [`changed`], newest first.
const BOTH: &[&str] = &["pi_2", "pi_1"];

/// A month of 100 credits, and a change of 60 ten seconds later, which is reported first.
async fn changed() -> Story {
    let story = Story::new();
    let mut change = grant(&story.account, "pi_2", 60, Some("sub_1"));
    change.payment.charged_at = at(10);
    assert!(matches!(story.run(&Command::Grant(change), 11).await, Answer::Written { .. }));
    story.grant("pi_1", 100, Some("sub_1")).await;
    story
}

async fn spend(story: &Story, generation: &str, count: u64) {
    story.run(&place(generation, count), 12).await;
    story.run(&settle(generation, Ending::Succeeded), 12).await;
}

#[tokio::test]
async fn what_is_left_goes_first_of_the_newest_payment() {
    for (count, newest, oldest) in [(25, 35, 100), (60, 0, 100), (80, 0, 80), (160, 0, 0)] {
        let story = changed().await;
        story.run(&returned(BOTH, count, 20), 20).await;
        assert_eq!([story.numbers(1)[1], story.numbers(2)[1], story.debt()], [newest, oldest, 0], "{count}");
    }
}

#[tokio::test]
async fn what_was_paid_after_the_change_stays() {
    let story = changed().await;
    story.run(&returned(&["pi_1"], 120, 9), 20).await;
    assert_eq!((story.numbers(1)[1], story.numbers(2)[1], story.debt()), (60, 0, 0));
}

#[tokio::test]
async fn what_was_spent_is_owed_and_comes_off_the_next_grant() {
    let story = changed().await;
    spend(&story, "g1", 130).await;
    // 30 are left, and 50 of those that were spent are owed.
    story.run(&returned(BOTH, 80, 20), 20).await;
    assert_eq!((story.available(20), story.debt()), (0, 50));
    story.grant("pi_3", 100, Some("sub_1")).await;
    assert_eq!((story.available(21), story.debt()), (50, 0));
    // What was spent is owed once, and what was paid later is left alone.
    story.run(&returned(BOTH, 160, 22), 22).await;
    assert_eq!((story.available(22), story.debt()), (50, 80));
}

#[tokio::test]
async fn what_is_held_is_owed_until_it_comes_back() {
    let story = changed().await;
    story.run(&place("g1", 160), 12).await;
    story.run(&returned(BOTH, 160, 20), 20).await;
    assert_eq!((story.available(20), story.debt()), (0, 160));
    story.run(&settle("g1", Ending::Failed(ReleaseReason::Failed)), 21).await;
    assert_eq!((story.available(21), story.debt()), (0, 0));
}

#[tokio::test]
async fn credits_of_a_refunded_payment_are_not_owed() {
    let story = changed().await;
    spend(&story, "g1", 130).await;
    for payment in ["pi_1", "pi_2"] {
        let payment = PaymentId::new(payment).unwrap();
        story.run(&Command::Revoke { payment, takes: Takes::Remaining, owe_spent: false }, 13).await;
    }
    story.run(&returned(BOTH, 160, 20), 20).await;
    assert_eq!((story.available(20), story.debt()), (0, 0));
}

#[tokio::test]
async fn a_year_that_is_returned_ends_what_was_still_to_come() {
    let story = bought(false).await;
    sweep(&story, 61).await;
    // Nine months are to come, and the third one is returned but for ten credits.
    story.run(&returned(&["pi_1"], 990, 62 * DAY_S), 62 * DAY_S).await;
    assert_eq!((story.available(62 * DAY_S), story.debt()), (210, 0));
    assert_eq!(monthly(&story).left(), 0);
    sweep(&story, 365).await;
    assert_eq!(story.available(365 * DAY_S), 210);
}

#[tokio::test]
async fn a_part_of_a_year_that_is_returned_comes_off_the_next_months() {
    let story = bought(false).await;
    sweep(&story, 61).await;
    story.run(&returned(&["pi_1"], 495, 62 * DAY_S), 62 * DAY_S).await;
    assert_eq!((story.available(62 * DAY_S), story.debt(), monthly(&story).left()), (0, 195, 9));
    sweep(&story, 365).await;
    assert_eq!((story.available(365 * DAY_S), story.debt()), (705, 0));
}
