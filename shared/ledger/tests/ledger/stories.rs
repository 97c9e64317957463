//! Single stories of an account: each rule of the text that the ledger itself holds.

use ledger::contract::{adjust, at, grant, place, settle};
use ledger::{
    AdjustmentKind, Answer, Change, Command, Credits, Ending, GenerationId, LOTS_MAX, PaymentId, Period,
    Rejection, ReleaseReason, Settlement, SettlementOutcome, SubscriptionId, Takes, Timestamp, check_journal,
};

use crate::memory::MemoryError;
use crate::story::{DAY_S, Story};

fn parts(change: &Change) -> Vec<(u32, u64)> {
    match change {
        Change::Held(hold) => hold.parts.iter().map(|part| (part.lot.0, part.credits.get())).collect(),
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn s2_2_a_failed_generation_gives_the_credits_back_to_the_lots_they_came_from() {
    let story = Story::new();
    story.grant("pi_pack", 100, None).await;
    story.grant("pi_sub", 30, Some("sub_1")).await;
    let Answer::Written { entry, .. } = story.run(&place("g1", 50), 1).await else { panic!("held") };
    // Subscription before pack, both without an expiry.
    assert_eq!(parts(&entry.changes()[0]), [(2, 30), (1, 20)]);
    story.run(&settle("g1", Ending::Failed(ReleaseReason::Failed)), 2).await;
    assert_eq!((story.numbers(1), story.numbers(2)), ([100, 100, 0, 0, 0, 0], [30, 30, 0, 0, 0, 0]));
}

#[tokio::test]
async fn a_customer_who_buys_four_times_a_day_never_runs_out_of_room() {
    let story = Story::new();
    let bought = u32::try_from(LOTS_MAX).unwrap() * 3 / 2;
    for number in 1..=bought {
        let seconds = u64::from(number) * DAY_S / 4;
        story.grant(&format!("pi_{number}"), 10, None).await;
        let generation = format!("g{number}");
        let held = story.run(&place(&generation, 10), seconds).await;
        assert!(matches!(held, Answer::Written { .. }), "{number}: {held:?}");
        story.run(&settle(&generation, Ending::Succeeded), seconds).await;
    }
    story.grant("pi_last", 10, None).await;
    let seconds = u64::from(bought) * DAY_S / 4;
    assert_eq!(story.available(seconds), 10);
    assert_eq!(story.lot(bought + 1).granted.get(), 10);
}

#[tokio::test]
async fn s2_26_leftover_credits_expire_sixty_days_after_the_end_and_s2_22_packs_never_do() {
    let story = Story::new();
    story.grant("pi_sub", 30, Some("sub_1")).await;
    story.grant("pi_pack", 100, None).await;
    let ended = 10 * DAY_S;
    story.end("sub_1", at(ended), ended).await;
    assert_eq!(story.lot(1).expires_at, Some(at(70 * DAY_S)));
    assert_eq!(story.lot(2).expires_at, None);
    assert_eq!(story.store.marker(&story.account), Some(at(70 * DAY_S)));
    for (seconds, expected) in [(70 * DAY_S - 1, 130), (70 * DAY_S, 100), (70 * DAY_S + 1, 100)] {
        // Unusable at once, whether or not the sweep has run.
        assert_eq!(story.available(seconds), expected, "{seconds}");
    }
    assert_eq!(story.expire("g1", 70 * DAY_S - 1).await, Answer::Unchanged(Vec::new()));
    assert!(matches!(story.expire("g1", 70 * DAY_S).await, Answer::Written { .. }));
    assert_eq!(story.expire("g1", 70 * DAY_S + 1).await, Answer::Unchanged(Vec::new()));
    assert_eq!((story.numbers(1), story.numbers(2)), ([30, 0, 0, 0, 30, 0], [100, 100, 0, 0, 0, 0]));
}

#[tokio::test]
async fn s0_16_s1_1_s2_25_s2_26_credits_stay_usable_to_the_last_millisecond_after_cancelling() {
    // Without left-over days the end of the paid period is the end of the credits.
    for leftover_s in [0, 60 * DAY_S] {
        let story = Story::new();
        story.grant("pi_sub", 30, Some("sub_1")).await;
        let subscription = SubscriptionId::new("sub_1").unwrap();
        let end = Command::StartExpiry {
            subscription,
            ended_at: at(30 * DAY_S),
            leftover_s,
            pauses_leftover_expiry: true,
        };
        story.run(&end, 10 * DAY_S).await;
        story.run(&place("before", 10), 30 * DAY_S - 1).await;
        story.run(&settle("before", Ending::Succeeded), 30 * DAY_S - 1).await;
        assert_eq!(story.numbers(1), [30, 20, 0, 10, 0, 0]);
        let last_ms = at(30 * DAY_S + leftover_s).as_ms();
        let account = story.store.journal(&story.account).last().unwrap().after().clone();
        for (ms, expected) in [(last_ms - 1, 20), (last_ms, 0), (last_ms + 1, 0)] {
            let now = Timestamp::from_ms(ms).unwrap();
            assert_eq!(account.balance(now).unwrap().available.get(), expected, "{leftover_s} {ms}");
        }
        let late = story.run(&place("after", 10), 30 * DAY_S + leftover_s).await;
        assert!(matches!(late, Answer::Refused(Rejection::NotEnough { .. })), "{late:?}");
    }
}

#[tokio::test]
async fn s2_23_s4_11_a_pack_lives_through_plan_changes_cancellation_reactivation_and_years() {
    let story = Story::new();
    story.grant("pi_pack", 100, None).await;
    story.grant("pi_small", 30, Some("sub_small")).await;
    let subscribe = |payment: &str, subscription: &str, day: u64| {
        let mut grant = grant(&story.account, payment, 30, Some(subscription));
        grant.pauses_leftover_expiry = true;
        grant.period = Some(Period { starts_at: at(day * DAY_S), replaces: true });
        Command::Grant(grant)
    };
    // Another plan takes over, is renewed and cancelled; a third begins much later and ends as well.
    story.run(&subscribe("pi_large", "sub_large", 10), 10 * DAY_S).await;
    story.end("sub_small", at(10 * DAY_S), 10 * DAY_S).await;
    story.run(&subscribe("pi_renewal", "sub_large", 40), 40 * DAY_S).await;
    story.end("sub_large", at(70 * DAY_S), 50 * DAY_S).await;
    story.expire("none", 200 * DAY_S).await;
    story.run(&subscribe("pi_again", "sub_again", 300), 300 * DAY_S).await;
    story.end("sub_again", at(330 * DAY_S), 330 * DAY_S).await;
    story.expire("none", 400 * DAY_S).await;
    assert_eq!((story.numbers(1), story.lot(1).expires_at), ([100, 100, 0, 0, 0, 0], None));
    let years = 20 * 365 * DAY_S;
    story.expire("none", years).await;
    assert_eq!(story.available(years), 100);
    story.run(&place("g1", 100), years).await;
    story.run(&settle("g1", Ending::Succeeded), years + 1).await;
    assert_eq!(story.numbers(1), [100, 0, 0, 100, 0, 0]);
}

#[tokio::test]
async fn b5_an_end_that_is_reported_before_the_last_invoice_sets_the_same_clock() {
    let story = Story::new();
    story.end("sub_1", at(5), 5).await;
    story.grant("pi_sub", 30, Some("sub_1")).await;
    assert_eq!(story.lot(1).expires_at, Some(at(5 + 60 * DAY_S)));
}

#[tokio::test]
async fn subscribing_again_stops_the_clock_until_the_second_subscription_ends() {
    let story = Story::new();
    story.grant("pi_1", 30, Some("sub_1")).await;
    story.end("sub_1", at(100), 100).await;
    let mut again = grant(&story.account, "pi_2", 30, Some("sub_2"));
    again.pauses_leftover_expiry = true;
    story.run(&Command::Grant(again), 200).await;
    assert_eq!(story.lot(1).expires_at, None);
    story.end("sub_2", at(300), 300).await;
    assert_eq!(story.lot(1).expires_at, Some(at(300 + 60 * DAY_S)));
}

#[tokio::test]
async fn b3_an_end_that_is_reported_after_the_next_subscription_began_starts_no_clock() {
    let story = Story::new();
    story.grant("pi_1", 30, Some("sub_1")).await;
    let mut again = grant(&story.account, "pi_2", 30, Some("sub_2"));
    again.pauses_leftover_expiry = true;
    story.run(&Command::Grant(again), 200).await;
    story.end("sub_1", at(100), 300).await;
    assert_eq!(story.lot(1).expires_at, None);
    story.end("sub_2", at(400), 400).await;
    assert_eq!(story.lot(1).expires_at, Some(at(400 + 60 * DAY_S)));
    assert_eq!(story.lot(2).expires_at, Some(at(400 + 60 * DAY_S)));
}

#[tokio::test]
async fn credits_of_a_job_that_fails_after_the_expiry_come_back_with_a_grace() {
    let story = Story::new();
    story.grant("pi_1", 30, Some("sub_1")).await;
    story.end("sub_1", at(0), 1).await;
    let expiry = 60 * DAY_S;
    story.run(&place("g1", 10), expiry - 60).await;
    story.run(&settle("g1", Ending::Failed(ReleaseReason::Failed)), expiry + 60).await;
    assert_eq!(story.numbers(1), [30, 10, 0, 0, 20, 0]);
    assert_eq!(story.lot(1).expires_at, Some(at(expiry + 60 + DAY_S)));
    story.expire("g1", expiry + 60 + DAY_S).await;
    assert_eq!(story.numbers(1), [30, 0, 0, 0, 30, 0]);
}

#[tokio::test]
async fn each_settlement_has_its_own_grace_and_a_hold_that_is_not_named_waits() {
    let story = Story::new();
    for (payment, subscription, generation) in
        [("pi_1", "sub_1", "g1"), ("pi_2", "sub_2", "g2"), ("pi_3", "sub_3", "g3")]
    {
        story.grant(payment, 10, Some(subscription)).await;
        story.run(&place(generation, 10), 0).await;
        story.end(subscription, at(0), 1).await;
    }
    let failed = |id: &str, grace_s| Settlement {
        generation: GenerationId::new(id).unwrap(),
        ending: Ending::Failed(ReleaseReason::Failed),
        grace_s,
        charges_late: true,
    };
    let late = 60 * DAY_S + 1;
    let settlements = vec![failed("g1", 0), failed("g2", 60)];
    story.run(&Command::Settle { by: None, settlements }, late).await;
    assert_eq!((story.numbers(1), story.numbers(2)), ([10, 0, 0, 0, 10, 0], [10, 10, 0, 0, 0, 0]));
    assert_eq!(story.lot(2).expires_at, Some(at(late + 60)));
    assert_eq!(story.expire("g1", late + 1).await, Answer::Unchanged(Vec::new()));
    assert_eq!(story.numbers(3), [10, 0, 10, 0, 0, 0]);
    story.expire("g3", late + 2).await;
    assert_eq!(story.lot(3).expires_at, Some(at(late + 2 + DAY_S)));
}

#[tokio::test]
async fn s4_5_a_hold_without_an_outcome_is_released_at_its_deadline() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.run(&place("g1", 10), 0).await;
    assert_eq!(story.store.marker(&story.account), Some(at(3000)));
    assert_eq!(story.expire("g1", 2999).await, Answer::Unchanged(Vec::new()));
    story.expire("g1", 3000).await;
    assert_eq!(story.available(3000), 30);
}

#[tokio::test]
async fn s4_5_a_late_result_costs_nothing_where_the_policy_gives_it_for_free() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.run(&place("stuck", 10), 0).await;
    story.expire("stuck", 3000).await;
    story.run(&place("again", 10), 3001).await;
    story.run(&settle("again", Ending::Succeeded), 3002).await;
    let late = |charges_late| {
        let generation = GenerationId::new("stuck").unwrap();
        let settlement = Settlement { generation, ending: Ending::Succeeded, grace_s: 0, charges_late };
        Command::Settle { by: None, settlements: vec![settlement] }
    };
    let free = Answer::Unchanged(vec![SettlementOutcome::NotCharged]);
    for now_s in [3003, 3004] {
        assert_eq!(story.run(&late(false), now_s).await, free, "every time");
        assert_eq!(story.numbers(1), [30, 20, 0, 10, 0, 0], "the second submission alone is paid");
    }
    let Answer::Written { outcomes, .. } = story.run(&late(true), 3005).await else { panic!("charged") };
    assert_eq!((outcomes, story.available(3005)), (vec![SettlementOutcome::ChargedLate], 10));
}

#[tokio::test]
async fn a_late_capture_without_credits_is_recorded_and_takes_nothing() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.run(&place("g1", 20), 0).await;
    story.expire("g1", 3000).await;
    story.run(&place("g2", 30), 3001).await;
    let Answer::Written { outcomes, .. } = story.run(&settle("g1", Ending::Succeeded), 3002).await else {
        panic!("recorded")
    };
    assert_eq!(outcomes, [SettlementOutcome::Uncollected]);
    assert_eq!(story.numbers(1), [30, 0, 30, 0, 0, 0]);
}

#[tokio::test]
async fn s3_22_a_revocation_takes_what_is_left_of_that_payment_and_nothing_else() {
    let story = Story::new();
    story.grant("pi_1", 30, Some("sub_1")).await;
    story.grant("pi_2", 40, None).await;
    story.run(&place("g1", 10), 1).await;
    let revoke = Command::Revoke {
        payment: PaymentId::new("pi_1").unwrap(),
        takes: Takes::Remaining,
        owe_spent: false,
    };
    story.run(&revoke, 2).await;
    assert_eq!((story.numbers(1), story.numbers(2)), ([30, 0, 10, 0, 0, 20], [40, 40, 0, 0, 0, 0]));
    // What comes back to the lot of a refunded payment is revoked at once.
    story.run(&settle("g1", Ending::Failed(ReleaseReason::Failed)), 3).await;
    assert_eq!(story.numbers(1), [30, 0, 0, 0, 0, 30]);
    assert_eq!(story.run(&revoke, 4).await, Answer::Unchanged(Vec::new()));
}

#[tokio::test]
async fn e9_a_revocation_is_undone_once_when_its_refund_fails() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.run(&place("g1", 10), 1).await;
    story.run(&settle("g1", Ending::Succeeded), 1).await;
    let payment = PaymentId::new("pi_1").unwrap();
    story
        .run(&Command::Revoke { payment: payment.clone(), takes: Takes::Remaining, owe_spent: true }, 2)
        .await;
    assert_eq!(story.numbers(1), [30, 0, 0, 10, 0, 20]);
    let restore =
        Command::Restore { payment, credits: Credits::new(20).unwrap(), debt: Credits::new(10).unwrap() };
    story.run(&restore, 3).await;
    assert_eq!(story.run(&restore, 4).await, Answer::Unchanged(Vec::new()));
    assert_eq!(story.numbers(1), [30, 20, 0, 10, 0, 0]);
}

#[tokio::test]
async fn e10_a_failed_refund_restores_what_came_back_to_the_lot_meanwhile() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.run(&place("g1", 10), 1).await;
    let payment = PaymentId::new("pi_1").unwrap();
    story
        .run(&Command::Revoke { payment: payment.clone(), takes: Takes::Remaining, owe_spent: false }, 2)
        .await;
    story.run(&settle("g1", Ending::Failed(ReleaseReason::Failed)), 3).await;
    assert_eq!(story.numbers(1), [30, 0, 0, 0, 0, 30]);
    story
        .run(&Command::Restore { payment, credits: Credits::new(20).unwrap(), debt: Credits::ZERO }, 4)
        .await;
    assert_eq!(story.numbers(1), [30, 30, 0, 0, 0, 0]);
}

#[tokio::test]
async fn e10_refunds_of_parts_are_undone_one_by_one_in_any_order() {
    let part = |count| Takes::UpTo(Credits::new(count).unwrap());
    let restore = |count, debt| Command::Restore {
        payment: PaymentId::new("pi_1").unwrap(),
        credits: Credits::new(count).unwrap(),
        debt: Credits::new(debt).unwrap(),
    };
    for whole_fails_first in [true, false] {
        let story = Story::new();
        story.grant("pi_1", 100, None).await;
        story.run(&place("g1", 5), 1).await;
        story.run(&place("g2", 20), 1).await;
        story.run(&settle("g2", Ending::Succeeded), 1).await;
        let revoke =
            |takes| Command::Revoke { payment: PaymentId::new("pi_1").unwrap(), takes, owe_spent: true };
        story.run(&revoke(part(30)), 2).await;
        // Part of a lot that is open: what comes back stays, and nothing is owed while credits are left.
        assert_eq!((story.numbers(1), story.debt()), ([100, 45, 5, 20, 0, 30], 0));
        story.run(&revoke(part(50)), 3).await;
        assert_eq!((story.numbers(1), story.debt()), ([100, 0, 5, 20, 0, 75], 5));
        // The rest closes the lot: spent credits are owed once, whichever part they belong to.
        story.run(&revoke(Takes::Remaining), 4).await;
        assert_eq!((story.numbers(1), story.debt()), ([100, 0, 5, 20, 0, 75], 20));
        story.run(&settle("g1", Ending::Failed(ReleaseReason::Failed)), 5).await;
        assert_eq!(story.numbers(1), [100, 0, 0, 20, 0, 80]);
        let fails = if whole_fails_first { [(0, 15), (30, 0)] } else { [(30, 0), (0, 15)] };
        for (credits, debt) in fails {
            story.run(&restore(credits, debt), 6).await;
        }
        // The part of 45 credits and 5 owed ones stands; what came back to the lot is the customer's.
        assert_eq!((story.numbers(1), story.debt()), ([100, 35, 0, 20, 0, 45], 5));
    }
}

#[tokio::test]
async fn b3_lots_taken_over_by_a_subscription_that_has_ended_end_with_it() {
    let story = Story::new();
    story.grant("pi_1", 30, Some("sub_1")).await;
    story.end("sub_1", at(100), 100).await;
    story.end("sub_2", at(300), 150).await;
    let mut again = grant(&story.account, "pi_2", 30, Some("sub_2"));
    again.pauses_leftover_expiry = true;
    story.run(&Command::Grant(again), 200).await;
    for lot in [1, 2] {
        assert_eq!(story.lot(lot).expires_at, Some(at(300 + 60 * DAY_S)), "lot {lot}");
    }
}

#[tokio::test]
async fn debt_is_paid_off_by_the_next_grant() {
    let story = Story::new();
    story.grant("pi_1", 30, None).await;
    story.run(&place("g1", 10), 1).await;
    story.run(&settle("g1", Ending::Succeeded), 1).await;
    story
        .run(
            &Command::Revoke {
                payment: PaymentId::new("pi_1").unwrap(),
                takes: Takes::Remaining,
                owe_spent: true,
            },
            2,
        )
        .await;
    story.grant("pi_2", 25, None).await;
    assert_eq!(story.numbers(2), [25, 15, 0, 10, 0, 0]);
    let journal = story.store.journal(&story.account);
    assert_eq!(journal.last().unwrap().after().debt, Credits::ZERO);
}

#[tokio::test]
async fn refused_holds_say_why() {
    let story = Story::new();
    story.grant("pi_1", 5, None).await;
    let needed = Credits::new(6).unwrap();
    let expected = Rejection::NotEnough { available: Credits::new(5).unwrap(), needed };
    assert_eq!(story.run(&place("g1", 6), 1).await, Answer::Refused(expected));
    assert_eq!(story.run(&place("g1", 0), 1).await, Answer::Refused(Rejection::NoCredits));
    story.run(&adjust("adj_1", AdjustmentKind::Suspension), 2).await;
    assert_eq!(story.run(&place("g1", 1), 3).await, Answer::Refused(Rejection::Suspended));
    story.run(&adjust("adj_2", AdjustmentKind::Resumption), 4).await;
    assert!(matches!(story.run(&place("g1", 1), 5).await, Answer::Written { .. }));
}

#[tokio::test]
async fn f4_a_write_whose_reply_was_lost_is_treated_as_done() {
    let story = Story::new();
    story.grant("pi_1", 5, None).await;
    story.store.fail_commits([MemoryError::After]);
    let command = place("g1", 1);
    let order = ledger::Order {
        account: &story.account,
        command: &command,
        cause: ledger::Cause::Generation,
        actor: ledger::Actor::Service("suite".to_owned()),
        policy: None,
        records: Vec::new(),
    };
    let lost = ledger::execute(&story.store, &ledger::contract::NoPause, &order, at(1)).await;
    assert!(lost.is_err());
    let again = story.run(&command, 1).await;
    assert!(matches!(again, Answer::Placed(_)), "{again:?}");
    assert_eq!(story.store.journal(&story.account).len(), 2);
}

/// Counts the pauses it is asked for.
#[derive(Default)]
struct Counted(std::sync::atomic::AtomicU32);

impl ledger::Pause for Counted {
    fn attempts_max(&self) -> u32 {
        5
    }

    async fn pause(&self, _attempt: u32) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
}

#[tokio::test]
async fn f1_a_transaction_that_meets_another_is_tried_again_after_a_pause_and_within_a_bound() {
    let story = Story::new();
    story.grant("pi_1", 5, None).await;
    for (generation, conflicts, pauses, written) in [("g1", 4, 4, true), ("g2", 5, 5, false)] {
        let command = place(generation, 1);
        let order = ledger::Order {
            account: &story.account,
            command: &command,
            cause: ledger::Cause::Generation,
            actor: ledger::Actor::Service("suite".to_owned()),
            policy: None,
            records: Vec::new(),
        };
        let pause = Counted::default();
        story.store.contend(conflicts);
        let answer = ledger::execute(&story.store, &pause, &order, at(1)).await;
        assert_eq!(pause.0.into_inner(), pauses);
        assert_eq!(answer.is_ok(), written, "{answer:?}");
        if !written {
            assert!(matches!(answer, Err(ledger::ExecuteError::Busy)));
        }
    }
}

#[tokio::test]
async fn i4_a_changed_line_is_found_by_the_chain() {
    let story = Story::new();
    story.grant("pi_1", 5, None).await;
    story.run(&place("g1", 1), 1).await;
    let mut journal = story.store.journal(&story.account);
    let tampered = journal[0].body().replace("[5,5,", "[9,9,");
    assert_ne!(tampered, journal[0].body());
    journal[0] = ledger::Entry::read(story.account.clone(), tampered, journal[0].hash()).unwrap();
    let invariants: Vec<u8> = check_journal(&journal).iter().map(|breach| breach.invariant).collect();
    assert!(invariants.contains(&7), "{invariants:?}");
}

#[tokio::test]
async fn i4_an_entry_of_another_account_has_no_place_in_the_chain() {
    let story = Story::new();
    story.grant("pi_1", 5, None).await;
    let entry = story.store.journal(&story.account).pop().unwrap();
    let thief = ledger::AccountId::new("customer-2").unwrap();
    let moved = ledger::Entry::read(thief, entry.body().to_owned(), entry.hash()).unwrap();
    let invariants: Vec<u8> = check_journal(&[moved]).iter().map(|breach| breach.invariant).collect();
    assert_eq!(invariants, [7]);
}

#[tokio::test]
async fn what_a_generation_did_not_use_goes_back_to_the_lots_that_would_be_spent_last() {
    let story = Story::new();
    for (payment, count) in [("pi_1", 3), ("pi_2", 10)] {
        story.run(&Command::Grant(grant(&story.account, payment, count, None)), 0).await;
    }
    story.run(&place("g1", 8), 1).await;
    let used = Ending::SucceededUsing(Credits::new(4).unwrap());
    story.run(&settle("g1", used), 2).await;
    let of = |lot: u32| (story.lot(lot).spent.get(), story.lot(lot).available.get());
    assert_eq!((of(1), of(2)), ((3, 0), (1, 9)));
    story.run(&settle("g1", Ending::Failed(ReleaseReason::Failed)), 3).await;
    assert_eq!((of(1), of(2)), ((0, 3), (0, 10)));
}
