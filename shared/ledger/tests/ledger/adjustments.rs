//! Stories of what people change of an account by adjustments.

use ledger::contract::{adjust, at, grant, place, settle};
use ledger::{
    AdjustmentKind, Answer, Command, Credits, DisputeEffect, DisputeId, DisputeReport, Ending, GrantPurpose,
    LotId, PaymentId, Record, Rejection, ReleaseReason, Takes,
};

use crate::story::{DAY_S, Story};

fn credits(count: u64) -> Credits {
    Credits::new(count).unwrap()
}

fn given(id: &str, count: u64, expires_at: Option<u64>) -> Command {
    let (credits, purpose) = (credits(count), GrantPurpose::Goodwill);
    adjust(id, AdjustmentKind::Grant { credits, purpose, expires_at: expires_at.map(at) })
}

fn taken(id: &str, lot: u32, count: u64) -> Command {
    adjust(id, AdjustmentKind::TakeBack { lot: LotId(lot), credits: credits(count) })
}

fn written_off(id: &str, count: u64) -> Command {
    adjust(id, AdjustmentKind::DebtWriteOff { credits: credits(count) })
}

fn moved(id: &str, lot: u32, expires_at: Option<u64>) -> Command {
    adjust(id, AdjustmentKind::ExpiryMove { lot: LotId(lot), expires_at: expires_at.map(at) })
}

fn revoke(payment: &str) -> Command {
    let payment = PaymentId::new(payment).unwrap();
    Command::Revoke { payment, takes: Takes::Remaining, owe_spent: true }
}

fn restore(payment: &str, count: u64, debt: u64) -> Command {
    let payment = PaymentId::new(payment).unwrap();
    Command::Restore { payment, credits: credits(count), debt: credits(debt) }
}

impl Story {
    async fn refused(&self, command: &Command, seconds: u64, rejection: Rejection) {
        assert_eq!(self.run(command, seconds).await, Answer::Refused(rejection), "{command:?}");
    }

    async fn written(&self, command: &Command, seconds: u64) {
        let answer = self.run(command, seconds).await;
        assert!(matches!(answer, Answer::Written { .. }), "{command:?}: {answer:?}");
    }

    async fn captured(&self, generation: &str, count: u64) {
        self.written(&place(generation, count), 1).await;
        self.written(&settle(generation, Ending::Succeeded), 1).await;
    }
}

#[tokio::test]
async fn credits_are_given_once_pay_off_no_debt_and_go_with_their_expiry() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.captured("g1", 10).await;
    story.written(&revoke("pi_1"), 2).await;
    story.written(&given("adj_1", 20, Some(DAY_S)), 3).await;
    assert_eq!((story.numbers(2), story.debt()), ([20, 20, 0, 0, 0, 0], 10));
    let again = story.run(&given("adj_1", 20, Some(DAY_S)), 4).await;
    assert!(
        matches!(&again, Answer::Exists(record) if matches!(**record, Record::AdjustedOnce(_))),
        "{again:?}"
    );
    story.expire("g1", DAY_S).await;
    assert_eq!(story.numbers(2), [20, 0, 0, 0, 20, 0]);
    story.refused(&given("adj_2", 0, None), DAY_S, Rejection::NoCredits).await;
    story.refused(&given("adj_2", 1, Some(DAY_S)), DAY_S, Rejection::NotAhead).await;
}

#[tokio::test]
async fn no_more_is_taken_back_than_is_left_and_what_was_spent_is_no_debt() {
    let story = Story::new();
    story.grant("pi_1", 100, None).await;
    story.captured("g1", 30).await;
    story.written(&place("g2", 10), 1).await;
    let needed = credits(61);
    story.refused(&taken("t1", 1, 61), 2, Rejection::NotEnough { available: credits(60), needed }).await;
    story.refused(&taken("t2", 1, 0), 2, Rejection::NoCredits).await;
    story.refused(&taken("t3", 9, 1), 2, Rejection::NoSuchLot).await;
    for kind in [
        AdjustmentKind::TakeBack { lot: LotId(1), credits: credits(1) },
        AdjustmentKind::ExpiryMove { lot: LotId(1), expires_at: None },
    ] {
        let (id, product) = ("adj_9".parse().unwrap(), "image-web".parse().unwrap());
        story.refused(&Command::Adjust { id, product, kind }, 2, Rejection::OtherProduct).await;
    }
    story.written(&taken("t4", 1, 60), 2).await;
    assert_eq!((story.numbers(1), story.debt()), ([100, 0, 10, 30, 0, 60], 0));
    // What a running generation gives back afterwards is the customer's.
    story.written(&settle("g2", Ending::Failed(ReleaseReason::Failed)), 3).await;
    assert_eq!(story.numbers(1), [100, 10, 0, 30, 0, 60]);
    // A refund that fails brings back what it took, and no more.
    story.written(&revoke("pi_1"), 4).await;
    assert_eq!((story.numbers(1), story.debt()), ([100, 0, 0, 30, 0, 70], 30));
    story.written(&restore("pi_1", 10, 30), 5).await;
    assert_eq!((story.numbers(1), story.debt()), ([100, 10, 0, 30, 0, 60], 0));
}

#[tokio::test]
async fn what_has_expired_is_not_taken_back() {
    let story = Story::new();
    story.written(&given("adj_1", 20, Some(DAY_S)), 1).await;
    let rejection = Rejection::NotEnough { available: Credits::ZERO, needed: credits(1) };
    story.refused(&taken("t5", 1, 1), DAY_S, rejection).await;
}

/// 30 of 100 credits are spent and owed.
async fn owing() -> Story {
    let story = Story::new();
    story.grant("pi_1", 100, None).await;
    story.captured("g1", 30).await;
    story.written(&revoke("pi_1"), 2).await;
    assert_eq!(story.debt(), 30);
    story
}

#[tokio::test]
async fn a_debt_is_written_off_as_far_as_it_is_there() {
    let story = owing().await;
    let rejection = Rejection::LessOwed { owed: credits(30), asked: credits(31) };
    story.refused(&written_off("adj_1", 31), 3, rejection).await;
    story.refused(&written_off("adj_1", 0), 3, Rejection::NoCredits).await;
    story.written(&written_off("adj_1", 20), 3).await;
    assert_eq!((story.debt(), story.available(3)), (10, 0));
    // What comes later pays off the rest alone.
    story.grant("pi_2", 50, None).await;
    assert_eq!((story.debt(), story.available(4)), (0, 40));
}

#[tokio::test]
async fn a_refund_that_fails_after_the_write_off_gives_nothing_for_what_was_written_off() {
    let story = owing().await;
    story.written(&written_off("adj_1", 20), 3).await;
    story.grant("pi_2", 50, None).await;
    assert_eq!((story.debt(), story.available(3)), (0, 40));
    story.written(&restore("pi_1", 70, 30), 4).await;
    // 70 are back, and what the second payment had paid off.
    assert_eq!((story.numbers(1), story.numbers(3)), ([100, 70, 0, 30, 0, 0], [50, 50, 0, 0, 0, 0]));
    assert_eq!((story.numbers(2), story.debt()), ([20, 0, 0, 0, 0, 20], 0));
}

#[tokio::test]
async fn a_generation_that_gives_back_after_the_write_off_gives_its_credits_to_the_refund() {
    let story = owing().await;
    story.written(&written_off("adj_1", 30), 3).await;
    story.written(&settle("g1", Ending::Failed(ReleaseReason::Failed)), 4).await;
    // The payment is refunded: 100 are revoked, and nobody owes or has anything.
    assert_eq!((story.numbers(1), story.debt(), story.available(4)), ([100, 0, 0, 0, 0, 100], 0, 0));
    assert_eq!(story.numbers(2), [30, 0, 0, 0, 0, 30]);
}

#[tokio::test]
async fn the_expiry_of_a_lot_is_moved_ahead_and_taken_off() {
    let story = Story::new();
    story.grant("pi_1", 40, Some("sub_1")).await;
    story.grant("pi_2", 5, None).await;
    story.end("sub_1", at(0), 1).await;
    let expiry = story.lot(1).expires_at;
    assert_eq!(expiry, Some(at(60 * DAY_S)));
    story.written(&moved("t6", 1, Some(90 * DAY_S)), 2).await;
    story.expire("g1", 60 * DAY_S).await;
    assert_eq!((story.available(60 * DAY_S), story.available(90 * DAY_S)), (45, 5));
    story.written(&moved("t7", 1, Some(70 * DAY_S)), 61 * DAY_S).await;
    assert_eq!(story.store.marker(&story.account), Some(at(70 * DAY_S)));
    let same = story.run(&moved("t8", 1, Some(70 * DAY_S)), 61 * DAY_S).await;
    assert_eq!(same, Answer::Unchanged(Vec::new()));
    story.refused(&moved("t9", 1, Some(61 * DAY_S)), 61 * DAY_S, Rejection::NotAhead).await;
    story.refused(&moved("t10", 2, Some(90 * DAY_S)), 61 * DAY_S, Rejection::NeverExpires).await;
    story.written(&moved("t11", 1, None), 61 * DAY_S).await;
    assert_eq!(story.available(900 * DAY_S), 45);
    story.written(&moved("t12", 1, Some(70 * DAY_S)), 62 * DAY_S).await;
    story.refused(&moved("t13", 1, None), 70 * DAY_S, Rejection::Expired).await;
}

#[tokio::test]
async fn the_expiry_of_frozen_credits_can_be_moved_after_it_has_passed() {
    let story = Story::new();
    let mut renewal = grant(&story.account, "pi_1", 40, Some("sub_1"));
    renewal.leftover_s = Some(DAY_S);
    story.written(&Command::Grant(renewal), 0).await;
    story.end("sub_1", at(0), 1).await;
    let report = |order, effect| {
        Command::Dispute(DisputeReport {
            payment: PaymentId::new("pi_1").unwrap(),
            dispute: DisputeId::new("du_1").unwrap(),
            order: at(order),
            effect,
        })
    };
    story.written(&report(2, DisputeEffect::Freezes), 2).await;
    story.written(&moved("t14", 1, Some(9 * DAY_S)), 2 * DAY_S).await;
    story.written(&report(3, DisputeEffect::Frees { until: None }), 3 * DAY_S).await;
    assert_eq!((story.available(3 * DAY_S), story.available(9 * DAY_S)), (40, 0));
}
