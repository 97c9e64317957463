//! Discounts on the next renewal: applied once, however often and in whichever way their message arrives.

use ledger::contract::at;
use policy::Discount;
use refunds::State;
use testkit::stand_in::{Emission, Fault, Operation, Renew};

use crate::world::World;

const PERCENT: Discount = Discount::Percent { percent: 20 };

/// What the next renewal costs, of 1000.
fn renewal(world: &World) -> u64 {
    let subscription = world.subscription.clone().unwrap();
    let renew = Renew { subscription, charged_at: None };
    let made = world.stripe.renew(&renew, &Emission::default()).unwrap();
    let payments = world.stripe.payments();
    payments.iter().find(|payment| Some(&payment.id) == made.payment.as_ref()).unwrap().amount
}

#[tokio::test]
async fn s2_19_a_discount_makes_the_next_renewal_cheaper_and_takes_nothing_back() {
    let amount = Discount::Amount { amount_minor: 150, currency: "usd".to_owned() };
    for (discount, expected) in [(PERCENT, 800), (amount, 850)] {
        let world = World::of_discount(discount).await;
        let before = world.numbers().await;
        for second in [10, 20, 30] {
            assert_eq!(world.pay(at(second)).await.unwrap(), State::Refunded);
        }
        assert_eq!((world.numbers().await, world.refunds(), world.ended()), (before, 0, 0));
        assert_eq!(world.stored().await.discount().unwrap().applied_at, Some(at(10)));
        assert_eq!((renewal(&world), renewal(&world)), (expected, 1000), "one renewal is cheaper");
    }
}

#[tokio::test]
async fn s2_19_a_discount_is_given_once_whatever_becomes_of_the_answers() {
    let operations = [
        Operation::CreateCoupon,
        Operation::RetrieveCoupon,
        Operation::RetrieveSubscription,
        Operation::UpdateSubscription,
    ];
    for operation in operations {
        for fault in [Fault::ResetBeforeActing, Fault::ResetAfterActing, Fault::Unavailable] {
            let world = World::of_discount(PERCENT).await;
            world.stripe.plan(operation, 1, fault.clone());
            let first = world.pay(at(10)).await;
            assert!(first.is_err(), "{operation:?} {fault:?} {first:?}");
            assert_eq!(world.pay(at(20)).await.unwrap(), State::Refunded, "{operation:?} {fault:?}");
            // Stripe has forgotten the idempotency keys a day later.
            world.stripe.prune_keys();
            assert_eq!(world.pay(at(90_000)).await.unwrap(), State::Refunded);
            assert_eq!((renewal(&world), renewal(&world)), (800, 1000), "{operation:?} {fault:?}");
        }
    }
}

#[tokio::test]
async fn s2_19_a_discount_that_stripe_does_not_give_goes_back_to_a_person() {
    for operation in [Operation::CreateCoupon, Operation::UpdateSubscription] {
        let world = World::of_discount(PERCENT).await;
        world.stripe.plan(operation, 1, Fault::Decline { code: "coupon_expired".to_owned() });
        let before = world.numbers().await;
        assert_eq!(world.pay(at(10)).await.unwrap(), State::InReview);
        assert_eq!(world.numbers().await, before);
        assert_eq!(world.stored().await.discount(), None);
        assert_eq!(renewal(&world), 1000);
    }
}

#[tokio::test]
async fn s2_19_a_subscription_that_is_not_renewed_takes_no_discount() {
    for at_period_end in [true, false] {
        let world = World::of_discount(PERCENT).await;
        let subscription = world.subscription.clone().unwrap();
        let cancel = testkit::stand_in::Cancel { subscription, at_period_end, at: None };
        world.stripe.cancel(&cancel, &Emission::default()).unwrap();
        assert_eq!(world.pay(at(10)).await.unwrap(), State::InReview, "{at_period_end}");
    }
}
