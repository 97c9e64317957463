//! Payouts that need several payments of one invoice: each part is one refund, and all of them are one
//! payout.

use lambda::backoff::Backoff;
use ledger::contract::{DAY_S, at};
use ledger::{Cause, Currency, Money, PaymentStore, Provider, RefundId};
use refunds::{
    PayoutIntent, RefundSighting, RefundStatus, RefundedSum, ReportOutcome, RequestStore, Save, SaveOutcome,
    State, report,
};
use testkit::stand_in::{Fault, Operation, RefundMode, Settings};

use crate::world::World;

fn succeeding(world: &World) {
    world.stripe.set(Settings { refund_mode: RefundMode::Succeeded, ..Settings::default() });
}

/// What Stripe has refunded by ours, without the payments.
fn amounts(world: &World) -> Vec<u64> {
    world.ours().into_iter().map(|(_, amount)| amount).collect()
}

async fn fails(world: &World, part: usize) -> ReportOutcome {
    let stored = world.stored().await;
    let payout = stored.payout().unwrap();
    let part = payout.part(part).unwrap();
    let seen = RefundSighting {
        id: part.refund.clone().unwrap(),
        payment: payout.refunds(part),
        amount: part.amount,
        status: RefundStatus::Failed,
        failure: None,
    };
    let cause = Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned());
    Box::pin(report(&world.store, &Backoff::default(), &world.request, &seen, cause, at(90))).await.unwrap()
}

#[tokio::test]
async fn a_payout_that_needs_two_payments_is_two_refunds_newest_payment_first() {
    let world = World::of_two_parts().await;
    succeeding(&world);
    for second in 3..8 {
        assert_eq!(world.pay(at(second)).await.unwrap(), State::Refunded);
    }
    assert_eq!((amounts(&world), world.numbers().await), (vec![300, 100], (0, 400)));
    assert_eq!(world.parts().await, [(300, true, false), (100, true, false)]);
    let [newer, older] = &world.ours()[..] else { panic!("two refunds") };
    assert_ne!(newer.0, older.0);
    let stored = world.stored().await;
    let keys: Vec<String> = stored
        .payout()
        .unwrap()
        .parts()
        .map(|part| stored.payout().unwrap().idempotency_key(&world.request, part))
        .collect();
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_payout_in_parts_is_paid_once_all_parts_are() {
    let world = World::of_two_parts().await;
    for second in 3..13 {
        assert_eq!(world.pay(at(second)).await.unwrap(), State::Paying);
    }
    assert_eq!(amounts(&world), [300, 100]);
    let refunds: Vec<String> = world.stripe.refunds().into_iter().skip(2).map(|refund| refund.id).collect();
    for (refund, state) in refunds.iter().zip([State::Paying, State::Refunded]) {
        let settle = testkit::stand_in::SettleRefund {
            refund: refund.clone(),
            status: testkit::stand_in::SettledStatus::Succeeded,
            failure_reason: None,
        };
        world.stripe.settle_refund(&settle, &testkit::stand_in::Emission::default()).unwrap();
        // The sweep announces a payout whose confirmation is missing, which looks at each part.
        assert_eq!(world.pay(at(20)).await.unwrap(), state);
    }
    assert_eq!((amounts(&world), world.numbers().await), (vec![300, 100], (0, 400)));
}

#[tokio::test]
async fn e1_e2_a_payout_that_is_cut_off_between_two_parts_goes_on_and_pays_each_once() {
    for (fault, prune) in [
        (Fault::TimeoutAfterActing, false),
        (Fault::TimeoutBeforeActing, false),
        (Fault::TimeoutAfterActing, true),
        (Fault::TimeoutBeforeActing, true),
    ] {
        for is_second in [false, true] {
            let world = World::of_two_parts().await;
            succeeding(&world);
            if is_second {
                // The first part waits for the company's balance, so that the second call is cut off.
                let short = Fault::Decline { code: "balance_insufficient".to_owned() };
                world.stripe.plan(Operation::CreateRefund, 1, short);
            }
            world.stripe.plan(Operation::CreateRefund, 1, fault.clone());
            assert!(world.pay(at(4)).await.is_err());
            assert_eq!(world.stored().await.state(), State::Paying);
            if prune {
                world.stripe.prune_keys();
            }
            let later = at(if prune { 2 * DAY_S } else { 60 });
            assert_eq!(world.pay(later).await.unwrap(), State::Refunded, "{fault:?} {prune} {is_second}");
            let mut amounts = amounts(&world);
            amounts.sort_unstable();
            assert_eq!((amounts, world.numbers().await), (vec![100, 300], (0, 400)));
        }
    }
}

#[tokio::test]
async fn e7_a_part_that_is_declined_gives_its_share_back_and_the_others_are_paid() {
    let world = World::of_two_parts().await;
    succeeding(&world);
    world.stripe.plan(Operation::CreateRefund, 1, Fault::Decline { code: "charge_disputed".to_owned() });
    for second in 3..6 {
        assert_eq!(world.pay(at(second)).await.unwrap(), State::Failed);
    }
    assert_eq!(world.parts().await, [(300, false, true), (100, true, false)]);
    // Three of four parts of the credits, and the money, of which nothing left.
    assert_eq!((amounts(&world), world.numbers().await), (vec![100], (75, 100)));

    // Stripe takes back what it had reported as paid: nothing of it has reached the customer.
    assert_eq!(fails(&world, 1).await, ReportOutcome::Moved(State::Failed));
    assert_eq!(fails(&world, 1).await, ReportOutcome::Known(State::Failed));
    assert_eq!((world.parts().await[1], world.numbers().await), ((100, false, true), (100, 0)));
}

#[tokio::test]
async fn e10_a_part_that_fails_after_all_are_paid_fails_the_request_and_keeps_the_other() {
    let world = World::of_two_parts().await;
    succeeding(&world);
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Refunded);
    assert_eq!(fails(&world, 0).await, ReportOutcome::Moved(State::Failed));
    assert_eq!(fails(&world, 0).await, ReportOutcome::Known(State::Failed));
    assert_eq!(world.numbers().await, (75, 100));
    assert_eq!(world.pay(at(99)).await.unwrap(), State::Failed);
    assert_eq!(amounts(&world), [300, 100]);
}

#[tokio::test]
async fn a_refund_that_is_no_part_of_the_payout_is_a_mismatch() {
    let world = World::of_two_parts().await;
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Paying);
    let stored = world.stored().await;
    let payment = stored.payout().unwrap().first.charge.clone().unwrap();
    let usd = Currency::new("usd").unwrap();
    for (id, minor) in [("re_other", 300), ("re_other", 100)] {
        let seen = RefundSighting {
            id: RefundId::new(id).unwrap(),
            payment: payment.clone(),
            amount: Money::new(minor, usd),
            status: RefundStatus::Succeeded,
            failure: None,
        };
        let cause = Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned());
        let reported =
            Box::pin(report(&world.store, &Backoff::default(), &world.request, &seen, cause, at(9))).await;
        assert_eq!(reported.unwrap(), ReportOutcome::Mismatch);
    }
}

#[tokio::test]
async fn c10_payments_that_have_less_left_together_refund_nothing() {
    let world = World::of_two_parts().await;
    let [older, _] = &world.stripe.refunds()[..] else { panic!("two refunds of the dashboard") };
    let part = testkit::stand_in::DashboardRefund { payment: older.payment.clone(), amount: Some(201) };
    world.stripe.dashboard_refund(&part, &testkit::stand_in::Emission::default()).unwrap();
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Failed);
    assert_eq!((amounts(&world), world.numbers().await), (vec![], (100, 0)));
}

#[tokio::test]
async fn e1_a_later_part_of_a_payment_that_was_refunded_before_is_not_mistaken_for_the_earlier_one() {
    let world = World::of_two_parts().await;
    succeeding(&world);
    world.stripe.plan(Operation::CreateRefund, 1, Fault::Decline { code: "charge_disputed".to_owned() });
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Failed);
    // What the newer payment had left is refunded in the dashboard, so that the older one pays again.
    let newer = world.stored().await.payout().unwrap().first.charge.clone().unwrap();
    let rest = testkit::stand_in::DashboardRefund { payment: newer.as_str().to_owned(), amount: Some(300) };
    world.stripe.dashboard_refund(&rest, &testkit::stand_in::Emission::default()).unwrap();
    let payment = world.store.payment(&world.payment).await.unwrap().unwrap();
    let amount = Money::new(100, payment.paid.currency());
    let mut again = world.stored().await.restored_with(|progress| progress.timeline.state = State::Approved);
    let intent = PayoutIntent {
        payment: world.payment.clone(),
        provider: Provider::Stripe,
        amount,
        by_hand: false,
        ends: None,
    };
    again.record_payout_intent(intent, at(50));
    again.count_save();
    let save = Save { request: again, commit: None, refunded: RefundedSum::raise(&payment, amount) };
    assert_eq!(world.store.save(&save).await.unwrap(), SaveOutcome::Written);

    world.stripe.plan(Operation::CreateRefund, 1, Fault::TimeoutBeforeActing);
    assert!(world.pay(at(60)).await.is_err());
    assert_eq!((world.pay(at(70)).await.unwrap(), amounts(&world)), (State::Refunded, vec![100, 100]));
    assert_eq!(world.parts().await, [(100, true, false), (100, true, false)]);
    assert_eq!(world.numbers().await.1, 200);
}
