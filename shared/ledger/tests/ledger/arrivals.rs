//! Stories of how credits arrive, and of what comes back when their refund fails.

use ledger::contract::{at, grant, place, settle};
use ledger::{
    Answer, Change, Command, Compensation, Credits, Ending, LotId, LotKind, PaymentId, Period, ProductId,
    Record, RefundRequestId, Rejection, ReleaseReason, SettlementOutcome, Takes,
};

use crate::story::{DAY_S, Story};

const FAILED: Ending = Ending::Failed(ReleaseReason::Failed);

fn compensation(request: &str, product: &str, count: u64, expires_at: Option<u64>) -> Command {
    Command::Compensate(Compensation {
        request: RefundRequestId::new(request).unwrap(),
        product: ProductId::new(product).unwrap(),
        credits: Credits::new(count).unwrap(),
        expires_at: expires_at.map(at),
    })
}

fn revoke(payment: &str, owe_spent: bool) -> Command {
    Command::Revoke { payment: PaymentId::new(payment).unwrap(), takes: Takes::Remaining, owe_spent }
}

fn restore(payment: &str, credits: u64, debt: u64) -> Command {
    Command::Restore {
        payment: PaymentId::new(payment).unwrap(),
        credits: Credits::new(credits).unwrap(),
        debt: Credits::new(debt).unwrap(),
    }
}

impl Story {
    async fn spend(&self, generation: &str, count: u64, seconds: u64) {
        assert!(matches!(self.run(&place(generation, count), seconds).await, Answer::Written { .. }));
        self.run(&settle(generation, Ending::Succeeded), seconds).await;
    }

    async fn renewal(&self, payment: &str, count: u64, seconds: u64) -> Answer {
        let mut renewal = grant(&self.account, payment, count, Some("sub_1"));
        renewal.payment.charged_at = at(seconds);
        renewal.period = Some(Period { starts_at: at(seconds), replaces: true });
        self.run(&Command::Grant(renewal), seconds).await
    }
}

#[tokio::test]
async fn replacement_credits_are_given_once_for_a_request_and_can_be_spent() {
    let story = Story::new();
    let given = compensation("rr_1", "music-studio", 20, None);
    let Answer::Written { entry, .. } = story.run(&given, 1).await else { panic!("given") };
    let lot = story.lot(1);
    assert_eq!(
        (&lot.payment, lot.kind),
        (&None, LotKind::Compensation(RefundRequestId::new("rr_1").unwrap()))
    );
    assert!(matches!(&entry.changes()[0], Change::Granted { settled, .. } if settled.is_zero()));
    assert_eq!(story.run(&given, 2).await, Answer::Unchanged(Vec::new()));
    story.spend("g1", 20, 3).await;
    // The lot has left the account: the request's record is what remembers.
    story.run(&compensation("rr_2", "music-studio", 1, None), 40 * DAY_S).await;
    let again = story.run(&given, 40 * DAY_S).await;
    assert!(
        matches!(&again, Answer::Exists(record) if matches!(**record, Record::CompensatedOnce(_))),
        "{again:?}"
    );
    assert_eq!(story.available(40 * DAY_S), 1);
}

#[tokio::test]
async fn s2_19_credits_without_a_payment_expire_when_their_grant_says_so() {
    let story = Story::new();
    story.run(&compensation("rr_1", "music-studio", 20, Some(30 * DAY_S)), 1).await;
    assert_eq!(story.store.marker(&story.account), Some(at(30 * DAY_S)));
    assert_eq!((story.available(30 * DAY_S - 1), story.available(30 * DAY_S)), (20, 0));
    story.expire("g1", 30 * DAY_S).await;
    assert_eq!(story.numbers(1), [20, 0, 0, 0, 20, 0]);
    assert_eq!(
        story.run(&compensation("rr_2", "music-studio", 0, None), 30 * DAY_S).await,
        Answer::Refused(Rejection::NoCredits)
    );
}

#[tokio::test]
async fn s3_21_compensation_pays_off_no_debt_and_no_refund_takes_it() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.spend("g1", 10, 1).await;
    story.run(&compensation("rr_1", "music-studio", 5, None), 2).await;
    story.run(&revoke("pi_1", true), 3).await;
    assert_eq!(story.numbers(2), [5, 5, 0, 0, 0, 0]);
    story.run(&compensation("rr_2", "music-studio", 7, None), 4).await;
    assert_eq!((story.numbers(3), story.debt()), ([7, 7, 0, 0, 0, 0], 10));
}

#[tokio::test]
async fn s0_20_credits_are_spent_on_their_own_product_alone() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.run(&compensation("rr_1", "audio", 50, None), 1).await;
    let (available, needed) = (Credits::new(30).unwrap(), Credits::new(31).unwrap());
    assert_eq!(
        story.run(&place("g1", 31), 2).await,
        Answer::Refused(Rejection::NotEnough { available, needed })
    );
    let Command::Hold(mut other) = place("g2", 31) else { panic!("a hold") };
    other.product = ProductId::new("audio").unwrap();
    story.run(&Command::Hold(other), 3).await;
    assert_eq!((story.numbers(1), story.numbers(2)), ([30, 30, 0, 0, 0, 0], [50, 19, 31, 0, 0, 0]));
}

#[tokio::test]
async fn s4_12_a_renewal_takes_the_place_of_what_is_left_of_the_period_before() {
    let story = Story::new();
    story.grant("pi_pack", 100, None).await;
    story.grant("pi_1", 30, Some("sub_1")).await;
    story.grant("pi_other", 40, Some("sub_2")).await;
    story.run(&compensation("rr_1", "music-studio", 5, None), 1).await;
    let Answer::Written { entry, .. } = story.renewal("pi_2", 30, 30 * DAY_S).await else {
        panic!("renewed")
    };
    assert!(matches!(entry.changes(), [Change::Replaced { .. }, Change::Granted { .. }]), "{entry:?}");
    assert_eq!((story.numbers(2), story.numbers(5)), ([30, 0, 0, 0, 30, 0], [30, 30, 0, 0, 0, 0]));
    for (lot, untouched) in [(1, 100), (3, 40), (4, 5)] {
        assert_eq!(story.lot(lot).available.get(), untouched, "lot {lot}");
    }
    // A repeated report changes nothing, and a late report of an earlier charge does not take the newer one.
    assert!(matches!(story.renewal("pi_2", 30, 30 * DAY_S).await, Answer::Exists(_)));
    story.renewal("pi_0", 30, 29 * DAY_S).await;
    assert_eq!((story.numbers(5), story.numbers(6)), ([30, 30, 0, 0, 0, 0], [30, 0, 0, 0, 30, 0]));
}

#[tokio::test]
async fn s4_12_credits_that_are_held_while_the_plan_renews_come_back_with_a_grace() {
    let story = Story::new();
    story.grant("pi_1", 30, Some("sub_1")).await;
    story.run(&place("g1", 10), 30 * DAY_S - 60).await;
    story.run(&place("g2", 5), 30 * DAY_S - 60).await;
    story.renewal("pi_2", 30, 30 * DAY_S).await;
    assert_eq!(story.numbers(1), [30, 0, 15, 0, 15, 0]);
    story.run(&settle("g1", FAILED), 30 * DAY_S + 60).await;
    assert_eq!(story.lot(1).expires_at, Some(at(31 * DAY_S + 60)));
    story.run(&settle("g2", Ending::Succeeded), 30 * DAY_S + 61).await;
    assert_eq!(story.numbers(1), [30, 10, 0, 5, 15, 0]);
    // The subscription's end leaves the replaced lot as it is.
    story.end("sub_1", at(30 * DAY_S + 70), 30 * DAY_S + 70).await;
    assert_eq!(story.lot(1).expires_at, Some(at(31 * DAY_S + 60)));
    assert_eq!(story.lot(2).expires_at, Some(at(90 * DAY_S + 70)));
}

#[tokio::test]
async fn h11_left_over_credits_stay_as_long_as_the_policy_of_their_own_payment_says() {
    let story = Story::new();
    for (payment, days) in [("pi_1", Some(30)), ("pi_2", Some(90)), ("pi_3", None)] {
        let mut bought = grant(&story.account, payment, 10, Some("sub_1"));
        bought.leftover_s = days.map(|days| days * DAY_S);
        story.run(&Command::Grant(bought), 1).await;
    }
    story.end("sub_1", at(100), 100).await;
    for (lot, days) in [(1, 30), (2, 90), (3, 60)] {
        assert_eq!(story.lot(lot).expires_at, Some(at(100 + days * DAY_S)), "lot {lot}");
    }
}

#[tokio::test]
async fn e9_what_paid_off_a_debt_comes_back_when_the_refund_that_made_it_fails() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.spend("g1", 10, 1).await;
    story.run(&revoke("pi_1", true), 2).await;
    story.grant("pi_2", 4, None).await;
    story.grant("pi_3", 25, None).await;
    assert_eq!(
        (story.numbers(2), story.numbers(3), story.debt()),
        ([4, 0, 0, 4, 0, 0], [25, 19, 0, 6, 0, 0], 0)
    );
    // A third of a year later the bank returns the money: the empty lot that paid is still there.
    story.run(&restore("pi_1", 20, 10), 120 * DAY_S).await;
    assert_eq!((story.numbers(2), story.numbers(3)), ([4, 4, 0, 0, 0, 0], [25, 25, 0, 0, 0, 0]));
    assert_eq!((story.numbers(1), story.debt()), ([30, 20, 0, 10, 0, 0], 0));
}

#[tokio::test]
async fn e9_a_debt_that_is_half_paid_off_is_struck_off_and_given_back() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.spend("g1", 10, 1).await;
    story.run(&revoke("pi_1", true), 2).await;
    story.grant("pi_2", 4, None).await;
    story.run(&revoke("pi_2", false), 3).await;
    story.run(&restore("pi_1", 20, 10), 4).await;
    // The payer's own payment is refunded: what comes back to it is revoked at once.
    assert_eq!((story.numbers(2), story.debt()), ([4, 0, 0, 0, 0, 4], 0));
    assert_eq!(story.numbers(1), [30, 20, 0, 10, 0, 0]);
}

#[tokio::test]
async fn a_lot_counts_the_generations_that_were_charged_to_it() {
    let story = Story::new();
    story.grant("pi_1", 10, Some("sub_1")).await;
    story.grant("pi_2", 10, None).await;
    story.spend("g1", 4, 1).await;
    story.spend("g2", 8, 2).await;
    let captures = |lot| story.lot(lot).captures;
    assert_eq!((captures(1), captures(2)), (2, 1));
    story.run(&settle("g2", FAILED), 3).await;
    assert_eq!((captures(1), captures(2)), (1, 0));
    story.run(&place("g3", 2), 4).await;
    story.run(&settle("g3", FAILED), 5).await;
    let Answer::Written { outcomes, .. } = story.run(&settle("g3", Ending::Succeeded), 6).await else {
        panic!("charged late")
    };
    assert_eq!((outcomes, captures(1)), (vec![SettlementOutcome::ChargedLate], 2));
    assert!(story.store.journal(&story.account).last().unwrap().after().lot(LotId(1)).is_some());
}

#[tokio::test]
async fn a_lot_counts_the_captures_that_may_have_delivered_nothing_usable() {
    let story = Story::new();
    story.grant("pi_1", 10, None).await;
    for (generation, ending) in
        [("g1", Ending::Succeeded), ("g2", Ending::InReview), ("g3", Ending::InReview)]
    {
        story.run(&place(generation, 2), 1).await;
        story.run(&settle(generation, ending), 2).await;
    }
    let counts = || {
        let lot = story.lot(1);
        (lot.captures, lot.unusable, lot.spent.get())
    };
    assert_eq!(counts(), (3, 2, 6));
    // A person gives the credits of one back: it counts no more. That of a usable result is another count.
    story.run(&settle("g2", FAILED), 3).await;
    assert_eq!(counts(), (2, 1, 4));
    story.run(&settle("g1", FAILED), 4).await;
    assert_eq!(counts(), (1, 1, 2));
    // What is back is not charged again while a person decides.
    let Answer::Unchanged(outcomes) = story.run(&settle("g1", Ending::InReview), 5).await else {
        panic!("nothing is written")
    };
    assert_eq!((outcomes, counts()), (vec![SettlementOutcome::Repeated], (1, 1, 2)));
}
