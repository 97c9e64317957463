//! Ending the plan of a refunded charge, through every fault that Stripe can answer with.

use ledger::contract::at;
use ledger::{Provider, Subscription, SubscriptionId, SubscriptionStore};
use refund_payout::{Paid, Plan};
use refunds::{PlanEnded, State};
use testkit::stand_in::{Fault, Operation, RefundMode, Settings};

use crate::world::{World, account};

/// A world whose refunds succeed at once.
async fn of_plan() -> World {
    let world = World::of_plan().await;
    world.stripe.set(Settings { refund_mode: RefundMode::Succeeded, ..Settings::default() });
    world
}

fn deletes(world: &World) -> usize {
    world.stripe.calls().iter().filter(|call| call.method == "DELETE").count()
}

#[tokio::test]
async fn s3_18_a_refunded_charge_ends_its_subscription_once_whatever_is_lost() {
    // Declined for good: nothing is refunded and nothing ends.
    let declined = of_plan().await;
    declined.stripe.plan(Operation::CreateRefund, 1, Fault::Decline { code: "charge_disputed".to_owned() });
    assert_eq!(declined.pay(at(3)).await.unwrap(), State::Failed);
    assert_eq!((declined.ended(), declined.stored().await.due_at()), (0, None));
    // Made, and the answers to the refund and to the end are lost: the message comes again.
    let world = of_plan().await;
    world.stripe.plan(Operation::CreateRefund, 1, Fault::TimeoutAfterActing);
    world.stripe.plan(Operation::EndSubscription, 1, Fault::Unavailable);
    world.stripe.plan(Operation::EndSubscription, 1, Fault::TimeoutAfterActing);
    for second in [3, 60, 120] {
        assert!(world.pay(at(second)).await.is_err(), "{second}");
    }
    let gone = Paid { state: State::Refunded, plan: Some(Plan::Gone) };
    assert_eq!(world.paid(at(180)).await.unwrap(), gone);
    assert_eq!(world.paid(at(240)).await.unwrap(), Paid { plan: None, ..gone });
    assert_eq!((world.refunds(), world.ended(), deletes(&world)), (1, 1, 3));
}

#[tokio::test]
async fn s3_18_an_end_that_stripe_refuses_at_every_delivery_stays_due_until_it_is_done() {
    let world = of_plan().await;
    world.stripe.plan(Operation::EndSubscription, 6, Fault::Unavailable);
    for second in 3..9 {
        assert!(world.pay(at(second)).await.is_err(), "{second}");
    }
    let stored = world.stored().await;
    assert_eq!((stored.state(), stored.due_at()), (State::Refunded, Some(at(603))));
    assert!(stored.is_stuck(at(603)));
    let ended = Paid { state: State::Refunded, plan: Some(Plan::Ended) };
    assert_eq!(world.paid(at(604)).await.unwrap(), ended);
    let stored = world.stored().await;
    assert_eq!((stored.due_at(), world.ended()), (None, 1));
    assert_eq!(
        stored.payout().cloned().unwrap().ends.unwrap().became,
        Some(PlanEnded { at: at(604), declined: None })
    );
}

#[tokio::test]
async fn s3_18_an_end_that_stripe_declines_for_good_is_asked_for_once_and_left_to_people() {
    let world = of_plan().await;
    world.stripe.plan(Operation::EndSubscription, 1, Fault::Decline { code: "unheard_of".to_owned() });
    let left = Paid { state: State::Refunded, plan: Some(Plan::LeftToPeople) };
    assert_eq!(world.paid(at(3)).await.unwrap(), left);
    for second in 4..7 {
        assert_eq!(world.paid(at(second)).await.unwrap(), Paid { plan: None, ..left });
    }
    let stored = world.stored().await;
    assert_eq!((stored.due_at(), world.ended(), deletes(&world)), (None, 0, 1));
    let became = stored.payout().cloned().unwrap().ends.unwrap().became.unwrap();
    assert_eq!(became.declined.as_deref(), Some("unheard_of"));
}

#[tokio::test]
async fn s3_18_a_plan_that_has_ended_by_itself_is_not_asked_about() {
    let world = of_plan().await;
    let id: SubscriptionId = world.stored().await.payout().cloned().unwrap().ends.unwrap().subscription;
    let running = Subscription {
        provider: Provider::Stripe,
        id,
        account: account(),
        as_of: at(2),
        price: None,
        period_ends_at: None,
        cancellation_confirmed_at: None,
        cancels_at: None,
        ended_at: Some(at(2)),
        confirmation: None,
        report: ledger::SubscriptionReport::default(),
    };
    assert!(world.store.save_subscription(&running).await.unwrap());
    let gone = Paid { state: State::Refunded, plan: Some(Plan::Gone) };
    assert_eq!(world.paid(at(3)).await.unwrap(), gone);
    assert_eq!((world.stored().await.due_at(), deletes(&world)), (None, 0));
}

#[tokio::test]
async fn a_plan_ends_while_its_refund_waits_for_stripes_confirmation() {
    let world = World::of_plan().await;
    assert_eq!(world.paid(at(3)).await.unwrap(), Paid { state: State::Paying, plan: Some(Plan::Ended) });
    assert_eq!(world.stored().await.due_at(), Some(at(3 + 86_400)));
}

#[tokio::test]
async fn a_refunded_pack_ends_no_subscription() {
    let world = World::new().await;
    assert_eq!(world.paid(at(3)).await.unwrap(), Paid { state: State::Paying, plan: None });
    assert_eq!(deletes(&world), 0);
}
