//! What an account owes for a refunded payment, and what comes back to that payment's lot afterwards.

use ledger::contract::{place, settle};
use ledger::{Command, Credits, Ending, PaymentId, ReleaseReason, Takes};

use crate::story::Story;

const FAILED: Ending = Ending::Failed(ReleaseReason::Failed);

fn revoke(takes: Takes) -> Command {
    Command::Revoke { payment: PaymentId::new("pi_1").unwrap(), takes, owe_spent: true }
}

fn up_to(count: u64) -> Takes {
    Takes::UpTo(Credits::new(count).unwrap())
}

fn restore(credits: u64, debt: u64) -> Command {
    Command::Restore {
        payment: PaymentId::new("pi_1").unwrap(),
        credits: Credits::new(credits).unwrap(),
        debt: Credits::new(debt).unwrap(),
    }
}

/// A lot of 100 credits, 30 of them spent by `spent` and 10 held by `open`.
async fn used() -> Story {
    let story = Story::new();
    story.grant("pi_1", 100, None).await;
    for (generation, credits) in [("spent", 30), ("open", 10)] {
        story.run(&place(generation, credits), 1).await;
    }
    story.run(&settle("spent", Ending::Succeeded), 1).await;
    story
}

#[tokio::test]
async fn held_credits_that_come_back_lower_the_debt_of_a_refunded_part() {
    for by_deadline in [false, true] {
        let story = used().await;
        // Of the 80 that were refunded 60 are left, so that 20 of the spent ones are owed.
        story.run(&revoke(up_to(80)), 2).await;
        assert_eq!((story.numbers(1), story.debt()), ([100, 0, 10, 30, 0, 60], 20));
        if by_deadline {
            story.expire("open", 3001).await;
        } else {
            story.run(&settle("open", FAILED), 3).await;
        }
        assert_eq!((story.numbers(1), story.debt()), ([100, 0, 0, 30, 0, 70], 10));
        // What comes back beyond the debt is the customer's.
        story.run(&settle("spent", FAILED), 3002).await;
        assert_eq!((story.numbers(1), story.debt()), ([100, 20, 0, 0, 0, 80], 0));
        // The refund fails: all of it comes back, whichever credits were taken for it.
        story.run(&restore(60, 20), 3003).await;
        assert_eq!((story.numbers(1), story.debt()), ([100, 100, 0, 0, 0, 0], 0));
    }
}

#[tokio::test]
async fn a_debt_that_was_paid_off_goes_back_to_its_payer_when_held_credits_come_back() {
    let story = used().await;
    story.run(&revoke(up_to(80)), 2).await;
    story.grant("pi_2", 50, None).await;
    assert_eq!((story.numbers(2), story.debt()), ([50, 30, 0, 20, 0, 0], 0));
    story.run(&settle("open", FAILED), 3).await;
    assert_eq!((story.numbers(1), story.numbers(2)), ([100, 0, 0, 30, 0, 70], [50, 40, 0, 10, 0, 0]));
    // The refund fails: the payer gets the rest back.
    story.run(&restore(60, 20), 4).await;
    assert_eq!((story.numbers(1), story.numbers(2)), ([100, 70, 0, 30, 0, 0], [50, 50, 0, 0, 0, 0]));
}

#[tokio::test]
async fn of_a_payment_refunded_in_full_only_what_stays_spent_is_owed() {
    let story = used().await;
    story.run(&revoke(Takes::Remaining), 2).await;
    assert_eq!((story.numbers(1), story.debt()), ([100, 0, 10, 30, 0, 60], 30));
    // Held credits were not among the owed ones: with 70 revoked and 30 owed the 100 are square.
    story.run(&settle("open", FAILED), 3).await;
    assert_eq!((story.numbers(1), story.debt()), ([100, 0, 0, 30, 0, 70], 30));
    // The result turns out to have failed: its credits came back, and nothing is owed for them.
    story.run(&settle("spent", FAILED), 4).await;
    assert_eq!((story.numbers(1), story.debt()), ([100, 0, 0, 0, 0, 100], 0));
    story.run(&restore(60, 30), 5).await;
    assert_eq!((story.numbers(1), story.debt()), ([100, 100, 0, 0, 0, 0], 0));
}
