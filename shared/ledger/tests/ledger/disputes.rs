//! Disputes: what is left of a payment's lot is frozen until the bank decides, and free or taken after that.
//! The reports may come in any order and any number of times (`E14`, `H9`).

use ledger::contract::{at, place, settle};
use ledger::{
    Answer, Change, Command, Credits, DisputeEffect, DisputeId, DisputeReport, Ending, PaymentId, Rejection,
    ReleaseReason, Takes, Timestamp,
};
use proptest::prelude::*;

use crate::story::{DAY_S, Story};

const FAILED: Ending = Ending::Failed(ReleaseReason::Failed);
const FREES: DisputeEffect = DisputeEffect::Frees { until: None };

fn credits(count: u64) -> Credits {
    Credits::new(count).unwrap()
}

fn takes(takes: Takes) -> DisputeEffect {
    DisputeEffect::Takes { takes, owe_spent: false }
}

fn report(dispute: &str, order: u64, effect: DisputeEffect) -> Command {
    Command::Dispute(DisputeReport {
        payment: PaymentId::new("pi_1").unwrap(),
        dispute: DisputeId::new(dispute).unwrap(),
        order: at(order),
        effect,
    })
}

fn revoke(limit: u64) -> Command {
    let payment = PaymentId::new("pi_1").unwrap();
    Command::Revoke { payment, takes: Takes::UpTo(credits(limit)), owe_spent: false }
}

fn restore(count: u64) -> Command {
    let payment = PaymentId::new("pi_1").unwrap();
    Command::Restore { payment, credits: credits(count), debt: Credits::ZERO }
}

/// A pack of 100 credits beside one of 40 of another payment.
async fn bought() -> Story {
    let story = Story::new();
    story.grant("pi_1", 100, None).await;
    story.grant("pi_2", 40, None).await;
    story
}

fn refusal(answer: &Answer) -> Option<Rejection> {
    match answer {
        Answer::Refused(rejection) => Some(*rejection),
        _ => None,
    }
}

#[tokio::test]
async fn a_dispute_freezes_what_is_left_of_its_payment_and_nothing_else() {
    let story = bought().await;
    story.run(&place("g1", 30), 10).await;
    story.run(&report("du_1", 20, DisputeEffect::Freezes), 20).await;
    let balance = story.store.journal(&story.account).last().unwrap().after().balance(at(20)).unwrap();
    assert_eq!(
        [balance.available, balance.held, balance.frozen].map(Credits::get),
        [40, 30, 70],
        "the other payment's credits and the running generation's stay"
    );
    let refused = story.run(&place("g2", 41), 21).await;
    assert_eq!(refusal(&refused), Some(Rejection::NotEnough { available: credits(40), needed: credits(41) }));
    assert!(matches!(story.run(&place("g2", 40), 22).await, Answer::Written { .. }));
    // What the generation gives back is frozen as well.
    story.run(&settle("g1", FAILED), 23).await;
    let balance = story.store.journal(&story.account).last().unwrap().after().balance(at(23)).unwrap();
    assert_eq!([balance.available, balance.held, balance.frozen].map(Credits::get), [0, 40, 100]);
    // Won: exactly that is free again.
    story.run(&report("du_1", 30, FREES), 30).await;
    let balance = story.store.journal(&story.account).last().unwrap().after().balance(at(30)).unwrap();
    assert_eq!([balance.available, balance.held, balance.frozen].map(Credits::get), [100, 40, 0]);
}

#[tokio::test]
async fn a_lost_dispute_takes_what_is_left_and_what_comes_back() {
    for (owe_spent, debt) in [(false, 0), (true, 20)] {
        let story = bought().await;
        for (generation, count) in [("g1", 20), ("g2", 30)] {
            story.run(&place(generation, count), 10).await;
        }
        story.run(&settle("g1", Ending::Succeeded), 11).await;
        story.run(&report("du_1", 20, DisputeEffect::Freezes), 20).await;
        let lost = DisputeEffect::Takes { takes: Takes::Remaining, owe_spent };
        story.run(&report("du_1", 30, lost), 30).await;
        assert_eq!(story.numbers(1), [100, 0, 30, 20, 0, 50], "{owe_spent}");
        assert_eq!((story.debt(), story.available(30)), (debt, 40));
        story.run(&settle("g2", FAILED), 31).await;
        assert_eq!(story.numbers(1), [100, 0, 0, 20, 0, 80], "{owe_spent}");
        // An appeal that is won undoes all of it.
        story.run(&report("du_1", 40, FREES), 40).await;
        assert_eq!(story.numbers(1), [100, 80, 0, 20, 0, 0], "{owe_spent}");
        assert_eq!((story.debt(), story.available(40)), (0, 120));
    }
}

#[tokio::test]
async fn e14_money_that_is_reinstated_in_part_brings_its_credits_back() {
    let story = bought().await;
    story.run(&report("du_1", 20, takes(Takes::Remaining)), 20).await;
    assert_eq!(story.numbers(1), [100, 0, 0, 0, 0, 100]);
    story.run(&report("du_1", 30, takes(Takes::UpTo(credits(60)))), 30).await;
    assert_eq!(story.numbers(1), [100, 40, 0, 0, 0, 60]);
    assert_eq!(story.available(30), 80, "what is left of the lot is usable");
}

#[tokio::test]
async fn h9_frozen_credits_do_not_expire_and_a_thaw_gives_them_their_time() {
    let story = Story::new();
    story.grant("pi_1", 100, Some("sub_1")).await;
    story.end("sub_1", at(0), 0).await;
    story.run(&report("du_1", 50 * DAY_S, DisputeEffect::Freezes), 50 * DAY_S).await;
    // The sixty days are over, and the sweep takes nothing.
    assert!(matches!(story.expire("g1", 61 * DAY_S).await, Answer::Unchanged(_)));
    assert_eq!(story.numbers(1), [100, 100, 0, 0, 0, 0]);
    let until = Some(at(100 * DAY_S));
    story.run(&report("du_1", 70 * DAY_S, DisputeEffect::Frees { until }), 70 * DAY_S).await;
    assert_eq!((story.available(70 * DAY_S), story.lot(1).expires_at), (100, until));
    assert_eq!(story.available(100 * DAY_S), 0);
    story.expire("g1", 100 * DAY_S).await;
    assert_eq!(story.numbers(1), [100, 0, 0, 0, 100, 0]);
    // Without a grace of the policy's they expire at once.
    let story = Story::new();
    story.grant("pi_1", 100, Some("sub_1")).await;
    story.end("sub_1", at(0), 0).await;
    story.run(&report("du_1", 50 * DAY_S, DisputeEffect::Freezes), 50 * DAY_S).await;
    story.run(&report("du_1", 70 * DAY_S, FREES), 70 * DAY_S).await;
    assert_eq!(story.numbers(1), [100, 0, 0, 0, 100, 0]);
}

#[tokio::test]
async fn h8_frozen_and_revoked_lots_have_nothing_that_is_due() {
    let story = Story::new();
    story.grant("pi_1", 100, Some("sub_1")).await;
    story.end("sub_1", at(0), 0).await;
    for effect in [DisputeEffect::Freezes, takes(Takes::Remaining)] {
        let order = if effect == DisputeEffect::Freezes { 10 } else { 20 };
        story.run(&report("du_1", order, effect), order).await;
        let journal = story.store.journal(&story.account);
        assert_eq!(journal.last().unwrap().after().next_due(), None, "{effect:?}");
        assert!(matches!(story.expire("g1", 90 * DAY_S).await, Answer::Unchanged(_)), "{effect:?}");
    }
}

#[tokio::test]
async fn h8_a_lot_that_expires_while_its_refund_is_pending_loses_nothing_but_what_has_expired() {
    // The leftover expires on the 61st day. What a pending refund has taken is not in the lot by then; it
    // comes back with the lot's own expiry if the refund fails.
    let (early, late) = (20 * DAY_S, 91 * DAY_S);
    for (taken, failed_at) in [(100, early), (100, late), (30, early), (30, late)] {
        let story = Story::new();
        story.grant("pi_1", 100, Some("sub_1")).await;
        story.end("sub_1", at(0), 0).await;
        story.run(&revoke(taken), 10 * DAY_S).await;
        let left = 100 - taken;
        let is_due = || story.store.journal(&story.account).last().unwrap().after().next_due().is_some();
        assert_eq!(is_due(), left > 0, "{taken}");
        if failed_at == early {
            story.run(&restore(taken), early).await;
            assert_eq!(story.numbers(1), [100, 100, 0, 0, 0, 0]);
            assert_eq!(story.available(60 * DAY_S - 1), 100, "they can be used until they expire");
        }
        story.expire("sweep", 90 * DAY_S).await;
        if failed_at == late {
            assert_eq!(story.numbers(1), [100, 0, 0, 0, left, taken]);
            story.run(&restore(taken), late).await;
            assert_eq!(story.numbers(1), [100, taken, 0, 0, left, 0]);
            assert_eq!((story.available(late), is_due()), (0, true), "they expired meanwhile");
            story.expire("sweep", late + DAY_S).await;
        }
        assert_eq!((story.numbers(1), is_due()), ([100, 0, 0, 0, 100, 0], false), "{taken} {failed_at}");
    }
}

#[tokio::test]
async fn a_refund_and_a_lost_dispute_leave_the_same_in_either_order() {
    // A refund of 30 credits' money that fails later, and a dispute of 60 credits' money that is won later.
    let lost = || report("du_1", 20, takes(Takes::UpTo(credits(60))));
    let story = bought().await;
    story.run(&revoke(30), 10).await;
    story.run(&lost(), 20).await;
    let other = bought().await;
    other.run(&lost(), 10).await;
    other.run(&revoke(30), 20).await;
    assert_eq!(story.numbers(1), [100, 10, 0, 0, 0, 90]);
    assert_eq!(other.numbers(1), story.numbers(1));
    for story in [&story, &other] {
        story.run(&restore(30), 30).await;
        assert_eq!(story.numbers(1), [100, 40, 0, 0, 0, 60]);
        story.run(&report("du_1", 40, FREES), 40).await;
        assert_eq!(story.numbers(1), [100, 100, 0, 0, 0, 0]);
    }
    // All of the money is refunded before the bank takes it: nothing is taken twice, and nothing comes back.
    let story = bought().await;
    let payment = PaymentId::new("pi_1").unwrap();
    let whole = Command::Revoke { payment, takes: Takes::Remaining, owe_spent: false };
    story.run(&whole, 10).await;
    story.run(&report("du_1", 20, takes(Takes::Remaining)), 20).await;
    story.run(&report("du_1", 30, FREES), 30).await;
    assert_eq!(story.numbers(1), [100, 0, 0, 0, 0, 100]);
    assert!(story.lot(1).is_closed());
}

#[tokio::test]
async fn two_disputes_of_one_payment_are_told_apart() {
    let story = bought().await;
    story.run(&report("du_1", 10, DisputeEffect::Freezes), 10).await;
    story.run(&report("du_2", 20, DisputeEffect::Freezes), 20).await;
    story.run(&report("du_1", 30, FREES), 30).await;
    assert_eq!(story.available(30), 40, "the other dispute is open");
    story.run(&report("du_2", 40, FREES), 40).await;
    assert_eq!(story.available(40), 140);
}

#[tokio::test]
async fn a_renewal_replaces_what_is_frozen() {
    use ledger::{Grant, Period};
    let story = Story::new();
    let charge = |payment: &str, day: u64, replaces: bool| {
        let grant = ledger::contract::grant(&story.account, payment, 100, Some("sub_1"));
        let period = Some(Period { starts_at: at(day * DAY_S), replaces });
        Command::Grant(Grant { period, ..grant })
    };
    story.run(&charge("pi_1", 0, false), 0).await;
    story.run(&report("du_1", 10, DisputeEffect::Freezes), 10).await;
    story.run(&charge("pi_2", 30, true), 30 * DAY_S).await;
    story.run(&report("du_1", 20, FREES), 31 * DAY_S).await;
    assert_eq!(story.numbers(1), [100, 0, 0, 0, 100, 0]);
    assert_eq!(story.available(31 * DAY_S), 100);
}

/// The reports of a dispute: place in the order, and effect.
fn reports() -> impl Strategy<Value = Vec<(u64, DisputeEffect)>> {
    let effect = prop_oneof![
        Just(DisputeEffect::Freezes),
        Just(FREES),
        Just(DisputeEffect::Frees { until: Some(at(90 * DAY_S)) }),
        Just(takes(Takes::Remaining)),
        (0..120_u64).prop_map(|limit| takes(Takes::UpTo(credits(limit)))),
        (0..120_u64, any::<bool>()).prop_map(|(limit, all)| DisputeEffect::Takes {
            takes: if all { Takes::Remaining } else { Takes::UpTo(credits(limit)) },
            owe_spent: true,
        }),
    ];
    prop::collection::vec(effect, 1..6).prop_map(|effects| (1_u64..).zip(effects).collect())
}

/// What is left after the reports: the lot's numbers, its expiry, its dispute without what it is made of, and
/// the debt.
async fn after(reports: &[(u64, DisputeEffect)]) -> ([u64; 6], Option<Timestamp>, String, u64) {
    let story = Story::new();
    story.grant("pi_1", 100, Some("sub_1")).await;
    story.end("sub_1", at(0), 0).await;
    story.run(&place("g1", 25), 1).await;
    story.run(&settle("g1", Ending::Succeeded), 2).await;
    for (order, effect) in reports {
        story.run(&report("du_1", *order, *effect), 1000).await;
    }
    let lot = story.lot(1);
    (story.numbers(1), lot.expires_at, format!("{:?}", lot.disputes), story.debt())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// The newest report decides: in any order and with copies, what is left is what it alone leaves. A thaw
    /// that was followed by another end keeps the time that it gave.
    #[test]
    fn b3_e15_the_newest_report_of_a_dispute_decides_in_every_order(
        (told, shuffled) in reports().prop_flat_map(|told| {
            let copies = [told.clone(), told.clone()].concat();
            (Just(told), Just(copies).prop_shuffle())
        }),
    ) {
        let newest = told.last().copied().unwrap();
        let extends = |effect: &DisputeEffect| matches!(effect, DisputeEffect::Frees { until: Some(_) });
        let (alone, shuffled) = (block_on(after(&[newest])), block_on(after(&shuffled)));
        let mixed = told.iter().any(|(_, effect)| extends(effect)) && !extends(&newest.1);
        prop_assert_eq!((&shuffled.0, &shuffled.2, shuffled.3), (&alone.0, &alone.2, alone.3));
        prop_assert!(mixed || shuffled.1 == alone.1, "{:?} {:?}", shuffled.1, alone.1);
    }
}

#[tokio::test]
async fn a_report_says_what_it_moved_and_a_repeat_says_nothing() {
    let story = bought().await;
    let freezes = report("du_1", 20, DisputeEffect::Freezes);
    let Answer::Written { entry, .. } = story.run(&freezes, 20).await else { panic!("not written") };
    let [Change::Frozen { part, .. }] = entry.changes() else { panic!("{:?}", entry.changes()) };
    assert_eq!(part.credits, credits(100));
    assert!(matches!(story.run(&freezes, 21).await, Answer::Unchanged(_)));
    let unknown = Command::Dispute(DisputeReport {
        payment: PaymentId::new("pi_9").unwrap(),
        dispute: DisputeId::new("du_9").unwrap(),
        order: at(1),
        effect: DisputeEffect::Freezes,
    });
    assert_eq!(refusal(&story.run(&unknown, 22).await), Some(Rejection::NoSuchLot));
}
