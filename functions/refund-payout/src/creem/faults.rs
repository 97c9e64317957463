//! What a provider with a running total alone does to payouts, and that each ends in exactly one refund or
//! none.

use lambda::backoff::Backoff;
use ledger::contract::{DAY_S, at};
use ledger::{Actor, Provider};
use refunds::{
    ActionSource, BY_HAND_CLOCK, HoldBackOutcome, RefundStatus, RequestStore, Save, SaveOutcome, State,
    TotalOutcome, fingerprint, hold_back,
};

use super::world::{Order, World, document, usd};
use crate::plan::Plan;
use crate::runner::PayoutError;

#[tokio::test]
async fn s3_23_all_that_is_left_goes_back_through_creem_once() {
    let world = World::of(1000).await;
    assert_eq!(world.numbers().await, (0, 1000));
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Refunded);
    for second in 4..9 {
        assert_eq!(world.pay(at(second)).await.unwrap(), State::Refunded);
    }
    assert_eq!((world.orders(), world.refunded(), world.numbers().await), (1, 1000, (0, 1000)));
    let steps = world.stored(&world.request).await;
    assert_eq!(steps.steps().last().unwrap().actor, Actor::Provider(Provider::Creem));
    // Its event says what is known.
    let known = TotalOutcome::Applied { moved: Vec::new(), outside: None };
    assert_eq!(world.report(RefundStatus::Succeeded, 1000, Some(1000)).await, known);
}

#[tokio::test]
async fn e1_creem_a_refund_whose_answer_was_lost_is_found_in_the_total_and_not_repeated() {
    let world = World::of(1000).await;
    world.at_creem.next.set(Order::LostAfter);
    assert!(world.pay(at(3)).await.is_err());
    assert_eq!((world.state().await, world.refunded()), (State::Paying, 1000));
    assert_eq!(world.pay(at(10)).await.unwrap(), State::Refunded);
    assert_eq!((world.orders(), world.numbers().await), (1, (0, 1000)));
}

#[tokio::test]
async fn e2_creem_a_call_that_got_lost_is_not_repeated_while_it_may_be_under_way() {
    let world = World::of(1000).await;
    world.at_creem.next.set(Order::LostBefore);
    assert!(world.pay(at(3)).await.is_err());
    for second in [4, 60, 122] {
        assert!(matches!(world.pay(at(second)).await, Err(PayoutError::UnderWay)), "{second}");
    }
    assert_eq!(world.orders(), 1);
    world.at_creem.next.set(Order::LostBefore);
    assert!(world.pay(at(123)).await.is_err());
    assert!(matches!(world.pay(at(200)).await, Err(PayoutError::UnderWay)), "asked again a moment ago");
    assert_eq!(world.pay(at(25 * 3600)).await.unwrap(), State::Refunded);
    assert_eq!((world.orders(), world.refunded(), world.numbers().await), (3, 1000, (0, 1000)));
}

#[tokio::test]
async fn e3_creem_a_server_error_is_looked_into_before_another_order() {
    let world = World::of(1000).await;
    world.at_creem.next.set(Order::Fails);
    assert!(matches!(world.pay(at(3)).await, Err(PayoutError::UnderWay)));
    assert_eq!((world.orders(), world.at_creem.looks.get()), (1, 2));
    assert_eq!(world.pay(at(130)).await.unwrap(), State::Refunded);
    assert_eq!((world.orders(), world.refunded()), (2, 1000));
}

#[tokio::test]
async fn e4_creem_two_deliveries_at_once_order_once() {
    let world = World::of(1000).await;
    let (one, other) = tokio::join!(world.pay(at(3)), world.pay(at(4)));
    let outcomes = [one, other];
    assert!(outcomes.iter().any(|outcome| matches!(outcome, Ok(State::Refunded))), "{outcomes:?}");
    assert_eq!((world.orders(), world.refunded(), world.numbers().await), (1, 1000, (0, 1000)));
}

#[tokio::test]
async fn e6_creem_what_creem_declines_as_refunded_is_the_refund_that_the_total_has() {
    let world = World::of(1000).await;
    // Creem makes a refund of its own between the look and the order.
    let seen = world.pay(at(3));
    world.at_creem.next.set(Order::Declined);
    let order = async { world.at_creem.refunded.set(1000) };
    // The look comes first, and the order yields.
    let (paid, ()) = tokio::join!(seen, order);
    assert_eq!(paid.unwrap(), State::Refunded);
    assert_eq!(world.numbers().await, (0, 1000));
}

#[tokio::test]
async fn e7_creem_what_creem_declines_for_good_gives_the_credits_back() {
    let world = World::of(1000).await;
    world.at_creem.next.set(Order::Declined);
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Failed);
    assert_eq!((world.refunded(), world.numbers().await), (0, (100, 0)));
    let request = world.stored(&world.request).await;
    assert_eq!(request.payout().unwrap().failure(), Some("not_refundable"));
}

#[tokio::test]
async fn e8_creem_a_refund_stays_pending_although_the_transaction_reads_as_refunded() {
    let world = World::of(1000).await;
    world.at_creem.next.set(Order::Pends);
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Paying);
    let request = world.stored(&world.request).await;
    assert_eq!(request.payout().unwrap().first.refund.as_ref().unwrap().as_str(), "tran_1~1000");
    assert_eq!(request.due_at(), Some(at(3 + 6 * 3600)), "the sweep has it looked at more than once a day");
    // A message too many looks at nothing, and the sweep's own does.
    let looks = world.at_creem.looks.get();
    assert_eq!(world.pay(at(60)).await.unwrap(), State::Paying);
    assert_eq!(world.at_creem.looks.get(), looks);
    assert_eq!(world.pay(at(3 + 6 * 3600)).await.unwrap(), State::Refunded);
    assert_eq!((world.orders(), world.numbers().await), (1, (0, 1000)));
}

#[tokio::test]
async fn e8_creem_the_event_confirms_a_pending_refund_once() {
    let world = World::of(1000).await;
    world.at_creem.next.set(Order::Pends);
    world.pay(at(3)).await.unwrap();
    let known = TotalOutcome::Applied { moved: Vec::new(), outside: None };
    assert_eq!(world.report(RefundStatus::Pending, 1000, Some(1000)).await, known);
    assert_eq!(world.state().await, State::Paying);
    world.report(RefundStatus::Succeeded, 1000, Some(1000)).await;
    assert_eq!(world.state().await, State::Refunded);
    assert_eq!(world.report(RefundStatus::Succeeded, 1000, Some(1000)).await, known);
    // One that was overtaken changes nothing.
    assert_eq!(world.report(RefundStatus::Pending, 1000, Some(1000)).await, known);
    assert_eq!((world.state().await, world.numbers().await), (State::Refunded, (0, 1000)));
}

#[tokio::test]
async fn e9_e10_creem_a_refund_that_fails_gives_the_credits_back_once_and_can_be_made_again() {
    for confirmed in [false, true] {
        let world = World::of(1000).await;
        world.at_creem.next.set(if confirmed { Order::Succeeds } else { Order::Pends });
        world.pay(at(3)).await.unwrap();
        world.at_creem.refunded.set(0);
        for _ in 0..3 {
            world.report(RefundStatus::Failed, 0, Some(1000)).await;
            assert_eq!(
                (world.state().await, world.numbers().await),
                (State::Failed, (100, 0)),
                "{confirmed}"
            );
        }
        // A person approves it anew: the new refund leads to the same total, and is another one.
        let second = Box::pin(world.approve("key-2", 1000)).await;
        assert_eq!(world.pay_one(&second, at(10)).await.unwrap().state, State::Refunded);
        assert_eq!((world.state().await, world.numbers().await), (State::Failed, (0, 1000)));
    }
}

#[tokio::test]
async fn e11_creem_a_whole_refund_that_creem_makes_by_itself_settles_the_payout_and_nothing_is_ordered() {
    for reported in [false, true] {
        let world = World::of(1000).await;
        world.at_creem.refunded.set(1000);
        if reported {
            world.report(RefundStatus::Succeeded, 1000, Some(1000)).await;
            assert_eq!(world.state().await, State::Refunded);
        }
        assert_eq!(world.pay(at(3)).await.unwrap(), State::Refunded);
        assert_eq!((world.orders(), world.numbers().await), (0, (0, 1000)), "{reported}");
    }
}

/// A part that Creem gave back meanwhile counts on what was approved, and the rest is ordered.
#[tokio::test]
async fn e12_creem_a_part_that_went_back_meanwhile_is_a_part_of_the_payout() {
    for asked in [false, true] {
        let world = World::of(1000).await;
        if asked {
            world.at_creem.next.set(Order::LostBefore);
            assert!(world.pay(at(3)).await.is_err());
        }
        world.at_creem.refunded.set(300);
        world.report(RefundStatus::Succeeded, 300, Some(300)).await;
        assert_eq!(world.pay(at(200)).await.unwrap(), State::Refunded, "{asked}");
        let parts: Vec<(u64, bool)> = {
            let request = world.stored(&world.request).await;
            request.payout().unwrap().parts().map(|part| (part.amount.minor(), part.paid)).collect()
        };
        assert_eq!(parts, [(300, true), (700, true)]);
        assert_eq!((world.refunded(), world.numbers().await), (1000, (0, 1000)));
    }
}

#[tokio::test]
async fn s3_18_the_plan_ends_at_once_with_the_refund_of_its_charge() {
    let world = World::bought(Some("sub_1"), 1000).await;
    let paid = world.pay_one(&world.request, at(3)).await.unwrap();
    assert_eq!((paid.state, paid.plan), (State::Refunded, Some(Plan::Ended)));
    assert_eq!(*world.at_creem.ended.borrow(), ["sub_1"]);
    world.pay(at(4)).await.unwrap();
    assert_eq!(world.at_creem.ended.borrow().len(), 1);
}

#[tokio::test]
async fn s3_23_s3_24_a_part_is_a_persons_task_until_the_total_has_it() {
    let world = World::of(400).await;
    assert_eq!(world.numbers().await, (60, 400));
    assert_eq!(world.queue().await, [], "not before the last look at the records");
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Paying);
    let waiting = world.queue().await;
    assert_eq!(waiting[0].by_hand, Some((Provider::Creem, world.payment.clone())));
    assert_eq!(waiting[0].amount, Some(usd(400)));
    // The clock of the task: a day until people are warned, three until it is late.
    let mut request = world.stored(&world.request).await;
    request.keep_time(Some(document()));
    let clock = request.clocks().iter().find(|clock| clock.id == BY_HAND_CLOCK).cloned().unwrap();
    assert_eq!((clock.started_at, clock.warn_at), (at(3), Some(at(3 + DAY_S))));
    assert_eq!((clock.due_at, clock.ended_at), (at(3 + 3 * DAY_S), None));
    // The sweep's announcement looks, and orders nothing.
    assert_eq!(request.due_at(), Some(at(3 + 6 * 3600)));
    assert_eq!(world.pay(at(6 * 3600)).await.unwrap(), State::Paying);
    world.at_creem.refunded.set(400);
    assert_eq!(world.pay(at(7 * 3600)).await.unwrap(), State::Refunded);
    assert_eq!((world.orders(), world.queue().await), (0, Vec::new()));
    assert_eq!(world.numbers().await, (60, 400));
    let mut request = world.stored(&world.request).await;
    request.keep_time(Some(document()));
    let clock = |id: &str| request.clocks().iter().find(|clock| clock.id == id).cloned();
    assert!(clock(BY_HAND_CLOCK).is_none_or(|clock| clock.ended_at.is_some()));
    // From then on the customer waits for the bank: 5 to 10 days, and not business days (S3-24).
    let arrives = clock("refund-time").unwrap();
    assert_eq!((arrives.started_at, arrives.due_at), (at(7 * 3600), at(7 * 3600 + 10 * DAY_S)));
    assert_eq!(arrives.warn_at, Some(at(7 * 3600 + 5 * DAY_S)));
}

#[tokio::test]
async fn s3_23_a_wrong_amount_by_hand_is_seen_and_the_task_goes_on_for_the_rest_or_ends() {
    let world = World::of(400).await;
    world.pay(at(3)).await.unwrap();
    world.at_creem.refunded.set(150);
    assert_eq!(world.pay(at(10)).await.unwrap(), State::Paying);
    assert_eq!(world.queue().await[0].amount, Some(usd(250)));
    assert_eq!(world.numbers().await, (60, 400));
    // A person lets go of the rest: what was taken for it comes back, and what was refunded stays so.
    let request = world.stored(&world.request).await;
    assert!(request.can_be_held_back());
    let by = Actor::Support("agent-2".to_owned());
    let call = ActionSource { by, at: at(20), fingerprint: fingerprint(&["back"]) };
    let pause = Backoff::default();
    let back = hold_back(&world.store, &pause, &request, (&call, "It is enough."), at(20));
    let held = Box::pin(back).await;
    assert!(matches!(held, Ok(HoldBackOutcome::HeldBack(_))), "{held:?}");
    assert_eq!(world.numbers().await, (85, 150));
    assert_eq!((world.state().await, world.orders()), (State::InReview, 0));
    // The same total says nothing new, whoever reports it.
    let known = TotalOutcome::Applied { moved: Vec::new(), outside: None };
    assert_eq!(world.report(RefundStatus::Succeeded, 150, Some(150)).await, known);
}

#[tokio::test]
async fn e11_creem_more_than_was_approved_is_paid_and_the_rest_is_an_outside_refund() {
    let world = World::of(400).await;
    world.pay(at(3)).await.unwrap();
    let TotalOutcome::Applied { moved, outside } =
        world.report(RefundStatus::Succeeded, 600, Some(600)).await
    else {
        panic!("it is of this payment")
    };
    assert_eq!(moved, [(world.request.clone(), State::Refunded)]);
    let outside = outside.unwrap();
    assert_eq!((outside.id.as_str(), outside.amount), ("tran_1~600", usd(200)));
}

/// Two tasks of one payment: each refund settles the one of its amount, in any order, and one look both.
#[tokio::test]
async fn e12_creem_two_parts_by_hand_are_each_settled_by_their_amount() {
    for totals in [&[300, 700][..], &[400, 700], &[700]] {
        let world = World::of(300).await;
        let second = Box::pin(world.approve("key-2", 400)).await;
        world.pay(at(3)).await.unwrap();
        world.pay_one(&second, at(3)).await.unwrap();
        for total in totals {
            for _ in 0..2 {
                world.report(RefundStatus::Succeeded, *total, None).await;
            }
            let first_of_two = [&world.request, &second][usize::from(totals[0] == 400)];
            assert_eq!(world.stored(first_of_two).await.state(), State::Refunded, "{totals:?} {total}");
        }
        let states = [world.state().await, world.stored(&second).await.state()];
        assert_eq!(states, [State::Refunded, State::Refunded], "{totals:?}");
        assert_eq!(world.numbers().await.1, 700);
    }
}

/// What was to be a call becomes a task where Creem has more left than the records know of.
#[tokio::test]
async fn e12_creem_a_call_never_refunds_more_than_was_approved() {
    let world = World::of(400).await;
    let rest = Box::pin(world.approve("key-2", 600)).await;
    // All that the records have left, while Creem has 400 more.
    assert!(!world.stored(&rest).await.payout().unwrap().by_hand);
    assert_eq!(world.pay_one(&rest, at(3)).await.unwrap().state, State::Paying);
    assert!(world.stored(&rest).await.payout().unwrap().by_hand);
    assert_eq!((world.orders(), world.refunded()), (0, 0));
}

/// A worker that stops after any write leaves what the next one goes on from.
#[tokio::test]
async fn e1_creem_a_worker_that_stopped_after_its_intent_is_followed_by_a_look() {
    let world = World::of(1000).await;
    let mut request = world.stored(&world.request).await;
    request.ask(0, at(3), false).unwrap();
    request.count_save();
    let save = Save { request, commit: None, refunded: None };
    assert_eq!(world.store.save(&save).await.unwrap(), SaveOutcome::Written);
    assert!(matches!(world.pay(at(4)).await, Err(PayoutError::UnderWay)));
    assert_eq!(world.pay(at(600)).await.unwrap(), State::Refunded);
    assert_eq!((world.orders(), world.refunded()), (1, 1000));
}

/// Refunds by hand and by call, reports of each total in any order and any number of times, and looks between
/// them: what is on record is in the end exactly what went back, and never more than was paid.
#[tokio::test]
async fn e12_creem_totals_in_any_order_are_on_record_once() {
    for seed in 0..24_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut draw = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let world = World::of(if draw(2) == 0 { 1000 } else { 400 }).await;
        let mut requests = vec![world.request.clone()];
        if world.stored(&world.request).await.payout().unwrap().amount() == usd(400) {
            requests.push(Box::pin(world.approve("key-2", 250)).await);
        }
        let mut totals = vec![0];
        for second in 0..10 {
            match draw(4) {
                0 => {
                    let part = [100, 150, 250, 400][usize::try_from(draw(4)).unwrap()];
                    world.at_creem.refunded.set((world.refunded() + part).min(1000));
                }
                1 => {
                    let total = totals[usize::try_from(draw(u64::try_from(totals.len()).unwrap())).unwrap()];
                    world.applied(total).await;
                }
                2 => world.applied(world.refunded()).await,
                _ => {
                    let orders = [Order::Succeeds, Order::Pends, Order::LostBefore, Order::LostAfter];
                    world.at_creem.next.set(orders[usize::try_from(draw(4)).unwrap()]);
                    let id =
                        &requests[usize::try_from(draw(u64::try_from(requests.len()).unwrap())).unwrap()];
                    let _ = world.pay_one(id, at(100 + second * 200)).await;
                }
            }
            totals.push(world.refunded());
            assert!(world.numbers().await.1 <= 1000, "{seed}");
        }
        world.applied(world.refunded()).await;
        world.applied(world.refunded()).await;
        let mut open = 0;
        for id in &requests {
            let request = world.stored(id).await;
            open += request.payout().map_or(0, |payout| payout.to_pay().minor());
        }
        assert_eq!(world.numbers().await.1 - open, world.refunded(), "{seed}");
    }
}
